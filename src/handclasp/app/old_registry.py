"""What a PKI that exists remembers of its certificates, from whichever source, as lines of one kind."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from handclasp.model.certificate import Certificate, RevokedEntry
from handclasp.model.errors import InputError
from handclasp.model.issuance import Reason
from handclasp.pki.openssl_index import IndexLine
from handclasp.pki.read import certificates_from_pem
from handclasp.ports.cfssl import CfsslRow

_BY_NUMBER = {
    1: Reason.KEY_COMPROMISE,
    2: Reason.CA_COMPROMISE,
    3: Reason.AFFILIATION_CHANGED,
    4: Reason.SUPERSEDED,
    5: Reason.CESSATION_OF_OPERATION,
    6: Reason.CERTIFICATE_HOLD,
    9: Reason.PRIVILEGE_WITHDRAWN,
}
"""RFC 5280 5.3.1."""


def reason_named(word: str | None) -> Reason:
    """A reason by the word of a CRL; what a person may not give becomes unspecified."""
    return Reason(word) if word in tuple(Reason) else Reason.UNSPECIFIED


def rows_as_lines(rows: Iterable[CfsslRow], *, where: str) -> tuple[tuple[IndexLine, ...], tuple[Certificate, ...]]:
    """Rows of cfssl, with the certificates in them."""
    lines, certificates = [], []
    for row in rows:
        try:
            certificate = certificates_from_pem(row.pem, where=where)[0]
        except (InputError, IndexError):
            certificate = None  # it can be revoked by its serial all the same
        if certificate is not None:
            certificates.append(certificate)
        lines.append(
            IndexLine(
                serial=row.serial,
                not_after=row.expiry,
                revoked_at=row.revoked_at,
                reason=_BY_NUMBER.get(row.reason, Reason.UNSPECIFIED) if row.revoked_at else None,
                subject=certificate.subject_text if certificate else "",
            )
        )
    return tuple(lines), tuple(certificates)


def unlisted(certificates: Iterable[Certificate], known: Iterable[IndexLine]) -> tuple[IndexLine, ...]:
    """Lines for certificates that are there and that no index mentions: they were signed, so they count."""
    listed = {line.serial for line in known}
    return tuple(
        IndexLine(serial=one.serial, not_after=one.not_after, revoked_at=None, reason=None, subject=one.subject_text)
        for one in sorted(certificates, key=lambda one: one.not_before)
        if one.serial not in listed
    )


def overlaid(lines: tuple[IndexLine, ...], revoked: Mapping[int, RevokedEntry], until: datetime) -> tuple[IndexLine, ...]:
    """The lines, revoked where CRLs say so; entries of CRLs that no line has are added. `until`: for their end."""
    listed = {line.serial for line in lines}
    found = []
    for line in lines:
        entry = revoked.get(line.serial)
        if entry is not None and line.revoked_at is None:
            line = IndexLine(  # noqa: PLW2901 - the same line, told better
                serial=line.serial, not_after=line.not_after, revoked_at=entry.revocation_date,
                reason=reason_named(entry.reason), subject=line.subject,
            )  # fmt: skip
        found.append(line)
    for serial, entry in revoked.items():
        if serial not in listed:
            found.append(
                IndexLine(
                    serial=serial,
                    not_after=until,
                    revoked_at=entry.revocation_date,
                    reason=reason_named(entry.reason),
                    subject="",
                )
            )
    return tuple(found)
