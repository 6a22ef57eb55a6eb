"""DER and PEM into the values of model.certificate. Tolerant where OpenSSL is: a bad extension is noted, not fatal."""

import base64
import binascii
import hashlib
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.utils import CryptographyDeprecationWarning

from handclasp.model.certificate import (
    AuthorityKeyIdentifier,
    BasicConstraints,
    Certificate,
    Crl,
    GeneralName,
    KeyKind,
    NameConstraints,
    RevokedEntry,
)
from handclasp.model.errors import InputError
from handclasp.pki import der
from handclasp.pki.distinguished_name import attributes, canonical, rfc2253

T = TypeVar("T")

_COMMON_NAME = "2.5.4.3"
_EMAIL_ADDRESS = "1.2.840.113549.1.9.1"
_NETSCAPE_CERT_TYPE = x509.ObjectIdentifier("2.16.840.1.113730.1.1")
_NETSCAPE_BITS = ("ssl_client", "ssl_server", "smime", "object_signing", "reserved", "ssl_ca", "smime_ca", "object_ca")
_KEY_USAGE_BITS = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
    "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
_PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


def pem_blocks(data: bytes, *labels: str) -> tuple[bytes, ...]:
    """Every whole PEM block with one of the labels ("CERTIFICATE", "X509 CRL"), as it stands, in order."""
    return tuple(found[0] for found in _PEM_BLOCK.finditer(data) if found[1].decode() in labels)


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
    with _quiet():
        parsed = x509.load_der_x509_certificate(data)
    tbs = _tbs_fields(parsed.tbs_certificate_bytes)
    subject, issuer = tbs.subject, tbs.issuer
    extensions, critical, malformed = _extensions(parsed.tbs_certificate_bytes)
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
        curve=curve,
        signature_digest=_digest(parsed),
        signature_kind=_signature_kind(parsed.signature_algorithm_oid.dotted_string),
        subject_key_identifier=read("2.5.29.14", lambda value: der.first(value).content),
        authority_key_identifier=read("2.5.29.35", _authority_key_identifier),
        basic_constraints=read("2.5.29.19", _basic_constraints),
        key_usage=read("2.5.29.15", lambda value: _bits(value, _KEY_USAGE_BITS)),
        extended_key_usage=read("2.5.29.37", _oids),
        netscape_cert_type=read(_NETSCAPE_CERT_TYPE.dotted_string, lambda value: _bits(value, _NETSCAPE_BITS)),
        subject_alt_name=read("2.5.29.17", lambda value: _general_names(der.first(value).content)),
        name_constraints=read("2.5.29.30", _name_constraints),
        crl_distribution_points=read("2.5.29.31", _distribution_points) or (),
        ocsp_urls=read("1.3.6.1.5.5.7.1.1", _ocsp_urls) or (),
        critical_extensions=critical,
        malformed_extensions=tuple(malformed),
        fingerprint=hashlib.sha256(data).hexdigest(),
    )


@lru_cache(maxsize=256)
def crl_from_der(data: bytes) -> Crl:
    """Parse one CRL with all its entries. Raises ValueError when it is not one."""
    with _quiet():
        parsed = x509.load_der_x509_crl(data)
    issuer = parsed.issuer.public_bytes()
    extensions, critical = _crl_extensions(parsed.tbs_certlist_bytes)
    malformed: list[str] = []
    read = _ExtensionReader(extensions, malformed)
    scope = read("2.5.29.28", _issuing_distribution_point) or {}
    return Crl(
        der=data,
        issuer=canonical(issuer),
        issuer_text=rfc2253(issuer),
        this_update=parsed.last_update_utc,
        next_update=parsed.next_update_utc,
        crl_number=read("2.5.29.20", _integer),
        authority_key_identifier=read("2.5.29.35", _authority_key_identifier),
        delta_base=read("2.5.29.27", _integer),
        issuing_distribution_point=scope.get("name"),
        only_some_reasons="reasons" in scope,
        indirect="indirect" in scope,
        only_user="user" in scope,
        only_ca="ca" in scope,
        critical_extensions=critical,
        revoked={entry.serial_number: _revoked(entry) for entry in parsed},
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Odd certificates are findings of ours; the library's warnings about them would only reach the terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        yield


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
    return values, tuple(critical), duplicates


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
        case _:
            found = KeyKind.OTHER, 0, None
    return found


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
)


def _signature_kind(oid: str) -> KeyKind | None:
    return next((kind for arc, kind in _SIGNATURE_ARCS if oid == arc or (arc.endswith(".") and oid.startswith(arc))), None)


def _bits(value: bytes, names: tuple[str, ...]) -> frozenset[str]:
    content = der.first(value).content[1:]
    return frozenset(name for index, name in enumerate(names) if index // 8 < len(content) and _bit(content, index))


def _bit(content: bytes, index: int) -> bool:
    return bool(content[index // 8] >> (7 - index % 8) & 1)


def _oids(value: bytes) -> frozenset[str]:
    return frozenset(der.dotted(item.content) for item in der.elements(der.first(value).content))


def _integer(value: bytes) -> int:
    return int.from_bytes(der.first(value).content, "big", signed=True)


def _basic_constraints(value: bytes) -> BasicConstraints:
    parts = tuple(der.elements(der.first(value).content))
    ca = any(part.tag == der.BOOLEAN and part.content != b"\x00" for part in parts)
    length = next((int.from_bytes(part.content, "big", signed=True) for part in parts if part.tag == der.INTEGER), None)
    return BasicConstraints(ca=ca, path_len_constraint=length)


def _authority_key_identifier(value: bytes) -> AuthorityKeyIdentifier:
    key_identifier = issuer = serial = None
    for part in der.elements(der.first(value).content):
        if part.tag == 0x80:
            key_identifier = part.content
        elif part.tag == 0xA1:
            names = [name for name in der.elements(part.content) if name.tag == 0xA4]
            issuer = canonical(names[0].content) if names else None
        elif part.tag == 0x82:
            serial = int.from_bytes(part.content, "big", signed=True)
    return AuthorityKeyIdentifier(key_identifier=key_identifier, issuer=issuer, serial=serial)


_GENERAL_NAME_KINDS = {0x81: "email", 0x82: "dns", 0x86: "uri", 0x87: "ip", 0xA4: "dirname", 0x88: "registered_id"}


def _general_names(content: bytes) -> tuple[GeneralName, ...]:
    return tuple(_general_name(item) for item in der.elements(content))


def _general_name(item: der.Element) -> GeneralName:
    kind = _GENERAL_NAME_KINDS.get(item.tag, "other")
    if kind == "dirname":
        return GeneralName(kind=kind, value=rfc2253(item.content), der=canonical(item.content))
    return GeneralName(kind=kind, value=_general_name_text(kind, item.content), der=item.content)


def _general_name_text(kind: str, content: bytes) -> str:
    if kind == "ip":
        return _ip_text(content)
    if kind == "registered_id":
        return der.dotted(content)
    return content.decode("latin-1") if kind != "other" else content.hex()


def _ip_text(content: bytes) -> str:
    if len(content) in (4, 16):
        return str(ip_address(content))
    half = len(content) // 2
    if len(content) in (8, 32):
        try:
            return str(ip_network(f"{ip_address(content[:half])}/{_prefix_length(content[half:])}", strict=False))
        except ValueError:
            return content.hex()
    raise ValueError("an iPAddress of this length does not exist")


def _prefix_length(mask: bytes) -> int:
    bits = f"{int.from_bytes(mask, 'big'):0{8 * len(mask)}b}"
    if "01" in bits:
        raise ValueError("a mask with holes")
    return bits.count("1")


def _name_constraints(value: bytes) -> NameConstraints:
    trees: dict[int, list[GeneralName]] = {0xA0: [], 0xA1: []}
    for part in der.elements(der.first(value).content):
        trees[part.tag] = [_general_name(der.first(tree.content)) for tree in der.elements(part.content)]
    return NameConstraints(permitted=tuple(trees[0xA0]), excluded=tuple(trees[0xA1]))


def _full_names(distribution_point_name: bytes) -> tuple[str, ...]:
    """The URIs and other names of a DistributionPointName's fullName."""
    return tuple(
        name.value
        for part in der.elements(distribution_point_name)
        if part.tag == 0xA0
        for name in _general_names(part.content)
    )


def _distribution_points(value: bytes) -> tuple[str, ...]:
    return tuple(
        name
        for point in der.elements(der.first(value).content)
        for part in der.elements(point.content)
        if part.tag == 0xA0
        for name in _full_names(part.content)
    )


def _issuing_distribution_point(value: bytes) -> dict[str, str]:
    scope: dict[str, str] = {}
    for part in der.elements(der.first(value).content):
        if part.tag == 0xA0:
            scope["name"] = " ".join(_full_names(part.content))
        elif part.tag == 0x83:
            scope["reasons"] = part.content.hex()
        elif part.tag in (0x81, 0x82, 0x84) and part.content != b"\x00":
            scope[{0x81: "user", 0x82: "ca", 0x84: "indirect"}[part.tag]] = "yes"
    return scope


def _ocsp_urls(value: bytes) -> tuple[str, ...]:
    urls = []
    for access in der.elements(der.first(value).content):
        method, location = der.elements(access.content)
        if der.dotted(method.content) == "1.3.6.1.5.5.7.48.1" and location.tag == 0x86:
            urls.append(location.content.decode("latin-1"))
    return tuple(urls)


def _revoked(entry: x509.RevokedCertificate) -> RevokedEntry:
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        reason = None
    return RevokedEntry(serial=entry.serial_number, revocation_date=_utc(entry.revocation_date_utc), reason=reason)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def spki_of_private_key_pem(data: bytes, *, where: str) -> bytes:
    """DER SubjectPublicKeyInfo of an unencrypted PEM private key, to compare with a certificate's.

    Raises InputError when there is no key or it is encrypted.
    """
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(f"no readable private key: {error}", where=where, hint=f"openssl pkey -in {where} -noout") from error
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
