"""Many certificates of one kind: what is the same is taken over from one that was built and judged, the rest is put in.

Building each from nothing costs four fifths of an issue. The bytes are those that pki.tbs would make (tests hold the two
equal), and each result is read and judged like any other before it is signed.
"""

import hashlib
from dataclasses import dataclass

from cryptography import x509

from handclasp.model.errors import Bug
from handclasp.model.issuance import IssuanceRequest
from handclasp.pki import der_write as der
from handclasp.pki.der import elements, encode, first
from handclasp.pki.tbs import TbsCertificate, general_names, subject_name

_SKI, _SAN = der.oid("2.5.29.14"), der.oid("2.5.29.17")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A TBSCertificate (RFC 5280 4.1) in pieces. `extensions`: encoded, in order; SKI and SAN are replaced in each copy."""

    version: bytes
    middle: bytes
    validity: bytes
    extensions: tuple[bytes, ...]

    def fill(self, request: IssuanceRequest, *, spki: bytes, serial: int) -> bytes:
        """The bytes to be signed for another subject, key and serial; profile, issuer and validity are the template's."""
        extensions = (self._extension(one, request, spki) for one in self.extensions)
        return der.sequence(
            self.version,
            der.integer(serial),
            self.middle,
            self.validity,
            subject_name(request).public_bytes(),
            spki,
            encode(0xA3, der.sequence(*extensions)),
        )

    def _extension(self, encoded: bytes, request: IssuanceRequest, spki: bytes) -> bytes:
        if _SKI in encoded[:10]:
            return der.sequence(_SKI, der.octet_string(der.octet_string(key_identifier(spki))))
        if _SAN in encoded[:10]:
            names = x509.SubjectAlternativeName(general_names(request.subject_alt_names)).public_bytes()
            return der.sequence(_SAN, der.octet_string(names))
        return encoded


def template_of(content: TbsCertificate) -> Template:
    """The pieces of a content that was built by pki.tbs."""
    version, _serial, algorithm, issuer, validity, _subject, _key, tail = elements(first(content.content).content)
    extensions = tuple(one.encoded for one in elements(first(tail.content).content))
    if not any(_SKI in one[:10] for one in extensions):
        raise Bug("a template without a subject key identifier")
    return Template(
        version=version.encoded,
        middle=algorithm.encoded + issuer.encoded,
        validity=validity.encoded,
        extensions=extensions,
    )


def key_identifier(spki: bytes) -> bytes:
    """SHA-1 of the key's BIT STRING (RFC 5280 4.2.1.2, method 1), of a SubjectPublicKeyInfo in DER."""
    _algorithm, key = elements(first(spki).content)
    return hashlib.sha1(key.content[1:]).digest()  # noqa: S324 - an identifier, not a signature


def certificate_of_parts(content: bytes, algorithm: bytes, signature: bytes) -> bytes:
    """Certificate (RFC 5280 4.1) from its parts, DER."""
    return der.sequence(content, algorithm, der.bit_string(signature))
