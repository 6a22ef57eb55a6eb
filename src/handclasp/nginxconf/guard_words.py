"""Ifs of a hand-written server that ask the client what only nginx knows, or the path as it was sent, not as it is served."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from handclasp.model.finding import FileEdit
from handclasp.model.origin import Origin
from handclasp.nginxconf.edit import TextEdit, file_edits, replace_argument
from handclasp.nginxconf.tree import ConfigTree, Directive, walk

_CLAIM = re.compile(r"\$\{?http_(?:x_)?(?:ssl_)?client_(verify|serial|fingerprint|(?:s_|subject_)?dn)\}?", re.IGNORECASE)
_ASKED = {"verify": "$ssl_client_verify", "serial": "$ssl_client_serial", "fingerprint": "$ssl_client_fingerprint"}
_DN = "$ssl_client_s_dn"

_SENT = re.compile(r"""\(\s*\$\{?request_uri\}?\s+!?~\*?\s*["']?(?:\^|\\A)/[A-Za-z0-9_./()|-]*\$?["']?\s*\)""")
"""An expression for the beginning of a path, which means the same of one without its query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardEdits:
    """`places` are the ifs, as they were; `origin` is the first."""

    edits: tuple[FileEdit, ...]
    places: tuple[str, ...]
    origin: Origin


_REFUSES = re.compile(r"[45]\d\d")


def claim_edits(tree: ConfigTree, servers: frozenset[Origin]) -> GuardEdits | None:
    """`if`s over headers by which a proxy in front would tell who the client is: in a server that asks for itself, ask it."""
    return _edited(tuple(_guards(tree, servers)), _of_claim)


def path_edits(tree: ConfigTree, servers: frozenset[Origin]) -> GuardEdits | None:
    """`if`s over $request_uri: /open/../closed begins like /open and is served like /closed."""
    return _edited(tuple(_guards(tree, servers)), _of_path)


def _of_claim(words: tuple[str, ...]) -> str | None:
    found = _CLAIM.fullmatch(words[0].lstrip("("))
    return None if found is None else f"({_ASKED.get(found[1].lower(), _DN)}"


def _of_path(words: tuple[str, ...]) -> str | None:
    return "($uri" if _SENT.fullmatch(" ".join(words)) else None


def _edited(guards: tuple[Directive, ...], change: Callable[[tuple[str, ...]], str | None]) -> GuardEdits | None:
    found = [(item, word) for item in guards if (word := change(item.args)) is not None]
    if not found:
        return None
    edits: list[TextEdit] = [edit for item, word in found for edit in replace_argument(item, 0, word)]
    places = tuple(f"if {' '.join(item.args)}" for item, _ in found)
    return GuardEdits(edits=tuple(file_edits(edits)), places=places, origin=found[0][0].origin)


def _guards(tree: ConfigTree, servers: frozenset[Origin]) -> Iterator[Directive]:
    """The `if`s of these servers that refuse somebody, and those that set what one of them asks."""
    known = [
        item
        for item, parents in walk(tree.directives)
        if item.name == "if" and item.args and any(above.source.origin(above.start) in servers for above in parents)
    ]
    refusing = [item for item in known if _refuses(item)]
    asked = {found for item in refusing for found in re.findall(r"\$\{?(\w+)", " ".join(item.args))}
    for item in known:
        sets = {inner.args[0].lstrip("$") for inner in item.block if inner.name == "set" and inner.args}
        if item in refusing or sets & asked:
            yield item


def _refuses(block: Directive) -> bool:
    return any(inner.name == "return" and inner.args and _REFUSES.fullmatch(inner.args[0]) for inner in block.block)
