"""Reads a PKI that exists: a folder of `openssl ca`, easy-rsa, step-ca or cfssl, or just a CA certificate and its key.

Nothing there is changed, and no key is needed to look.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from handclasp.app.old_keys import belongs, key_in
from handclasp.app.old_pki import OldCa, OldKey, OldPki
from handclasp.app.old_registry import overlaid, rows_as_lines, unlisted
from handclasp.model.certificate import Certificate, Crl
from handclasp.model.errors import InputError, UsageError
from handclasp.pki.openssl_config import ca_files
from handclasp.pki.openssl_index import IndexLine, read_index
from handclasp.pki.read import certificates_from_bytes, certificates_from_pem, crls_from_pem
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
_ROOT_KEYS = tuple(name for name in _KEYS if "intermediate" not in name)
_INDEXES = ("index.txt", "pki/index.txt", "keys/index.txt")
_NUMBERS = ("crlnumber", "pki/crlnumber", "keys/crlnumber")
_PEM = (".pem", ".crt", ".cer", ".cert", ".crl", ".key", "_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Where to look. With `certificate` (and `key`) the CA is named by its files; `more`: folders or files beside that.

    `said`: the files that a configuration of openssl in the folder names, by its keys.
    """

    folder: str | None
    certificate: str | None = None
    key: str | None = None
    more: tuple[str, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)


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
    material = _gather(files, looked)
    top = _first_ca(files, looked)
    path = _chosen(material, top)
    keys = {place: key_in(files, place, passphrase) for place in _key_places(files, looked)}
    lines, rows = _index(files, looked), _rows(files, looked, cfssl)
    cas = []
    for certificate in path:
        lowest = certificate is path[-1]
        issued = {one.serial: one for one in (*material.certificates, *rows[1]) if _issued(one, certificate)}
        crl = _newest(material.crls, certificate)
        known = (lines or rows[0]) if lowest else ()
        known = (*known, *unlisted(issued.values(), known))
        number = max(_number(files, looked) if lowest else 0, (crl.crl_number or 0) + 1 if crl else 0)
        cas.append(
            OldCa(
                certificate=certificate,
                key=_key_of(certificate, keys, looked),
                lines=overlaid(known, crl, certificate.not_after),
                certificates=issued,
                crl=crl,
                crl_number=number,
            )
        )
    return OldPki(
        kind=_kind(files, looked),
        folder=looked.folder or looked.certificate or "",
        cas=tuple(cas),
        loose=tuple(_loose(files, material.keys, keys)),
        others=tuple(one for one in material.certificates if _is_root(one) and one.der not in {ca.der for ca in path}),
        configs=configs,
    )


@dataclass(frozen=True, slots=True)
class _Material:
    certificates: tuple[Certificate, ...]
    crls: tuple[Crl, ...]
    keys: tuple[str, ...]


def _gather(files: FileTree, looked: Looked) -> _Material:
    """Every certificate and CRL in PEM that lies there, and the paths of files that hold private keys."""
    certificates: dict[bytes, Certificate] = {}
    crls: dict[bytes, Crl] = {}
    keys: list[str] = []
    for path in _paths(files, looked):
        if not path.endswith(_PEM):
            continue
        try:
            content = files.read(path)
            if b"PRIVATE KEY-----" in content:
                keys.append(path)
            for one in certificates_from_pem(content, where=path) if b"BEGIN CERTIFICATE-" in content else ():
                certificates.setdefault(one.der, one)
            for crl in crls_from_pem(content, where=path) if b"BEGIN X509 CRL-" in content else ():
                crls.setdefault(crl.der, crl)
        except InputError:
            continue  # what cannot be read is reported as missing, by its serial
    return _Material(tuple(certificates.values()), tuple(crls.values()), tuple(keys))


def _paths(files: FileTree, looked: Looked) -> Iterator[str]:
    if looked.folder is not None:
        yield from files.walk(looked.folder)
    for place in (looked.certificate, looked.key, *looked.more):
        if place is None:
            continue
        if not files.exists(place):
            raise InputError("is not there", where=place)
        yield from files.walk(place) if files.is_folder(place) else (place,)


def _first_ca(files: FileTree, looked: Looked) -> Certificate:
    for path in [looked.certificate] if looked.certificate else _candidates(looked, _CERTIFICATES, "certificate"):
        if path and files.exists(path):
            return certificates_from_bytes(files.read(path), where=path)[0]
    raise InputError(
        "has no CA certificate",
        where=looked.folder,
        hint=f"name it: --ca FILE --key FILE\nlooked for: {', '.join(_CERTIFICATES)}, and what an openssl.cnf there says",
    )


def _chosen(material: _Material, found: Certificate) -> tuple[Certificate, ...]:
    """The CA and those above it that are there, from the top down."""
    path = [found]
    while not path[0].self_issued:
        above = next((one for one in material.certificates if _issued(path[0], one)), None)
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
    return tuple(path for path in _candidates(looked, _KEYS, "private_key") if files.exists(path))


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
    return next((keys[place] for place in places if place in keys and keys[place].key is None), None)


def _newest(crls: tuple[Crl, ...], certificate: Certificate) -> Crl | None:
    own = [one for one in crls if one.issuer == certificate.subject and signed_by(one, certificate.spki)]
    return max(own, key=lambda one: (one.crl_number or 0, one.this_update), default=None)


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
    for path in _paths(files, looked):
        near = path.rpartition("/")[0] == looked.folder or path in looked.more
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
    return {path: files.read(path) for path in _paths(files, looked) if path.endswith((".cnf", ".conf", ".json"))}


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
