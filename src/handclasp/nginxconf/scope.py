"""Where a directive's value comes from: the innermost block that has it. One Scope per block of the configuration.

nginx merges every plain value and every list in the same way (ngx_conf_merge_*): what a block says replaces what is around it,
whole. There is no adding up, neither for proxy_set_header nor for error_page nor for error_log.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from handclasp.model.nginx import Setting
from handclasp.nginxconf.tree import Directive

T = TypeVar("T")


class Scope:
    """One block: its own directives by name, and the block around it.

    A setting that a block inherits is worked out once for all that inherit it: hundreds of servers share what http{} says, and
    nginx's defaults. So a directive is read in one way and with one default, wherever it is asked for.
    """

    __slots__ = ("conf_dir", "directives", "inherited", "outer", "own", "prefix")

    def __init__(
        self, directives: tuple[Directive, ...], outer: "Scope | None" = None, *, conf_dir: str = "", prefix: str = ""
    ) -> None:
        self.directives = directives
        self.own: dict[str, list[Directive]] = {}
        for item in directives:
            name = item.values[0]
            if name in self.own:
                self.own[name].append(item)
            else:
                self.own[name] = [item]
        self.outer = outer
        self.conf_dir: str = outer.conf_dir if outer else conf_dir
        self.prefix: str = outer.prefix if outer else prefix
        self.inherited: dict[str, Setting[Any]] | None = None

    def inner(self, block: Directive) -> "Scope":
        """The scope of a block inside this one."""
        return Scope(block.block, self)

    def find(self, name: str) -> list[Directive]:
        """The directives of this name that hold here: those of the innermost block that has one; [] when none has."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.own.get(name)
            if found:
                return found
            scope = scope.outer
        return []

    def mine(self, name: str) -> list[Directive]:
        """The directives of this name in this very block."""
        return self.own.get(name, [])

    def has(self, *names: str) -> bool:
        """Whether this very block has one of these."""
        return any(name in self.own for name in names)

    def conf_path(self, path: str) -> str:
        """A certificate, key, CA or CRL path as nginx opens it: relative to the folder of the main file."""
        return _joined(self.conf_dir, path)

    def log_path(self, path: str) -> str:
        """A log or pid path as nginx opens it: relative to the prefix."""
        return path if path == "stderr" or path.startswith(("syslog:", "memory:")) else _joined(self.prefix, path)

    def first(self, name: str, default: T, read: Callable[[tuple[str, ...]], T]) -> Setting[T]:
        """A directive that stands once, its arguments read by `read`."""
        return self._setting(name, lambda found: Setting(read(found[0].args), found[0].origin) if found else Setting(default))

    def listed(self, name: str, read: Callable[[Directive], T]) -> Setting[tuple[T, ...]]:
        """A directive that may be repeated; the origin is that of the first."""
        return self._setting(
            name,
            lambda found: Setting(tuple([read(item) for item in found]), found[0].origin) if found else Setting(()),
        )

    def _setting(self, name: str, make: Callable[[list[Directive]], Setting[T]]) -> Setting[T]:
        """What `make` gives of the directives that hold here; [] where none does."""
        found = self.own.get(name)
        if found:
            return make(found)
        scope = self
        while scope.outer is not None and not found:
            scope = scope.outer
            found = scope.own.get(name)
        if scope.inherited is None:
            scope.inherited = {}
        if name not in scope.inherited:
            scope.inherited[name] = make(found or [])
        return scope.inherited[name]

    def text(self, name: str, default: str) -> Setting[str]:
        """All arguments, joined by a space."""
        return self.first(name, default, " ".join)

    def maybe(self, name: str) -> Setting[str | None]:
        """All arguments, joined by a space; None when the directive does not stand."""
        return self.first(name, None, lambda args: " ".join(args) or None)

    def flag(self, name: str, *, default: bool) -> Setting[bool]:
        """On or off; anything else (nginx refuses it) counts as the default."""
        return self.first(name, default, lambda args: _FLAGS.get("".join(args).lower(), default))

    def number(self, name: str, default: int) -> Setting[int]:
        """A count; anything else (nginx refuses it) counts as the default."""
        return self.first(name, default, lambda args: number("".join(args), default))

    def words(self, name: str, default: tuple[str, ...]) -> Setting[tuple[str, ...]]:
        """The arguments."""
        return self.first(name, default, lambda args: args)

    def path(self, name: str) -> Setting[str | None]:
        """A file that nginx opens at start; an empty argument means none."""
        return self.first(name, None, self._file)

    def _file(self, args: tuple[str, ...]) -> str | None:
        return self.conf_path(args[0]) if args and args[0] else None

    def paths(self, name: str) -> Setting[tuple[str, ...]]:
        """The files of a repeated directive, in order."""
        return self.listed(name, lambda item: self.certificate_path("".join(item.args[:1])))

    def certificate_path(self, path: str) -> str:
        """A certificate or key: variables, `data:`, `engine:` and `store:` stay as they are written."""
        return path if not path or "$" in path or path.startswith(_NOT_FILES) else self.conf_path(path)


_FLAGS = {"on": True, "off": False}
_NOT_FILES = ("data:", "engine:", "store:")


def number(text: str, default: int) -> int:
    """Decimal digits, as ngx_atoi reads them."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else default


def _joined(base: str, path: str) -> str:
    return path if path.startswith("/") or not base else f"{base.rstrip('/')}/{path}"
