"""Which certificates a person means: by name, serial, fingerprint, alternative name, or the certificate itself."""

import hashlib
import re
from collections.abc import Iterable

from handclasp.app.home import Home
from handclasp.model.certificate import Certificate
from handclasp.model.errors import HandclaspError, UsageError
from handclasp.model.issuance import CertificateRecord
from handclasp.pki.read import certificate_from_der, certificates_from_pem
from handclasp.pki.serials import parse_serial

_HEX = re.compile(r"[0-9a-f]+\Z")


def find(home: Home, text: str) -> tuple[CertificateRecord, ...]:
    """The records that `text` means, oldest first; none when it means nothing here.

    A name, else a serial (hex, colons allowed), a SHA-256 or SHA-1 fingerprint, an alternative name (dns:api.test or api.test),
    or PEM text.
    """
    if "-----BEGIN CERTIFICATE-----" in text:
        return tuple(_of_certificate(home, certificates_from_pem(text.encode(), where="the PEM text")[0]))
    named = home.store.certificates(name=text)
    if named:
        return named
    return tuple(_by_serial(home, text)) or tuple(_by_content(home, text))


def _of_certificate(home: Home, certificate: Certificate) -> Iterable[CertificateRecord]:
    for authority in home.store.authorities():
        record = home.store.find(authority.label, certificate.serial)
        if record is not None and record.certificate in (None, certificate.der):
            yield record


def _by_serial(home: Home, text: str) -> Iterable[CertificateRecord]:
    try:
        numbers = parse_serial(text)
    except UsageError:
        return
    for authority in home.store.authorities():
        for number in numbers:
            record = home.store.find(authority.label, number)
            if record is not None:
                yield record


def _by_content(home: Home, text: str) -> Iterable[CertificateRecord]:
    """By what is inside: this reads every certificate, so it comes last."""
    digest = re.sub(r"\A(sha256|sha1)[:=]", "", text.lower()).replace(":", "")
    fingerprint = digest if _HEX.match(digest) and len(digest) in (40, 64) else None
    wanted = text.lower()
    for record in home.store.certificates():
        if record.certificate is None:
            continue
        try:
            certificate = certificate_from_der(record.certificate)
        except HandclaspError:
            continue  # an old import that cannot be read has no names to be found by
        names = {f"{name.kind}:{name.value}".lower() for name in certificate.subject_alt_name or ()}
        values = {name.partition(":")[2] for name in names}
        if wanted in names | values or (fingerprint is not None and fingerprint in _fingerprints(certificate)):
            yield record


def _fingerprints(certificate: Certificate) -> set[str]:
    sha1 = hashlib.sha1(certificate.der).hexdigest()  # noqa: S324 - what nginx calls $ssl_client_fingerprint
    return {sha1, hashlib.sha256(certificate.der).hexdigest()}
