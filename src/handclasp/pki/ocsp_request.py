"""OCSP requests (RFC 6960 4.1, RFC 9654): read strictly and within bounds, several CertIDs in one, and written for clients.

Own reader: the one of `cryptography` knows requests with a single CertID only. Tests hold the two equal where both read.
"""

import base64
import binascii
import hashlib
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handclasp.model.ocsp import CertId, OcspRequest
from handclasp.pki import der
from handclasp.pki import der_write as write

MAX_BYTES = 16 * 1024
"""Larger requests are refused unread."""
MAX_CERT_IDS = 64
"""More in one request are refused: nobody's chain is that long."""

NONCE = "1.3.6.1.5.5.7.48.1.2"
_MAX_NONCE = 128  # RFC 9654 2.1: 1 to 128 octets, everything else must be refused
_KNOWN_EXTENSIONS = {NONCE, "1.3.6.1.5.5.7.48.1.4", "1.3.6.1.5.5.7.48.1.8", "1.3.6.1.5.5.7.48.1.7"}
_USUAL_NONCES = (16, 32)  # octets; OpenSSL, and RFC 9654
_NULL = b"\x05\x00"

HASHES = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
"""Hash algorithms of a CertID: dotted OID to the name that hashlib knows."""
_WRITTEN = {oid: write.oid(oid) for oid in HASHES}


def read_request(data: bytes) -> OcspRequest:
    """Read a request from its DER. The requestor's name and signature are passed over: nobody is asked who they are.

    Raises:
        ValueError: it is malformed, too large, or has a critical extension that is not known here.
    """
    if len(data) > MAX_BYTES:
        raise ValueError("too large")
    outer = list(der.elements(data))
    _expect(len(outer) == 1 and outer[0].tag == der.SEQUENCE, "no request")
    parts = list(der.elements(outer[0].content))
    _expect(bool(parts) and parts[0].tag == der.SEQUENCE and len(parts) <= 2, "no tbsRequest")
    _expect(len(parts) == 1 or parts[1].tag == 0xA0, "bad optionalSignature")
    fields = list(der.elements(parts[0].content))
    _version(fields)
    if fields and fields[0].tag == 0xA1:
        fields.pop(0)
    _expect(bool(fields) and fields[0].tag == der.SEQUENCE and len(fields) <= 2, "no requestList")
    requests = list(der.elements(fields[0].content))
    _expect(1 <= len(requests) <= MAX_CERT_IDS, "no certificate asked for, or too many")
    nonce = None
    if len(fields) == 2:
        _expect(fields[1].tag == 0xA2, "bad requestExtensions")
        nonce = _extensions(der.first(fields[1].content))
    return OcspRequest(cert_ids=tuple(_single(request) for request in requests), nonce=nonce)


class RequestReader:
    """Reads requests as `read_request` does; one that differs from an earlier one only in its last octets, the nonce, at once.

    Args:
        capacity: how many to remember, about 200 octets each.
    """

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._known: dict[int, dict[bytes, tuple[CertId, ...]]] = {length: {} for length in _USUAL_NONCES}

    def split(self, data: bytes) -> tuple[bytes, bytes] | None:
        """What is like in an earlier request, and the nonce as in OcspRequest; None when none was like this one."""
        for length, known in self._known.items():
            like = data[:-length]
            if like in known:
                return like, data[-length - 2 :]
        return None

    def read(self, data: bytes) -> OcspRequest:
        """As `read_request`."""
        parts = self.split(data)
        if parts is not None:
            like, nonce = parts
            return OcspRequest(cert_ids=self._known[len(nonce) - 2][like], nonce=nonce)
        request = read_request(data)
        length = len(request.nonce or b"") - 2
        if length in self._known and self._ends_with_nonce(data, length):
            known = self._known[length]
            if len(known) >= self._capacity:
                known.clear()
            known[data[:-length]] = request.cert_ids
        return request

    @staticmethod
    def _ends_with_nonce(data: bytes, length: int) -> bool:
        """Whether the last octets are the nonce and nothing else: with others there, it is those that are read as the nonce."""
        others = bytes(octet ^ 0xFF for octet in data[-length:])
        try:
            return read_request(data[:-length] + others).nonce == bytes((der.OCTET_STRING, length)) + others
        except ValueError:
            return False


def request_in_path(path: bytes) -> bytes:
    """The DER in the last part of a GET: base64, then URL-encoded, or not, as some clients do (RFC 6960 A.1).

    Slashes before it are of clients that put one behind an address that ends in one; no request begins with one.

    Raises:
        ValueError: it is no base64.
    """
    if len(path) > 2 * MAX_BYTES:
        raise ValueError("too large")
    try:
        return base64.b64decode(unquote_to_bytes(path.lstrip(b"/")), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error


def write_request(encoded_cert_id: bytes) -> bytes:
    """The smallest request for one CertID: what nginx asks, and what RFC 5019 clients ask."""
    return write.sequence(write.sequence(write.sequence(write.sequence(encoded_cert_id))))


def cert_id(issuer: x509.Certificate, serial: int, algorithm: str = "1.3.14.3.2.26") -> CertId:
    """The CertID of a certificate, with SHA-1 unless another hash is named by its OID."""
    name_hash, key_hash = issuer_hashes(issuer, algorithm)
    encoded = write.sequence(
        write.sequence(write.oid(algorithm), _NULL),
        write.octet_string(name_hash),
        write.octet_string(key_hash),
        write.integer(serial),
    )
    return CertId(algorithm=algorithm, issuer_name_hash=name_hash, issuer_key_hash=key_hash, serial=serial, encoded=encoded)


@lru_cache(maxsize=256)
def issuer_hashes(issuer: x509.Certificate, algorithm: str) -> tuple[bytes, bytes]:
    """IssuerNameHash and issuerKeyHash; the algorithm by its OID, one of HASHES."""
    name = HASHES[algorithm]
    return (
        hashlib.new(name, issuer.subject.public_bytes(), usedforsecurity=False).digest(),
        hashlib.new(name, key_bits(issuer), usedforsecurity=False).digest(),
    )


def key_bits(certificate: x509.Certificate) -> bytes:
    """The subjectPublicKey of a certificate: the BIT STRING's content, which CertIDs and responder ids hash."""
    info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    _, bits = der.elements(der.first(info).content)
    return bits.content[1:]


def _version(fields: list[der.Element]) -> None:
    if fields and fields[0].tag == 0xA0:
        _expect(fields.pop(0).content == b"\x02\x01\x00", "unknown version")


def _single(request: der.Element) -> CertId:
    _expect(request.tag == der.SEQUENCE, "bad request")
    parts = list(der.elements(request.content))
    _expect(1 <= len(parts) <= 2 and parts[0].tag == der.SEQUENCE, "bad request")
    if len(parts) == 2:
        _expect(parts[1].tag == 0xA0, "bad singleRequestExtensions")
        _extensions(der.first(parts[1].content))
    fields = list(der.elements(parts[0].content))
    tags = [field.tag for field in fields]
    _expect(tags == [der.SEQUENCE, der.OCTET_STRING, der.OCTET_STRING, der.INTEGER], "bad CertID")
    algorithm = list(der.elements(fields[0].content))
    _expect(1 <= len(algorithm) <= 2 and algorithm[0].tag == der.OID, "bad hashAlgorithm")
    _expect(len(algorithm) == 1 or algorithm[1].encoded == _NULL, "bad hashAlgorithm")
    oid, serial = der.dotted(algorithm[0].content), fields[3].content
    # It is sent back as it came: what is not DER would spoil the answer for every other reader.
    _expect(_WRITTEN.get(oid, algorithm[0].encoded) == algorithm[0].encoded, "bad hashAlgorithm")
    _expect(serial == _shortest(serial), "bad serialNumber")
    return CertId(
        algorithm=oid,
        issuer_name_hash=fields[1].content,
        issuer_key_hash=fields[2].content,
        serial=int.from_bytes(serial, "big", signed=True),
        encoded=parts[0].encoded,
    )


def _shortest(integer: bytes) -> bytes:
    """The content of an INTEGER without octets that say nothing (X.690 8.3.2)."""
    while len(integer) > 1 and integer[0] == (0xFF if integer[1] & 0x80 else 0x00):
        integer = integer[1:]
    return integer or b"\0"


def _extensions(found: der.Element) -> bytes | None:
    """The value of the nonce extension, if there is one; every other one is passed over unless it is critical."""
    _expect(found.tag == der.SEQUENCE, "bad extensions")
    nonce = None
    for extension in der.elements(found.content):
        _expect(extension.tag == der.SEQUENCE, "bad extension")
        parts = list(der.elements(extension.content))
        _expect(2 <= len(parts) <= 3 and parts[0].tag == der.OID and parts[-1].tag == der.OCTET_STRING, "bad extension")
        oid = der.dotted(parts[0].content)
        critical = len(parts) == 3 and parts[1].tag == der.BOOLEAN and parts[1].content != b"\x00"
        _expect(not critical or oid in _KNOWN_EXTENSIONS, "unknown critical extension")
        if oid == NONCE:
            _expect(nonce is None, "two nonces")
            nonce = parts[-1].content
            _nonce(nonce)
    return nonce


def _nonce(value: bytes) -> None:
    inner = list(der.elements(value))
    _expect(len(inner) == 1 and inner[0].tag == der.OCTET_STRING, "bad nonce")
    _expect(1 <= len(inner[0].content) <= _MAX_NONCE, "nonce of a forbidden length (RFC 9654 2.1)")


def _expect(condition: bool, what: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not condition:
        raise ValueError(what)
