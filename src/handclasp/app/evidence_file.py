"""Evidence in one file: a bug report that holds no secret."""

import re
from dataclasses import replace

import msgspec

from handclasp.model.errors import InputError
from handclasp.model.evidence import Evidence
from handclasp.nginxconf.edit import TextEdit, edited, set_arguments
from handclasp.nginxconf.tree import encode, walk
from handclasp.verdict.predict import Stage

_SCHEMA = "handclasp/evidence/1"
_SECRET = re.compile(r"authorization|password|passwd|secret|token|api[-_]?key|cookie|bearer|basic ", re.IGNORECASE)
_PATHS = re.compile(r"(_file|_path|password_file|auth_basic_user_file)$")


class _Saved(msgspec.Struct, frozen=True):
    schema: str
    evidence: Evidence


def dump(evidence: Evidence) -> bytes:
    """JSON with the evidence. Arguments of the configuration that look like secrets are replaced by "redacted"."""
    return msgspec.json.format(msgspec.json.encode(_Saved(_SCHEMA, redacted(evidence))), indent=1) + b"\n"


def load(data: bytes, *, where: str) -> Evidence:
    """Evidence saved by `dump`. Raises InputError naming `where`."""
    try:
        saved = msgspec.json.decode(data, type=_Saved)
    except msgspec.MsgspecError as error:
        raise InputError(
            f"this is no saved evidence: {error}", where=where, hint="make one with: handclasp doctor --save FILE"
        ) from error
    if saved.schema != _SCHEMA:
        raise InputError(f"evidence of another version: {saved.schema}", where=where)
    return saved.evidence


def redacted(evidence: Evidence) -> Evidence:
    """The same without values that look like secrets; what decides a handshake is not among them."""
    if evidence.root is None:
        return evidence
    edits: list[TextEdit] = []
    for directive, _ in walk(Stage(evidence).tree.directives):
        suspicious = _SECRET.search(" ".join((directive.name, *directive.args)))
        if suspicious and directive.children is None and directive.args and not _PATHS.search(directive.name):
            edits += set_arguments(directive, (*directive.args[:-1], "redacted"))
    texts = {path: encode(text) for path, text in edited(edits).items()}
    known = {path: content for path, content in texts.items() if path in evidence.files}
    return replace(evidence, files={**evidence.files, **known})
