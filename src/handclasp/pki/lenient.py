"""Certificates that OpenSSL reads and the strict library refuses: loaded from a twin that differs in what nobody asks it for.

Names are read from the original by our own code, and so is the version; the library is asked for keys, dates and algorithms.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from handclasp.pki import der
from handclasp.pki.der_write import integer, sequence

_VERSION_3 = der.encode(0xA0, integer(2))


def load_certificate(data: bytes) -> x509.Certificate:
    """Load DER as `cryptography` does; else with string types of names and version 2 made harmless. ValueError when not X.509.

    The twin's fields are the original's, but for names and version; its to-be-signed bytes are not: see `signed_part`.
    """
    try:
        return x509.load_der_x509_certificate(data)
    except (ValueError, x509.InvalidVersion) as error:
        try:
            return x509.load_der_x509_certificate(_harmless(data))
        except (ValueError, x509.InvalidVersion, IndexError):
            raise ValueError(str(error)) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Odd certificates are findings of ours; the library's warnings about them would only reach the terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        yield


def signed_part(data: bytes) -> bytes:
    """The to-be-signed bytes of a certificate or CRL exactly as they stand."""
    return der.first(der.first(data).content).encoded


def _harmless(data: bytes) -> bytes:
    tbs, algorithm, signature = der.elements(der.first(data).content)
    parts = list(der.elements(tbs.content))
    at = 0
    if parts[0].tag == 0xA0:
        at = 1
    fields = [part.encoded for part in parts]
    if at:
        fields[0] = _VERSION_3
    for name in (at + 2, at + 4):
        fields[name] = _name(parts[name])
    return sequence(sequence(*fields), algorithm.encoded, signature.encoded)


def _name(name: der.Element) -> bytes:
    """The same name with every value as an OCTET STRING, in which anything may stand."""
    return sequence(
        *(
            der.encode(0x31, b"".join(_attribute(item) for item in der.elements(rdn.content)))
            for rdn in der.elements(name.content)
        )
    )


def _attribute(attribute: der.Element) -> bytes:
    kind, value = der.elements(attribute.content)
    return sequence(kind.encoded, der.encode(der.OCTET_STRING, value.content))
