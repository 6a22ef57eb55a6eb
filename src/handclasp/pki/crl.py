"""Certificate revocation lists, version 2, complete (RFC 5280 5): own DER writer, because size matters.

The public builder of `cryptography` copies its list at each entry, and holds all of it. This writer needs memory for a part at
a time. Tests hold the two equal, and OpenSSL reads the result.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import NamedTuple

from cryptography import x509

from handclasp.catalogue.profiles import BACKDATE
from handclasp.model.certificate import RevokedEntry
from handclasp.model.errors import Bug, PolicyError
from handclasp.model.octets import Held, Joined, Octets, Spool, parts, whole
from handclasp.pki import der_write as der
from handclasp.pki.crl_entries import outline
from handclasp.pki.crl_rows import rows
from handclasp.pki.der import SEQUENCE, encode, header
from handclasp.pki.signing import SigningKey, algorithm_identifier, parts_verify, sign_parts

_AT_ONCE = 2048
_CRL_NUMBER = "2.5.29.20"
_AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"


def crl_times(now: datetime, lifetime: timedelta, previous: datetime | None) -> tuple[datetime, datetime]:
    """Choose thisUpdate and nextUpdate: backdated by an hour (OpenSSL error 11 otherwise), never before the last thisUpdate.

    Raises:
        PolicyError: the last CRL lies in the future, so the clock went back.
    """
    present = now.astimezone(UTC).replace(microsecond=0)
    this_update = present - BACKDATE
    if previous is not None and previous > this_update:
        if previous > present:
            raise PolicyError(
                f"the last CRL is of {previous:%Y-%m-%d %H:%M} UTC, and now is {present:%Y-%m-%d %H:%M} UTC",
                hint="the clock is wrong now, or was then: timedatectl status\n"
                "wrong now: set it right, and publish again\n"
                "wrong then: handclasp crl --refresh --clock-set-right     nginx refuses everybody until then",
            )
        this_update = previous
    return this_update, present + lifetime


def build_crl(
    issuer: x509.Certificate,
    key: SigningKey,
    entries: Iterable[RevokedEntry],
    *,
    number: int,
    this_update: datetime,
    next_update: datetime,
) -> bytes:
    """`write_crl` in memory."""
    times = (this_update, next_update)
    return whole(write_crl(issuer, key, entries, Held(), number=number, times=times))


def write_crl(
    issuer: x509.Certificate,
    key: SigningKey,
    entries: Iterable[RevokedEntry],
    spool: Spool,
    *,
    number: int,
    times: tuple[datetime, datetime],
) -> Octets:
    """A signed CRL in DER, read again and compared before it is returned.

    Memory is needed for a part of it at a time; Ed25519 alone signs no message in parts (RFC 8032 5.1.6).

    Args:
        issuer: the CA's certificate.
        key: the CA's key.
        entries: ascending by serial; walked over once.
        spool: empty; what is returned reads from it.
        number: CRL number.
        times: when it begins and when it ends.

    Raises:
        Bug: the key is not the issuer's, a serial stands twice, or the result does not say what was put in.
    """
    public_key = key.public_key()
    if public_key != issuer.public_key():
        raise Bug("the key does not belong to the CA whose CRL it should sign", where=issuer.subject.rfc4514_string())
    algorithm = algorithm_identifier(public_key)
    collected = _collect(entries, spool)
    before, behind = _around(issuer, algorithm, number, times, len(spool))
    content = Joined(Held(before), spool, Held(behind))
    signature = sign_parts(key, lambda: parts(content))
    seal = algorithm + der.bit_string(signature)
    made = Joined(Held(header(SEQUENCE, len(content) + len(seal)) + before), spool, Held(behind + seal))
    if not parts_verify(public_key, signature, lambda: parts(made, *outline(made).tbs)):
        raise Bug("the new CRL does not verify with the CA's key", hint="nothing was published")
    _compare(made, issuer, number, collected)
    return made


def _around(
    issuer: x509.Certificate, algorithm: bytes, number: int, times: tuple[datetime, datetime], size: int
) -> tuple[bytes, bytes]:
    """The to-be-signed octets before `size` octets of entries, and those behind."""
    identifier = _subject_key_identifier(issuer)
    fields = (der.integer(1), algorithm, issuer.subject.public_bytes(), *map(der.time, times))
    # revokedCertificates must be absent, not empty (RFC 5280 5.1.2.6)
    head = b"".join(fields) + (header(SEQUENCE, size) if size else b"")
    extensions = der.sequence(
        der.extension(_AUTHORITY_KEY_IDENTIFIER, der.sequence(encode(0x80, identifier))),
        der.extension(_CRL_NUMBER, der.integer(number)),
    )
    behind = encode(0xA0, extensions)
    return header(SEQUENCE, len(head) + size + len(behind)) + head, behind


def _subject_key_identifier(issuer: x509.Certificate) -> bytes:
    """That of the certificate; CAs of old scripts have none, then it is made as RFC 5280 4.2.1.2 (1) says."""
    try:
        return issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return x509.SubjectKeyIdentifier.from_public_key(issuer.public_key()).digest


def _collect(entries: Iterable[RevokedEntry], spool: Spool) -> "_Collected":
    """Put the encoded entries into the spool."""
    count, ends, places = 0, (-1, -1), [0]
    walk = iter(entries)
    while some := tuple(islice(walk, _AT_ONCE)):
        spool.append(rows(some, after=ends[1]))
        ends, count = (ends[0] if count else some[0].serial, some[-1].serial), count + len(some)
        places.append(len(spool))
    return _Collected(count, ends, places)


class _Collected(NamedTuple):
    """How many entries there are, the first and the last serial, and where in the spool a portion of them ends."""

    total: int
    ends: tuple[int, int]
    places: list[int]


def _compare(made: Octets, issuer: x509.Certificate, number: int, put_in: _Collected) -> None:
    """Let the library read it: all that is around the entries, and these in portions, each as a CRL of its own."""
    shape = outline(made)
    crl = x509.load_der_x509_crl(shape.holding())
    if crl.issuer != issuer.subject:
        raise Bug(f"the new CRL is one of {crl.issuer.rfc4514_string()}")
    if crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number != number:
        raise Bug("the new CRL has another number than it was given")
    listed, portion = 0, crl
    start = shape.entries[0]
    for place, behind in pairwise(put_in.places):
        portion = x509.load_der_x509_crl(shape.holding(made.read(start + place, start + behind)))
        if not listed and portion[0].serial_number != put_in.ends[0]:
            raise Bug("the new CRL begins with another serial than it was given")
        listed += len(portion)
    if listed != put_in.total:
        raise Bug(f"the new CRL lists {listed} certificates, not {put_in.total}")
    if put_in.total and portion[-1].serial_number != put_in.ends[1]:
        raise Bug("the new CRL ends with another serial than it was given")
