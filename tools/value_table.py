"""Measure what kind of value each directive of nginx takes, and whether it may stand twice in a block.

    .venv/bin/python tools/value_table.py [ROOT ...]

asks this machine's nginx and those under each ROOT (see tools/directive_table.py) and writes
src/handclasp/catalogue/stock_values.tsv. A directive gets a kind only when its law (`nginxconf.value_kinds`) foresees, word
for word, what every build says of every value tried.
"""

import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from directive_table import Build, lacking

from handclasp.catalogue.stock_directives import group_of, table
from handclasp.nginxconf.value_kinds import refusal

TABLE = Path(__file__).parent.parent / "src/handclasp/catalogue/stock_values.tsv"
TRIED = (
    "zzz", "on", "off", "OFF", "max", "auto", "none", "default", "epoch", "any", "0", "1", "5", "20", "100", "70000", "-1",
    "99999999999999999999", "1k", "2M", "1g", "1q", "5s", "5ms", "2h", "1h30m", "1m1h", "1.5", "$host",
)  # fmt: skip
SOME = ("zzz", "off", "max", "auto", "1", "0", "-1", "1k", "1g", "5s", "5ms", "2h", "on", "$host")
WORKERS = 3
SHAPES = ("flag", "number", "count", "size", "offset", "seconds", "milliseconds")
WORDS = """
    on off always any auto basic optional optional_no_ca leaf none build strict default ignore error timeout denied
    invalid_header updating http_400 http_403 http_404 http_429 http_500 http_502 http_503 http_504 non_idempotent GET
    HEAD POST PUT DELETE MKCOL COPY MOVE PROPFIND OPTIONS TRACE CONNECT all X-Accel-Redirect X-Accel-Expires
    X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset Expires Cache-Control Set-Cookie Vary SSLv2 SSLv3 TLSv1 TLSv1.1
    TLSv1.2 TLSv1.3 html xml json jsonp clean stop abort expired no-cache no-store private no_last_modified no_etag auth
    exact before if_not_owner from plain login apop cram-md5 external emerg alert crit warn notice info debug debug_http
    debug_core debug_alloc debug_mutex debug_event debug_mail debug_stream read write v1 log parse_error 1.0 1.1 epoll
    poll select threads sendfile msie6 safari secure httponly samesite=strict samesite=lax samesite=none
    invalid_response not_found merge only
""".split()  # noqa: SIM905 - a list of words is read as words
"""What the directives of nginx let choose from; each build says which of these it takes."""
_PLACE = re.compile(r"^.*?\[emerg\] (?:\d+#\d+: )?(.*?)(?: in /\S+:\d+)?$")
_BOUND = re.compile(r"value must be (?:equal to or greater than (\d+)|between (\d+) and (\d+))")


def words_of(build: Build, context: str, line: str) -> str:
    """What this nginx says, without stamp and place."""
    found = _PLACE.match(build.says(context, line))
    return found[1] if found else ""


def kind_in(build: Build, context: str, name: str) -> str:
    """The kind whose law foresees everything this build says; "" when none does."""
    said = {value: words_of(build, context, f"{name} {value};") for value in TRIED}
    bounds = next((found for text in said.values() if (found := _BOUND.search(text))), None)
    allowed = "" if bounds is None else f":{bounds[1]}.." if bounds[1] else f":{bounds[2]}..{bounds[3]}"
    kinds = [f"number{allowed}", *SHAPES] if allowed else list(SHAPES)
    if said["zzz"] == 'invalid value "zzz"':
        refused = {word for word in WORDS if words_of(build, context, f"{name} {word};") == f'invalid value "{word}"'}
        taken = [word for word in WORDS if word not in refused]
        kinds = [f"choice:{','.join(taken)}"] if taken else []
    return next((kind for each in kinds for kind in (each, f"{each}$") if foreseen(kind, name, said)), "")


def foreseen(kind: str, name: str, said: dict[str, str]) -> bool:
    """Whether a kind refuses what was refused so, in these words, and nothing else was refused in words of its kind."""
    told = {value: refusal(kind, name, value) for value in said}
    if not any(told.values()):
        return False
    own = (f'"{name}" directive ', "invalid value ", "invalid number ", "value must be ")
    return all(
        text == words if words else not text.startswith(own) for (value, text) in said.items() for words in [told[value]]
    )


def once_in(build: Build, context: str, name: str) -> bool:
    """Whether a second one in the same block is a duplicate."""
    good = next((value for value in (*TRIED, *WORDS, "user:rw") if not words_of(build, context, f"{name} {value};")), None)
    if good is None:
        return False
    return words_of(build, context, f"{name} {good}; {name} {good};") == f'"{name}" directive is duplicate'


def asked(build: Build) -> Iterator[tuple[str, str, str]]:
    """Name, group and a context of every directive of this build that takes a single argument."""
    for name, places in sorted(table().items()):
        first: dict[str, str] = {}
        for context, place in places.items():
            if not place.block and place.takes(1) and place.lacking < build.version:
                first.setdefault(group_of(context), context)
        yield from ((name, group, context) for group, context in first.items())


def measured(root: str, part: int) -> dict[tuple[str, str], tuple[str, bool]]:
    """What one build says of every directive, or of each WORKERS-th."""
    build = Build(root)
    rows = list(asked(build))[part::WORKERS]
    return {(name, group): (kind_in(build, context, name), once_in(build, context, name)) for name, group, context in rows}


def agreed(build: Build, context: str, name: str, row: tuple[str, bool]) -> tuple[str, bool]:
    """What of a row is true of another build too."""
    kind, once = row
    words = [word for word in kind.partition(":")[2].removesuffix("$").split(",") if word] if kind.startswith("choice") else []
    said = {value: words_of(build, context, f"{name} {value};") for value in (*SOME, *words)}
    return (kind if foreseen(kind, name, said) else "", once and once_in(build, context, name))


def main() -> None:
    """The newest build is asked everything, the others whether it is so there too."""
    builds = sorted((Build(root) for root in ("", *sys.argv[1:])), key=lambda build: build.version)
    newest = builds.pop()
    found: dict[tuple[str, str], tuple[str, bool]] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        for rows in pool.map(lambda part: measured(newest.root, part), range(WORKERS)):
            found |= rows
    for build in builds:
        for name, group, context in asked(build):
            row = found.get((name, group))
            if row is not None and any(row) and not lacking(build, context, name):
                found[name, group] = agreed(build, context, name, row)
    rows = ["\t".join((*key, kind, "once" if once else "")) for key, (kind, once) in sorted(found.items()) if kind or once]
    TABLE.write_text("\n".join(rows) + "\n")
    print(f"{len(rows)} rows")


if __name__ == "__main__":
    main()
