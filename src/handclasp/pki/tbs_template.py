"""Many certificates of one kind: what is the same is taken over from one that was built and judged, the rest is put in.

Building each from nothing costs four fifths of an issue. The bytes are those that pki.tbs would make (tests hold the two
equal), and each result is read and judged like any other before it is signed.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import lru_cache

from cryptography import x509

from handclasp.model.errors import Bug
from handclasp.model.issuance import IssuanceRequest
from handclasp.pki import der_write as der
from handclasp.pki.der import SET, UTF8_STRING, elements, encode, first, span
from handclasp.pki.tbs import TbsCertificate, general_names

_SKI, _SAN = der.oid("2.5.29.14"), der.oid("2.5.29.17")
_SKI_HEAD = der.sequence(_SKI, der.octet_string(der.octet_string(bytes(20))))[:-20]
_CN, _O = der.oid("2.5.4.3"), der.oid("2.5.4.10")


class Slot(Enum):
    """An extension that each certificate has of its own."""

    SUBJECT_KEY_IDENTIFIER = auto()
    SUBJECT_ALT_NAME = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A TBSCertificate (RFC 5280 4.1) in pieces. `extensions`: encoded, in order, with slots for what differs."""

    version: bytes
    middle: bytes
    extensions: tuple[bytes | Slot, ...]

    @property
    def common(self) -> bytes:
        """What all certificates made from it share, slots by their names."""
        return b"".join((self.version, self.middle, *(b if isinstance(b, bytes) else b.name.encode() for b in self.extensions)))

    def fill(self, request: IssuanceRequest, *, spki: bytes, serial: int, validity: tuple[datetime, datetime]) -> bytes:
        """The bytes to be signed for another subject, key, serial and validity; profile and issuer are the template's."""
        extensions = (one if isinstance(one, bytes) else _own(one, request, spki) for one in self.extensions)
        return der.sequence(
            self.version,
            der.integer(serial),
            self.middle,
            _validity(validity),
            _subject(request),
            spki,
            encode(0xA3, der.sequence(*extensions)),
        )


@lru_cache(maxsize=64)
def _validity(validity: tuple[datetime, datetime]) -> bytes:
    """Validity (RFC 5280 4.1): those of one second and one profile have the same."""
    return der.sequence(*map(der.time, validity))


def _own(slot: Slot, request: IssuanceRequest, spki: bytes) -> bytes:
    if slot is Slot.SUBJECT_KEY_IDENTIFIER:
        return _SKI_HEAD + key_identifier(spki)
    names = x509.SubjectAlternativeName(general_names(request.subject_alt_names)).public_bytes()
    return der.sequence(_SAN, der.octet_string(names))


def _subject(request: IssuanceRequest) -> bytes:
    """As pki.tbs.subject_name, whose objects take ten times as long."""
    common = _attribute(_CN, request.name)
    return der.sequence(_attribute(_O, request.organization), common) if request.organization else der.sequence(common)


def _attribute(oid: bytes, value: str) -> bytes:
    return encode(SET, der.sequence(oid, encode(UTF8_STRING, value.encode())))


def template_of(content: TbsCertificate) -> Template:
    """The pieces of a content that was built by pki.tbs."""
    version, _serial, algorithm, issuer, _validity, _subject, _key, tail = elements(first(content.content).content)
    extensions = tuple(_piece(one.encoded) for one in elements(first(tail.content).content))
    if Slot.SUBJECT_KEY_IDENTIFIER not in extensions:
        raise Bug("a template without a subject key identifier")
    return Template(
        version=version.encoded,
        middle=algorithm.encoded + issuer.encoded,
        extensions=extensions,
    )


def _piece(extension: bytes) -> bytes | Slot:
    oid = first(first(extension).content).encoded
    return {_SKI: Slot.SUBJECT_KEY_IDENTIFIER, _SAN: Slot.SUBJECT_ALT_NAME}.get(oid, extension)


def key_identifier(spki: bytes) -> bytes:
    """SHA-1 of the key's BIT STRING (RFC 5280 4.2.1.2, method 1), of a SubjectPublicKeyInfo in DER."""
    _, start, _ = span(spki, 0)
    _, start, end = span(spki, span(spki, start)[2])  # behind the algorithm
    return hashlib.sha1(spki[start + 1 : end]).digest()  # noqa: S324 - an identifier, not a signature


def certificate_of_parts(content: bytes, algorithm: bytes, signature: bytes) -> bytes:
    """Certificate (RFC 5280 4.1) from its parts, DER."""
    return der.sequence(content, algorithm, der.bit_string(signature))
