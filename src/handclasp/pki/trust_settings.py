"""Trust settings that OpenSSL keeps behind a certificate: BEGIN TRUSTED CERTIFICATE, as `openssl x509 -addtrust` writes it.

X509_CERT_AUX ::= SEQUENCE { trust SEQUENCE OF OBJECT OPTIONAL, reject [0] SEQUENCE OF OBJECT OPTIONAL, ... } (x509.h).
"""

import base64
import binascii
from dataclasses import dataclass

from handclasp.pki import der
from handclasp.pki.read import pem_blocks

_ANY = "2.5.29.37.0"
_REJECT = 0xA0


@dataclass(frozen=True, slots=True)
class TrustSettings:
    """Purposes by OID. `trusted` None: nothing is said of trust."""

    trusted: frozenset[str] | None
    rejected: frozenset[str]

    def vouches(self, purpose: str) -> bool:
        """Whether the certificate is an anchor for the purpose by itself, self-signed or not."""
        return not self.refuses(purpose) and self.trusted is not None

    def refuses(self, purpose: str) -> bool:
        """Whether it is none, whatever it is otherwise (x509_trust.c:obj_trust)."""
        if not self.rejected.isdisjoint((purpose, _ANY)):
            return True
        return self.trusted is not None and self.trusted.isdisjoint((purpose, _ANY))


def trust_settings(pem: bytes) -> dict[bytes, TrustSettings]:
    """The settings of a PEM file, by the certificate's DER. Blocks that cannot be read, and plain certificates, have none."""
    found: dict[bytes, TrustSettings] = {}
    for block in pem_blocks(pem, "TRUSTED CERTIFICATE"):
        try:
            certificate, *rest = der.elements(base64.b64decode(b"".join(block.split(b"\n")[1:-1])))
            parts = list(der.elements(rest[0].content)) if rest else []
            trusted = next((_purposes(part) for part in parts if part.tag == der.SEQUENCE), None)
            rejected = next((_purposes(part) for part in parts if part.tag == _REJECT), frozenset[str]())
        except (ValueError, binascii.Error):
            continue
        if rest:
            found[certificate.encoded] = TrustSettings(trusted, rejected)
    return found


def _purposes(part: der.Element) -> frozenset[str]:
    return frozenset(der.dotted(item.content) for item in der.elements(part.content) if item.tag == der.OID)
