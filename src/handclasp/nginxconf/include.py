"""Include resolution without I/O, in the manner of h11's NEED_DATA: ask, be given files, go on.

The shell's whole part is a loop::

    files = {}
    while isinstance(result := resolve(root, files, prefix), NeedFiles):
        for path in result.paths:
            files[path] = read(path)            # bytes, or None when it cannot be read
        for pattern in result.patterns:
            files[pattern] = None               # answered, even when nothing matches
            files.update((path, read(path)) for path in glob(pattern))
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from weakref import WeakValueDictionary

from handclasp.model.errors import InputError
from handclasp.nginxconf.parse import holds_directives, parse
from handclasp.nginxconf.tree import ConfigTree, Directive, Document, decode

_NO_INCLUDES = frozenset({"split_clients"})
_MAX_INCLUDED = 20_000
MAX_DIRECTIVES = 1_000_000
"""Most directives of a whole configuration that are read: 100,000 servers of ten lines. The bound keeps a diagnosis within a
minute and two gigabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedFiles:
    """What `resolve` must know before it can go on: files to read, and patterns to expand and read."""

    paths: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


def resolve(
    root: str, files: Mapping[str, bytes | None], prefix: str | None = None, *, complete: bool = False
) -> ConfigTree | NeedFiles:
    """The configuration with includes in place, or what is needed first.

    Args:
        root: path of the main configuration file.
        files: contents by absolute path; None means it does not exist or cannot be read. A pattern that has been expanded
            stands in it with the value None.
        prefix: nginx's -p, the base of relative log paths and of a relative `root`; default the folder of `root`.
        complete: nothing can be added to `files` (a dump, saved evidence): what it lacks is missing.

    Raises:
        InputError: a syntax error, a missing file, or an include cycle.
    """
    start = _join(prefix or "", root)
    work = _Resolver(start, files, complete=complete)
    directives = work.file(start, chain=(), by=None, block="")
    if work.paths or work.patterns:
        return NeedFiles(paths=tuple(work.paths), patterns=tuple(work.patterns))
    folder = start.rpartition("/")[0]
    return _tree(start, folder if prefix is None else prefix, tuple(work.documents.items()), _Same(directives))


@dataclass(frozen=True, slots=True)
class _Same:
    """Directives that a cache takes for those it knows already: the same documents give the same ones."""

    directives: tuple[Directive, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=2)  # one tree for one configuration: what is worked out of it, at some expense, is kept by its identity
def _tree(start: str, prefix: str, documents: tuple[tuple[str, Document], ...], directives: _Same) -> ConfigTree:
    return ConfigTree(start, prefix, directives.directives, {path: document.source for path, document in documents})


_UTF16 = frozenset({b"\xff\xfe", b"\xfe\xff"})
_ZEROS = b"\0\0\0\0"  # every second byte of what begins with ASCII letters
_known: "WeakValueDictionary[tuple[bytes, str, bool], Document]" = WeakValueDictionary()


def _parsed(content: bytes, path: str, *, included: bool) -> Document:
    """Gathering, judging, and trying edits read the same files again: what a tree still holds is not parsed twice."""
    key = (content, path, included)
    if (found := _known.get(key)) is None:
        if content[:2] in _UTF16 or content[1:8:2] == _ZEROS:
            raise InputError(
                "is UTF-16 text, as an editor or a shell of Windows writes it",
                where=path,
                hint=f"nginx reads UTF-8: iconv -f UTF-16 -t UTF-8 {path} > new.conf",
            )
        found = _known[key] = parse(decode(content), path, included=included)
    return found


class _Resolver:
    """One pass over what is known; collects what is not."""

    def __init__(self, root: str, files: Mapping[str, bytes | None], *, complete: bool) -> None:
        self.base = root.rpartition("/")[0]
        self.files = files
        self.complete = complete
        self.documents: dict[str, Document] = {}
        self.paths: dict[str, None] = {}
        self.patterns: dict[str, None] = {}
        self.included = 0
        self.directives = 0

    def file(self, path: str, *, chain: tuple[str, ...], by: Directive | None, block: str) -> tuple[Directive, ...]:
        """The directives of one file in a block, its includes replaced; () while something is still needed."""
        if path in chain:
            circle = " -> ".join((*chain[chain.index(path) :], path))
            raise InputError(f"include cycle: {circle}", where=by.origin if by else None, hint="remove one of these includes")
        self._count(by)
        if path not in self.documents:
            content = self.files.get(path)
            if content is None:
                if path in self.files or self.complete:
                    raise _missing(path, by)
                self.paths[path] = None
                return ()
            self.documents[path] = _parsed(content, path, included=by is not None)
        return self._expand(self.documents[path].directives, (*chain, path), block)

    def _count(self, by: Directive | None) -> None:
        # Doubling includes (a file that includes another twice, and so on) would otherwise grow without bound.
        self.included += 1
        if self.included > _MAX_INCLUDED:
            where = by.origin if by else None
            what = f"more than {_MAX_INCLUDED} files are included"
            raise InputError(what, where=where, hint="do files here include one another several times?")

    def _expand(self, directives: tuple[Directive, ...], chain: tuple[str, ...], block: str) -> tuple[Directive, ...]:
        self.directives += len(directives) if holds_directives(block) else 0
        if self.directives > MAX_DIRECTIVES:
            what = f"the configuration has more than {MAX_DIRECTIVES:,} directives, and nothing of it was looked at"
            hint = "give a main file that includes only the servers in question, with the http block around them"
            raise InputError(what, where=directives[0].origin, hint=hint)
        found: list[Directive] = []
        changed = False
        for item in directives:
            if item.name == "include" and item.children is None:
                found.extend(self._include(item, chain, block))
                changed = True
            elif item.children and item.name not in _NO_INCLUDES:
                inner = self._expand(item.children, chain, item.name)
                changed = changed or inner is not item.children
                found.append(item if inner is item.children else replace(item, children=inner))
            else:
                found.append(item)
        return tuple(found) if changed else directives

    def _include(self, item: Directive, chain: tuple[str, ...], block: str) -> tuple[Directive, ...]:
        if len(item.values) != 2:
            hint = "include takes one path or pattern; put quotes around one that holds spaces"
            raise InputError('invalid number of arguments in "include" directive', where=item.origin, hint=hint)
        target = _join(self.base, item.values[1])
        if not is_pattern(target):
            return self.file(target, chain=chain, by=item, block=block)
        if target not in self.files and not self.complete:
            self.patterns[target] = None
            return ()
        found: list[Directive] = []
        for path in matching(target, self.files):
            found.extend(self.file(path, chain=chain, by=item, block=block))
        return tuple(found)


def is_pattern(path: str) -> bool:
    """Whether nginx takes an include's argument for a pattern."""
    return any(mark in path for mark in "*?[")


def matching(pattern: str, paths: Iterable[str]) -> tuple[str, ...]:
    """The paths that a pattern names, in glob(3)'s order as nginx calls it: by bytes."""
    expression = _expression(pattern)
    found = (path for path in paths if path != pattern and expression.fullmatch(path))
    return tuple(sorted(found, key=lambda path: path.encode("utf-8", "surrogateescape")))


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    """glob(3) as a regular expression: no wildcard crosses "/" or matches a leading dot."""
    return re.compile("/".join(_segment(part) for part in pattern.split("/")), re.DOTALL)


_STARS = re.compile(r"\*+")
_PIECE = re.compile(r"\?|\[[!^]?\]?[^\]]*\]|.", re.DOTALL)
_SPECIAL = re.compile(r"([\\\[\]^&~|])")


def _segment(part: str) -> str:
    """One part between slashes. Atomic groups keep a pattern of many stars from backtracking without bound."""
    hidden = "(?!\\.)" if part[:1] in {"*", "?", "["} else ""
    first, *rest = ["".join(_piece(found[0]) for found in _PIECE.finditer(fixed)) for fixed in _STARS.split(part)]
    if not rest:
        return hidden + first
    middle = "".join(f"(?>[^/]*?{fixed})" for fixed in rest[:-1])
    return f"{hidden}{first}{middle}[^/]*{rest[-1]}"


def _piece(piece: str) -> str:
    if piece == "?":
        return "[^/]"
    if len(piece) == 1:
        return re.escape(piece)
    negated = piece[1] in "!^"
    inner = piece[2 if negated else 1 : -1]
    if not inner:
        return re.escape(piece)
    return "[" + ("^/" if negated else "") + _SPECIAL.sub(r"\\\1", inner) + "]"


def _join(base: str, path: str) -> str:
    return path if path.startswith("/") or not base else f"{base.rstrip('/')}/{path}"


def _missing(path: str, by: Directive | None) -> InputError:
    what = f'open() "{path}" failed (2: No such file or directory)'
    if by is None:
        return InputError(what, hint="name the main configuration file, usually /etc/nginx/nginx.conf")
    place = f" in {by.source.file}:{by.reported_line}"
    hint = (
        "correct the path of this include, or remove it; relative paths start at the folder of the main configuration file;"
        " a tree copied from elsewhere goes below a folder named by --chroot"
    )
    return InputError(what + place, where=by.origin, hint=hint)
