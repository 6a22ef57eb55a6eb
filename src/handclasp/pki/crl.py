"""Certificate revocation lists, version 2, complete (RFC 5280 5): own DER writer, because size matters.

The public builder of `cryptography` copies its list at each entry, and holds all of it. This writer needs memory for a part at
a time. Tests hold the two equal, and OpenSSL reads the result.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from cryptography import x509

from handclasp.catalogue.profiles import BACKDATE
from handclasp.model.certificate import RevokedEntry
from handclasp.model.errors import Bug, PolicyError
from handclasp.model.octets import Held, Joined, Octets, Spool, parts, whole
from handclasp.pki import der_write as der
from handclasp.pki.crl_entries import entry_blocks, outline
from handclasp.pki.der import INTEGER, SEQUENCE, encode, header
from handclasp.pki.signing import SigningKey, algorithm_identifier, parts_verify, sign_parts

_AT_ONCE = 4096
_CRL_NUMBER = "2.5.29.20"
_REASON = "2.5.29.21"
_AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
REASON_CODES = {
    "keyCompromise": 1,
    "cACompromise": 2,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
    "certificateHold": 6,
    "privilegeWithdrawn": 9,
    "aACompromise": 10,
}  # RFC 5280 5.3.1; unspecified (0) is written as no extension at all, and removeFromCRL means "not revoked" to nginx


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
    count, ends = _collect(entries, spool)
    before, behind = _around(issuer, algorithm, number, times, len(spool))
    content = Joined(Held(before), spool, Held(behind))
    signature = sign_parts(key, lambda: parts(content))
    seal = algorithm + der.bit_string(signature)
    made = Joined(Held(header(SEQUENCE, len(content) + len(seal)) + before), spool, Held(behind + seal))
    if not parts_verify(public_key, signature, lambda: parts(made, *outline(made).tbs)):
        raise Bug("the new CRL does not verify with the CA's key", hint="nothing was published")
    _compare(made, issuer, number, count, ends)
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
        _extension(_AUTHORITY_KEY_IDENTIFIER, der.sequence(encode(0x80, identifier))),
        _extension(_CRL_NUMBER, der.integer(number)),
    )
    behind = encode(0xA0, extensions)
    return header(SEQUENCE, len(head) + size + len(behind)) + head, behind


def _subject_key_identifier(issuer: x509.Certificate) -> bytes:
    """That of the certificate; CAs of old scripts have none, then it is made as RFC 5280 4.2.1.2 (1) says."""
    try:
        return issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return x509.SubjectKeyIdentifier.from_public_key(issuer.public_key()).digest


def _collect(entries: Iterable[RevokedEntry], spool: Spool) -> tuple[int, tuple[int, int]]:
    """Put the encoded entries into the spool; how many they are, and the first and the last serial."""
    count, first, last = 0, -1, -1
    walk = iter(entries)
    while some := tuple(islice(walk, _AT_ONCE)):
        spool.append(_encoded(some, last))
        first, last, count = first if count else some[0].serial, some[-1].serial, count + len(some)
    return count, (first, last)


def _encoded(entries: Sequence[RevokedEntry], last: int) -> bytes:
    """Date and reason are alike in many entries in a row: such entries differ from one form in their serial alone."""
    made: list[bytes] = []
    moment, reason, forms = None, None, dict[int, bytes]()
    for serial, date, why in entries:
        if (date is not moment and date != moment) or why != reason or not made:
            moment, reason, forms = date, why, {}
            tail = _tail(date, why)
        if serial <= last:
            raise Bug(f"serial {serial:X} cannot stand here in a CRL")
        last, size = serial, serial.bit_length() // 8 + 1
        form = forms.get(size)
        if form is None:
            form = forms[size] = _form(serial, size, tail)
        made.append(form % serial.to_bytes(size, "big"))
    return b"".join(made)


def _form(serial: int, size: int, tail: bytes) -> bytes:
    """An entry whose serial of so many octets is to be filled in; lengths stay below 128."""
    if size + len(tail) > 125:
        raise Bug(f"serial {serial:X} cannot stand here in a CRL")
    return bytes((SEQUENCE, 2 + size + len(tail), INTEGER, size)).replace(b"%", b"%%") + b"%b" + tail.replace(b"%", b"%%")


def _tail(date: datetime, reason: str | None) -> bytes:
    """Date and extensions of an entry."""
    found = _EXTENSIONS.get(reason)
    if found is None:
        raise Bug(f"reason {reason} cannot stand in a complete CRL")
    return der.time(date) + found


def _extension(oid: str, value: bytes) -> bytes:
    """A non-critical extension: the DEFAULT FALSE is left out in DER."""
    return der.sequence(der.oid(oid), der.octet_string(value))


_EXTENSIONS: dict[str | None, bytes] = {None: b"", "unspecified": b""} | {
    reason: der.sequence(_extension(_REASON, encode(0x0A, bytes((code,))))) for reason, code in REASON_CODES.items()
}


def _compare(made: Octets, issuer: x509.Certificate, number: int, count: int, ends: tuple[int, int]) -> None:
    """Let the library read it: all that is around the entries, and these in portions, each as a CRL of its own."""
    shape = outline(made)
    crl = x509.load_der_x509_crl(shape.holding())
    if crl.issuer != issuer.subject:
        raise Bug(f"the new CRL is one of {crl.issuer.rfc4514_string()}")
    if crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number != number:
        raise Bug("the new CRL has another number than it was given")
    listed, portion = 0, crl
    for block in entry_blocks(made, *shape.entries):
        portion = x509.load_der_x509_crl(shape.holding(block))
        if not listed and portion[0].serial_number != ends[0]:
            raise Bug("the new CRL begins with another serial than it was given")
        listed += len(portion)
    if listed != count:
        raise Bug(f"the new CRL lists {listed} certificates, not {count}")
    if count and portion[-1].serial_number != ends[1]:
        raise Bug("the new CRL ends with another serial than it was given")
