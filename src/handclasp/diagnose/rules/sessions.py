"""TLS sessions outlive what they were granted on: a resumed session brings its old verification result with it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind
from handclasp.diagnose.page import let_in
from handclasp.diagnose.reach import ASKING, http_sockets
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.nginx import NginxVersion, Setting, TlsServer
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.nginxconf.select import Socket
from handclasp.verdict.trust import certificates_in, client_trust

KEYS_IN_ZONE = NginxVersion(1, 23, 2)
"""From here on ticket keys are kept in the shared zone, which a reload does not clear; and TLS 1.3 keeps to the timeout."""

_RENAMED = re.compile(r"shared:handclasp_\d+(?:_[0-9a-f]{8})?:")
"""A zone that Handclasp wrote: every revocation gives it another name, and with it go the sessions."""

_TOLD_APART = re.compile(r"shared:handclasp_(?:stream_)?\d+_[0-9a-f]{8}:")
"""The zone of a site that Handclasp wrote beside one with another client CA: both ask each client for its issuer."""

_FIXED_STABLE, _FIXED_MAINLINE = NginxVersion(1, 26, 3), NginxVersion(1, 27, 4)
_MAINLINE = NginxVersion(1, 27, 0)
_TLS13_SINCE = NginxVersion(1, 11, 4)


def check_revoked(case: Case) -> Iterator[Finding]:
    """Servers that check CRLs, behind a socket whose sessions survive a reload. The default server's settings hold for all."""
    if case.side is not Side.CLIENT:
        return
    resumed = _came_back(case)
    for socket in http_sockets(case):
        kept = survives_reload(socket.default, case.stage.version)
        checking = [
            server
            for server in socket.servers
            if server.verify_client.value in ASKING and server.crl.value and server.ocsp.value == "off"
        ]
        if kept is None or not checking or _RENAMED.search(socket.default.session_cache.value):
            continue
        endless = case.stage.version < KEYS_IN_ZONE
        summary = say(
            "a client that is revoked keeps access to {server} by resuming its session, after a reload too, for {time}",
            "被吊销的客户端可以靠恢复会话继续访问 {server}，重新加载后也一样，持续 {time}",
            server=", ".join(server.label for server in checking), time=socket.default.session_timeout.value,
        )  # fmt: skip
        longer = say(
            "with TLS 1.3 every resumption begins the time anew on this version", "在此版本上，TLS 1.3 每次恢复会话都会重新计时"
        )
        where = Where.at(kept[0].origin or socket.default.origin, kept[1])
        shown = (kept[2], longer) if endless else (kept[2],)
        severity = Severity.ERROR if resumed and socket == case.stage.scene.socket else Severity.WARNING
        yield finding("revoked-client-resumes-session", summary, where, *shown, severity=severity)


def _came_back(case: Case) -> bool:
    """The client in question was served, nginx has read the files at hand, and they revoke it."""
    if not let_in(case) or case.verdict is None or case.verdict.admitted or case.whole is None:
        return False
    loaded = case.evidence.loaded
    stale = loaded is not None and any(changed > loaded for changed in case.evidence.changed.values())
    return not stale and any(error.symbol == "X509_V_ERR_CERT_REVOKED" for error in case.whole.errors)


def survives_reload(server: TlsServer, version: NginxVersion) -> tuple[Setting[object], str, Text] | None:
    """The setting by which sessions survive a reload, its directive and why; None when they do not."""
    tickets = server.session_tickets.value
    if tickets and server.session_ticket_key.value:
        why = say("ssl_session_ticket_key: the tickets stay good as long as the file stays",
                  "ssl_session_ticket_key：只要该文件不变，票据就一直有效")  # fmt: skip
        return server.session_ticket_key, "ssl_session_ticket_key", why
    if "shared:" not in server.session_cache.value or (tickets and version < KEYS_IN_ZONE):
        return None
    why = say(
        "ssl_session_cache {cache}: the zone lives through a reload{keys}",
        "ssl_session_cache {cache}：该共享区在重新加载后仍然保留{keys}",
        cache=server.session_cache.value,
        keys=say(", with the ticket keys in it", "，其中还有票据密钥") if tickets else say("", ""),
    )
    return server.session_cache, "ssl_session_cache", why


def check_across(case: Case) -> Iterator[Finding]:
    """Two servers of one socket that judge clients differently, and may accept each other's sessions."""
    if case.side is not Side.CLIENT:
        return
    for socket in http_sockets(case):
        if not resumes(socket.default):
            continue
        asking = [server for server in socket.servers if server.verify_client.value in ASKING]
        kinds = _kinds(case, asking)
        shows = _taken_across(case, socket)
        for at, second in enumerate(kinds):
            pairs = (_between(case, socket, first, second) for first in kinds[:at])
            told = next((told for found in pairs if (told := tuple(found))), ())  # one other server shows it
            yield from (replace(one, severity=Severity.ERROR) if shows else one for one in told)


def _taken_across(case: Case, socket: Socket) -> bool:
    """A client was served that this server would refuse, or a patched nginx broke off the handshake of such a one."""
    if socket != case.stage.scene.socket or any(server.reject_handshake.value for server in socket.servers):
        return False
    rejected = any(line.kind is LineKind.REJECTED for line in case.logged)
    foreign = case.verdict is not None and not case.verdict.admitted and case.whole is not None and not case.whole.trusted
    return rejected or (let_in(case) and foreign)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A server with what it demands of clients, by directive, and the CA names it advertises."""

    server: TlsServer
    demands: dict[str, object]
    advertised: tuple[bytes, ...]


def _kinds(case: Case, asking: list[TlsServer]) -> list[_Kind]:
    """The first server of every way of judging clients and of showing itself."""
    first: dict[tuple[object, ...], TlsServer] = {}
    for server in asking:
        trust = (server.client_certificate.value, server.trusted_certificate.value, server.crl.value)
        first.setdefault((*trust, server.verify_depth.value, server.certificates.value), server)
    return [_Kind(server=one, demands=_demands(case, one), advertised=_advertised(case, one)) for one in first.values()]


def resumes(server: TlsServer) -> bool:
    """Whether sessions can be resumed at all."""
    return server.session_tickets.value or "shared:" in server.session_cache.value or "builtin" in server.session_cache.value


def vulnerable(version: NginxVersion) -> bool:
    """CVE-2025-23419, unless the distribution has put the fix into its build."""
    return _TLS13_SINCE <= version < (_FIXED_MAINLINE if version >= _MAINLINE else _FIXED_STABLE)


def _between(case: Case, socket: Socket, one: _Kind, other: _Kind) -> Iterator[Finding]:
    differ = tuple(name for name, demanded in one.demands.items() if other.demands[name] != demanded)
    if not differ or all(_TOLD_APART.search(each.server.session_cache.value) for each in (one, other)):
        return
    first, second = one.server, other.server
    names = {"first": first.label, "second": second.label}
    shown = say("they differ in {what}", "两者的不同：{what}", what=", ".join(differ))
    where = Where.at(second.origin, "server")
    cause = "tls13-cross-server-session-resumption"
    if first.certificates.value == second.certificates.value and one.advertised == other.advertised:
        summary = say(
            "a session of {first} is good for {second} and the reverse: they share certificate and CA names, and what"
            " else they demand is not looked at again",
            "{first} 的会话可用于 {second}，反之亦然：两者的证书和 CA 名称相同，其余要求不会再次检查", **names,
        )  # fmt: skip
        yield finding(cause, summary, where, shown, severity=Severity.WARNING)
    elif vulnerable(case.stage.version) and "TLSv1.3" in socket.default.protocols.value:
        summary = say(
            "a TLS 1.3 session of {first} may be resumed at {second}, past its CA (CVE-2025-23419), unless the build"
            " has the fix",
            "{first} 的 TLS 1.3 会话可能在 {second} 上恢复，绕过后者的 CA（CVE-2025-23419），除非此构建已包含修复", **names,
        )  # fmt: skip
        version = say("nginx {version}; fixed in 1.26.3 and 1.27.4", "nginx {version}；1.26.3 和 1.27.4 已修复",
                      version=case.stage.version)  # fmt: skip
        yield finding(cause, summary, where, shown, version, severity=Severity.WARNING, confidence=Confidence.LIKELY)


def _demands(case: Case, server: TlsServer) -> dict[str, object]:
    """The demands that the session's context does not hold."""
    store = client_trust(server, case.evidence.files, case.stage.version).store.certificates
    return {
        "ssl_client_certificate, ssl_trusted_certificate": frozenset(store),
        "ssl_crl": server.crl.value,
        "ssl_verify_depth": server.verify_depth.value,
    }


def _advertised(case: Case, server: TlsServer) -> tuple[bytes, ...]:
    found: tuple[Certificate, ...] = certificates_in(case.evidence.files, server.client_certificate.value)
    return tuple(dict.fromkeys(item.subject for item in found))


RULES = (
    Rule("sessions-revoked", ("revoked-client-resumes-session",), check_revoked),
    Rule("sessions-across", ("tls13-cross-server-session-resumption",), check_across),
)
