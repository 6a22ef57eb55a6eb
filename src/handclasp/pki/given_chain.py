"""Certificates that a person gives, in whatever form they had them; a file without any is told by what it holds instead."""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from urllib.parse import unquote

from handclasp.model.certificate import Certificate
from handclasp.model.errors import InputError
from handclasp.pki.any_form import Form, look
from handclasp.pki.read import certificates_from_bytes

_LABELS = frozenset({"CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"})
_BEGUN, _ENDED = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_BARE = re.compile(r"MII[0-9A-Za-z+/]{100,}={0,2}")
_BIGGEST = 4 * 1024 * 1024


def given_chain(content: bytes, *, where: str) -> tuple[Certificate, ...]:
    """The certificates, in their order; those of PKCS#7, which has none, leaf first.

    Besides PEM and DER: PKCS#7, UTF-16, PEM that lost its line breaks or was escaped for JSON, an environment variable or a
    header (`$ssl_client_escaped_cert`), and base64 without its markers.

    Raises:
        InputError: there is none, and what there is instead.
    """
    try:
        return certificates_from_bytes(content, where=where)
    except InputError as error:
        found = look(content)
        if found.form is Form.PKCS7 and found.certificates:
            return _leaf_first(found.certificates)
        if certificates := found.certificates or _straightened(content):
            return certificates
        raise _instead(content, found.form, where) or error from None


def _straightened(content: bytes) -> tuple[Certificate, ...]:
    """Those of a text that lost its line breaks, was escaped, or has no markers."""
    if len(content) > _BIGGEST:
        return ()
    text = content.decode("utf-8", "replace")
    if "%20CERTIFICATE" in text or "%2B" in text:
        text = unquote(text)
    text = text.replace("\\r", "").replace("\\n", "\n").replace("\\t", " ")
    bodies = list(_bodies(text))
    if not bodies and _BARE.fullmatch(bare := "".join(text.split())):
        bodies = [bare]
    return tuple(certificate for body in bodies for certificate in _decoded(body))


def _bodies(text: str) -> Iterator[str]:
    """The base64 between the markers; one pass, however many begin."""
    for part in text.split("-----BEGIN ")[1:]:
        label, _, rest = part.partition("-----")
        body, ended, _ = rest.partition("-----END ")
        if ended and label in _LABELS:
            yield "".join(body.split())


def _decoded(body: str) -> tuple[Certificate, ...]:
    try:
        return look(b64decode(body, validate=True)).certificates
    except binascii.Error:
        return ()


def _instead(content: bytes, form: Form, where: str) -> InputError | None:
    """What is there instead; None when that cannot be told either."""
    text = content[:_BIGGEST].decode("utf-8", "replace")
    if form is Form.EMPTY:
        return InputError("is empty", where=where)
    if _BEGUN in text and _ENDED not in text:
        return InputError(
            "is cut off: a certificate begins and does not end", where=where,
            hint="copy it again, with its -----END CERTIFICATE----- line",
        )  # fmt: skip
    if form is Form.REQUEST:
        return InputError(
            "is a certification request: no CA has signed it yet", where=where,
            hint="give the certificate that the CA made of it",
        )  # fmt: skip
    return _key(text, form, where)


def _key(text: str, form: Form, where: str) -> InputError | None:
    if "BEGIN OPENSSH PRIVATE KEY" in text or text.startswith(("ssh-", "ecdsa-sha2-")):
        return InputError("is a key for SSH, and a certificate for TLS is needed", where=where)
    if form is Form.KEY:
        return InputError(
            "is a private key, and a certificate is needed", where=where,
            hint="give the certificate: that is public; a key is its owner's alone, and nothing of it was kept",
        )  # fmt: skip
    if "PUBLIC KEY-----" in text:
        return InputError("is a public key, and a certificate is needed", where=where)
    return None


def _leaf_first(certificates: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
    """The one that issued none of the others, its issuer, and so on; then the rest."""
    issuers = {item.issuer for item in certificates if not item.self_issued}
    waiting = list(certificates)
    ordered: list[Certificate] = []
    following = next((item for item in waiting if item.subject not in issuers), None)
    while following is not None:
        ordered.append(following)
        waiting.remove(following)
        following = next((item for item in waiting if item.subject == ordered[-1].issuer), None)
    return (*ordered, *waiting)
