"""CAs from elsewhere on nginx hosts: their files are read on the CA's machine, kept in the registry, and go with the orders.

So every server of a registry gives the same, whatever files it has; no host is told a path, and none opens one. The files are
read anew by `host set` and `crl --refresh`.
"""

import hashlib
import posixpath
from collections.abc import Iterable
from dataclasses import replace

import msgspec

from handclasp.app.home import Home
from handclasp.app.site_trust import SiteTrust, trust_from_pem, trust_mark, trust_of
from handclasp.model.errors import Bug, HandclaspError, InputError
from handclasp.model.intent import ClientCaIntent, SiteIntent
from handclasp.ports.store import Transaction

SITES = "host:"
"""Prefix of the settings that say what hosts serve."""

_KEPT = "host_ca:"


class _Kept(msgspec.Struct, frozen=True):
    """PEM: certificates and CRLs alone, written anew."""

    bundle: str
    crl: str | None


class OwnTrust(msgspec.Struct, frozen=True, kw_only=True):
    """Whom one site trusts, where that is not every CA of the home; as SiteTrust, in text."""

    bundle: str
    crl: str | None
    depth: int
    issuers: tuple[str, ...]

    def of(self, site: SiteIntent) -> SiteTrust:
        """For this site. What becomes a word of the configuration is made here, not taken from the network.

        Raises:
            InputError: it cannot be read.
        """
        bundle, crl = self.bundle.encode(), None if self.crl is None else self.crl.encode()
        if site.client_ca is not None and site.client_ca.file is not None:
            return trust_from_pem(bundle, crl, where=site.client_ca.file)
        return SiteTrust(bundle=bundle, crl=crl, depth=self.depth, issuers=self.issuers, mark=trust_mark(bundle))


def own_trust(trust: SiteTrust | None) -> OwnTrust | None:
    """The same in text; None for None."""
    if trust is None:
        return None
    crl = None if trust.crl is None else trust.crl.decode()
    return OwnTrust(bundle=trust.bundle.decode(), crl=crl, depth=trust.depth, issuers=trust.issuers)


def sites_of_all(home: Home) -> dict[str, tuple[SiteIntent, ...]]:
    """What every host should serve, by its name."""
    found = sorted((key.removeprefix(SITES), value) for key, value in home.store.values(SITES).items() if value)
    return {name: msgspec.json.decode(value, type=tuple[SiteIntent, ...]) for name, value in found}


def read_files(home: Home, sites: Iterable[SiteIntent]) -> dict[str, str]:
    """What `keep_files` takes: what the files with client CAs of these sites hold now.

    Raises:
        InputError: a file cannot be read, or nginx could let nobody in with it.
    """
    return {_key(wanted): _text(trust_of(home, wanted)) for wanted in _from_elsewhere(sites)}


def keep_files(home: Home, transaction: Transaction, found: dict[str, str], sites: Iterable[SiteIntent]) -> None:
    """Keep what was read; forget what none of `sites`, those of all hosts, names any more."""
    wanted = {_key(one) for one in _from_elsewhere(sites)}
    for key, text in found.items():
        transaction.set_value(key, text)
    for key, text in home.store.values(_KEPT).items():
        if text and key not in wanted:
            transaction.set_value(key, "")


def kept_trust(home: Home, wanted: ClientCaIntent) -> SiteTrust:
    """Whom a site of a host trusts now: of CAs from elsewhere what was read last, however old it is. Else see `trust_of`."""
    if wanted.file is None:
        return trust_of(home, wanted)
    found = home.store.value(_key(wanted))
    if not found:
        raise Bug("the registry does not hold the CAs of a host's site", where=wanted.file)
    held = msgspec.json.decode(found, type=_Kept)
    return trust_from_pem(held.bundle.encode(), None if held.crl is None else held.crl.encode(), where=wanted.file)


def as_told(site: SiteIntent) -> SiteIntent:
    """The site as its host is told it: where the files with its CAs lie, here, is no business of the host's."""
    ca = site.client_ca
    if ca is None or ca.file is None:
        return site
    crl = None if ca.crl is None else posixpath.basename(ca.crl)
    return replace(site, client_ca=ClientCaIntent(file=posixpath.basename(ca.file), crl=crl))


def read_again(home: Home) -> tuple[HandclaspError, ...]:
    """Read the files anew, those of the sites of all hosts. What cannot be used stays as it was, and is told."""
    hosts = sites_of_all(home)
    failures: list[HandclaspError] = []
    for wanted in _from_elsewhere(site for sites in hosts.values() for site in sites):
        try:
            found = _text(trust_of(home, wanted))
        except InputError as error:
            names = ", ".join(name for name, sites in hosts.items() if wanted in _from_elsewhere(sites))
            what = f"{names} goes on with the CAs and CRLs that it had: {error.what}"
            failures.append(InputError(what, where=error.where, hint=error.hint))
            continue
        if home.store.value(_key(wanted)) == found:
            continue
        with home.changing("reading client CAs"), home.store.begin() as transaction:
            transaction.set_value(_key(wanted), found)
            details = {"crl": wanted.crl or ""}
            now = home.clock.now()
            transaction.audit(at=now, actor=home.actor, action="host-cas-read", subject=wanted.shown, details=details)
    return tuple(failures)


def _from_elsewhere(sites: Iterable[SiteIntent]) -> tuple[ClientCaIntent, ...]:
    """Each pair of files once."""
    named = (site.client_ca for site in sites)
    return tuple(dict.fromkeys(one for one in named if one is not None and one.file is not None))


def _text(trust: SiteTrust) -> str:
    crl = None if trust.crl is None else trust.crl.decode()
    return msgspec.json.encode(_Kept(bundle=trust.bundle.decode(), crl=crl)).decode()


def _key(wanted: ClientCaIntent) -> str:
    return _KEPT + hashlib.sha256(f"{wanted.file}\0{wanted.crl or ''}".encode()).hexdigest()[:32]
