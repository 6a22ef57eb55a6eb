"""What OpenSSL reads and the strict library refuses: loaded from a twin that differs in what nobody asks it for.

Names are read from the original by our own code, and so is the version; the library is asked for keys, dates and algorithms.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from handclasp.pki import der
from handclasp.pki.der_write import integer, sequence

NO_X509 = (ValueError, x509.InvalidVersion)
"""What the library raises for bytes that are no certificate, request or CRL: a version that does not exist is no ValueError."""

_VERSION_3 = der.encode(0xA0, integer(2))
_NULL = der.encode(0x05, b"")
_WITHOUT_PARAMETERS = ("1.2.840.10045.4.", "1.2.840.10040.4.3")
"""ECDSA and DSA."""


def load_certificate(data: bytes) -> x509.Certificate:
    """Load DER as `cryptography` does; else with string types of names, version 2 and parameters of algorithms made harmless.

    The twin's fields are the original's, but for names and version; its to-be-signed bytes are not: see `signed_part`.
    ValueError when not X.509.
    """
    try:
        return x509.load_der_x509_certificate(data)
    except NO_X509 as error:
        try:
            return x509.load_der_x509_certificate(_harmless(data))
        except (*NO_X509, IndexError):
            raise ValueError(str(error)) from error


def load_crl(data: bytes) -> x509.CertificateRevocationList:
    """Load DER as `cryptography` does; else with one algorithm in both places. ValueError when it is no CRL."""
    try:
        return x509.load_der_x509_crl(data)
    except NO_X509 as error:
        try:
            tbs, algorithm, signature = der.elements(der.first(data).content)
            parts = [part.encoded for part in der.elements(tbs.content)]
            plain = _plain(algorithm)
            parts[_crl_algorithm(tbs)] = plain
            return x509.load_der_x509_crl(sequence(sequence(*parts), plain, signature.encoded))
        except (*NO_X509, IndexError):
            raise ValueError(str(error)) from error


def algorithms_differ(data: bytes) -> bool:
    """Whether a certificate or CRL names one signature algorithm in what was signed and another beside the signature."""
    tbs, algorithm, _ = der.elements(der.first(data).content)
    parts = tuple(der.elements(tbs.content))
    # A certificate has its serial number in front, which a CRL has not; both may begin with a version.
    inner = next(part for part in parts if part.tag == der.SEQUENCE)
    return inner.encoded != algorithm.encoded


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
    fields[at + 1] = plain = _plain(algorithm)
    return sequence(sequence(*fields), plain, signature.encoded)


def _plain(algorithm: der.Element) -> bytes:
    """An algorithm without the NULL that older Java writes behind those that have no parameters (RFC 5758 3.2)."""
    kind, *parameters = der.elements(algorithm.content)
    absent = der.dotted(kind.content).startswith(_WITHOUT_PARAMETERS) and [item.encoded for item in parameters] == [_NULL]
    return sequence(kind.encoded) if absent else algorithm.encoded


def _crl_algorithm(tbs: der.Element) -> int:
    """Where it stands: first, or behind the version."""
    return int(next(iter(der.elements(tbs.content))).tag == der.INTEGER)


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
