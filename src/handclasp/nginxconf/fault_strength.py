"""nginx's own certificates against OpenSSL's security level: too weak ones are refused when they are loaded.

A level asks for a number of bits of security (SSL_CTX_set_security_level(3)); keys and digests are counted as ssl_cert.c counts
them. A self-signed certificate's own signature does not matter.
"""

import re
import warnings

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.utils import CryptographyDeprecationWarning

from handclasp.catalogue.openssl_releases import spares_own_digests
from handclasp.model.nginx import NginxVersion, OpensslSeries

CIPHERS_FIRST = NginxVersion(1, 21, 2)
"""From here on nginx sets the cipher list, and with it `@SECLEVEL=n`, before it loads its certificates."""

_WANTED = (0, 80, 112, 128, 192, 256)
_RSA = ((15360, 256), (7680, 192), (3072, 128), (2048, 112), (1024, 80))
_DIGESTS = {"sha224": 112, "sha256": 128, "sha384": 192, "sha512": 256}
_OLD_DIGESTS = {**_DIGESTS, "md5": 64, "sha1": 80}
_NEW_DIGESTS = {**_DIGESTS, "md5": 39, "sha1": 63}
_LEVEL = re.compile(r"@SECLEVEL=([0-5])", re.IGNORECASE)
_MOST = 1 << 16


def level_in_force(ciphers: str, given: int, version: NginxVersion, series: OpensslSeries) -> int:
    """The security level when certificates are loaded; 1.0.2 has none."""
    if series is OpensslSeries.V1_0_2:
        return 0
    written = _LEVEL.findall(ciphers) if version >= CIPHERS_FIRST else []
    return int(written[-1]) if written else given


def weakness(der: bytes, level: int, openssl: str) -> str | None:
    """What is too weak in a certificate: "key", or "md" for its signature's digest; None: nothing, or it is unreadable.

    `openssl` is a series or a full version.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        try:
            parsed = x509.load_der_x509_certificate(der)
            key = _key_bits(parsed)
            spared = parsed.subject == parsed.issuer or spares_own_digests(openssl)
            digest = _MOST if spared else _digest_bits(parsed, OpensslSeries.of(openssl))
        except (ValueError, x509.InvalidVersion, TypeError, UnsupportedAlgorithm):
            return None
    if key < _WANTED[level]:
        return "key"
    return "md" if digest < _WANTED[level] else None


def _key_bits(parsed: x509.Certificate) -> int:
    key = parsed.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.key_size // 2
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey):
        return next((bits for size, bits in _RSA if key.key_size >= size), 0)
    return _MOST


def _digest_bits(parsed: x509.Certificate, series: OpensslSeries) -> int:
    algorithm = parsed.signature_hash_algorithm
    table = _OLD_DIGESTS if series is OpensslSeries.V1_1_1 else _NEW_DIGESTS
    return table.get(algorithm.name, _MOST) if algorithm else _MOST
