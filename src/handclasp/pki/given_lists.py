"""CRLs and certificates that a person gives beside a CA, in whatever form they had them."""

import re
from base64 import b64decode

from handclasp.model.certificate import Certificate, Crl
from handclasp.model.errors import InputError
from handclasp.pki.any_form import Found, look
from handclasp.pki.read import certificates_from_pem, crls_from_pem

_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]+={0,2}\s*\Z")


def given(content: bytes) -> Found:
    """What is in these bytes: PEM, DER or PKCS#7; or base64 alone, as `cfssl crl` prints it. Never fails."""
    if b"-----" not in content and _BASE64.match(content):
        try:
            return look(b64decode(content))
        except ValueError:
            pass  # letters and digits of another kind
    return look(content)


def given_crls(content: bytes, *, where: str) -> tuple[Crl, ...]:
    """All CRLs.

    Raises:
        InputError: there is none, or one is broken.
    """
    found = crls_from_pem(content, where=where) or given(content).crls
    if not found:
        hint = "PEM, DER or base64 are read; openssl crl -in FILE -noout -text shows one in PEM"
        raise InputError("holds no CRL", where=where, hint=hint)
    return found


def any_certificates(content: bytes, *, where: str) -> tuple[Certificate, ...]:
    """All certificates, () where there is none. InputError when one in PEM is broken."""
    return certificates_from_pem(content, where=where) or given(content).certificates
