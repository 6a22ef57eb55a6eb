"""The site in a real headless Chromium, from the disk, without a server."""

import html
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pytest


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "apt-get install chromium; tools/bootstrap.sh test does it"
    return found


def run(chromium: str, profile: Path, *arguments: str) -> str:
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--enable-logging=stderr"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120, check=True)
    faults = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    assert not faults, faults
    return done.stdout


def found(dom: str) -> list[str]:
    results = dom.partition('id="results"')[2].partition("</section>")[0]
    return re.findall(r'<a href="([a-z0-9.-]+)\.html">', results)


@pytest.mark.parametrize(
    ("lang", "query", "wanted"),
    [
        ("en", "crl expired", "client-crl-expired"),
        ("en", "upstrem 20", "upstream-error-20"),
        ("en", "client SSL certificate verify error: (27:certificate not trusted)", "client-error-27"),
        ("zh", "吊销列表过期", "client-crl-expired"),
        ("zh", "上游 20", "upstream-error-20"),
        ("en", "SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT", "client-told-certificate-required"),
        ("zh", "浏览器 ERR_BAD_SSL_CLIENT_AUTH_CERT", "browser-refused-client-certificate"),
        ("en", "errSSLPeerCertUnknown", "client-told-bad-certificate"),
    ],
)
def test_the_search_answers(chromium: str, folder: Path, tmp_path: Path, lang: str, query: str, wanted: str) -> None:
    dom = run(chromium, tmp_path, "--dump-dom", f"file://{folder}/{lang}/index.html?q={quote(query)}")
    assert wanted in found(dom)[:3]


ASK = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>questions</title></head>
<body><form id="search"><input id="q"></form><section id="results"><ol></ol></section>
<script src="INDEX"></script><script src="SEARCH"></script>
<script>
const found = QUESTIONS.map(function (question) {
  const input = document.getElementById("q");
  input.value = question;
  input.dispatchEvent(new Event("input"));
  return Array.from(document.querySelectorAll("#results a"), function (it) { return it.getAttribute("href"); });
});
const told = document.createElement("output");
told.id = "found";
told.textContent = JSON.stringify(found);
document.body.append(told);
</script></body></html>"""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_search_box_answers_questions_as_people_type_them(chromium: str, folder: Path, tmp_path: Path, lang: str) -> None:
    """The questions that `handclasp explain` is measured by: nine in ten have an answer among the first three."""
    groups = tomllib.loads((Path(__file__).parents[1] / "explain" / "questions.toml").read_text("utf-8"))
    asked = {
        question: wanted
        for group, questions in groups.items()
        if ("chinese" in group) == (lang == "zh")
        for question, wanted in questions.items()
    }
    scripts = {"INDEX": f"index-{lang}.js", "SEARCH": "search.js"}
    text = ASK.replace("QUESTIONS", json.dumps(list(asked)))
    for name, script in scripts.items():
        text = text.replace(name, f"file://{folder}/assets/{script}")
    page = tmp_path / "ask.html"
    page.write_text(text)
    options = ["--allow-file-access-from-files", "--virtual-time-budget=60000", "--dump-dom"]
    told = re.search(
        r'<output id="found">(.*?)</output>', run(chromium, tmp_path / "profile", *options, page.as_uri()), re.DOTALL
    )
    assert told
    answers = [[link.removesuffix(".html") for link in links] for links in json.loads(html.unescape(told[1]))]
    right = [bool(set(found[:3]) & set(wanted)) for found, wanted in zip(answers, asked.values(), strict=True)]
    assert len(right) > 45
    assert sum(right) >= 0.9 * len(right), [question for question, good in zip(asked, right, strict=True) if not good]


def test_what_is_typed_is_text(chromium: str, folder: Path, tmp_path: Path) -> None:
    query = quote('<img src=x onerror="document.title=1">zzqq')
    dom = run(chromium, tmp_path, "--dump-dom", f"file://{folder}/en/index.html?q={query}")
    assert "<img" not in dom
    assert "<title>1" not in dom


AXE = Path(str(find_spec("axe_core_python").origin)).with_name("axe.min.js")  # type: ignore[union-attr]
CHECK = """
<script src="AXE"></script>
<script>axe.run(document).then(function (found) {
  const told = document.createElement("output");
  told.id = "axe";
  told.textContent = JSON.stringify({checked: found.passes.length, faults: found.violations.map(
    function (fault) { return [fault.id, fault.nodes.map(function (node) { return node.html; })]; })});
  document.body.append(told);
});</script>
"""


def axe(chromium: str, profile: Path, page: Path, theme: str, *, spoil: str = "") -> list[str]:
    """Ids of the rules that the page breaks as it is drawn; `spoil` is taken out of it first."""
    copy = page.with_name(f"axe-{page.name}")
    text = page.read_text()
    assert spoil in text
    copy.write_text(text.replace(spoil, "").replace("</body>", CHECK.replace("AXE", AXE.as_uri()) + "</body>"))
    scheme = f"--blink-settings=preferredColorScheme={0 if theme == 'dark' else 1}"
    options = ["--allow-file-access-from-files", "--virtual-time-budget=20000", "--dump-dom"]
    dom = run(chromium, profile, scheme, *options, copy.as_uri())
    copy.unlink()
    found = re.search(r'<output id="axe">(.*?)</output>', dom, re.DOTALL)
    assert found, "axe did not run"
    told = json.loads(html.unescape(found[1]))
    assert told["checked"] > 10
    return [fault[0] for fault in told["faults"]]


@pytest.mark.parametrize(
    ("page", "theme"),
    [
        ("en/index", "light"),
        ("zh/index", "dark"),
        ("en/symptoms", "light"),
        ("zh/causes", "light"),
        ("en/versions", "light"),
        ("zh/lab", "dark"),
        ("en/client-chain-untrusted-root", "dark"),
        ("zh/upstream-ca-not-trusted", "light"),
        ("en/client-error-24", "light"),
        ("zh/hole-optional-not-enforced", "dark"),
        ("en/docs", "light"),
        ("zh/doc-tutorial", "dark"),
        ("en/doc-coming-from-openssl", "light"),
        ("zh/doc-how-nginx-decides", "light"),
        ("en/commands", "dark"),
        ("zh/command-nginx-apply", "light"),
        ("en/rules", "light"),
        ("zh/devices", "dark"),
        ("en/profiles", "light"),
    ],
)
def test_axe_finds_no_barrier(chromium: str, folder: Path, tmp_path: Path, page: str, theme: str) -> None:
    """The rules of axe-core, contrast included."""
    assert axe(chromium, tmp_path, folder / f"{page}.html", theme) == []


def test_axe_would_find_one(chromium: str, folder: Path, tmp_path: Path) -> None:
    found = axe(chromium, tmp_path, folder / "en" / "index.html", "light", spoil=' lang="en"')
    assert found == ["html-has-lang"]


PHONE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>a phone</title><style>body { margin: 0 } iframe { border: 0 }</style></head>
<body>FRAMES<script>addEventListener("load", function () {
  const told = document.createElement("output");
  told.id = "widths";
  const frames = Array.from(document.querySelectorAll("iframe"));
  told.textContent = frames.map(function (it) { return it.contentDocument.documentElement.scrollWidth; }).join(" ");
  document.body.append(told);
});</script></body></html>"""
# One page of each template.
SHOWN = (
    "index", "symptoms", "causes", "versions", "lab", "docs", "upstream-ca-not-trusted", "client-error-27", "upstream-error-20",
    "doc-tutorial", "doc-nginx", "commands", "command-doctor", "rules", "devices", "profiles",
)  # fmt: skip


def kept(tmp_path: Path) -> Path:
    """Where pictures go: a folder of CI's artefacts, or nowhere that lasts."""
    folder = Path(os.environ.get("HANDCLASP_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def drawn(picture: Path) -> None:
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert len(data) > 10_000, "an empty page"


@pytest.mark.parametrize(("lang", "theme"), [("en", "light"), ("zh", "dark")])
@pytest.mark.parametrize("page", ["index", "upstream-error-20", "doc-tutorial"])
def test_pages_are_drawn_on_a_wide_screen(
    chromium: str, folder: Path, tmp_path: Path, page: str, lang: str, theme: str
) -> None:
    picture = kept(tmp_path) / f"knowledge-base-{page}-{lang}-{theme}-1280.png"
    scheme = f"--blink-settings=preferredColorScheme={0 if theme == 'dark' else 1}"
    size = "--window-size=1280,1400"
    run(chromium, tmp_path / "profile", scheme, size, f"--screenshot={picture}", f"file://{folder}/{lang}/{page}.html")
    drawn(picture)


def phone(folder: Path, lang: str, pages: Sequence[str]) -> str:
    """Pages in frames of 390 pixels: a window of Chromium is never as narrow."""
    frames = (
        f'<iframe src="file://{folder}/{lang}/{page}.html" width="390" height="1600" title="page"></iframe>' for page in pages
    )
    return PHONE.replace("FRAMES", "".join(frames))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_page_is_wider_than_a_phone(chromium: str, folder: Path, tmp_path: Path, lang: str) -> None:
    frames = tmp_path / "phone.html"
    frames.write_text(phone(folder, lang, SHOWN))
    options = ["--allow-file-access-from-files", "--virtual-time-budget=20000"]
    dom = run(chromium, tmp_path / "profile", *options, "--dump-dom", frames.as_uri())
    found = re.search(r'<output id="widths">([\d ]+)</output>', dom)
    assert found
    widths = dict(zip(SHOWN, map(int, found[1].split()), strict=True))
    assert all(300 < width <= 390 for width in widths.values()), widths


@pytest.mark.parametrize(("lang", "page"), [("en", "client-error-27"), ("zh", "index")])
def test_pages_are_drawn_on_a_phone(chromium: str, folder: Path, tmp_path: Path, lang: str, page: str) -> None:
    frame, picture = tmp_path / "phone.html", kept(tmp_path) / f"knowledge-base-{page}-{lang}-390.png"
    frame.write_text(phone(folder, lang, [page]))
    options = ["--allow-file-access-from-files", "--window-size=500,1600", f"--screenshot={picture}"]
    run(chromium, tmp_path / "profile", *options, frame.as_uri())
    drawn(picture)
