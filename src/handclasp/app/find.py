"""Which certificates a person means: by name, serial, fingerprint, alternative name, or the certificate itself."""

import hashlib
import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress

from handclasp.app.home import Home
from handclasp.model.certificate import Certificate, GeneralName
from handclasp.model.errors import HandclaspError, InputError, UsageError
from handclasp.model.issuance import CertificateRecord
from handclasp.pki.alt_names import upn_in
from handclasp.pki.read import certificate_from_der, certificates_from_pem
from handclasp.pki.serials import parse_serial

_RAW_KINDS = ("dns", "ip", "email", "uri", "upn")
_NOT_RAW = re.compile(r"[^ -~]|=|\A(rid:)?[0-9.]+\Z")  # written otherwise in DER, or in more than one way
_HEX = re.compile(r"[0-9a-f]+\Z")
_OPENSSL = re.compile(r"\A(?:(?:sha-?(?:1|256) )?fingerprint|serial(?: number)?)\s*[=:]\s*", re.IGNORECASE)
"""What `openssl x509` writes before a fingerprint or a serial."""


def find(home: Home, text: str) -> tuple[CertificateRecord, ...]:
    """The records that `text` means, oldest first; none when it means nothing here.

    A name, else a serial (hex, colons allowed), a SHA-256 or SHA-1 fingerprint, an alternative name (dns:api.test or api.test),
    or PEM text. Serials and fingerprints may be whole lines of `openssl x509`.
    """
    if "-----BEGIN CERTIFICATE-----" in text:
        pasted = certificates_from_pem(text.encode(), where="the PEM text")
        if not pasted:
            hint = "paste it whole, up to -----END CERTIFICATE-----, within quotes"
            raise InputError("is cut off: its end is missing", where="the PEM text", hint=hint)
        return tuple(_of_certificate(home, pasted[0]))
    plain = unicodedata.normalize("NFC", text.strip())  # as names are kept; some file systems and terminals give NFD
    named = home.store.certificates(name=plain)
    if named:
        return named
    said = _OPENSSL.sub("", plain)
    return tuple(_by_serial(home, said)) or tuple(_by_content(home, said))


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
    """By what is inside: this looks into every certificate, so it comes last; only those that may hold it are read."""
    digest = re.sub(r"\A(sha256|sha1)[:=]", "", text.lower()).replace(":", "")
    fingerprint = digest if _HEX.match(digest) and len(digest) in (40, 64) else None
    wanted = text.lower()
    may_hold = _sieve(wanted)
    for record in home.store.walk():
        if record.certificate is None:
            continue
        if fingerprint is not None and fingerprint in _fingerprints(record.certificate):
            yield record
            continue
        if not may_hold(record.certificate):
            continue
        try:
            certificate = certificate_from_der(record.certificate)
        except HandclaspError:
            continue  # an old import that cannot be read has no names to be found by
        names = {_typed(name).lower() for name in certificate.subject_alt_name or ()}
        values = {name.partition(":")[2] for name in names}
        if wanted in names | values:
            yield record


def _typed(name: GeneralName) -> str:
    """An alternative name as a person types it."""
    user = upn_in(name.der) if name.kind == "other" else None
    return f"upn:{user}" if user else f"{name.kind}:{name.value}"


def _sieve(wanted: str) -> Callable[[bytes], bool]:
    """Whether a certificate (DER) may hold this alternative name, with its kind or without."""
    bare = {wanted, *(wanted.removeprefix(f"{kind}:") for kind in _RAW_KINDS)}
    addresses = set()
    for text in bare:
        with suppress(ValueError):
            addresses.add(ipaddress.ip_address(text).packed)
    if _NOT_RAW.search(wanted) and not addresses:
        return lambda _der: True
    shapes = {text.encode() for text in bare}
    return lambda der: any(one in der for one in addresses) or any(one in small for small in (der.lower(),) for one in shapes)


def _fingerprints(der: bytes) -> set[str]:
    sha1 = hashlib.sha1(der).hexdigest()  # noqa: S324 - what nginx calls $ssl_client_fingerprint
    return {sha1, hashlib.sha256(der).hexdigest()}
