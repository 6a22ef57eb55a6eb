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


def claim_edits(tree: ConfigTree, servers: frozenset[Origin]) -> GuardEdits | None:
    """`if`s over headers by which a proxy in front would tell who the client is: in a server that asks for itself, ask it."""
    return _edited(tree, servers, _of_claim)


def path_edits(tree: ConfigTree, servers: frozenset[Origin]) -> GuardEdits | None:
    """`if`s over $request_uri: /open/../closed begins like /open and is served like /closed."""
    return _edited(tree, servers, _of_path)


def _of_claim(words: tuple[str, ...]) -> str | None:
    found = _CLAIM.fullmatch(words[0].lstrip("("))
    return None if found is None else f"({_ASKED.get(found[1].lower(), _DN)}"


def _of_path(words: tuple[str, ...]) -> str | None:
    return "($uri" if _SENT.fullmatch(" ".join(words)) else None


def _edited(tree: ConfigTree, servers: frozenset[Origin], change: Callable[[tuple[str, ...]], str | None]) -> GuardEdits | None:
    found = [(item, word) for item in _ifs(tree, servers) if (word := change(item.args)) is not None]
    if not found:
        return None
    edits: list[TextEdit] = [edit for item, word in found for edit in replace_argument(item, 0, word)]
    places = tuple(f"if {' '.join(item.args)}" for item, _ in found)
    return GuardEdits(edits=tuple(file_edits(edits)), places=places, origin=found[0][0].origin)


def _ifs(tree: ConfigTree, servers: frozenset[Origin]) -> Iterator[Directive]:
    for item, parents in walk(tree.directives):
        if item.name == "if" and item.args and any(above.source.origin(above.start) in servers for above in parents):
            yield item
