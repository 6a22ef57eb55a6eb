"""Sound lines of configuration, spoiled one word at a time: what `nginx -t` says of them is what check must foresee."""

import random
import re
from dataclasses import dataclass
from pathlib import Path

LINES = Path(__file__).with_name("sound_lines.txt")
KINDS = ("main", "events", "http", "server", "location", "stream", "stream server")
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|[{};]|[^\s{};"\']+')
_MARKS = frozenset("{};")
_JUNK = (
    "zzz", "''", "-1", "0", "1", "2", "600", "100000", "99999999999", "1.5", "10q", "on", "off", "none", "default", "all",
    "always", "no", "junk", "$host", "$nobody", "'('", "'*'", "'['", "'a b'", "~", "@x", "/x", "a=b", "shared:X:1m", "http://x",
    "127.0.0.1", "::1",
)  # fmt: skip
_ADDED, _TYPED = ("x", "0", "/", ":", ")", "[", "%", "$", "s", "k"), "xX0:=/-+*([.$ "
_NUMBERS = ("0", "-1", "1", "300", "999999999999", "x")
_ASKS_FOR_NAMES = re.compile(r"listen|upstream|server\b|resolver|\w+_(?:pass|bind|responder)\b|set_real_ip_from|.*syslog:")


@dataclass(frozen=True, slots=True)
class Line:
    """A sound line, and the blocks in which it may stand."""

    places: tuple[str, ...]
    text: str

    @property
    def asks_for_names(self) -> bool:
        """Whether nginx would look up names in it, or listen."""
        return _ASKS_FOR_NAMES.match(self.text) is not None


def sound_lines() -> list[Line]:
    """Those of the file."""
    rows = (row.split("|", 1) for row in LINES.read_text().splitlines() if row and not row.startswith("#"))
    return [Line(tuple(places.split(",")), text) for places, text in rows]


@dataclass(frozen=True, slots=True)
class Mutant:
    """Lines by block; the first of them was spoiled, or stands twice, or in the wrong block."""

    parts: dict[str, list[str]]

    def text(self, *, stream: str | None, limits: bool, port: int) -> str:
        """The whole configuration; `stream`: the path of its module, `limits`: whether there are limit_req and limit_conn."""
        blocks = {kind: "\n".join(one if one.endswith("}") else f"{one};" for one in self.parts[kind]) for kind in KINDS}
        zones = "limit_req_zone $binary_remote_addr zone=rl:1m rate=1r/s; limit_conn_zone $binary_remote_addr zone=cl:1m;"
        backend = any(one.startswith("upstream be ") for one in self.parts["http"])
        head = f"load_module {stream};\n" if stream else ""
        text = f"{head}pid run/x.pid; error_log logs/e;\n{blocks['main']}\nevents {{\n{blocks['events']}\n}}\nhttp {{\n"
        text += "client_body_temp_path run/body; proxy_temp_path run/proxy; fastcgi_temp_path run/fastcgi;\n"
        text += "uwsgi_temp_path run/uwsgi; scgi_temp_path run/scgi; proxy_cache_path run/cache keys_zone=z1:1m;\n"
        text += f"{zones if limits else ''}\n{'' if backend else 'upstream be { server 127.0.0.1:1; }'}\n{blocks['http']}\n"
        text += f"server {{ listen 127.0.0.1:{port};\n{blocks['server']}\nlocation / {{\n{blocks['location']}\n}}\n}}\n}}\n"
        return text + (self._stream(blocks, port + 1) if stream else "")

    def _stream(self, blocks: dict[str, str], port: int) -> str:
        own = self.parts["stream server"]
        listen = "" if any(one.startswith("listen") for one in own) else f"listen 127.0.0.1:{port};"
        end = "" if any(one.startswith(("proxy_pass", "return")) for one in own) else "proxy_pass sbe;"
        zone = "limit_conn_zone $binary_remote_addr zone=scl:1m;"
        inside = f"server {{ {listen}\n{blocks['stream server']}\n{end} }}"
        return f"stream {{ {zone} upstream sbe {{ server 127.0.0.1:1; }}\n{blocks['stream']}\n{inside} }}\n"


def mutant(chance: random.Random, lines: list[Line]) -> Mutant:
    """One line spoiled, among up to three sound ones."""
    words = sorted({word for line in lines for word in _WORD.findall(line.text)[1:] if word not in _MARKS})
    chosen = chance.choice(lines)
    place = chance.choice(KINDS if chance.random() < 0.06 else chosen.places)
    parts: dict[str, list[str]] = {kind: [] for kind in KINDS}
    parts[place] += _spoiled(chosen.text, chance, words)
    for beside in chance.choices(lines, k=chance.choice((0, 0, 1, 3))):
        if beside.text.split()[0] != chosen.text.split()[0]:
            parts[chance.choice(beside.places)].append(beside.text)
    return Mutant(parts)


def _spoiled(line: str, chance: random.Random, words: list[str]) -> list[str]:
    """A line with a word changed, dropped or added, a slip in its name, or twice."""
    found = _WORD.findall(line)
    places = [at for at, word in enumerate(found) if at and word not in _MARKS]
    how = chance.choices(("change", "drop", "add", "slip", "twice", "leave"), (70, 8, 8, 3, 8, 3))[0]
    if how == "change" and places:
        at = chance.choice(places)
        found[at] = _changed(found[at], chance, words)
    elif how == "drop" and places:
        del found[chance.choice(places)]
    elif how == "add":
        found.insert(chance.choice(places or [0]) + 1, chance.choice([*words, *_JUNK]))
    elif how == "slip" and len(found[0]) > 1:
        at = chance.randrange(len(found[0]))
        found[0] = found[0][:at] + found[0][at + 1 :]
    text = " ".join(found).replace(" ;", ";")
    return [text, text] if how == "twice" else [text]


def _changed(word: str, chance: random.Random, words: list[str]) -> str:
    quote = word[0] if word[0] in "\"'" else ""
    core = word[1:-1] if quote else word
    at = chance.randrange(len(core)) if core else 0
    replaced = re.sub(r"\d+", lambda _: chance.choice(_NUMBERS), core, count=1)
    forms = (
        core + chance.choice(_ADDED), core[:-1], core[:at] + core[at + 1 :], core[:at] + chance.choice(_TYPED) + core[at + 1 :],
        core.rpartition("=")[0] + "=" + chance.choice(_JUNK).strip("'"),
        core.rpartition(":")[0] + ":" + chance.choice(_NUMBERS), replaced, core[::-1],
    )  # fmt: skip
    if not core or chance.random() < 0.2:
        return chance.choice([*words, *_JUNK])
    made = chance.choice(forms)
    if quote or re.search(r"[\s{};'\"]", made):
        mark = quote or '"'
        return mark + made.replace(mark, "").replace("\\", "") + mark
    return made or "''"
