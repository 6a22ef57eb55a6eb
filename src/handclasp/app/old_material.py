"""The certificates and CRLs in the files of a PKI that exists, in whatever form they were left."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from handclasp.model.certificate import Certificate, Crl, RevokedEntry
from handclasp.model.errors import InputError
from handclasp.pki.given_lists import given, given_crls
from handclasp.pki.signature import signed_by
from handclasp.ports.files import FileTree

_SUFFIXES = (".pem", ".crt", ".cer", ".cert", ".der", ".crl", ".p7b", ".key", "_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Where to look. With `certificate` (and `key`) the CA is named by its files.

    `certificates`, `crls`: folders or files beside that. `said`: the files that a configuration of openssl in the folder
    names, by its keys.
    """

    folder: str | None
    certificate: str | None = None
    key: str | None = None
    certificates: tuple[str, ...] = ()
    crls: tuple[str, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Material:
    """`keys`: the paths of files that hold private keys; `given`: certificates that a person named, by path."""

    certificates: tuple[Certificate, ...]
    crls: tuple[Crl, ...]
    keys: tuple[str, ...]
    given: Mapping[str, tuple[Certificate, ...]]


def gather(files: FileTree, looked: Looked) -> Material:
    """Every certificate and CRL that lies there: in a folder those in files of the usual names, and all that was named.

    Raises:
        InputError: a file that was named is not there, or holds nothing of the kind; in folders other files lie too.
    """
    certificates: dict[bytes, Certificate] = {}
    crls: dict[bytes, Crl] = {}
    keys: list[str] = []
    named_ones: dict[str, tuple[Certificate, ...]] = {}
    for path in paths(files, looked):
        named = path in (*looked.certificates, *looked.crls)
        if not named and path != looked.certificate and not path.endswith(_SUFFIXES):
            continue
        content = files.read(path)
        if b"PRIVATE KEY-----" in content:
            keys.append(path)
        found = given(content)
        if path in looked.crls:
            given_crls(content, where=path)
        elif path in looked.certificates and not found.certificates:
            raise InputError("holds no certificate", where=path, hint="PEM, DER or PKCS#7 are read")
        certificates.update((one.der, one) for one in found.certificates if one.der not in certificates)
        crls.update((one.der, one) for one in found.crls)
        if any(path == place or path.startswith(f"{place}/") for place in looked.certificates):
            named_ones[path] = found.certificates
    return Material(tuple(certificates.values()), tuple(crls.values()), tuple(keys), named_ones)


def paths(files: FileTree, looked: Looked) -> Iterator[str]:
    """Every file that may be looked into.

    Raises:
        InputError: one that was named is not there.
    """
    if looked.folder is not None:
        yield from files.walk(looked.folder)
    for place in (looked.certificate, looked.key, *looked.certificates, *looked.crls):
        if place is None:
            continue
        if not files.exists(place):
            raise InputError("is not there", where=place)
        yield from files.walk(place) if files.is_folder(place) else (place,)


def of_one_ca(crls: Iterable[Crl], certificate: Certificate) -> tuple[Crl, ...]:
    """Those that this CA signed, the oldest first."""
    own = [one for one in crls if one.issuer == certificate.subject and signed_by(one, certificate.spki)]
    return tuple(sorted(own, key=lambda one: (one.crl_number or 0, one.this_update)))


def newest_base(crls: tuple[Crl, ...]) -> Crl | None:
    """The newest that is no delta; one that speaks of all certificates goes before one of users alone (step-ca makes those)."""
    found = [one for one in reversed(crls) if one.delta_base is None and not one.indirect]
    return next((one for one in found if not (one.only_some_reasons or any(_sorts(one)))), found[0] if found else None)


def revoked_by(crls: tuple[Crl, ...]) -> Mapping[int, RevokedEntry]:
    """What the CRLs of one CA, oldest first, say together: the newest whole one, and of each part and delta the newest.

    A delta (Windows signs such) may also lift a hold of what it adds to (RFC 5280 5.2.4); nothing else unsays a revocation.
    """
    newest, base = {_scope(one): one for one in crls}, newest_base(crls)
    chosen = [one for one in crls if newest[_scope(one)] is one and not _superseded(one, base)]
    if len(chosen) == 1 and chosen[0].delta_base is None:
        return chosen[0].revoked
    found: dict[int, RevokedEntry] = {}
    for one in sorted(chosen, key=lambda each: each.delta_base is not None):
        for serial, entry in one.revoked.items():
            if entry.reason != "removeFromCRL":
                found.setdefault(serial, entry)
            elif found.get(serial) is not None and found[serial].reason == "certificateHold":
                del found[serial]
    return found


def _superseded(crl: Crl, base: Crl | None) -> bool:
    return crl.delta_base is not None and base is not None and crl.this_update < base.this_update


def _sorts(crl: Crl) -> tuple[bool, bool, bool]:
    return crl.only_user, crl.only_ca, crl.only_attribute


def _scope(crl: Crl) -> tuple[object, ...]:
    """Which certificates a CRL speaks of: that of another place may list others."""
    return crl.delta_base is not None, crl.distribution_point, crl.only_some_reasons, crl.indirect, _sorts(crl)
