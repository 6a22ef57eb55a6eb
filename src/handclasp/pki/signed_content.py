"""What a certificate's signature covers, and whether a registry's record says the same: a million of them in seconds.

Not a reader: it looks for what the record must have written. The digest of the content says that nothing else is in it.
"""

from datetime import datetime
from functools import lru_cache

from handclasp.model.issuance import Entry
from handclasp.pki import der_write
from handclasp.pki.der import span


def to_be_signed(certificate: bytes) -> bytes:
    """The TBSCertificate of a certificate (DER), as it is encoded; nothing where that is no certificate."""
    try:
        _, start, _ = span(certificate, 0)
        _, _, end = span(certificate, start)
    except ValueError:
        return b""
    return certificate[start:end]


def says(content: bytes, entry: Entry) -> bool:
    """Whether the content (TBSCertificate) has the serial, the name and the validity of its record."""
    return (
        der_write.integer(entry.serial) in content[:40]
        and entry.name.encode() in content
        and _validity(entry.not_before, entry.not_after) in content
    )


@lru_cache(maxsize=64)
def _validity(not_before: datetime, not_after: datetime) -> bytes:
    return der_write.sequence(der_write.time(not_before), der_write.time(not_after))
