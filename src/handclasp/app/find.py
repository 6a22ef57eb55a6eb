"""Which certificates a person means: by name, serial, fingerprint, alternative name, or the certificate itself."""

import hashlib
import ipaddress
import re
import string
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress

from handclasp.app.home import Home
from handclasp.model.certificate import Certificate
from handclasp.model.errors import HandclaspError, InputError, UsageError
from handclasp.model.issuance import CertificateRecord
from handclasp.pki.alt_names import as_asked, subject_alt_name
from handclasp.pki.given_chain import given_chain
from handclasp.pki.read import certificate_from_der
from handclasp.pki.serials import parse_serial

_RAW_KINDS = ("dns", "ip", "email", "uri", "upn")
_NOT_RAW = re.compile(r"[\x00-\x1f\x7f=]|\A(rid:)?[0-9.]+\Z")  # written otherwise in DER, or in more than one way
_HEX = re.compile(r"[0-9a-f]+\Z")
_AROUND = f"{string.whitespace}\N{LEFT-TO-RIGHT MARK}"  # Windows puts the mark before a thumbprint that is copied
_OCTETS = re.compile(r"[0-9A-Fa-f:\s]+")
_LABELLED = re.compile(
    r"\A(?:(?:sha-?(?:1|256) )?fingerprint(?: \(sha-?(?:1|256)\))?|sha-?(?:1|256)|serial(?: ?number)?(?: \(hex\))?)\s*[=:/]\s*",
    re.IGNORECASE,
)
"""What openssl, keytool, certutil and certtool write before a fingerprint or a serial."""

_PASTED = re.compile(r"CERTIFICATE-----|\A\s*MII[0-9A-Za-z+/\s]{100}")


def is_pasted(text: str) -> bool:
    """Whether it is a certificate itself, or was to be one: PEM, perhaps escaped for a header or JSON, or its base64 alone."""
    return _PASTED.search(text) is not None


def find(home: Home, text: str) -> tuple[CertificateRecord, ...]:
    """The records that `text` means, oldest first; none when it means nothing here.

    A name, else a serial (hex, colons or blanks allowed), a SHA-256 or SHA-1 fingerprint, an alternative name (dns:api.test or
    api.test), or a certificate in PEM. Serials and fingerprints may be whole lines of what other tools print.

    Raises:
        InputError: a certificate was pasted that cannot be read.
    """
    if is_pasted(text):
        try:
            return tuple(_of_certificate(home, given_chain(text.encode(), where="the PEM text")[0]))
        except InputError as error:
            hint = "paste it whole, up to -----END CERTIFICATE-----, within quotes"
            raise InputError(error.what, where=error.where, hint=hint) from error
    if "\0" in text:
        return ()  # nobody is called so, and a database may refuse to be asked
    plain = unicodedata.normalize("NFC", text.strip(_AROUND))  # as names are kept; some file systems and terminals give NFD
    named = home.store.certificates(name=plain)
    if named:
        return named
    said = _LABELLED.sub("", plain)
    if _OCTETS.fullmatch(said):
        said = "".join(said.split())
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
    digest = text.lower().replace(":", "")
    fingerprint = digest if _HEX.match(digest) and len(digest) in (40, 64) else None
    wanted = _spellings(text)
    sieves = [_sieve(one) for one in wanted]
    for record in home.store.walk():
        if record.certificate is None:
            continue
        if fingerprint is not None and fingerprint in _fingerprints(record.certificate):
            yield record
            continue
        if not any(may_hold(record.certificate) for may_hold in sieves):
            continue
        try:
            certificate = certificate_from_der(record.certificate)
        except HandclaspError:
            continue  # an old import that cannot be read has no names to be found by
        names = {f"{name.kind}:{name.value}".lower() for name in map(as_asked, certificate.subject_alt_name or ())}
        if not wanted.isdisjoint(names | {name.partition(":")[2] for name in names}):
            yield record


def _spellings(text: str) -> frozenset[str]:
    """An alternative name as it was typed, and as certificates have it: A-labels, addresses in their short form."""
    typed = text.lower()
    try:
        name = subject_alt_name(text)
    except UsageError:
        return frozenset({typed})
    said = f"{name.kind}:" if typed.startswith(f"{name.kind}:") else ""
    return frozenset({typed, f"{said}{name.value}".lower()})


def _sieve(wanted: str) -> Callable[[bytes], bool]:
    """Whether a certificate (DER) may hold this alternative name, with its kind or without."""
    bare = {wanted, *(wanted.removeprefix(f"{kind}:") for kind in _RAW_KINDS)}
    addresses = set()
    for text in bare:
        with suppress(ValueError):
            addresses.add(ipaddress.ip_address(text).packed)
    cased = any(not sign.isascii() and sign.upper() != sign.lower() for sign in wanted)  # bytes.lower knows ASCII alone
    if (cased or _NOT_RAW.search(wanted)) and not addresses:
        return lambda _der: True
    shapes = {text.encode() for text in bare}
    return lambda der: any(one in der for one in addresses) or any(one in small for small in (der.lower(),) for one in shapes)


def _fingerprints(der: bytes) -> set[str]:
    sha1 = hashlib.sha1(der).hexdigest()  # noqa: S324 - what nginx calls $ssl_client_fingerprint
    return {sha1, hashlib.sha256(der).hexdigest()}
