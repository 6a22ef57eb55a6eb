"""Write down the directives of nginx builds: where each is allowed, with how many arguments, and whether it opens a block.

    .venv/bin/python tools/directive_table.py [ROOT ...]

reads this machine's nginx and those under each ROOT (a Debian tree, see tools/lab_roots.sh) and writes
src/handclasp/catalogue/stock_directives.tsv. What is in the binaries says all of it (tools/nginx_commands.py); `nginx -t` said
the same of every one when both were asked, and says so of a sample in tests/nginxconf/test_stock_directives.py.
"""

import re
import subprocess
import sys
import tempfile
from functools import cached_property
from pathlib import Path

from nginx_commands import Image, Row

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
_USUAL = {"stream": ("set_real_ip_from", "stream"), "mail": ("auth_http", "mail")}
"""What only a build has that is no small one, in stream{} and mail{}; elsewhere it is limit_req."""


class Build:
    """One nginx, below a root. Its folder for configurations goes with it."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        self._folder = tempfile.TemporaryDirectory(prefix="directives-", dir=f"{self.root}/tmp")
        self.folder = self._folder.name
        self.inside = self.folder.removeprefix(self.root)
        modules = Path(f"{self.root}/usr/lib/nginx/modules")
        self.modules = [
            path for path in sorted(modules.glob("*.so")) if path.name.startswith(("ngx_stream_module", "ngx_mail"))
        ]

    @cached_property
    def version(self) -> tuple[int, ...]:
        """What nginx -v says."""
        argv = ["/usr/sbin/nginx", "-v"]
        said = subprocess.run(["chroot", self.root, *argv] if self.root else argv, capture_output=True, text=True, check=True)
        return tuple(map(int, re.findall(r"\d+", said.stderr)[:3]))

    @cached_property
    def images(self) -> list[Image]:
        """The program and its modules."""
        return [Image(path) for path in (Path(f"{self.root}/usr/sbin/nginx"), *self.modules)]

    @cached_property
    def names(self) -> frozenset[str]:
        """Every word of the binaries that could be a directive or a variable."""
        return frozenset(name for image in self.images for name in image.names())

    @cached_property
    def rows(self) -> dict[tuple[str, str], Row]:
        """Every directive in every context, with all that its modules say of it there; SPDY was forgotten long ago."""
        found: dict[tuple[str, str], Row] = {}
        for row in (row for image in self.images for row in image.rows() if not row.name.startswith("spdy_")):
            before = found.get((row.name, row.context), row)
            arguments = before.arguments | row.arguments
            found[row.name, row.context] = Row(row.name, row.context, arguments, row.block)
        return found

    def tells(self, context: str) -> bool:
        """Whether what it does not have there is lacking in its version, and not merely left out."""
        return _USUAL.get(context.split(maxsplit=1)[0], ("limit_req", "location")) in self.rows

    def says(self, context: str, line: str) -> str:
        """What nginx -t says of one line in a block: its first complaint."""
        loads = "".join(f"load_module {str(path).removeprefix(self.root)};\n" for path in self.modules)
        Path(f"{self.folder}/nginx.conf").write_text(loads + "daemon off;\n" + BLOCKS[context].format(line) + "\n")
        argv = ["/usr/sbin/nginx", "-t", "-p", self.inside, "-c", f"{self.inside}/nginx.conf"]
        argv = ["chroot", self.root, *argv] if self.root else argv
        ran = subprocess.run(argv, capture_output=True, text=True, check=False)
        return next((text for text in ran.stderr.splitlines() if "[emerg]" in text), "")


def lacking(build: Build, context: str, name: str) -> bool:
    """Whether this build has no such directive there; what is in stream{} alone is misplaced, and known."""
    said = build.says(context, f"{name};")
    return "unknown directive" in said or "is not allowed here" in said


def main() -> None:
    """Merge what all builds say, the oldest first."""
    builds = sorted((Build(root) for root in ("", *sys.argv[1:])), key=lambda build: build.version)
    found: dict[tuple[str, str], tuple[frozenset[int], bool, str]] = {}
    for at, build in enumerate(builds):
        for key, row in build.rows.items():
            older = (one.version for one in builds[:at] if one.tells(row.context))
            lacks = ".".join(map(str, max(older, default=(0, 0, 0))))
            numbers, _, lacking = found.get(key, (frozenset[int](), row.block, lacks))
            found[key] = (numbers | row.arguments, row.block, lacking)
    lines = [
        "\t".join((*key, "".join(map(str, sorted(taken))), "{" if block else ";", lacks))
        for key, (taken, block, lacks) in found.items()
    ]
    TABLE.write_text("\n".join(sorted(lines)) + "\n")
    print(f"{len({name for name, _ in found})} directives, {len(lines)} rows")


if __name__ == "__main__":
    main()
