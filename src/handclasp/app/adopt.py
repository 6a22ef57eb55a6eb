"""Takes over a CA made with `openssl ca` or easy-rsa: its certificates stay good, can be seen and can be revoked here.

It signs nothing new: what it issued is renewed by this home's issuing CA, and both stand in the bundle until then.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from handclasp.app.ca_files import write_certificates
from handclasp.app.crl import PublishedCrl, publish_locked
from handclasp.app.home import ISSUING, ROOT, Home
from handclasp.app.identity_files import spki
from handclasp.app.recover import recover
from handclasp.catalogue.profiles import CLIENT, EMAIL, PEER, SERVER
from handclasp.model.certificate import Certificate
from handclasp.model.errors import HandclaspError, InputError, PolicyError, UsageError
from handclasp.model.issuance import Authority, Intent, Reason
from handclasp.pki.names import identity_name
from handclasp.pki.openssl_index import IndexLine, read_index
from handclasp.pki.read import certificates_from_pem
from handclasp.pki.serials import format_serial
from handclasp.pki.signature import signed_by
from handclasp.pki.signing import narrowed
from handclasp.ports.files import FileTree

_CERTIFICATES = ("cacert.pem", "ca.crt", "ca.pem", "ca.cert.pem", "certs/ca.cert.pem", "pki/ca.crt")
_KEYS = ("private/cakey.pem", "private/ca.key", "private/ca.key.pem", "ca.key", "cakey.pem", "pki/private/ca.key")
_INDEXES = ("index.txt", "pki/index.txt")
_NUMBERS = ("crlnumber", "pki/crlnumber")
_ISSUED = ("newcerts", "certs_by_serial", "certs", "issued", "pki/certs_by_serial", "pki/issued")
_CLIENT, _SERVER, _EMAIL = "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.4"
_LABEL = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class OldCa:
    """What was found in a folder. `certificates` are those it issued, by serial."""

    certificate: Certificate
    key: CertificateIssuerPrivateKeyTypes
    lines: tuple[IndexLine, ...]
    certificates: dict[int, Certificate]
    crl_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What the register knows now. `missing`: serials whose certificates were not found; they can be revoked all the same."""

    label: str
    subject: str
    taken: int
    revoked: int
    missing: tuple[str, ...]
    crls: tuple[PublishedCrl, ...]


def read_old_ca(files: FileTree, folder: str, *, passphrase: bytes | None) -> OldCa:
    """Look through a folder of `openssl ca` or easy-rsa. Nothing in it is changed.

    Raises:
        InputError: CA certificate, key or index are missing or broken, or do not belong together.
        PolicyError: the CA is not self-signed.
        UsageError: the key wants a passphrase.
    """
    path = _first(files, folder, _CERTIFICATES, "CA certificate")
    certificate = certificates_from_pem(files.read(path), where=path)[0]
    if not certificate.self_issued or not signed_by(certificate, certificate.spki):
        raise PolicyError(
            "the CA of this folder is not self-signed: another one is above it",
            where=folder,
            hint="import the folder of its root",
        )
    path = _first(files, folder, _KEYS, "CA key")
    key = _key(files.read(path), path, passphrase)
    if spki(narrowed(key)) != certificate.spki:
        raise InputError("the CA key does not belong to the CA certificate", where=folder)
    path = _first(files, folder, _INDEXES, "index.txt")
    lines = read_index(files.read(path), where=path)
    number = _number(files, folder)
    found = {one.serial: one for one in _issued(files, folder) if signed_by(one, certificate.spki)}
    return OldCa(certificate=certificate, key=key, lines=lines, certificates=found, crl_number=number)


def adopt(home: Home, old: OldCa, *, label: str) -> Adopted:
    """Put the CA and what it issued into the register, encrypt its key, and publish CRLs of every CA.

    Run again after an interruption, it goes on.

    Raises:
        PolicyError: the label belongs to another CA.
    """
    if not _LABEL.match(label) or label in (ROOT, ISSUING):
        raise UsageError(
            f"a CA cannot be called {label[:40]!r}", hint="lower-case letters, digits and hyphens, for example: old"
        )
    with home.changing("importing a CA"):
        recover(home)
        present = {one.label: one for one in home.authorities()}
        if label in present and present[label].certificate != old.certificate.der:
            raise PolicyError(f"{label} is another CA of this home", hint="choose another name with --label")
        if not home.keys.exists(label):
            home.keys.adopt(label, old.key)
        if label not in present:
            _record(home, old, label)
        write_certificates(home)
        crls = publish_locked(home)
    missing = tuple(format_serial(line.serial) for line in old.lines if line.serial not in old.certificates)
    revoked = sum(line.revoked_at is not None for line in old.lines)
    return Adopted(
        label=label, subject=old.certificate.subject_text, taken=len(old.lines), revoked=revoked, missing=missing, crls=crls
    )


def _record(home: Home, old: OldCa, label: str) -> None:
    now = home.clock.now()
    with home.store.begin() as transaction:
        transaction.add_authority(Authority(label=label, parent=None, certificate=old.certificate.der, key=label))
        transaction.skip_crl_numbers(label, old.crl_number)
        for line in old.lines:
            if line.serial == old.certificate.serial:
                continue
            found = old.certificates.get(line.serial)
            transaction.add_intent(_intent(line, found, label, now))
            if found is not None:
                transaction.record_issued(label, line.serial, found.der)
                transaction.mark_exported(label, line.serial)
            else:
                transaction.abandon(label, line.serial)
            if line.revoked_at is not None:
                transaction.revoke(label, line.serial, at=line.revoked_at, reason=line.reason or Reason.UNSPECIFIED)
        details = {"subject": old.certificate.subject_text, "certificates": str(len(old.lines))}
        transaction.audit(at=now, actor=home.actor, action="imported", subject=label, details=details)


def _intent(line: IndexLine, found: Certificate | None, label: str, now: datetime) -> Intent:
    return Intent(
        serial=line.serial,
        issuer=label,
        profile=_profile(found) if found else CLIENT.name,
        name=_name(found, line),
        tbs_sha256="0" * 64,
        not_before=found.not_before if found else now,
        not_after=line.not_after,
        created=now,
    )


def _name(found: Certificate | None, line: IndexLine) -> str:
    """The common name where it may name an identity (it becomes a folder when renewed), otherwise one made of the serial."""
    words = found.common_names if found else tuple(re.findall(r"/CN=([^/]+)", line.subject))[-1:]
    try:
        return identity_name(words[0]) if words else f"imported {format_serial(line.serial)}"
    except HandclaspError:
        return f"imported {format_serial(line.serial)}"


def _profile(found: Certificate) -> str:
    usage = found.extended_key_usage or frozenset()
    if _SERVER in usage:
        return PEER.name if _CLIENT in usage else SERVER.name
    return EMAIL.name if usage == {_EMAIL} else CLIENT.name


def _first(files: FileTree, folder: str, names: tuple[str, ...], what: str) -> str:
    for name in names:
        if files.exists(f"{folder}/{name}"):
            return f"{folder}/{name}"
    raise InputError(f"has no {what}", where=folder, hint=f"looked for: {', '.join(names)}")


def _key(content: bytes, path: str, passphrase: bytes | None) -> CertificateIssuerPrivateKeyTypes:
    encrypted = b"ENCRYPTED" in content
    if encrypted and passphrase is None:
        raise UsageError(
            "the key of the old CA is encrypted", where=path, hint="--old-passphrase-file FILE gives its passphrase"
        )
    try:
        return cast("CertificateIssuerPrivateKeyTypes", load_pem_private_key(content, passphrase if encrypted else None))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError("is no private key that this passphrase opens", where=path) from error


def _number(files: FileTree, folder: str) -> int:
    """The number of the next CRL in openssl's file: every smaller one may have been used."""
    for name in _NUMBERS:
        path = f"{folder}/{name}"
        if files.exists(path):
            text = files.read(path).decode("ascii", "replace").strip()
            if not re.fullmatch(r"[0-9A-Fa-f]{1,15}", text):
                raise InputError(f"is no CRL number: {text[:40]!r}", where=path)
            return int(text, 16)
    return 0


def _issued(files: FileTree, folder: str) -> Iterator[Certificate]:
    for name in _ISSUED:
        if not files.exists(f"{folder}/{name}"):
            continue
        for path in files.walk(f"{folder}/{name}"):
            if not path.endswith((".pem", ".crt", ".cer", ".cert")):
                continue
            try:
                yield from certificates_from_pem(files.read(path), where=path)[:1]
            except InputError:
                continue  # what cannot be read is reported as missing, by its serial
