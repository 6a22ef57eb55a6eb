"""DER and PEM into the values of model.certificate. Tolerant where OpenSSL is: a bad extension is noted, not fatal."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, rsa
from cryptography.x509.oid import CRLEntryExtensionOID

from handclasp.model.certificate import (
    Certificate,
    Crl,
    KeyKind,
    RevokedEntry,
)
from handclasp.model.errors import InputError
from handclasp.model.octets import PART, Held, Octets, whole
from handclasp.pki import der
from handclasp.pki import extension_values as values
from handclasp.pki.crl_entries import LongEntries, outline
from handclasp.pki.distinguished_name import attributes, canonical, rfc2253
from handclasp.pki.lenient import algorithms_differ, load_certificate, load_crl, quiet, signed_part

T = TypeVar("T")

_LONG = 1_000  # entries of a CRL that are read one by one, when asked for
_COMMON_NAME = "2.5.4.3"
_EMAIL_ADDRESS = "1.2.840.113549.1.9.1"
_NETSCAPE_CERT_TYPE = x509.ObjectIdentifier("2.16.840.1.113730.1.1")
_NETSCAPE_BITS = ("ssl_client", "ssl_server", "smime", "object_signing", "reserved", "ssl_ca", "smime_ca", "object_ca")
_KEY_USAGE_BITS = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
    "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
_PEM_MARK = re.compile(rb"-----(BEGIN|END) ([A-Z0-9 ]{1,200})-----")


def pem_blocks(data: bytes, *labels: str) -> tuple[bytes, ...]:
    """Every whole PEM block with one of the labels ("CERTIFICATE", "X509 CRL"), as it stands, in order."""
    return tuple(data[start:end] for start, end, label in _pem_marks(data) if label in labels)


def _pem_marks(data: bytes) -> Iterator[tuple[int, int, str]]:
    """Start, end and label of every block, in order: from a BEGIN to the next END of its label. Time grows with size only."""
    marks = list(_PEM_MARK.finditer(data))
    following: dict[bytes, int] = {}
    closing: list[int | None] = [None] * len(marks)
    for number in range(len(marks) - 1, -1, -1):
        if marks[number][1] == b"END":
            following[marks[number][2]] = marks[number].end()
        else:
            closing[number] = following.get(marks[number][2])
    after = 0
    for mark, end in zip(marks, closing, strict=True):
        if end is not None and mark.start() >= after:
            after = end
            yield mark.start(), end, mark[2].decode()


def pem_spans(data: bytes) -> Iterator[tuple[int, int, str, bytes]]:
    """Start, end, label and DER of every PEM block that can be decoded, in order."""
    for start, end, label in _pem_marks(data):
        try:
            decoded = _pem_to_der(data[start:end])
        except ValueError:
            continue
        yield start, end, label, decoded


def certificates_from_pem(data: bytes, *, where: str) -> tuple[Certificate, ...]:
    """All certificates of a PEM file in order; text around the blocks is ignored.

    Raises InputError naming `where` and the number of the block that cannot be read. A file without any block gives ().
    """
    return tuple(
        _load(lambda block=block: certificate_from_der(_pem_to_der(block)), "certificate", where, number)  # type: ignore[misc]
        for number, block in enumerate(pem_blocks(data, "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"), 1)
    )


def crls_from_pem(data: bytes, *, where: str) -> tuple[Crl, ...]:
    """All CRLs of a PEM file in order; errors as certificates_from_pem."""
    return tuple(
        _load(lambda block=block: crl_from_der(_pem_to_der(block)), "CRL", where, number)  # type: ignore[misc]
        for number, block in enumerate(pem_blocks(data, "X509 CRL"), 1)
    )


def certificates_from_bytes(data: bytes, *, where: str) -> tuple[Certificate, ...]:
    """Certificates of a file that a person points at: PEM (one or more) or one DER. InputError when it holds none."""
    if data[:1] == b"\x30":
        return (_load(lambda: certificate_from_der(data), "certificate", where, 1),)
    found = certificates_from_pem(data, where=where)
    if not found:
        raise InputError(
            "no certificate found",
            where=where,
            hint=f"expected '-----BEGIN CERTIFICATE-----' (PEM) or DER; look at it with: openssl x509 -in {where} -noout -text",
        )
    return found


@lru_cache(maxsize=4096)
def certificate_from_der(data: bytes) -> Certificate:
    """Parse one certificate. Raises ValueError when the outer structure is not X.509."""
    with quiet():
        parsed = load_certificate(data)
    tbs = _tbs_fields(signed_part(data))
    subject, issuer = tbs.subject, tbs.issuer
    extensions, critical, malformed = _extensions(signed_part(data))
    read = _ExtensionReader(extensions, malformed)
    kind, bits, curve = _key(parsed)
    return Certificate(
        der=data,
        version=tbs.version,
        serial=int.from_bytes(tbs.serial, "big", signed=True),
        subject=canonical(subject),
        issuer=canonical(issuer),
        subject_text=rfc2253(subject),
        issuer_text=rfc2253(issuer),
        common_names=attributes(subject, _COMMON_NAME),
        email_addresses=attributes(subject, _EMAIL_ADDRESS),
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        spki=tbs.spki,
        key_kind=kind,
        key_bits=bits,
        subgroup_bits=_subgroup_bits(parsed) if kind is KeyKind.DSA else None,
        curve=curve,
        signature_digest=_digest(parsed),
        signature_kind=_signature_kind(parsed.signature_algorithm_oid.dotted_string),
        subject_key_identifier=read("2.5.29.14", values.octets),
        authority_key_identifier=read("2.5.29.35", values.authority_key_identifier),
        basic_constraints=read("2.5.29.19", values.basic_constraints),
        key_usage=read("2.5.29.15", lambda value: values.named_bits(value, _KEY_USAGE_BITS)),
        extended_key_usage=read("2.5.29.37", values.object_identifiers),
        netscape_cert_type=read(_NETSCAPE_CERT_TYPE.dotted_string, lambda value: values.named_bits(value, _NETSCAPE_BITS)),
        subject_alt_name=read("2.5.29.17", values.general_names),
        name_constraints=read("2.5.29.30", values.name_constraints),
        distribution_points=read("2.5.29.31", lambda value: values.distribution_points(value, canonical(issuer))) or (),
        proxy="1.3.6.1.5.5.7.1.14" in extensions,
        ocsp_urls=read("1.3.6.1.5.5.7.1.1", values.ocsp_urls) or (),
        critical_extensions=critical,
        malformed_extensions=tuple(malformed),
        fingerprint=hashlib.sha256(data).hexdigest(),
    )


@lru_cache(maxsize=256)
def crl_from_der(data: bytes) -> Crl:
    """Parse one CRL with all its entries. Raises ValueError when it is not one."""
    try:
        return _crl(data)
    except (x509.DuplicateExtension, x509.InvalidVersion) as error:
        raise ValueError(str(error)) from error


def crl_from_octets(octets: Octets) -> Crl:
    """As `crl_from_der`, of a CRL that stays where it is: its entries are read whenever they are asked for."""
    if len(octets) <= PART:
        return crl_from_der(whole(octets))
    shape = outline(octets)
    bare = crl_from_der(shape.holding())
    entries = LongEntries(octets, _revoked)
    return replace(bare, body=octets, critical_entries=any(map(_unhandled, entries.kinds())), revoked=entries)


def _crl(data: bytes) -> Crl:
    with quiet():
        parsed = load_crl(data)
    issuer = parsed.issuer.public_bytes()
    extensions, critical = _crl_extensions(parsed.tbs_certlist_bytes)
    malformed: list[str] = []
    read = _ExtensionReader(extensions, malformed)
    entries = _entries(parsed, data)
    scope = read("2.5.29.28", lambda value: values.issuing_distribution_point(value, canonical(issuer)))
    return Crl(
        der=data,
        issuer=canonical(issuer),
        issuer_text=rfc2253(issuer),
        this_update=parsed.last_update_utc,
        next_update=parsed.next_update_utc,
        crl_number=read("2.5.29.20", values.integer),
        authority_key_identifier=read("2.5.29.35", values.authority_key_identifier),
        delta_base=read("2.5.29.27", values.integer),
        distribution_point=scope.names if scope else None,
        only_some_reasons=scope is not None and scope.reasons,
        indirect=scope is not None and scope.indirect,
        only_user=scope is not None and scope.only_user,
        only_ca=scope is not None and scope.only_ca,
        only_attribute=scope is not None and scope.only_attribute,
        empty_scope=scope == values.IssuingDistributionPoint(),
        algorithms_differ=algorithms_differ(data),
        critical_extensions=critical,
        critical_entries=any(map(_unhandled, entries.kinds() if isinstance(entries, LongEntries) else parsed)),
        revoked=entries,
    )


def _entries(parsed: x509.CertificateRevocationList, data: bytes) -> Mapping[int, RevokedEntry]:
    if len(parsed) > _LONG:
        return LongEntries(Held(data), _revoked)
    # Of two entries for one serial number the first counts: written last, it stays.
    return {entry.serial_number: _revoked(entry) for entry in reversed(list(parsed))}


class _ExtensionReader:
    """Decodes one extension at a time and remembers those that cannot be decoded."""

    def __init__(self, values: dict[str, bytes], malformed: list[str]) -> None:
        self.values = values
        self.malformed = malformed

    def __call__(self, oid: str, decode: Callable[[bytes], T]) -> T | None:
        if oid not in self.values:
            return None
        try:
            return decode(self.values[oid])
        except (ValueError, IndexError):
            self.malformed.append(oid)
            return None


def _load(parse: Callable[[], T], kind: str, where: str, number: int) -> T:
    try:
        return parse()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(
            f"{kind} number {number} cannot be read: {error}",
            where=where,
            hint=f"look at it with: openssl {'crl' if kind == 'CRL' else 'x509'} -in {where} -noout -text",
        ) from error


def _pem_to_der(block: bytes) -> bytes:
    body = b"".join(line for line in block.split(b"\n")[1:-1] if b":" not in line)
    try:
        decoded = base64.b64decode(body.translate(None, b" \t\r\n"), validate=True)
    except binascii.Error as error:
        raise ValueError(f"bad base64: {error}") from error
    return der.first(decoded).encoded if b"TRUSTED" in block[:40] else decoded


class _Tbs(NamedTuple):
    version: int
    serial: bytes
    issuer: bytes
    subject: bytes
    spki: bytes


def _tbs_fields(tbs: bytes) -> _Tbs:
    parts = list(der.elements(der.first(tbs).content))
    version = 1
    if parts[0].tag == 0xA0:
        version = 1 + int.from_bytes(der.first(parts[0].content).content, "big")
        parts = parts[1:]
    serial, _, issuer, _, subject, spki = parts[:6]
    return _Tbs(version, serial.content, issuer.encoded, subject.encoded, spki.encoded)


def _extensions(tbs: bytes) -> tuple[dict[str, bytes], tuple[str, ...], list[str]]:
    for part in der.elements(der.first(tbs).content):
        if part.tag == 0xA3:
            return _extension_list(der.first(part.content).content)
    return {}, (), []


def _crl_extensions(tbs: bytes) -> tuple[dict[str, bytes], tuple[str, ...]]:
    for part in der.elements(der.first(tbs).content):
        if part.tag == 0xA0:
            values, critical, _ = _extension_list(der.first(part.content).content)
            return values, critical
    return {}, ()


def _extension_list(data: bytes) -> tuple[dict[str, bytes], tuple[str, ...], list[str]]:
    values: dict[str, bytes] = {}
    critical: list[str] = []
    duplicates: list[str] = []
    for extension in der.elements(data):
        parts = tuple(der.elements(extension.content))
        oid = der.dotted(parts[0].content)
        if oid in values:
            duplicates.append(oid)
        values[oid] = parts[-1].content
        if parts[1].tag == der.BOOLEAN and parts[1].content != b"\x00":
            critical.append(oid)
    # What stands twice is not decoded at all (X509V3_get_d2i): for all that looks at it, it is not there.
    return {oid: value for oid, value in values.items() if oid not in duplicates}, tuple(critical), duplicates


def _key(parsed: x509.Certificate) -> tuple[KeyKind, int, str | None]:
    try:
        key = parsed.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return KeyKind.OTHER, 0, None
    match key:
        case rsa.RSAPublicKey():
            pss = parsed.public_key_algorithm_oid == x509.PublicKeyAlgorithmOID.RSASSA_PSS
            found = (KeyKind.RSA_PSS if pss else KeyKind.RSA), key.key_size, None
        case ec.EllipticCurvePublicKey():
            return KeyKind.EC, key.key_size, key.curve.name
        case dsa.DSAPublicKey():
            found = KeyKind.DSA, key.key_size, None
        case ed25519.Ed25519PublicKey():
            found = KeyKind.ED25519, 256, None
        case ed448.Ed448PublicKey():
            found = KeyKind.ED448, 456, None
        case mldsa.MLDSA44PublicKey() | mldsa.MLDSA65PublicKey() | mldsa.MLDSA87PublicKey():
            made_by = _signature_kind(parsed.public_key_algorithm_oid.dotted_string)  # one arc for the key and its signatures
            found = made_by or KeyKind.OTHER, 8 * len(key.public_bytes_raw()), None
        case _:
            found = KeyKind.OTHER, 0, None
    return found


def _subgroup_bits(parsed: x509.Certificate) -> int:
    key = parsed.public_key()
    return key.parameters().parameter_numbers().q.bit_length() if isinstance(key, dsa.DSAPublicKey) else 0


def _digest(parsed: x509.Certificate) -> str | None:
    try:
        algorithm = parsed.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return "unknown"
    return algorithm.name if algorithm else None


# The arc of a signature algorithm tells which kind of key made it (obj_xref.h).
_SIGNATURE_ARCS = (
    ("1.2.840.113549.1.1.10", KeyKind.RSA_PSS),
    ("1.2.840.113549.1.1.", KeyKind.RSA),
    ("1.3.14.3.2.3", KeyKind.RSA),
    ("1.3.14.3.2.29", KeyKind.RSA),
    ("2.16.840.1.101.3.4.3.13", KeyKind.RSA),
    ("2.16.840.1.101.3.4.3.14", KeyKind.RSA),
    ("2.16.840.1.101.3.4.3.15", KeyKind.RSA),
    ("2.16.840.1.101.3.4.3.16", KeyKind.RSA),
    ("2.16.840.1.101.3.4.3.1", KeyKind.DSA),
    ("2.16.840.1.101.3.4.3.2", KeyKind.DSA),
    ("2.16.840.1.101.3.4.3.9", KeyKind.EC),
    ("1.2.840.10045.4.", KeyKind.EC),
    ("2.16.840.1.101.3.4.3.10", KeyKind.EC),
    ("2.16.840.1.101.3.4.3.11", KeyKind.EC),
    ("2.16.840.1.101.3.4.3.12", KeyKind.EC),
    ("1.2.840.10040.4.3", KeyKind.DSA),
    ("1.3.101.112", KeyKind.ED25519),
    ("1.3.101.113", KeyKind.ED448),
    ("2.16.840.1.101.3.4.3.17", KeyKind.ML_DSA_44),
    ("2.16.840.1.101.3.4.3.18", KeyKind.ML_DSA_65),
    ("2.16.840.1.101.3.4.3.19", KeyKind.ML_DSA_87),
)


def _signature_kind(oid: str) -> KeyKind | None:
    return next((kind for arc, kind in _SIGNATURE_ARCS if oid == arc or (arc.endswith(".") and oid.startswith(arc))), None)


def _unhandled(entry: x509.RevokedCertificate) -> bool:
    return any(found.critical and found.oid != CRLEntryExtensionOID.CERTIFICATE_ISSUER for found in entry.extensions)


def _revoked(entry: x509.RevokedCertificate) -> RevokedEntry:
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        reason = None
    return RevokedEntry(serial=entry.serial_number, revocation_date=_utc(entry.revocation_date_utc), reason=reason)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
