"""Who asks whom for a certificate: one configuration seen from its listen addresses."""

from collections.abc import Iterable

from handclasp.app.nginx_status_files import authorities_of, crls_of, deadlines, towards_backend
from handclasp.diagnose.case import Case
from handclasp.diagnose.generated import Writers
from handclasp.diagnose.lint import lint
from handclasp.diagnose.reach import answered, places, served, undecided
from handclasp.model.evidence import Evidence
from handclasp.model.intent import SiteIntent
from handclasp.model.nginx import EffectiveConfig, Location, ProxyHeader, TlsServer, VerifyClient
from handclasp.model.nginx_status import (
    BackendStatus,
    Enters,
    EntryRule,
    NginxCheck,
    NginxStatus,
    ServerStatus,
    SocketStatus,
)
from handclasp.nginxconf.entry_rules import entry_rules
from handclasp.nginxconf.select import Socket, sockets
from handclasp.verdict.predict import Stage

Known = dict[str | tuple[str, int], SiteIntent]
"""Sites of ours by first name; those that pass bytes by address and port."""


def nginx_check(evidence: Evidence) -> NginxCheck:
    """What nginx would refuse; if nothing, what the doctor's rules find in every server.

    Raises:
        InputError: the configuration cannot be read at all.
    """
    stage = Stage(evidence)
    faults = stage.start_faults
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
    config, case = stage.config, Case(stage)
    known: Known = {}
    for site in sites:  # stream{} has no names before nginx 1.25.5, and our sites there have their addresses for themselves
        known.update(dict.fromkeys(site.listen, site) if site.stream else {site.server_names[0]: site})
    faults = stage.start_faults
    return NginxStatus(
        config=evidence.root or "",
        refused=faults[0].message if faults else None,
        nginx_version=str(stage.version),
        at=evidence.at,
        sockets=tuple(_socket(socket, case, known) for socket in sockets(config)),
        deadlines=deadlines(config, evidence),
    )


def _socket(socket: Socket, case: Case, known: Known) -> SocketStatus:
    default = socket.default
    return SocketStatus(
        context=socket.context,
        address=socket.address,
        port=socket.port,
        tls=socket.listen.tls,
        quic=socket.listen.quic,
        without_sni=default.label,
        without_sni_asks=default.verify_client.value.value,
        without_sni_rejected=default.reject_handshake.value,
        servers=tuple(_server(server, socket, case, known) for server in socket.servers),
    )


def _server(server: TlsServer, socket: Socket, case: Case, known: Known) -> ServerStatus:
    config, evidence = case.stage.config, case.evidence
    anchors = dict.fromkeys((server.client_certificate.value, server.trusted_certificate.value))
    ours = _ours(server, known)
    crl = server.crl.value
    return ServerStatus(
        label=server.label,
        names=server.names,
        default=server is socket.default,
        asks=server.verify_client.value.value,
        depth=server.verify_depth.value,
        authorities=tuple(one for path in anchors if path for one in authorities_of(path, evidence)),
        crls=crls_of(crl, evidence) if crl else (),
        ocsp=server.ocsp.value,
        rejects_handshake=server.reject_handshake.value,
        backends=tuple(_backend(location, config, evidence) for location in server.locations if location.proxied),
        origin=server.origin,
        enters=_zones(ours) if ours else entry_rules(server, config, _open_at(case, socket, server)),
    )


def _open_at(case: Case, socket: Socket, server: TlsServer) -> dict[str, Enters]:
    """Addresses of a server where a certificate need not be shown, or where that cannot be told."""
    mode = server.verify_client.value
    if server.context != "http" or mode not in {VerifyClient.OPTIONAL, VerifyClient.OPTIONAL_NO_CA}:
        return {"/": Enters.ANYBODY}
    config = case.stage.config
    found = {
        place.uri: Enters.UNDECIDED if undecided(config, server, place.uri) else Enters.ANYBODY
        for place in places(server)
        if served(answered(case, socket, server, place.uri))
    }
    insists = any(guard.variable == "ssl_client_verify" and guard.operand.strip("\"'") == "SUCCESS" for guard in server.guards)
    return found or ({} if mode is VerifyClient.OPTIONAL or insists else {"/": Enters.ANYBODY})


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


def _backend(location: Location, config: EffectiveConfig, evidence: Evidence) -> BackendStatus:
    mapped = {block.variable for block in config.maps if "$ssl_client" in block.source}
    telling = tuple((header.name, header.value) for header in location.headers.value if _tells(header, mapped))
    shown = location.path if location.modifier == "@" else f"{location.modifier} {location.path}".strip()
    target = _target(location.target.value or "", config)
    towards = towards_backend(location.upstream, evidence) if location.upstream else None
    return BackendStatus(location=shown, target=target, headers=telling, origin=location.origin, tls=towards)


def _target(target: str, config: EffectiveConfig) -> str:
    """Where a *_pass leads: through a variable that has one value besides nothing, to that."""
    blocks = config.maps_of(target[1:]) if target.startswith("$") else ()
    values = {entry.value for block in blocks for entry in block.entries if entry.value}
    name = values.pop() if len(values) == 1 else target
    block = config.upstream_named(name) if blocks else None
    return ", ".join(block.addresses) if block else name


def _tells(header: ProxyHeader, mapped: set[str]) -> bool:
    return "$ssl_client" in header.value or any(f"${name}" in header.value for name in mapped)
