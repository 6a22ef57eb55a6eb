"""Backup of a home: one tar file with a manifest of SHA-256 digests, sealed under a passphrase. And the way back.

What a restored CA has forgotten is the affair of app/settle.py.
"""

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from datetime import datetime
from fnmatch import fnmatchcase

from handclasp.app.half_written import HALF_WRITTEN, sweep
from handclasp.app.home import Home, Layout
from handclasp.app.recover import recover
from handclasp.app.unsettled import MANIFEST
from handclasp.model.errors import InputError, PolicyError
from handclasp.pki.sealed import RANDOM_OCTETS, is_sealed, seal, unseal
from handclasp.ports.files import FileTree

_REGISTRY = "registry.sqlite"
_PUBLIC = re.compile(
    r"ca/[^/]+\.pem|identities/[^/]+/((previous|for)[-/][^/]+/)?((certificate|chain|root-ca)\.pem|card\.(en|zh)\.(md|html))"
)
_MEMBER = re.compile(
    r"(registry\.sqlite|roles\.toml|keys/[a-z0-9.-]+\.pem|ca/[a-z0-9.-]+\.pem|profiles/[a-z0-9-]+\.toml|"
    r"identities/[^/.][^/]*(/[^/.][^/]*)+)\Z"
)
_FORMAT = 1
_LARGEST = 1 << 40  # a backup of a million certificates is larger than any other file that is read


def backup(home: Home, path: str, *, identity_keys: bool, passphrase: bytes | None) -> int:
    """Write the home to a new file of mode 0600; the number of files in it. CA keys are encrypted in it once more.

    Others may issue and revoke meanwhile: it is the home as it was between two changes. `identity_keys` False leaves out
    private keys and containers of identities; `passphrase` None leaves the whole unsealed.

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
    content = _packed(members, now)
    if passphrase is not None:
        content = seal(content, passphrase, home.entropy.bytes(RANDOM_OCTETS))
    home.files.create(path, content, mode=0o600)
    return len(members)


def unpack(files: FileTree, layout: Layout, path: str, passphrase: Callable[[], bytes]) -> tuple[datetime, int]:
    """Write the files of a backup into a home that does not exist yet: the registry last, so that a half-restored home is none.

    `passphrase` is asked when the backup is sealed.

    Raises:
        InputError: it is no backup, or a digest does not match; nothing was written.
        PolicyError: there is something in the home.
    """
    content = files.tail(path, _LARGEST)
    if is_sealed(content):
        content = unseal(content, passphrase(), where=path)
    made, members = _unpacked(content, path)
    begun = files.exists(layout.at(MANIFEST))
    if not begun and files.exists(layout.folder) and _inhabited(files, layout.folder):
        raise PolicyError("there is something in this home", where=layout.folder, hint="restore into a new folder: --home NEW")
    files.make_folder(layout.folder)
    files.write(layout.at(MANIFEST), b"a restore was begun; run it again to finish it\n")
    sweep(files, {layout.at(name).rpartition("/")[0] for name in members})  # a run that was killed may have left secrets there
    for name in sorted(members, key=lambda one: one == _REGISTRY):
        folder = layout.at(name).rpartition("/")[0]
        secret = name.startswith(("keys/", "identities/"))
        if name.startswith("identities/"):
            files.make_folder(layout.at("identities"), mode=0o700)
        files.make_folder(folder, mode=0o700 if secret else 0o755)
        files.write(layout.at(name), members[name], mode=0o644 if _PUBLIC.fullmatch(name) else 0o600)
    return made, len(members)


def _inhabited(files: FileTree, folder: str) -> bool:
    """Whether a folder holds more than what a restore left that was killed while it wrote its first file."""
    return not all(fnmatchcase(path[len(folder) + 1 :], HALF_WRITTEN) for path in files.walk(folder))


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
        for name, content in ((MANIFEST, text), *members.items()):
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
        manifest = json.loads(found.pop(MANIFEST))
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
