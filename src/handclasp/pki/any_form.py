"""What a file that should be PEM holds in truth, and its certificates or CRLs where they can be had without a password."""

import re
import warnings
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates, load_pem_pkcs7_certificates

from handclasp.model.certificate import Certificate, Crl
from handclasp.model.errors import InputError
from handclasp.pki.read import certificate_from_der, certificates_from_pem, crl_from_der, crls_from_pem

KEY_LEFT_OUT = b"[private key left out]"
"""What stands in evidence in the place of a private key."""

_PKCS7_DATA = bytes.fromhex("06092a864886f70d0107")


class Form(StrEnum):
    """The form of a file."""

    EMPTY = "empty"
    PEM = "pem"
    TRUSTED = "trusted-certificate"
    DER_CERTIFICATE = "der-certificate"
    DER_CRL = "der-crl"
    PKCS7 = "pkcs7"
    PKCS12 = "pkcs12"
    KEY = "private-key"
    REQUEST = "request"
    UTF16 = "utf-16"
    RAGGED = "ragged-pem"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Found:
    """The form, and what could be read in spite of it."""

    form: Form
    certificates: tuple[Certificate, ...] = ()
    crls: tuple[Crl, ...] = ()


def look(content: bytes) -> Found:
    """What is in these bytes. Never fails."""
    if not content.strip():
        return Found(Form.EMPTY)
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return Found(Form.UTF16, *_of_pem(content.decode("utf-16", "replace").encode()))
    if content[:1] == b"\x30":
        return _of_der(content)
    return _of_text(content)


def _of_der(content: bytes) -> Found:
    for read in (_certificate, _crl, _pkcs7):
        try:
            return read(content)
        except (ValueError, InputError, UnsupportedAlgorithm):
            continue
    return Found(Form.PKCS12 if _PKCS7_DATA in content[:64] else Form.OTHER)


def _certificate(content: bytes) -> Found:
    return Found(Form.DER_CERTIFICATE, (certificate_from_der(content),))


def _crl(content: bytes) -> Found:
    return Found(Form.DER_CRL, (), (crl_from_der(content),))


def _pkcs7(content: bytes) -> Found:
    with warnings.catch_warnings(action="ignore"):
        loaded = load_der_pkcs7_certificates(content)
    return Found(Form.PKCS7, tuple(certificate_from_der(item.public_bytes(Encoding.DER)) for item in loaded))


def _of_text(content: bytes) -> Found:
    certificates, crls = _of_pem(content)
    if b"BEGIN TRUSTED CERTIFICATE" in content:
        return Found(Form.TRUSTED, certificates, crls)
    if certificates or crls:
        return Found(Form.PEM, certificates, crls)
    if b"BEGIN PKCS7" in content:
        return _pem_pkcs7(content)
    for mark, form in ((b"PRIVATE KEY-----", Form.KEY), (KEY_LEFT_OUT, Form.KEY), (b"CERTIFICATE REQUEST-----", Form.REQUEST)):
        if mark in content:
            return Found(form)
    certificates, crls = _of_pem(_straight(content))
    return Found(Form.RAGGED if certificates or crls else Form.OTHER, certificates, crls)


def _pem_pkcs7(content: bytes) -> Found:
    try:
        with warnings.catch_warnings(action="ignore"):  # what openssl writes is BER; it is read all the same
            loaded = load_pem_pkcs7_certificates(content)
    except (ValueError, UnsupportedAlgorithm):
        return Found(Form.PKCS7)
    return Found(Form.PKCS7, tuple(certificate_from_der(item.public_bytes(Encoding.DER)) for item in loaded))


def _straight(content: bytes) -> bytes:
    """PEM markers on lines of their own, without indentation."""
    lined = re.sub(rb"(-----(?:BEGIN|END) [A-Z0-9 ]+-----)", rb"\n\1\n", content)
    return b"\n".join(line.strip() for line in lined.splitlines())


def _of_pem(content: bytes) -> tuple[tuple[Certificate, ...], tuple[Crl, ...]]:
    try:
        return certificates_from_pem(content, where=""), crls_from_pem(content, where="")
    except InputError:
        return (), ()
