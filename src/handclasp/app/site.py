"""A site from what a person asked for: checked intent, and the files and facts of the home that rendering needs."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace

from cryptography import x509

from handclasp.app.home import SESSION_EPOCH, Home
from handclasp.app.site_trust import SiteTrust, beside, families, trust_of
from handclasp.model.errors import UsageError
from handclasp.model.intent import AdmittedCertificate, ClientCaIntent, SiteIntent, SiteMaterial, UpstreamIntent
from handclasp.model.issuance import CertificateRecord, CertificateState
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf.render import render_sites
from handclasp.nginxconf.render_words import server_name
from handclasp.pki.distinguished_name import rfc2253
from handclasp.pki.names import identity_name
from handclasp.pki.read import certificate_from_der
from handclasp.pki.serials import format_serial

LOG_FOLDER = "/var/log/nginx"
_SERVES = frozenset({"server", "peer"})
_ENTERS = frozenset({"client", "peer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOrder:
    """One site with the choices that are not part of its intent.

    `certificate` and `certificate_key` are paths of a certificate from elsewhere; None: the one that this CA issued for the
    names. `logs` is the folder for its two logs; None: that of the nginx that serves it. `home_inside` is
    where nginx sees the home, when that is another place than here (a volume of a container).
    """

    intent: SiteIntent
    certificate: str | None = None
    certificate_key: str | None = None
    logs: str | None = None
    home_inside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedSite:
    """A site's text, with what it was made of. `name` is a file name for it, without folder."""

    name: str
    text: str
    intent: SiteIntent
    material: SiteMaterial


def parse_listen(text: str) -> tuple[str, int]:
    """`443`, `:443`, `127.0.0.1:8443` or `[::1]:8443` as (address, port). UsageError when it is none of these."""
    address, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and len(port) < 6) or (":" in address and not address.startswith("[")):
        raise UsageError(f"{text!r} is not an address to listen on", hint="write 443, 127.0.0.1:8443 or [::1]:8443")
    return _spelt(address), int(port)


def _spelt(address: str) -> str:
    """One spelling for each address; what is none stays as it is, for rendering to refuse."""
    if address in {"", "0.0.0.0"}:  # noqa: S104 - what the person asked for
        return "*"
    try:
        known = ipaddress.ip_address(address.removeprefix("[").removesuffix("]"))
    except ValueError:
        return address
    return f"[{known}]" if known.version == 6 else str(known)


def site_intent(
    names: tuple[str, ...],
    listen: tuple[str, ...],
    upstream: UpstreamIntent | None = None,
    allow: tuple[str, ...] = (),
    client_ca: ClientCaIntent | None = None,
) -> SiteIntent:
    """Words of a command line as an intent. No `allow`: every client of the CA.

    Raises:
        UsageError: a listen address or an identity name is none.
    """
    return SiteIntent(
        server_names=names,
        listen=tuple(parse_listen(text) for text in listen),
        upstream=upstream,
        allow=tuple(identity_name(name) for name in allow) or None,
        client_ca=client_ca,
    )


def render(home: Home, orders: tuple[SiteOrder, ...], version: NginxVersion) -> tuple[RenderedSite, ...]:
    """The text of each site, from the home's CA.

    Raises:
        UsageError: the home has no CA, or no certificate for a site's names.
        PolicyError: see nginxconf.render.
    """
    made = [(order, material(home, order)) for order in orders]
    if any(order.intent.client_ca for order in orders):
        bundle = home.files.read(home.layout.bundle)
        made = [(order, given if order.intent.client_ca else beside(given, bundle)) for order, given in made]
    texts = render_sites(((order.intent, given) for order, given in made), version)
    return tuple(
        RenderedSite(name=_file_name(order.intent), text=text, intent=order.intent, material=given)
        for (order, given), text in zip(made, texts, strict=True)
    )


def material(home: Home, order: SiteOrder, trust: SiteTrust | None = None) -> SiteMaterial:
    """The files and facts of the home for one site; `trust`, if it was looked up already.

    Raises:
        UsageError: the home has no CA, or no certificate for its names.
        others as `site_trust.trust_of`.
    """
    home.authorities()
    certificate, key = (_seen(home, order, path) for path in own_certificate(home, order))
    error_log, access_log = logs_of(order.logs or LOG_FOLDER, server_name(order.intent.server_names[0]))
    wanted = order.intent.client_ca
    meant = families(home, wanted)
    found = SiteMaterial(
        certificate=certificate,
        certificate_key=key,
        client_certificate=_seen(home, order, home.layout.bundle),
        crl=_seen(home, order, home.layout.crl),
        verify_depth=intermediates(home),
        session_epoch=int(home.store.value(SESSION_EPOCH) or 0),
        error_log=error_log,
        access_log=access_log,
        admitted=tuple(one for name in order.intent.listed or () for one in _admitted(home, name, meant)),
    )
    if wanted is None:
        return found
    known = trust or trust_of(home, wanted)
    if wanted.file is None:
        # The files of the home are those of all its CAs: whose client it is decides the issuer.
        return replace(found, issuers=known.issuers, session_mark=known.mark)
    own = replace(found, client_certificate=wanted.file, crl=wanted.crl)
    return with_trust(own, known)


def with_trust(found: SiteMaterial, trust: SiteTrust) -> SiteMaterial:
    """The material of a site whose files hold these CAs and no others."""
    return replace(found, verify_depth=trust.depth, issuers=trust.issuers, session_mark=trust.mark)


def logs_of(folder: str, name: str) -> tuple[str, str]:
    """The error log and the access log of a site, by its first server name."""
    log = f"{folder.rstrip('/')}/handclasp-{name.replace('*', 'any')}"
    return f"{log}-error.log", f"{log}-access.log"


def _seen(home: Home, order: SiteOrder, path: str) -> str:
    """A path of the home as nginx sees it."""
    own = f"{home.layout.folder}/"
    if order.home_inside is None or not path.startswith(own):
        return path
    return f"{order.home_inside.rstrip('/')}/{path.removeprefix(own)}"


def own_certificate(home: Home, order: SiteOrder) -> tuple[str, str]:
    """The paths of the site's certificate and key, here. UsageError when there is none for its names."""
    names = tuple(server_name(name) for name in order.intent.server_names)
    if not names:
        raise UsageError("the site has no server name", hint="give --server-name NAME")
    if (order.certificate is None) != (order.certificate_key is None):
        raise UsageError("a certificate needs its key, and the key its certificate", hint="give both paths")
    if order.certificate is not None and order.certificate_key is not None:
        return order.certificate, order.certificate_key
    found = [
        record
        for record in _live(home, home.store.walk())
        if record.profile in _SERVES and _covers(record, names) and _in_place(home, record)
    ]
    if not found:
        others = " ".join(f"--san dns:{name}" for name in names[1:])
        command = f"handclasp issue {names[0].replace('*.', '')} --profile server"
        wild = f" --san dns:{names[0]}" if names[0].startswith("*.") else ""
        raise UsageError(
            f"this CA has issued no server certificate for {', '.join(names)}", hint=f"{command}{wild} {others}".rstrip()
        )
    best = max(found, key=lambda record: (record.name == names[0], record.not_after))
    return home.layout.identity(best.name, "chain.pem"), home.layout.identity(best.name, "key.pem")


def _in_place(home: Home, record: CertificateRecord) -> bool:
    """Whether its chain was written: what an interrupted run signed is finished by the issue that is asked for instead."""
    return home.files.exists(home.layout.identity(record.name, "chain.pem"))


def _covers(record: CertificateRecord, names: tuple[str, ...]) -> bool:
    if record.certificate is None:
        return False
    alternative = certificate_from_der(record.certificate).subject_alt_name or ()
    held = {name.value.lower() for name in alternative if name.kind == "dns"}
    return all(name in held or f"*.{name.partition('.')[2]}" in held for name in names)


def _live(home: Home, records: Iterable[CertificateRecord]) -> tuple[CertificateRecord, ...]:
    now = home.clock.now()
    return tuple(record for record in records if record.state is CertificateState.ISSUED and record.not_after > now)


def _admitted(home: Home, name: str, meant: frozenset[str] | None) -> list[AdmittedCertificate]:
    return [
        AdmittedCertificate(identity=record.name, issuer_dn=_issuer_dn(record), serial=format_serial(record.serial))
        for record in _live(home, home.store.certificates(name=name))
        if record.profile in _ENTERS and record.certificate is not None and (meant is None or record.issuer in meant)
    ]


def _issuer_dn(record: CertificateRecord) -> str:
    certificate = x509.load_der_x509_certificate(record.certificate or b"")
    return rfc2253(certificate.issuer.public_bytes())


def intermediates(home: Home) -> int:
    """The longest way from a CA of the home to its root, in certificates below the root."""
    parents = {authority.label: authority.parent for authority in home.authorities()}
    longest = 0
    for parent in parents.values():
        steps, above = 0, parent
        while above is not None:
            steps, above = steps + 1, parents[above]
        longest = max(longest, steps)
    return longest


def _file_name(intent: SiteIntent) -> str:
    # A folder that http{} includes takes *.conf: what belongs into stream{} must not be found there.
    end = "stream" if intent.stream else "conf"
    return f"handclasp-{server_name(intent.server_names[0]).replace('*', 'any')}.{end}"
