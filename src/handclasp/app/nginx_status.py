"""Who asks whom for a certificate: one configuration seen from its listen addresses."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from handclasp.diagnose.generated import Writers
from handclasp.diagnose.lint import lint
from handclasp.model.errors import HandclaspError
from handclasp.model.evidence import Evidence
from handclasp.model.intent import SiteIntent
from handclasp.model.nginx import EffectiveConfig, Location, ProxyHeader, TlsServer, VerifyClient
from handclasp.model.nginx_status import (
    AuthorityStatus,
    BackendStatus,
    CrlStatus,
    Deadline,
    EndKind,
    Enters,
    EntryRule,
    NginxCheck,
    NginxStatus,
    ServerStatus,
    SocketStatus,
)
from handclasp.nginxconf.entry_rules import entry_rules
from handclasp.nginxconf.select import Socket, sockets
from handclasp.nginxconf.start_faults import evidence_faults
from handclasp.pki.read import certificates_from_pem, crls_from_pem
from handclasp.verdict.predict import Stage
from handclasp.verdict.trust import certificates_in, crls_in

Known = dict[str | tuple[str, int], SiteIntent]
"""Sites of ours by first name; those that pass bytes by address and port."""


def nginx_check(evidence: Evidence) -> NginxCheck:
    """What nginx would refuse; if nothing, what the doctor's rules find in every server.

    Raises:
        InputError: the configuration cannot be read at all.
    """
    stage = Stage(evidence)
    faults = evidence_faults(evidence, stage.tree, stage.config, stage.version, stage.series)
    writers = Writers(stage.tree)
    written = (writers.of_fault(fault) for fault in faults)
    return NginxCheck(
        config=evidence.root or "",
        nginx_version=str(stage.version),
        openssl_series=stage.series.value,
        servers=len(stage.config.servers),
        files=stage.config.files,
        faults=faults,
        findings=() if faults else lint(stage),
        generated=tuple(dict.fromkeys(one for one in written if one)),
    )


def nginx_status(evidence: Evidence, sites: Iterable[SiteIntent] = ()) -> NginxStatus:
    """What every listen address asks and tells. Raises InputError for a configuration that cannot be read at all.

    `sites` are those of ours in it: who may enter them is said by name.
    """
    stage = Stage(evidence)
    config = stage.config
    known: Known = {}
    for site in sites:  # stream{} has no names before nginx 1.25.5, and our sites there have their addresses for themselves
        known.update(dict.fromkeys(site.listen, site) if site.stream else {site.server_names[0]: site})
    return NginxStatus(
        config=evidence.root or "",
        nginx_version=str(stage.version),
        at=evidence.at,
        sockets=tuple(_socket(socket, config, evidence, known) for socket in sockets(config)),
        deadlines=_deadlines(config, evidence),
    )


def _deadlines(config: EffectiveConfig, evidence: Evidence) -> tuple[Deadline, ...]:
    """Everything in use that ends, soonest first."""
    found: dict[tuple[EndKind, str, str, datetime], dict[str, None]] = {}
    for server in config.servers:
        for kind, name, path, at in _ends(server, evidence):
            found.setdefault((kind, name, path, at), {})[server.label] = None
    ends = (
        Deadline(kind=kind, name=name, path=path, at=at, servers=tuple(servers))
        for (kind, name, path, at), servers in found.items()
    )
    return tuple(sorted(ends, key=lambda each: (each.at, each.path)))


def _ends(server: TlsServer, evidence: Evidence) -> Iterator[tuple[EndKind, str, str, datetime]]:
    for path in server.certificates.value:
        for one in certificates_in(evidence.files, path)[:1]:
            yield EndKind.CERTIFICATE, one.subject_text, path, one.not_after
    if server.verify_client.value is VerifyClient.OFF:
        return
    for path in dict.fromkeys(one for one in (server.client_certificate.value, server.trusted_certificate.value) if one):
        for one in certificates_in(evidence.files, path):
            yield EndKind.AUTHORITY, one.subject_text, path, one.not_after
    for item in crls_in(evidence.files, server.crl.value):
        if item.next_update is not None:
            yield EndKind.CRL, item.issuer_text, server.crl.value or "", item.next_update


def _socket(socket: Socket, config: EffectiveConfig, evidence: Evidence, known: Known) -> SocketStatus:
    default = socket.default
    return SocketStatus(
        context=socket.context,
        address=socket.address,
        port=socket.port,
        tls=socket.listen.ssl or socket.listen.quic,
        quic=socket.listen.quic,
        without_sni=default.label,
        without_sni_asks=default.verify_client.value.value,
        without_sni_rejected=default.reject_handshake.value,
        servers=tuple(_server(server, config, evidence, known, default=server is default) for server in socket.servers),
    )


def _server(server: TlsServer, config: EffectiveConfig, evidence: Evidence, known: Known, *, default: bool) -> ServerStatus:
    anchors = dict.fromkeys((server.client_certificate.value, server.trusted_certificate.value))
    ours = _ours(server, known)
    crl = server.crl.value
    return ServerStatus(
        label=server.label,
        names=server.names,
        default=default,
        asks=server.verify_client.value.value,
        depth=server.verify_depth.value,
        authorities=tuple(one for path in anchors if path for one in _authorities(path, evidence)),
        crls=_crls(crl, evidence) if crl else (),
        ocsp=server.ocsp.value,
        rejects_handshake=server.reject_handshake.value,
        backends=tuple(_backend(location, config) for location in server.locations if location.proxied),
        origin=server.origin,
        enters=_zones(ours) if ours else entry_rules(server, config),
    )


def _ours(server: TlsServer, known: Known) -> SiteIntent | None:
    if server.context == "stream":
        return next((known[one.address, one.port] for one in server.listens if (one.address, one.port) in known), None)
    return known.get(server.names[0]) if server.names else None


def _zones(site: SiteIntent) -> tuple[EntryRule, ...]:
    """What the intent of a site of ours says, path by path."""
    return tuple(
        EntryRule(
            path=zone.path,
            enters=Enters.CLIENTS if zone.allow is None else Enters.LISTED,
            names=zone.allow or (),
            networks=zone.free_from,
        )
        for zone in site.zones
    )


def _authorities(path: str, evidence: Evidence) -> tuple[AuthorityStatus, ...]:
    content = evidence.files.get(path)
    if content is None:
        return (AuthorityStatus(path=path, error=evidence.unreadable.get(path, "is missing")),)
    try:
        found = certificates_from_pem(content, where=path)
    except HandclaspError as error:
        return (AuthorityStatus(path=path, error=error.what),)
    if not found:
        return (AuthorityStatus(path=path, error="holds no certificate"),)
    return tuple(AuthorityStatus(path=path, subject=one.subject_text, not_after=one.not_after) for one in found)


def _crls(path: str, evidence: Evidence) -> tuple[CrlStatus, ...]:
    content = evidence.files.get(path)
    if content is None:
        return (CrlStatus(path=path, error=evidence.unreadable.get(path, "is missing")),)
    try:
        found = crls_from_pem(content, where=path)
    except HandclaspError as error:
        return (CrlStatus(path=path, error=error.what),)
    if not found:
        return (CrlStatus(path=path, error="holds no CRL"),)
    return tuple(
        CrlStatus(
            path=path,
            issuer=one.issuer_text,
            next_update=one.next_update,
            revoked=len(one.revoked),
            expired=one.next_update is not None and one.next_update < evidence.at,
        )
        for one in found
    )


def _backend(location: Location, config: EffectiveConfig) -> BackendStatus:
    mapped = {block.variable for block in config.maps if "$ssl_client" in block.source}
    telling = tuple((header.name, header.value) for header in location.headers.value if _tells(header, mapped))
    shown = location.path if location.modifier == "@" else f"{location.modifier} {location.path}".strip()
    target = _target(location.target.value or "", config)
    return BackendStatus(location=shown, target=target, headers=telling, origin=location.origin)


def _target(target: str, config: EffectiveConfig) -> str:
    """Where a *_pass leads: through a variable that has one value besides nothing, to that."""
    blocks = config.maps_of(target[1:]) if target.startswith("$") else ()
    values = {entry.value for block in blocks for entry in block.entries if entry.value}
    name = values.pop() if len(values) == 1 else target
    block = config.upstream_named(name) if blocks else None
    return ", ".join(block.addresses) if block else name


def _tells(header: ProxyHeader, mapped: set[str]) -> bool:
    return "$ssl_client" in header.value or any(f"${name}" in header.value for name in mapped)
