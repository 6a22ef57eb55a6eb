"use strict";
// Ranked search over the index that index-<language>.js has put into ENTRIES: [page, title, strong words, other words]. No
// server, no request.
(function () {
  const form = document.getElementById("search");
  const input = document.getElementById("q");
  const results = document.getElementById("results");
  const list = results.querySelector("ol");

  function words(text) {
    const found = [];
    for (const run of text.toLowerCase().match(/[a-z0-9_$']+|[\u3400-\u9fff]+/g) || []) {
      if (run[0] < "\u3400") found.push(run);
      else if (run.length === 1) found.push(run);
      else for (let place = 0; place + 1 < run.length; place++) found.push(run.slice(place, place + 2));
    }
    return Array.from(new Set(found));
  }

  const index = ENTRIES.map(function (entry) {
    const strong = words([entry[0].replace(/-/g, " "), entry[1], entry[2]].join(" "));
    return { slug: entry[0], title: entry[1], strong: strong, weak: words(entry[3]) };
  });
  const rarity = new Map();
  for (const entry of index) for (const word of new Set(entry.strong.concat(entry.weak))) rarity.set(word, (rarity.get(word) || 0) + 1);

  function near(asked, known) {
    if (asked === known) return 1;
    if (asked.length > 2 && known.startsWith(asked)) return 0.7;
    return asked.length > 4 && distance(asked, known) < 2 ? 0.6 : 0;
  }

  function distance(one, other) {
    if (Math.abs(one.length - other.length) > 1) return 2;
    let head = 0;
    while (head < one.length && one[head] === other[head]) head++;
    const rest = function (text, skip) { return text.slice(head + skip); };
    if (rest(one, 1) === rest(other, 1) || rest(one, 1) === rest(other, 0) || rest(one, 0) === rest(other, 1)) return 1;
    return rest(one, 2) === rest(other, 2) && one[head] === other[head + 1] && one[head + 1] === other[head] ? 1 : 2;
  }

  function best(asked, known) {
    let most = 0;
    for (const word of known) most = Math.max(most, near(asked, word));
    return most;
  }

  function search(text) {
    const asked = words(text);
    const hits = [];
    for (const entry of index) {
      let score = 0;
      for (const word of asked) {
        // A symbol was copied from somewhere; the words around it are talk.
        const copied = word.includes("_") ? 2 : 1;
        const weight = copied * Math.log(1 + index.length / (rarity.get(word) || 3));
        score += weight * Math.max(3 * best(word, entry.strong), best(word, entry.weak));
      }
      if (score > 0) hits.push([score, entry]);
    }
    hits.sort(function (one, other) { return other[0] - one[0]; });
    return hits.slice(0, 20).map(function (hit) { return hit[1]; });
  }

  function show() {
    const text = input.value.trim();
    list.textContent = "";
    results.hidden = !text;
    if (!text) return;
    const hits = search(text);
    for (const entry of hits) {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = entry.slug + ".html";
      link.textContent = entry.title;
      item.append(link);
      list.append(item);
    }
    if (!hits.length) {
      const item = document.createElement("li");
      item.textContent = results.dataset.none;
      list.append(item);
    }
  }

  form.hidden = false;
  form.addEventListener("submit", function (event) { event.preventDefault(); show(); });
  input.addEventListener("input", show);
  input.value = new URLSearchParams(location.search).get("q") || "";
  show();
})();
