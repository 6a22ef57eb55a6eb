"""Compare `nginx check` with `nginx -t` on spoiled lines, and write docs/benchmarks/check.md.

    .venv/bin/python tools/check_differences.py [--cases N] [--seed S] [ROOT ...]       (root: nginx runs without a network)

asks this machine's nginx and those under each ROOT (see tools/lab_roots.sh) about the same mutants (of
tests/nginxconf/mutants.py). What it prints are those that check was wrong about.
"""

import argparse
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from directive_table import Build  # noqa: E402

from handclasp.adapters.file_tree import PosixFileTree  # noqa: E402
from handclasp.adapters.system_clock import SystemClock  # noqa: E402
from handclasp.app.evidence import Given, gather  # noqa: E402
from handclasp.app.rooted import rooted  # noqa: E402
from handclasp.model.errors import InputError  # noqa: E402
from handclasp.nginxconf.start_faults import evidence_faults  # noqa: E402
from handclasp.verdict.predict import Stage  # noqa: E402
from tests.nginx_rig import crl, make  # noqa: E402
from tests.nginxconf.mutants import Mutant, mutant, sound_lines  # noqa: E402

PAGE = ROOT / "docs" / "benchmarks" / "check.md"
ENGINES = {(1, 18): "1.1.1", (1, 22): "3.0", (1, 26): "3.5"}
_WORLD = re.compile(
    r"host not found|could not be resolved|bind\(\) to|open\(\) \"\S+/(?:logs|e)\S*\" failed|is a directory", re.IGNORECASE
)
_LEFT_OUT = re.compile(r'unknown directive "(\w+)"|"(\w+)" directive is not allowed here|unknown "\w+" variable|zero size')
_PLACE = re.compile(r" in /\S+:\d+(?::\d+)?$")
COLUMNS = (
    "taken, and no fault told",
    "refused, in the same words",
    "refused, in other words",
    "refused, not foreseen",
    "taken, called a fault",
)


def prepared(build: Build) -> Build:
    """The files that the lines name."""
    folder = Path(build.folder)
    for name in ("run", "logs"):
        (folder / name).mkdir()
    root = make("Root", ca=True)
    server = make("localhost", root, server=True)
    files = {"root.pem": root.pem, "root.crl": crl(root), "server.pem": server.pem, "server.key": server.key_pem}
    group = ["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048"]
    parameters = subprocess.run(group, capture_output=True, check=True).stdout
    files |= {"dh.pem": parameters, "ticket.key": bytes(48), "passwords": b"secret\n", "junk": b"hello\n", "htpasswd": b"a:b\n"}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return build


def said(build: Build, text: str) -> str | None:
    """What nginx says first, "" when it takes the text; None when the world, not the text, was the reason."""
    Path(build.folder, "nginx.conf").write_text(text)
    inside = ["/usr/sbin/nginx", "-t", "-p", build.inside, "-c", f"{build.inside}/nginx.conf"]
    argv = ["unshare", "-n", *(["chroot", build.root] if build.root else []), *inside]
    ran = subprocess.run(argv, capture_output=True, text=True, errors="surrogateescape", check=False)
    found = re.search(r"\[emerg\] (?:\d+#\d+: )?(.*)$", ran.stderr, re.MULTILINE)
    if ran.returncode == 0:
        return ""
    return None if found is None or _WORLD.search(found[1]) else found[1]


def foreseen(build: Build) -> str:
    """What check says first."""
    major, minor, *_ = build.version
    engine = ENGINES.get((major, minor), "3.6")
    config, version = f"{build.inside}/nginx.conf", ".".join(map(str, build.version))
    given = Given(config=config, prefix=build.inside, nginx_version=version, engine=engine)
    files = rooted(PosixFileTree(), build.root, config) if build.root else PosixFileTree()
    try:
        stage = Stage(gather(given, files, now=SystemClock().now(), build=None))
        faults = evidence_faults(stage.evidence, stage.tree, stage.config, stage.version, stage.openssl)
    except InputError as error:
        return error.what
    return faults[0].message if faults else ""


def compared(build: Build, one: Mutant) -> str | None:
    """The column that a mutant counts in; None: nothing can be said of it on this build."""
    stream = next((str(path).removeprefix(build.root) for path in build.modules if "stream" in path.name), None)
    limits = ("limit_req", "location") in build.rows
    real = said(build, one.text(stream=stream, limits=limits, port=8440))
    if real is None or (not limits and _LEFT_OUT.search(real)):
        return None
    ours = foreseen(build)
    if not real:
        return COLUMNS[4] if ours else COLUMNS[0]
    if not ours:
        return COLUMNS[3]
    return COLUMNS[1] if _PLACE.sub("", real) == _PLACE.sub("", ours) else COLUMNS[2]


def main() -> None:
    """All mutants on all builds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("roots", nargs="*")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance, lines = random.Random(options.seed), sound_lines()  # noqa: S311 - no secrets
    mutants = [mutant(chance, lines) for _ in range(options.cases)]
    rows = []
    for build in map(prepared, map(Build, ("", *options.roots))):
        counted: Counter[str] = Counter()
        for one in mutants:
            column = compared(build, one)
            if column in COLUMNS[3:]:
                print(".".join(map(str, build.version)), column, one.parts, sep="\t")
            counted[column or "not compared"] += 1
        rows.append((".".join(map(str, build.version)), counted))
        shutil.rmtree(build.folder, ignore_errors=True)
    PAGE.write_text(page(rows, options.cases, options.seed), "utf-8")
    print(PAGE.relative_to(ROOT))


def page(rows: list[tuple[str, Counter[str]]], cases: int, seed: int) -> str:
    """The table."""
    heads = ("nginx", *COLUMNS, "not compared")
    table = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for version, counted in sorted(rows, key=lambda row: [int(part) for part in row[0].split(".")]):
        table.append(f"| {' | '.join((version, *(str(counted[head]) for head in heads[1:])))} |")
    return f"""# What `nginx check` foresees

Written by `tools/check_differences.py --cases {cases} --seed {seed}`: sound lines of configuration with a word spoiled, dropped
or added, a slip in a name, twice, or in the wrong block, among up to three others, asked of `nginx -t` and of `nginx check`.
Compared is what each says first. *Not compared*: nginx had to look up a name or open a log, or lacks the module.

{chr(10).join(table)}
"""


if __name__ == "__main__":
    main()
