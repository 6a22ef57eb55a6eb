"""The database of `openssl ca` and of easy-rsa: index.txt, one certificate per line, fields between tabs.

Fields: status (V, R or E), notAfter, revocation date with reason, serial in hex, file name, subject. Times are UTCTime or
GeneralizedTime without separators (apps/lib/apps.c, make_revocation_str and X509_time).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from handclasp.model.errors import InputError
from handclasp.model.issuance import Reason

_WORDS = {reason.value.lower(): reason for reason in Reason} | {
    "holdinstruction": Reason.CERTIFICATE_HOLD,  # openssl ca -crl_hold
    "keytime": Reason.KEY_COMPROMISE,  # openssl ca -crl_compromise
    "cakeytime": Reason.CA_COMPROMISE,  # openssl ca -crl_CA_compromise
}
_SERIAL = re.compile(r"[0-9A-Fa-f]{1,40}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexLine:
    """One certificate of the database. `subject` is its last column as it stands, /CN=alice."""

    serial: int
    not_after: datetime
    revoked_at: datetime | None
    reason: Reason | None
    subject: str


def read_index(content: bytes, *, where: str) -> tuple[IndexLine, ...]:
    """All lines; InputError naming the line that is none, or a serial that comes twice."""
    lines: list[IndexLine] = []
    seen: set[int] = set()
    for number, text in enumerate(content.decode("utf-8-sig", "replace").split("\n"), start=1):
        if not text.strip() or text.startswith("#"):  # comments, for openssl too
            continue
        try:
            line = _line(text)
        except (ValueError, IndexError) as error:
            hint = "status, end, revocation, serial, file and subject, with tabs between them"
            raise InputError(f"is not a line of openssl's database: {error}", where=f"{where}:{number}", hint=hint) from error
        if line.serial in seen:
            hint = "openssl refuses such a database too: remove the line that is wrong (openssl x509 -serial shows whose it is)"
            raise InputError(f"serial {line.serial:X} comes twice", where=f"{where}:{number}", hint=hint)
        seen.add(line.serial)
        lines.append(line)
    return tuple(lines)


def _line(text: str) -> IndexLine:
    status, end, revocation, serial, _file, subject = text.rstrip("\r\n").split("\t")
    if status not in ("V", "R", "E"):
        raise ValueError(f"status {status[:20]!r}")
    if not _SERIAL.match(serial):
        raise ValueError(f"the serial {serial[:50]!r} is not 1 to 20 octets in hex")
    moment, _, word = revocation.partition(",")
    if (status == "R") != bool(moment):
        raise ValueError("a revocation date belongs to status R, and to no other")
    reason = _WORDS.get(word.partition(",")[0].lower(), Reason.UNSPECIFIED) if status == "R" else None
    return IndexLine(
        serial=int(serial, 16),
        not_after=_time(end),
        revoked_at=_time(moment) if moment else None,
        reason=reason,
        subject=subject,
    )


def _time(text: str) -> datetime:
    """UTCTime counts years from 1950 to 2049 (RFC 5280 4.1.2.5.1); old certificates may leave the seconds out."""
    if len(text) == 11:
        text = f"{text[:-1]}00Z"
    if len(text) == 13:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
