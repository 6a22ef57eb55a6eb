"""Backup and restore of a home: one tar file with a manifest of SHA-256 digests.

A restored CA has forgotten what happened after the backup. So CRL numbers and the session epoch jump ahead of anything
that may have been published since, and revocations can be brought back from a CRL that was published later.
"""

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from handclasp.app.home import SESSION_EPOCH, Home, Layout
from handclasp.app.recover import recover
from handclasp.app.revoke_record import session_epoch
from handclasp.catalogue.profiles import CLIENT
from handclasp.model.errors import InputError, PolicyError
from handclasp.model.issuance import CertificateState, Intent, Reason
from handclasp.pki.read import certificate_from_der, crls_from_pem
from handclasp.pki.serials import format_serial
from handclasp.pki.signature import signed_by
from handclasp.ports.files import FileTree

_MANIFEST = "handclasp-backup.json"
_REGISTRY = "registry.sqlite"
_PUBLIC = re.compile(
    r"ca/[^/]+\.pem|identities/[^/]+/((previous|for)[-/][^/]+/)?((certificate|chain|root-ca)\.pem|card\.(en|zh)\.(md|html))"
)
_MEMBER = re.compile(
    r"(registry\.sqlite|roles\.toml|keys/[a-z0-9.-]+\.pem|ca/[a-z0-9.-]+\.pem|profiles/[a-z0-9-]+\.toml|"
    r"identities/[^/.][^/]*(/[^/.][^/]*)+)\Z"
)
_FORMAT = 1
JUMP = 1000
"""How far CRL numbers and the session epoch jump after a restore: more than were published since any backup in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`made` is when the backup was; `revoked` are serials that later CRLs brought back, `unknown` those it never knew."""

    made: datetime
    files: int
    revoked: tuple[str, ...]
    unknown: tuple[str, ...]


def backup(home: Home, path: str, *, identity_keys: bool) -> int:
    """Write the home to a new tar file of mode 0600; the number of files in it. CA keys stay encrypted in it.

    `identity_keys` False leaves out private keys and containers of identities, which are not encrypted.

    Raises:
        PolicyError: there is a file at `path`.
        WorldError: the registry cannot be copied this way, or the disk failed.
    """
    home.authorities()
    with home.changing("making a backup"):
        recover(home)
        members = {_REGISTRY: home.store.snapshot()}
        for name in _names(home.layout, home.files):
            if identity_keys or not name.startswith("identities/") or _PUBLIC.fullmatch(name):
                members[name] = home.files.read(home.layout.at(name))
        now = home.clock.now()
        with home.store.begin() as transaction:
            transaction.audit(at=now, actor=home.actor, action="backup", subject=path, details={"files": str(len(members))})
    home.files.create(path, _packed(members, now), mode=0o600)
    return len(members)


def unpack(files: FileTree, layout: Layout, path: str) -> tuple[datetime, int]:
    """Write the files of a backup into a home that does not exist yet: the registry last, so that a half-restored home is none.

    Raises:
        InputError: it is no backup, or a digest does not match; nothing was written.
        PolicyError: there is something in the home.
    """
    made, members = _unpacked(files.read(path), path)
    begun = files.exists(layout.at(_MANIFEST))
    if not begun and files.exists(layout.folder) and any(True for _ in files.walk(layout.folder)):
        raise PolicyError("there is something in this home", where=layout.folder, hint="restore into a new folder: --home NEW")
    files.make_folder(layout.folder)
    files.write(layout.at(_MANIFEST), b"a restore was begun; run it again to finish it\n")
    for name in sorted(members, key=lambda one: one == _REGISTRY):
        folder = layout.at(name).rpartition("/")[0]
        secret = name.startswith(("keys/", "identities/"))
        if name.startswith("identities/"):
            files.make_folder(layout.at("identities"), mode=0o700)
        files.make_folder(folder, mode=0o700 if secret else 0o755)
        files.write(layout.at(name), members[name], mode=0o644 if _PUBLIC.fullmatch(name) else 0o600)
    return made, len(members)


def settle(home: Home, made: datetime, count: int, *, later_crls: bytes | None, where: str) -> Restored:
    """After `unpack`: jump ahead, and revoke again what CRLs published after the backup list, known here or not.

    Raises:
        InputError: a CRL is none, or of another CA.
    """
    with home.changing("restoring"):
        listed = tuple(_revoked_since(home, later_crls, where)) if later_crls is not None else ()
        unknown = tuple(one for one in listed if home.store.find(one.issuer, one.serial) is None)
        now = home.clock.now()
        with home.store.begin() as transaction:
            for authority in home.authorities():
                transaction.skip_crl_numbers(authority.label, JUMP)
            for one in unknown:
                transaction.add_intent(_lost(one, now))
            for one in listed:
                transaction.revoke(one.issuer, one.serial, at=one.at, reason=one.reason)
            transaction.set_value(SESSION_EPOCH, str(session_epoch(home) + JUMP))
            details = {"made": made.isoformat(), "revoked again": " ".join(format_serial(one.serial) for one in listed)}
            transaction.audit(at=now, actor=home.actor, action="restored", subject=home.layout.folder, details=details)
        home.files.remove(home.layout.at(_MANIFEST))
    serials = (tuple(format_serial(one.serial) for one in group) for group in (listed, unknown))
    revoked, lost = serials
    return Restored(made=made, files=count, revoked=revoked, unknown=lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """An entry of a later CRL that is not revoked here."""

    issuer: str
    serial: int
    at: datetime
    reason: Reason
    until: datetime


def _revoked_since(home: Home, later_crls: bytes, where: str) -> Iterator[_Listed]:
    authorities = {certificate_from_der(one.certificate).subject: one for one in home.authorities()}
    for crl in crls_from_pem(later_crls, where=where):
        authority = authorities.get(crl.issuer)
        certificate = certificate_from_der(authority.certificate) if authority else None
        if authority is None or certificate is None or not signed_by(crl, certificate.spki):
            raise InputError(f"has a CRL that no CA of this home signed: {crl.issuer_text}", where=where)
        for entry in crl.revoked.values():
            record = home.store.find(authority.label, entry.serial)
            if record is None or record.state is not CertificateState.REVOKED:
                yield _Listed(
                    issuer=authority.label,
                    serial=entry.serial,
                    at=entry.revocation_date,
                    reason=_reason(entry.reason),
                    until=certificate.not_after,
                )


def _lost(one: _Listed, now: datetime) -> Intent:
    """Stands for a certificate issued after the backup: nothing is known but its serial, and that it is revoked."""
    return Intent(
        serial=one.serial,
        issuer=one.issuer,
        profile=CLIENT.name,
        name=f"lost {format_serial(one.serial)}",
        tbs_sha256="0" * 64,
        not_before=one.at,
        not_after=one.until,
        created=now,
    )


def _reason(word: str | None) -> Reason:
    return Reason(word) if word in tuple(Reason) else Reason.UNSPECIFIED


def _names(layout: Layout, files: FileTree) -> Iterator[str]:
    for folder in ("keys", "ca", "profiles", "identities"):
        if files.exists(layout.at(folder)):
            for path in files.walk(layout.at(folder)):
                name = path[len(layout.folder) + 1 :]
                if _MEMBER.match(name):
                    yield name


def _packed(members: dict[str, bytes], now: datetime) -> bytes:
    manifest = {
        "format": _FORMAT,
        "made": now.isoformat(),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in members.items()},
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in ((_MANIFEST, text), *members.items()):
            member = tarfile.TarInfo(f"handclasp/{name}")
            member.size, member.mode, member.mtime = len(content), 0o600, int(now.timestamp())
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _unpacked(content: bytes, where: str) -> tuple[datetime, dict[str, bytes]]:
    """The members, by name: only plain files whose name and digest are in the manifest, and nothing else."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file is None:
                    raise InputError(f"holds {member.name[:80]!r}, which is no plain file", where=where)
                found[member.name.removeprefix("handclasp/")] = file.read()
        manifest = json.loads(found.pop(_MANIFEST))
        made, digests = datetime.fromisoformat(manifest["made"]), dict(manifest["sha256"])
    except (tarfile.TarError, KeyError, ValueError, TypeError, EOFError) as error:
        raise InputError("is not a backup made by handclasp", where=where, hint="handclasp backup FILE makes one") from error
    if manifest.get("format") != _FORMAT:
        raise InputError("is of a newer Handclasp", where=where, hint="upgrade Handclasp")
    if set(digests) != set(found) or _REGISTRY not in found:
        raise InputError("is incomplete: its files are not those of its manifest", where=where)
    for name, data in found.items():
        if hashlib.sha256(data).hexdigest() != digests[name]:
            raise InputError(f"is damaged: {name!r} does not have the digest of the manifest", where=where)
        if not _MEMBER.match(name) or ".." in name:
            raise InputError(f"holds {name[:80]!r}, which has no place in a home", where=where)
    return made, found
