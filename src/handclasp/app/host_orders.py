"""nginx hosts of a fleet, seen from the CA: what each must serve, certificates for its keys, what it says it did.

A host gets intents and tables, never text for its configuration: it renders them itself, for its own nginx.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import msgspec
from cryptography import x509

from handclasp.app.apply_certificates import identity_of
from handclasp.app.apply_files import of_the_living
from handclasp.app.authority import certificate_of
from handclasp.app.ca_files import crl_file_content
from handclasp.app.canaries import canary_cas
from handclasp.app.hierarchy import is_retired
from handclasp.app.home import Home
from handclasp.app.host_cas import SITES, OwnTrust, as_told, keep_files, kept_trust, own_trust, read_files, sites_of_all
from handclasp.app.issue import Issued, IssueOrder, issue
from handclasp.app.renew import RenewOrder, renew
from handclasp.app.site import SiteOrder, intermediates, material
from handclasp.app.site_trust import families, trust_of
from handclasp.model.command import word
from handclasp.model.errors import PolicyError, UsageError
from handclasp.model.intent import AdmittedCertificate, SiteIntent
from handclasp.nginxconf.render_words import server_name
from handclasp.pki.csr import Wishes
from handclasp.pki.export import pem_of
from handclasp.pki.names import identity_name

_REPORT = "host_report:"
_ELSEWHERE = "on the host"  # the server certificate: its key never leaves the host


class HostOrders(msgspec.Struct, frozen=True, kw_only=True):
    """What an nginx host needs to know; nothing of it is secret. `admitted` and `trusts` go with `sites`, place by place.

    `bundle` and `crl` are PEM, for ssl_client_certificate and ssl_crl; `session_epoch` as in SiteMaterial. `canaries` are the
    labels of the CAs whose CRL the host proves by a revoked client of its own. `signers` are the key identifiers (hexadecimal)
    of the CAs that sign now: what another one signed is to be renewed. None: that is not said.
    """

    bundle: str
    crl: str
    verify_depth: int
    session_epoch: int
    sites: tuple[SiteIntent, ...]
    admitted: tuple[tuple[AdmittedCertificate, ...], ...]
    trusts: tuple[OwnTrust | None, ...]
    canaries: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        """Another one for other orders."""
        own = msgspec.json.encode(msgspec.structs.replace(self, bundle="", crl=""))
        return hashlib.sha256(_digest(self.bundle, self.crl) + own).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What all hosts get alike; the list of revoked certificates may be long."""

    bundle: str
    crl: str
    canaries: tuple[str, ...]
    signers: tuple[str, ...]


class Probed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One probe that a host made, and what it saw."""

    name: str
    seen: str


class CrlProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a host saw of the CRL of one CA. `number`: of the CRL that its nginx was given; None: no canary is on it.

    `proven`: at every site its nginx took the host's own certificate for good, and refused the canary as revoked; else `why`.
    """

    ca: str
    number: int | None = None
    proven: bool = False
    why: str = ""


class HostReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a host did with its orders. `failed`: why they are not in force, in words; None: they are, and were proven.

    `probes`: how many were made; `wrong`: the first of those that saw what must not be. `serving`: whether an nginx runs there.
    """

    tag: str
    session_epoch: int
    nginx: str
    probes: int = 0
    wrong: tuple[Probed, ...] = ()
    crls: tuple[CrlProof, ...] = ()
    failed: str | None = None
    serving: bool = True


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """A report as it is kept. `at`: when it came; `event`: the last audit event then.

    `refused_after`: seconds from the newest revocation to its being in force there, None before there was one. `proven_at`:
    when it last proved every CRL by a revoked client.
    """

    at: datetime
    event: int
    report: HostReport
    refused_after: float | None = None
    proven_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One host. `current`: what it reported last is what it should serve now."""

    name: str
    sites: tuple[str, ...]
    noted: Noted | None
    current: bool

    @property
    def proven(self) -> bool:
        """Whether what it should serve is in force, and its nginx was seen to refuse a revoked client of every CA."""
        report = self.noted.report if self.noted else None
        return self.current and report is not None and report.serving and all(one.proven for one in report.crls)


def set_host(home: Home, name: str, orders: tuple[SiteOrder, ...]) -> None:
    """Say what a host must serve from now on.

    Raises:
        UsageError: the identity that the host shows to the API does not exist, or one that a site lets in, or its CA.
        PolicyError: a site names its certificate: hosts get theirs by themselves.
        InputError: files with CAs from elsewhere cannot be read, or nginx could let nobody in with them.
    """
    identity_name(name)
    if not home.store.certificates(name=name):
        raise UsageError(f"there is no identity {name} for this host", hint=f"handclasp issue {word(name)}")
    for order in orders:
        if order.certificate or order.certificate_key:
            raise PolicyError(
                "the site names its certificate; a host makes its key itself and gets the certificate for it",
                where=order.intent.server_names[0],
                hint="leave certificate and certificate_key out",
            )
        if (ca := order.intent.client_ca) is not None and ca.file is None:
            trust_of(home, ca)
        unknown = [one for one in order.intent.listed or () if not home.store.certificates(name=one)]
        if unknown:
            raise UsageError(f"there is no identity {unknown[0]} to let in", hint=f"handclasp issue {word(unknown[0])}")
    wanted = tuple(order.intent for order in orders)
    found = read_files(home, wanted)
    with home.changing(f"setting host {name}"), home.store.begin() as transaction:
        transaction.set_value(f"{SITES}{name}", msgspec.json.encode(wanted).decode())
        keep_files(home, transaction, found, _served_by(sites_of_all(home) | {name: wanted}))
        names = ", ".join(order.intent.server_names[0] for order in orders)
        transaction.audit(at=home.clock.now(), actor=home.actor, action="host-set", subject=name, details={"sites": names})


def drop_host(home: Home, name: str) -> None:
    """Give a host no orders any more; its nginx stays as it is. UsageError when there is no such host."""
    sites_of(home, name)
    with home.changing(f"dropping host {name}"), home.store.begin() as transaction:
        transaction.set_value(f"{SITES}{name}", "")
        transaction.set_value(f"{_REPORT}{name}", "")
        keep_files(home, transaction, {}, _served_by({**sites_of_all(home), name: ()}))
        transaction.audit(at=home.clock.now(), actor=home.actor, action="host-dropped", subject=name, details={})


def sites_of(home: Home, name: str) -> tuple[SiteIntent, ...]:
    """What a host should serve. UsageError when there is no such host."""
    found = home.store.value(f"{SITES}{name}")
    if not found:
        raise UsageError(f"there is no host {name}", hint="handclasp host set NAME --file handclasp.toml")
    return msgspec.json.decode(found, type=tuple[SiteIntent, ...])


def _served_by(hosts: dict[str, tuple[SiteIntent, ...]]) -> tuple[SiteIntent, ...]:
    return tuple(site for sites in hosts.values() for site in sites)


def common_of(home: Home) -> Common:
    """What all hosts must know now."""
    return Common(
        bundle=b"".join(pem_of(authority.certificate) for authority in home.authorities()).decode(),
        crl=crl_file_content(home).decode(),
        canaries=canary_cas(home),
        signers=_signers(home),
    )


def orders_of(home: Home, name: str, common: Common | None = None) -> HostOrders:
    """What a host must know now; `common` if it was looked up already. UsageError when there is no such host."""
    common = common or common_of(home)
    sites = tuple(of_the_living(home, site) for site in sites_of(home, name))
    whose = [families(home, site.client_ca) for site in sites]
    trusts = [kept_trust(home, site.client_ca) if site.client_ca else None for site in sites]
    given = [material(home, _nowhere(SiteOrder(intent=site)), trust) for site, trust in zip(sites, trusts, strict=True)]
    return HostOrders(
        bundle=common.bundle,
        crl=common.crl,
        verify_depth=intermediates(home),
        session_epoch=max(one.session_epoch for one in given),
        sites=tuple(map(as_told, sites)),
        admitted=tuple(one.admitted for one in given),
        trusts=tuple(map(own_trust, trusts)),
        canaries=tuple(label for label in common.canaries if any(meant is None or label in meant for meant in whose)),
        signers=common.signers,
    )


def _signers(home: Home) -> tuple[str, ...]:
    """The key identifiers of the CAs that sign now; nothing when one has none, as it would seem to sign no more."""
    found = [certificate_of(one) for one in home.authorities() if one.parent is not None and not is_retired(home, one.label)]
    keys = [
        one.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex() for one in found if _named(one)
    ]
    return tuple(sorted(keys)) if len(keys) == len(found) else ()


def _named(authority: x509.Certificate) -> bool:
    return any(isinstance(one.value, x509.SubjectKeyIdentifier) for one in authority.extensions)


def certify_site(home: Home, host: str, site: str, wishes: Wishes) -> Issued:
    """A server certificate for a site of a host, for a key of that host.

    Raises:
        UsageError: the host does not serve it.
        PolicyError: see `issue` and `renew`.
    """
    found = next((one for one in sites_of(home, host) if one.server_names[0] == site), None)
    if found is None:
        raise UsageError(f"{host} does not serve this site", where=site)
    name = identity_of(SiteOrder(intent=found))
    if home.store.certificates(name=name):
        return renew(home, RenewOrder(name=name, wishes=wishes))
    names = tuple(f"dns:{server_name(one)}" for one in found.server_names)
    return issue(home, IssueOrder(name=name, profile="server", subject_alt_names=names, wishes=wishes))


def note_report(home: Home, name: str, report: HostReport) -> Noted:
    """Keep what a host says. UsageError when there is no such host."""
    sites_of(home, name)
    before = _noted(home, name)
    now = home.clock.now()
    last = home.store.last_audit_event()
    took = before.refused_after if before else None
    if before and report.failed is None and report.serving and report.session_epoch > before.report.session_epoch:
        gone = [one.at for one in home.store.audit_events(after=before.event) if one.action == "revoked"]
        took = round((now - max(gone)).total_seconds(), 3) if gone else took
    if report.failed is not None and before:  # what was in force still is
        report = msgspec.structs.replace(report, session_epoch=before.report.session_epoch, crls=before.report.crls)
    event = last.sequence if last and report.failed is None else before.event if before else 0
    proven = report.failed is None and bool(report.crls) and all(one.proven for one in report.crls)
    proven_at = now if proven else before.proven_at if before else None
    noted = Noted(at=now, event=event, report=report, refused_after=took, proven_at=proven_at)
    with home.store.begin() as transaction:
        transaction.set_value(f"{_REPORT}{name}", msgspec.json.encode(noted).decode())
    return noted


def hosts(home: Home) -> tuple[Host, ...]:
    """Every host, by name."""
    found = sites_of_all(home)
    common = common_of(home) if found else None
    return tuple(_host(home, name, common) for name in found)


def _host(home: Home, name: str, common: Common | None) -> Host:
    noted, orders = _noted(home, name), orders_of(home, name, common)
    current = noted is not None and noted.report.failed is None and noted.report.tag == orders.tag
    return Host(name=name, sites=tuple(site.server_names[0] for site in orders.sites), noted=noted, current=current)


def _noted(home: Home, name: str) -> Noted | None:
    found = home.store.value(f"{_REPORT}{name}")
    return msgspec.json.decode(found, type=Noted) if found else None


@lru_cache(maxsize=1)
def _digest(bundle: str, crl: str) -> bytes:
    """Of what all hosts get: once, not once for each host."""
    return hashlib.sha256(msgspec.json.encode((bundle, crl))).digest()


def _nowhere(order: SiteOrder) -> SiteOrder:
    return replace(order, certificate=_ELSEWHERE, certificate_key=_ELSEWHERE, home_inside=None)
