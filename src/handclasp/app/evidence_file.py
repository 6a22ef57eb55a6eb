"""Evidence in one file: a bug report that holds no secret."""

import msgspec

from handclasp.app.redaction import redacted
from handclasp.model.errors import InputError
from handclasp.model.evidence import Evidence

_SCHEMA = "handclasp/evidence/1"


class _Saved(msgspec.Struct, frozen=True):
    schema: str
    evidence: Evidence


def dump(evidence: Evidence) -> bytes:
    """JSON with the evidence; what may be a secret is replaced by "redacted"."""
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
