"""Measure the directives of nginx builds: where each is allowed, with how many arguments, and whether it opens a block.

    .venv/bin/python tools/directive_table.py [ROOT ...]

asks this machine's nginx and those under each ROOT (a Debian tree, see tools/lab_roots.sh; needs root) and writes
src/handclasp/catalogue/stock_directives.tsv. Names come from the binary itself; nginx -t says the rest, in its own words.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TABLE = Path(__file__).parent.parent / "src/handclasp/catalogue/stock_directives.tsv"
BLOCKS = {
    "main": "{}\nevents {{}}",
    "events": "events {{ {} }}",
    "http": "events {{}}\nhttp {{ {} }}",
    "server": "events {{}}\nhttp {{ server {{ {} }} }}",
    "location": "events {{}}\nhttp {{ server {{ location / {{ {} }} }} }}",
    "upstream": "events {{}}\nhttp {{ upstream u {{ {} }} }}",
    "server if": "events {{}}\nhttp {{ server {{ if ($host) {{ {} }} }} }}",
    "location if": "events {{}}\nhttp {{ server {{ location / {{ if ($host) {{ {} }} }} }} }}",
    "limit_except": "events {{}}\nhttp {{ server {{ location / {{ limit_except GET {{ {} }} }} }} }}",
    "stream": "events {{}}\nstream {{ {} }}",
    "stream server": "events {{}}\nstream {{ server {{ {} }} }}",
    "stream upstream": "events {{}}\nstream {{ upstream u {{ {} }} }}",
    "mail": "events {{}}\nmail {{ {} }}",
    "mail server": "events {{}}\nmail {{ server {{ {} }} }}",
}
MOST = 9
_NAME = re.compile(rb"(?<=\0)[a-z][a-z0-9_]{1,60}(?=\0)")


class Build:
    """One nginx, below a root."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        self.folder = tempfile.mkdtemp(prefix="directives-", dir=f"{self.root}/tmp")
        self.inside = self.folder.removeprefix(self.root)
        modules = Path(f"{self.root}/usr/lib/nginx/modules")
        self.modules = [
            path for path in sorted(modules.glob("*.so")) if path.name.startswith(("ngx_stream_module", "ngx_mail"))
        ]

    @property
    def version(self) -> tuple[int, ...]:
        """What nginx -v says."""
        argv = ["/usr/sbin/nginx", "-v"]
        said = subprocess.run(["chroot", self.root, *argv] if self.root else argv, capture_output=True, text=True, check=True)
        return tuple(map(int, re.findall(r"\d+", said.stderr)[:3]))

    def names(self) -> set[str]:
        """Every word of the binaries that could be a directive; a linker keeps one that ends another in that other."""
        files = [Path(f"{self.root}/usr/sbin/nginx"), *self.modules]
        words = {found.decode() for file in files for found in _NAME.findall(file.read_bytes())}
        return {word[at:] for word in words for at in range(len(word) - 1) if word[at].isalpha()}

    def says(self, context: str, line: str) -> str:
        """What nginx -t says of one line in a block: its first complaint."""
        loads = "".join(f"load_module {str(path).removeprefix(self.root)};\n" for path in self.modules)
        Path(f"{self.folder}/nginx.conf").write_text(loads + "daemon off;\n" + BLOCKS[context].format(line) + "\n")
        argv = ["/usr/sbin/nginx", "-t", "-p", self.inside, "-c", f"{self.inside}/nginx.conf"]
        argv = ["chroot", self.root, *argv] if self.root else argv
        ran = subprocess.run(argv, capture_output=True, text=True, check=False)
        return next((text for text in ran.stderr.splitlines() if "[emerg]" in text), "")

    def rows(self) -> Iterator[tuple[str, str, str, bool]]:
        """(name, context, numbers of arguments, opens a block) for every place where a directive may stand."""
        contexts = [name for name in BLOCKS if "unknown directive" not in self.says(name, "")]
        for name in sorted(self.names()):
            if "unknown directive" in self.says("main", f"{name};") or name.startswith("spdy_"):
                continue  # SPDY was forgotten between the oldest build and the newest
            for context in contexts:
                said = self.says(context, f"{name};")
                if "is not allowed here" in said or "unknown directive" in said:
                    continue
                block = "has no opening" in said
                end = " {}" if block else ";"
                taken = [
                    n for n in range(MOST) if "invalid number of arguments" not in self.says(context, name + " a" * n + end)
                ]
                yield name, context, "".join(map(str, taken)), block


def main() -> None:
    """Merge what all builds say, the oldest first."""
    builds = sorted((Build(root) for root in ("", *sys.argv[1:])), key=lambda build: build.version)
    found: dict[tuple[str, str], tuple[set[str], bool, str]] = {}
    before = "0.0.0"
    with ThreadPoolExecutor(len(builds)) as pool:
        measured = list(pool.map(lambda build: list(build.rows()), builds))
    for build, rows in zip(builds, measured, strict=True):
        for name, context, taken, block in rows:
            numbers, _, lacking = found.get((name, context), (set(), block, before))
            found[name, context] = (numbers | set(taken), block, lacking)
        # A build without the usual modules cannot tell what its version lacks.
        before = ".".join(map(str, build.version)) if ("limit_req", "location") in found else before
    lines = [
        "\t".join((*at, "".join(sorted(taken)), "{" if block else ";", lacks)) for at, (taken, block, lacks) in found.items()
    ]
    TABLE.write_text("\n".join(sorted(lines)) + "\n")
    print(f"{len({name for name, _ in found})} directives, {len(lines)} rows")


if __name__ == "__main__":
    main()
