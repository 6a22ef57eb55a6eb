"""Reads a PKI that exists: a folder of `openssl ca`, easy-rsa, step-ca or cfssl, or just a CA certificate and its key.

Nothing there is changed, and no key is needed to look.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from handclasp.app.old_keys import belongs, key_in
from handclasp.app.old_material import Looked, Material, gather, newest_base, of_one_ca, paths, revoked_by
from handclasp.app.old_pki import OldCa, OldKey, OldPki
from handclasp.app.old_registry import overlaid, rows_as_lines, unlisted
from handclasp.model.certificate import Certificate
from handclasp.model.errors import InputError, UsageError
from handclasp.pki.container import certificates_of, is_container
from handclasp.pki.openssl_config import ca_files
from handclasp.pki.openssl_index import IndexLine, read_index
from handclasp.pki.read import certificate_from_der, certificates_from_bytes
from handclasp.pki.signature import signed_by
from handclasp.ports.cfssl import SQLITE_MAGIC, ReadCfssl
from handclasp.ports.files import FileTree

_CERTIFICATES = (
    "cacert.pem", "ca.crt", "ca.pem", "ca.cert.pem", "certs/ca.cert.pem", "certs/ca.crt", "pki/ca.crt", "keys/ca.crt",
    "certs/intermediate_ca.crt", "certs/intermediate.cert.pem", "certs/root_ca.crt",
)  # fmt: skip
_KEYS = (
    "private/cakey.pem", "private/ca.key", "private/ca.key.pem", "ca.key", "cakey.pem", "ca-key.pem", "pki/private/ca.key",
    "keys/ca.key",
    "secrets/intermediate_ca_key", "secrets/root_ca_key", "private/intermediate.key.pem",
)  # fmt: skip
_UNREAD = (".sql", ".dump", ".xdb")
_ROOT_KEYS = tuple(name for name in _KEYS if "intermediate" not in name)
_XCA = (
    "export there: the CA's certificate and key (PKCS#12, or PEM and encrypted PKCS#8), all certificates (PEM), and its CRL\n"
    "then: handclasp import --ca ca.crt --key ca.pem --certificates all.pem --crl crl.pem --old-passphrase-file FILE"
)
_INDEXES = ("index.txt", "pki/index.txt", "keys/index.txt")
_NUMBERS = ("crlnumber", "pki/crlnumber", "keys/crlnumber")


def read_old_pki(files: FileTree, looked: Looked, *, passphrase: bytes | None, cfssl: ReadCfssl) -> OldPki:
    """Everything that can be found, the CAs from the top down.

    Raises:
        InputError: no CA certificate is there, or the index or the database is broken.
        UsageError: neither a folder nor a certificate was named.
    """
    if looked.folder is None and looked.certificate is None:
        raise UsageError("say which folder to import", hint="handclasp import /etc/ssl/demoCA     or --ca FILE --key FILE")
    configs = _configs(files, looked)
    looked = replace(looked, said=_said(files, looked, configs))
    material = gather(files, looked)
    top = _first_ca(files, looked, passphrase)
    path = _chosen((*material.certificates, *top), top[0])
    keys = {place: key_in(files, place, passphrase) for place in _key_places(files, looked)}
    listed = _Listed(_index(files, looked), _rows(files, looked, cfssl), _number(files, looked))
    cas = tuple(_ca(one, material, listed if one is path[-1] else _Listed(), _key_of(one, keys, looked)) for one in path)
    _refuse_foreign(material, path, looked)
    kind = _kind(files, looked)
    inside = {one.der for one in path} | {one.der for ca in cas for one in (*ca.certificates.values(), *ca.twins)}
    return OldPki(
        kind=kind,
        folder=looked.folder or looked.certificate or "",
        cas=cas,
        loose=tuple(_loose(files, material.keys, keys)),
        others=tuple(one for one in material.certificates if _is_root(one) and one.der not in {ca.der for ca in path}),
        configs=configs,
        strangers=tuple(one for some in material.given.values() for one in some if one.der not in inside and not _is_root(one)),
        unread=tuple(one for one in paths(files, looked) if one.endswith(_UNREAD)) if kind == "key-pair" else (),
    )


class _Listed(NamedTuple):
    """What a list there says: the lines of index.txt, or the rows of a database with the certificates in them.

    `number`: that of the next CRL.
    """

    lines: tuple[IndexLine, ...] = ()
    rows: tuple[tuple[IndexLine, ...], tuple[Certificate, ...]] = ((), ())
    number: int = 0


def _ca(certificate: Certificate, material: Material, listed: _Listed, key: OldKey | None) -> OldCa:
    stored = {one.serial for one in listed.rows[1]}
    found = {one.der: one for one in (*material.certificates, *listed.rows[1]) if _issued(one, certificate)}
    # tutorials count with `-set_serial 01`, again and again: the one that lives longest is the one to list
    issued = {one.serial: one for one in sorted(found.values(), key=lambda one: (one.not_after, one.not_before))}
    # other CAs have their rows in the same table
    known = listed.lines or tuple(line for line in listed.rows[0] if line.serial in issued or line.serial not in stored)
    crls = of_one_ca(material.crls, certificate)
    lines = overlaid((*known, *unlisted(issued.values(), known)), revoked_by(crls), certificate.not_after)
    return OldCa(
        certificate=certificate,
        key=key,
        lines=tuple(line for line in lines if line.serial in issued or not _of_itself(line, certificate)),
        certificates=issued,
        twins=tuple(one for one in found.values() if issued[one.serial] is not one),
        crl=newest_base(crls),
        crl_number=max(listed.number, *((one.crl_number or 0) + 1 for one in crls), 0),
    )


def _of_itself(line: IndexLine, certificate: Certificate) -> bool:
    """Whether a line is that of the root: `openssl ca -selfsign` lists it too."""
    return certificate.self_issued and (line.serial, line.not_after) == (certificate.serial, certificate.not_after)


def _refuse_foreign(material: Material, path: tuple[Certificate, ...], looked: Looked) -> None:
    """What was revoked in a CRL that somebody gives must not be forgotten because it is none of these CAs'."""
    if not looked.crls or any(of_one_ca(material.crls, one) for one in path):
        return
    raise InputError(
        "is a CRL of another CA, or was not signed by this one",
        where=", ".join(looked.crls),
        hint=f"the CAs are: {'; '.join(one.subject_text for one in path)}",
    )


def _first_ca(files: FileTree, looked: Looked, passphrase: bytes | None) -> tuple[Certificate, ...]:
    """The CA, and what else is in the same file."""
    for path in [looked.certificate] if looked.certificate else _candidates(looked, _CERTIFICATES, "certificate"):
        if path and files.exists(path):
            return _certificates(files.read(path), path, passphrase)
    xca = next((path for path in files.walk(looked.folder) if path.endswith(".xdb")), None) if looked.folder else None
    if xca is not None:
        raise InputError("is a database of XCA, which is not read", where=xca, hint=_XCA)
    raise InputError(
        "has no CA certificate",
        where=looked.folder,
        hint=f"name it: --ca FILE --key FILE\nlooked for: {', '.join(_CERTIFICATES)}, and what an openssl.cnf there says",
    )


def _certificates(content: bytes, path: str, passphrase: bytes | None) -> tuple[Certificate, ...]:
    if content.startswith(SQLITE_MAGIC):
        raise InputError("is a database, such as XCA makes, which is not read", where=path, hint=_XCA)
    if not is_container(content):
        return certificates_from_bytes(content, where=path)
    found = certificates_of(content, passphrase, where=path)
    if found is None:
        hint = "--old-passphrase-file FILE gives the password it was exported with"
        if passphrase is None:
            raise UsageError("is a PKCS#12 file with a password", where=path, hint=hint)
        raise InputError("is a PKCS#12 file that this password does not open", where=path, hint=hint)
    return tuple(certificate_from_der(one) for one in found)


def _chosen(known: Iterable[Certificate], found: Certificate) -> tuple[Certificate, ...]:
    """The CA and those above it that are there, from the top down."""
    known, path = tuple(known), [found]
    while not path[0].self_issued:
        above = next((one for one in known if _issued(path[0], one)), None)
        if above is None or above in path:
            break
        path.insert(0, above)
    return tuple(path)


def _issued(one: Certificate, by: Certificate) -> bool:
    return one.issuer == by.subject and one.der != by.der and signed_by(one, by.spki)


def _is_root(one: Certificate) -> bool:
    return one.self_issued and one.basic_constraints is not None and one.basic_constraints.ca


def _key_places(files: FileTree, looked: Looked) -> tuple[str, ...]:
    if looked.key:
        return (looked.key,)
    own = [looked.certificate] if looked.certificate else []  # a file may hold both, as PKCS#12 does
    return tuple(path for path in (*own, *_candidates(looked, _KEYS, "private_key")) if files.exists(path))


def _loose(files: FileTree, paths: tuple[str, ...], known: Iterable[str]) -> Iterator[OldKey]:
    """Private keys that are no CA's: only looked at."""
    for path in paths:
        if path not in known:
            yield OldKey(path=path, mode=files.mode(path), encrypted=b"ENCRYPTED" in files.read(path), key=None)


def _key_of(certificate: Certificate, keys: dict[str, OldKey], looked: Looked) -> OldKey | None:
    """The key that fits; unopened, the one whose place says that it is this CA's."""
    fitting = next((one for one in keys.values() if belongs(one, certificate)), None)
    if fitting is not None:
        return fitting
    usual = _ROOT_KEYS if certificate.self_issued else _KEYS
    places = [looked.key] if looked.key else _candidates(looked, usual, "private_key")
    unopened = next((keys[place] for place in places if place in keys and keys[place].key is None), None)
    itself = keys.get(looked.certificate or "")
    return unopened or (itself if itself is not None and itself.encrypted and itself.key is None else None)


def _index(files: FileTree, looked: Looked) -> tuple[IndexLine, ...]:
    for path in _candidates(looked, _INDEXES, "database"):
        if files.exists(path):
            return read_index(files.read(path), where=path)
    return ()


def _rows(files: FileTree, looked: Looked, cfssl: ReadCfssl) -> tuple[tuple[IndexLine, ...], tuple[Certificate, ...]]:
    for path in _databases(files, looked):
        return rows_as_lines(cfssl(path), where=path)
    return (), ()


def _databases(files: FileTree, looked: Looked) -> Iterator[str]:
    """SQLite files right in the folder, or named; where there is an index.txt, that is the list."""
    if any(files.exists(path) for path in _candidates(looked, _INDEXES, "database")):
        return
    for path in paths(files, looked):
        near = path.rpartition("/")[0] == looked.folder or path in looked.certificates
        if near and path.endswith((".db", ".sqlite", ".sqlite3")) and files.read(path).startswith(SQLITE_MAGIC):
            yield path


def _number(files: FileTree, looked: Looked) -> int:
    """The number of the next CRL in openssl's file: every smaller one may have been used."""
    for path in _candidates(looked, _NUMBERS, "crlnumber"):
        if files.exists(path):
            text = files.read(path).decode("ascii", "replace").strip()
            if not re.fullmatch(r"[0-9A-Fa-f]{1,15}", text):
                raise InputError(f"is no CRL number: {text[:40]!r}", where=path)
            return int(text, 16)
    return 0


def _kind(files: FileTree, looked: Looked) -> str:
    for kind, names in (
        ("step-ca", ("config/ca.json", "certs/root_ca.crt")),
        ("easy-rsa", ("pki/ca.crt", "vars", "safessl-easyrsa.cnf", "openssl-easyrsa.cnf", "keys/ca.crt")),
        ("openssl", _INDEXES),
    ):
        if any(files.exists(path) for path in _candidates(looked, names, "database" if kind == "openssl" else "")):
            return kind
    return "cfssl" if any(_databases(files, looked)) else "key-pair"


def _configs(files: FileTree, looked: Looked) -> dict[str, bytes]:
    return {path: files.read(path) for path in paths(files, looked) if path.endswith((".cnf", ".conf", ".json"))}


def _candidates(looked: Looked, names: tuple[str, ...], key: str = "") -> list[str]:
    """Where a file may be: what the configuration says under `key`, then the usual places."""
    said = [looked.said[key]] if key in looked.said else []
    return [*said, *(f"{looked.folder}/{name}" for name in names)] if looked.folder is not None else []


def _said(files: FileTree, looked: Looked, configs: Mapping[str, bytes]) -> dict[str, str]:
    """The files that configurations right in the folder name and that are there, wherever it lay when they were written."""
    found: dict[str, str] = {}
    here = posixpath.normpath(looked.folder) if looked.folder is not None else None
    for content in (text for path, text in configs.items() if posixpath.dirname(posixpath.normpath(path)) == here):
        for key, path in ca_files(content).items():
            parts = posixpath.normpath(path).lstrip("/").split("/")
            ends = ("/".join(parts[start:]) for start in range(len(parts)) if ".." not in parts[start:])
            there = next((place for end in ends if files.exists(place := f"{looked.folder}/{end}")), None)
            if there is not None and not files.is_folder(there):
                found.setdefault(key, there)
    return found
