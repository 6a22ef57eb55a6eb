"""Measure the variables of http{} that nginx knows by itself, and the arguments in which directives take variables.

    .venv/bin/python tools/variable_table.py [ROOT ...]

asks this machine's nginx and those under each ROOT (see tools/directive_table.py) and writes
src/handclasp/catalogue/stock_variables.tsv: one row for each variable, and one for each directive with, for each number of
arguments, the places of those in which a variable is read. Names come from the binaries; nginx -t says the rest.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from directive_table import Build, lacking

from handclasp.catalogue.stock_directives import group_of, table

TABLE = Path(__file__).parent.parent / "src/handclasp/catalogue/stock_variables.tsv"
MISSING = "no_such_variable_here"
MOST = 3
FILLERS = ("a", "200", "404", "$fresh_here", "on", "/a", "$host", "zone=a:1m")


def variables(build: Build) -> Iterator[str]:
    """The words of the binary that are variables of this build."""
    for name in sorted(build.names):
        if f'unknown "{name}" variable' not in build.says("server", f"set $measured_here ${name};"):
            yield name


def places(build: Build) -> Iterator[tuple[str, str, int, int]]:
    """Name, context, number of arguments, and the place of one of them, from 0, in which a directive reads variables."""
    for name, contexts in sorted(table().items()):
        here = [each for each, place in contexts.items() if group_of(each) == "http" and not place.block]
        if not here or contexts[here[0]].lacking >= build.version:
            continue
        context = "location" if "location" in here else here[0]
        for count in (n for n in range(1, MOST + 1) if contexts[context].takes(n)):
            yield from ((name, context, count, at) for at in range(count) if reads(build, context, name, count, at))


def reads(build: Build, context: str, name: str, count: int, at: int) -> bool:
    """Whether this build asks for a variable that stands there."""
    for filler in FILLERS:
        words = [filler] * count
        words[at] = f"${MISSING}"
        if f'unknown "{MISSING}" variable' in build.says(context, f"{name} {' '.join(words)};"):
            return True
    return False


def main() -> None:
    """What any build knows is known; a place counts where every build that has the directive reads it."""
    builds = sorted((Build(root) for root in ("", *sys.argv[1:])), key=lambda build: build.version)
    with ThreadPoolExecutor(len(builds)) as pool:
        known = sorted(set(chain.from_iterable(pool.map(lambda build: list(variables(build)), builds))))
    rows = [f"$\t{name}" for name in known] + read_by(builds)
    TABLE.write_text("\n".join(rows) + "\n")
    print(f"{len(known)} variables, {len(rows) - len(known)} directives")


def read_by(builds: list[Build]) -> list[str]:
    """A row for each directive: "name", then "2:1 3:1,2": of two arguments the second, of three the last two."""
    newest, older = builds[-1], builds[:-1]
    found: dict[str, dict[int, list[int]]] = {}
    for name, context, count, at in places(newest):
        lacks = [build for build in older if lacking(build, context, name)]
        if all(build in lacks or reads(build, context, name, count, at) for build in older):
            found.setdefault(name, {}).setdefault(count, []).append(at)
    return [
        f"{name}\t" + " ".join(f"{count}:{','.join(map(str, where))}" for count, where in counts.items())
        for name, counts in found.items()
    ]


if __name__ == "__main__":
    main()
