"""Whom one site trusts, where that is not every CA of the home: one of its CAs, or CAs from elsewhere.

nginx knows no trust in an issuing CA alone: its root has to be in the store, and with the root comes every CA beside it. So
three things keep those out: only the CRLs of the CAs that are meant are there, and nginx refuses a path without; the depth is
theirs; and the issuer of each client is asked for by name.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from cryptography import x509

from handclasp.app.home import Home
from handclasp.app.rollover import SUCCESSOR
from handclasp.model.certificate import Certificate, Crl
from handclasp.model.errors import InputError, PolicyError, UsageError
from handclasp.model.intent import ClientCaIntent, SiteMaterial
from handclasp.model.issuance import Authority
from handclasp.pki.distinguished_name import rfc2253
from handclasp.pki.export import crl_pem, pem_of
from handclasp.pki.read import certificates_from_pem, crls_from_pem
from handclasp.pki.signature import signed_by
from handclasp.ports.files import FileReader

_MOST_WORDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTrust:
    """PEM for ssl_client_certificate and ssl_crl (None: none), and what rendering says besides (see SiteMaterial)."""

    bundle: bytes
    crl: bytes | None
    depth: int
    issuers: tuple[str, ...]
    mark: str


def family(home: Home, label: str) -> frozenset[str]:
    """The labels of a CA of this home, of those below it, of their successors: whose clients are its clients.

    Raises:
        UsageError: there is no such CA.
    """
    known = home.authorities()
    if label not in {one.label for one in known}:
        raise UsageError(
            f"there is no CA {label[:40]!r} in this home", hint=f"there are: {', '.join(one.label for one in known)}"
        )
    followed = {key.removeprefix(SUCCESSOR): after for key, after in home.store.values(SUCCESSOR).items()}
    found, size = {label}, 0
    while size != len(found):
        size = len(found)
        found |= {one.label for one in known if one.parent in found or one.label in {followed.get(each) for each in found}}
    return frozenset(found)


def families(home: Home, wanted: ClientCaIntent | None) -> frozenset[str] | None:
    """The labels of the home's CAs whose clients may enter; None: all of them."""
    if wanted is None:
        return None
    return frozenset() if wanted.label is None else family(home, wanted.label)


def trust_of(home: Home, wanted: ClientCaIntent) -> SiteTrust:
    """What nginx must know for a site with CAs of its own.

    Raises:
        UsageError: there is no CA of that label.
        PolicyError: another CA of the home cannot be told from those that are meant.
        InputError: a file from elsewhere cannot be read, or nginx could let nobody in with it.
    """
    if wanted.label is not None:
        return _of_home(home, wanted.label)
    found = strange_trust(home.files, wanted)
    faults = list(_strange_faults(home, found, wanted))
    if faults:
        first, *others = faults
        first.hint = "\n".join(one.what for one in others[:_MOST_WORDS]) or None
        raise first
    return found


def _of_home(home: Home, label: str) -> SiteTrust:
    known = home.authorities()
    meant = family(home, label)
    above = _with_parents(known, meant)
    chosen = [one for one in known if one.label in above]
    issuers = {_name(one.certificate): one.label for one in known if one.label in meant}
    for other in home.store.authorities():
        if other.label not in meant and _name(other.certificate) in issuers:
            raise PolicyError(
                f"the {other.label} CA has the name of the {issuers[_name(other.certificate)]} CA: nginx cannot tell their"
                " clients apart",
                hint="handclasp ca rollover LABEL     gives one of them another name",
            )
    lists = [home.store.latest_crl(one.label) for one in chosen]
    bundle = b"".join(pem_of(one.certificate) for one in chosen)
    return SiteTrust(
        bundle=bundle,
        crl=b"".join(crl_pem(der) for der in lists if der is not None),
        depth=max(len(_with_parents(known, {one})) - 1 for one in meant),
        issuers=tuple(issuers),
        mark=trust_mark(bundle),
    )


def _with_parents(known: tuple[Authority, ...], labels: frozenset[str] | set[str]) -> frozenset[str]:
    """These CAs, and those above them up to the root."""
    parents = {one.label: one.parent for one in known}
    found: set[str] = set()
    for label in labels:
        above: str | None = label
        while above is not None and above not in found:
            found.add(above)
            above = parents.get(above)
    return frozenset(found)


def beside(material: SiteMaterial, bundle: bytes) -> SiteMaterial:
    """The material of a site that takes every CA of a bundle, where another site has CAs of its own.

    It asks for the issuer too: some builds resume a session of one site at another (CVE-2025-23419).
    """
    issuers = tuple(dict.fromkeys(_name(one.der) for one in certificates_from_pem(bundle, where="")))
    return replace(material, issuers=issuers, session_mark=trust_mark(bundle))


def strange_trust(files: FileReader, wanted: ClientCaIntent) -> SiteTrust:
    """CAs from elsewhere as they are, good or not: written anew, so that nothing but certificates and CRLs is in the files.

    Raises:
        InputError: a file cannot be read.
    """
    path = wanted.file or ""
    return trust_from_pem(files.read(path), None if wanted.crl is None else files.read(wanted.crl), where=path, crl=wanted.crl)


def placed_trust(files: FileReader, bundle: str, crl: str) -> SiteTrust:
    """What nginx was given last, from the files of ours that it reads; InputError when they cannot be read."""
    return trust_from_pem(files.read(bundle), files.read(crl) if files.exists(crl) else None, where=bundle, crl=crl)


def trust_from_pem(bundle: bytes, lists: bytes | None, *, where: str, crl: str | None = None) -> SiteTrust:
    """CAs from elsewhere by the content of their files; `where` and `crl` name these in an InputError: one cannot be read."""
    held = tuple(dict.fromkeys(certificates_from_pem(bundle, where=where)))
    return _strange(held, None if lists is None else crls_from_pem(lists, where=crl or where))


def _strange(held: tuple[Certificate, ...], lists: tuple[Crl, ...] | None) -> SiteTrust:
    revoked = sorted((one.issuer, serial) for one in lists or () for serial in one.revoked)
    bundle = b"".join(pem_of(one.der) for one in held)
    return SiteTrust(
        bundle=bundle,
        crl=None if lists is None else b"".join(crl_pem(one.der) for one in lists),
        depth=max((len(_path(one, held)) - 1 for one in held), default=0),
        issuers=tuple(dict.fromkeys(_name(one.der) for one in held)),
        # Of this CA no revocation moves the home's epoch: what is on its lists does.
        mark=trust_mark(bundle, repr(revoked).encode()),
    )


def _strange_faults(home: Home, found: SiteTrust, wanted: ClientCaIntent) -> Iterator[InputError]:
    """Why nobody could enter with these files, or somebody who should not."""
    where = wanted.file or ""
    held = certificates_from_pem(found.bundle, where=where)
    own: Mapping[bytes, str] = {one.certificate: one.label for one in home.store.authorities()}
    if not held:
        yield InputError("there is no certificate in PEM in this file", where=where)
    for one in held:
        name, label = one.subject_text, own.get(one.der)
        if label is not None:
            yield InputError(f'{name} is the {label} CA of this home: write client_ca = "{label}"', where=where)
        elif one.basic_constraints is None or not one.basic_constraints.ca:
            yield InputError(f"{name} is not a CA: it would be let in itself, and nobody else", where=where)
        elif not _path(one, held)[-1].self_issued:
            yield InputError(
                f"the CA above {name} is not in it: nginx needs every CA up to the root ({one.issuer_text})", where=where
            )
    if found.crl is None:
        return
    lists, now = crls_from_pem(found.crl, where=wanted.crl or ""), home.clock.now()
    for one in held:
        name, theirs = one.subject_text, [each for each in lists if each.issuer == one.subject and signed_by(each, one.spki)]
        if not theirs:
            yield InputError(f"no CRL of {name} is in it, and without one nginx refuses all its clients", where=wanted.crl)
        elif not any(each.this_update <= now and (each.next_update is None or each.next_update > now) for each in theirs):
            yield InputError(f"no CRL of {name} is valid now, and without one nginx refuses all its clients", where=wanted.crl)


def _path(one: Certificate, held: tuple[Certificate, ...]) -> list[Certificate]:
    """The certificate and those above it in the file."""
    found = [one]
    while not found[-1].self_issued:
        above = next((each for each in held if each.subject == found[-1].issuer and signed_by(found[-1], each.spki)), None)
        if above is None or above in found:
            break
        found.append(above)
    return found


def _name(der: bytes) -> str:
    """The name of a CA as nginx shows it for the issuer of a client."""
    return rfc2253(x509.load_der_x509_certificate(der).subject.public_bytes())


def trust_mark(*parts: bytes) -> str:
    """Another one for other trust: it keeps sessions apart."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:8]
