"""Changes to a configuration that touch only the bytes concerned: indentation, comments and line ends stay as they are.

Each function answers with edits, which are values: nothing changes until `edited` makes new texts of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from handclasp.model.errors import Bug
from handclasp.model.finding import FileEdit
from handclasp.nginxconf.tree import ConfigTree, Directive, Source, encode, walk

_BARE = re.compile(r"""(?:[^\s;{}"'\\#$]|\$(?!\{)|\$\{\w+\})(?:[^\s;{}"'\\$]|\$(?!\{)|\$\{\w+\})*""")
_NEIGHBOURS = ("server_name", "listen", "proxy_pass", "grpc_pass")
_REWRITING = frozenset({"if", "set", "rewrite", "break", "return"})
_REST_OF_LINE = re.compile(r"[ \t\r]*(?:#[^\n]*)?\n")


@dataclass(frozen=True, slots=True, eq=False)
class TextEdit:
    """The text of `source` from `start` to `end` becomes `text`. Equal offsets: an insertion."""

    source: Source
    start: int
    end: int
    text: str


def spell(value: str) -> str:
    """An argument as nginx must find it to read `value`: bare where possible, else in double quotes. `$` keeps its meaning."""
    if _BARE.fullmatch(value):
        return value
    return '"' + re.sub(r'[\\"]', lambda found: "\\" + found[0], value) + '"'


def line_of(name: str, args: Iterable[str]) -> str:
    """A directive as one line, with its semicolon."""
    return " ".join((name, *(spell(value) for value in args))) + ";"


def set_directive(block: Directive, name: str, args: Iterable[str]) -> tuple[TextEdit, ...]:
    """Give a block a directive with these arguments: changed where it is (also in a file the block includes), else inserted.

    A value inherited from further out is left alone and overridden. Of several of that name the first is changed.
    """
    wanted = tuple(args)
    for child in block.block:
        if child.name == name and child.children is None:
            return set_arguments(child, wanted)
    return insert_into(block, (line_of(name, wanted),))


def set_arguments(directive: Directive, args: Iterable[str]) -> tuple[TextEdit, ...]:
    """Other arguments for a directive. Those that stay keep their spelling."""
    wanted = tuple(args)
    if len(wanted) == len(directive.args):
        changed = (n for n, (old, new) in enumerate(zip(directive.args, wanted, strict=True)) if old != new)
        return tuple(edit for n in changed for edit in replace_argument(directive, n, wanted[n]))
    text = "".join(f" {spell(value)}" for value in wanted)
    return (TextEdit(directive.source, directive.words[0].end, directive.words[-1].end, text),)


def replace_argument(directive: Directive, index: int, value: str) -> tuple[TextEdit, ...]:
    """Another value for one argument (from 0)."""
    word = directive.words[index + 1]
    return (TextEdit(directive.source, word.start, word.end, spell(value)),)


def add_argument(directive: Directive, value: str) -> tuple[TextEdit, ...]:
    """One more argument, at the end: `listen 443;` becomes `listen 443 ssl;`."""
    at = directive.words[-1].end
    return (TextEdit(directive.source, at, at, f" {spell(value)}"),)


def rename(directive: Directive, name: str) -> tuple[TextEdit, ...]:
    """Another name for a directive, its arguments unchanged."""
    word = directive.words[0]
    return (TextEdit(directive.source, word.start, word.end, spell(name)),)


def remove(directive: Directive) -> tuple[TextEdit, ...]:
    """Take a directive, with its block, away. Its line goes too when nothing else is on it; comments stay."""
    text = directive.source.text
    start, end = directive.start, directive.close + 1
    line = text.rfind("\n", 0, start) + 1
    following = re.compile(r"[ \t\r]*\n").match(text, end)
    if not text[line:start].strip(" \t") and following:
        return (TextEdit(directive.source, line, following.end(), ""),)
    if end < len(text) and text[end] == " " and text[start - 1 : start] in {" ", "\t", "\n", ""}:
        end += 1
    return (TextEdit(directive.source, start, end, ""),)


def insert_into(block: Directive, lines: Iterable[str]) -> tuple[TextEdit, ...]:
    """New lines inside a block of the configuration, beside related directives if there are some.

    Args:
        block: a directive with a `{ }`.
        lines: without indentation or line ends; lines of an inner block carry their own indentation.

    Raises:
        Bug: the directive has no block.
    """
    if block.children is None:
        raise Bug(f"{block!r} has no block to insert into")
    wanted = tuple(lines)
    own = [child for child in block.children if child.source is block.source and child.close < block.close]
    plain = [child for child in own if child.children is None and child.body is None]
    anchor = _related(plain, wanted[0].partition(" ")[0]) if wanted else None
    if anchor is not None:
        return (_after(block, anchor, wanted),)
    return (_at_start(block, wanted),)


def insert_ahead(block: Directive, lines: Iterable[str]) -> tuple[TextEdit, ...]:
    """New lines inside a block, ahead of every `if`, `set`, `rewrite`, `break` and `return`: any may end it."""
    first = next((child for child in block.block if child.name in _REWRITING), None)
    if first is None:
        return insert_into(block, lines)
    return (_at_start(block, tuple(lines)),) if first.source is not block.source else insert_before(first, lines)


def insert_before(directive: Directive, lines: Iterable[str]) -> tuple[TextEdit, ...]:
    """New lines just before a directive, indented as it is."""
    text, at = directive.source.text, directive.start
    begin = text.rfind("\n", 0, at) + 1
    indent, ending = text[begin:at], _line_ending(text, at)
    if indent.strip():
        wanted = tuple(lines)
        rest = ending if any("#" in line for line in wanted) else " "  # a comment ends with its line
        return (TextEdit(directive.source, at, at, "".join(f"{line.strip()}{rest}" for line in wanted)),)
    return (TextEdit(directive.source, begin, begin, "".join(f"{indent}{line}{ending}" for line in lines)),)


def append_to(source: Source, lines: Iterable[str], *, after: Directive | None = None) -> tuple[TextEdit, ...]:
    """New lines at the top level of a file: after a directive of it, or at its beginning (before the first directive)."""
    ending = _line_ending(source.text, 0)
    if after is None:
        return (TextEdit(source, 0, 0, "".join(line + ending for line in lines)),)
    found = _REST_OF_LINE.match(source.text, after.close + 1)
    if found:
        return (TextEdit(source, found.end(), found.end(), "".join(line + ending for line in lines)),)
    return (TextEdit(source, after.close + 1, after.close + 1, "".join(ending + line for line in lines)),)


def edited(edits: Iterable[TextEdit]) -> dict[str, str]:
    """New texts by path. Edits that say the same twice count once; insertions at one place keep their order.

    Raises:
        Bug: two edits overlap.
    """
    by_source: dict[Source, dict[tuple[int, int, str], None]] = {}
    for edit in edits:
        by_source.setdefault(edit.source, {})[edit.start, edit.end, edit.text] = None
    return {source.file: _apply(source, list(spans)) for source, spans in by_source.items()}


def file_edits(edits: Iterable[TextEdit]) -> tuple[FileEdit, ...]:
    """The same as values for a remedy: whole contents before and after, files that stay as they are left out."""
    known = tuple(edits)
    before = {edit.source.file: edit.source.text for edit in known}
    return tuple(
        FileEdit(path=path, before=encode(before[path]), after=encode(text))
        for path, text in edited(known).items()
        if text != before[path]
    )


def places(tree: ConfigTree, directive: Directive) -> int:
    """In how many blocks a directive stands: more than one when the file it is in is included more than once."""
    at = directive.start
    return sum(1 for item, _ in walk(tree.directives) if item.source is directive.source and item.start == at)


def _apply(source: Source, spans: list[tuple[int, int, str]]) -> str:
    spans.sort(key=lambda span: span[:2])
    for (_, end, _), (start, _, _) in pairwise(spans):
        if start < end:
            raise Bug(f"two edits of {source.file} overlap at {source.origin(start)}")
    pieces, position = [], 0
    for start, end, text in spans:
        pieces += [source.text[position:start], text]
        position = end
    return "".join((*pieces, source.text[position:]))


def _related(plain: list[Directive], name: str) -> Directive | None:
    """The directive after which a reader would look for one of this name."""
    family = name.partition("_")[0] + "_"
    same = [child for child in plain if child.name == name or ("_" in name and child.name.startswith(family))]
    if same:
        return same[-1]
    for neighbour in _NEIGHBOURS:
        found = [child for child in plain if child.name == neighbour]
        if found:
            return found[-1]
    return None


def _after(block: Directive, anchor: Directive, lines: tuple[str, ...]) -> TextEdit:
    text = block.source.text
    rest = _REST_OF_LINE.match(text, anchor.close + 1)
    if rest is None:  # something else follows on the line: stay on it
        at = anchor.close + 1
        return TextEdit(block.source, at, at, _on_the_line(lines, text, at))
    begin = text.rfind("\n", 0, anchor.start) + 1
    indent = _indent(text, begin) if begin > block.terminator else _inner_indent(block)
    ending = _line_ending(text, anchor.close)
    return TextEdit(block.source, rest.end(), rest.end(), "".join(f"{indent}{line}{ending}" for line in lines))


def _at_start(block: Directive, lines: tuple[str, ...]) -> TextEdit:
    text = block.source.text
    at = block.terminator + 1
    rest = _REST_OF_LINE.match(text, at)
    if rest is None:
        tail = "" if text[at : at + 1] in {" ", "\t"} else " "
        return TextEdit(block.source, at, at, _on_the_line(lines, text, at) + tail)
    # The next line shows how this block is indented, whatever is on it: a comment, an include, an inner block.
    following = re.compile(r"\s*").match(text, at)
    begin = text.rfind("\n", 0, following.end()) + 1 if following else at
    indent = _indent(text, begin) if text[begin : block.close].strip() else _inner_indent(block)
    ending = _line_ending(text, at)
    return TextEdit(block.source, rest.end(), rest.end(), "".join(f"{indent}{line}{ending}" for line in lines))


def _on_the_line(lines: tuple[str, ...], text: str, at: int) -> str:
    """New lines amid a line; what a comment is in ends there, or it would swallow what follows."""
    ending = _line_ending(text, at)
    return "".join(f" {line.strip()}{ending if '#' in line else ''}" for line in lines)


def _indent(text: str, line_start: int) -> str:
    found = re.compile(r"[ \t]*").match(text, line_start)
    return found[0] if found else ""


def _inner_indent(block: Directive) -> str:
    outer = _indent(block.source.text, block.source.text.rfind("\n", 0, block.start) + 1)
    return outer + ("\t" if outer.endswith("\t") else "    ")


def _line_ending(text: str, at: int) -> str:
    end = text.find("\n", at)
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"
