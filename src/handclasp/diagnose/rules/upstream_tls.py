"""nginx as the client of its upstream: not verifying, not speaking TLS where TLS is, or the reverse; not saying a name."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LogLine
from handclasp.diagnose.reach import block_at
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.nginx import Location, TlsServer, TlsUpstream
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.nginxconf.select import select_socket

_LOOPBACK = re.compile(r"^(127\.|localhost|\[::1\]|unix:)")
_PLAIN_TARGET = re.compile(r"^http://([^/$]+)", re.IGNORECASE)


def locations(case: Case) -> Iterator[tuple[TlsServer, Location]]:
    """Every location that passes requests on; when one upstream is in question, its own alone."""
    if case.side is Side.UPSTREAM:
        found = case.stage.upstream_location
        if found is not None:
            yield found
        elif case.stage.scene.location is not None:
            yield case.stage.scene.answer, case.stage.scene.location
        return
    for server in case.stage.config.servers:
        for location in server.locations:
            if location.proxied:
                yield server, location


def check_verified(case: Case) -> Iterator[Finding]:
    """Https without *_ssl_verify: anybody can stand in for the upstream. An error when that upstream is what is asked about."""
    told: set[Where] = set()
    for _, location in locations(case):
        upstream = location.upstream
        if upstream is None or upstream.verify.value:
            continue
        directive = f"{upstream.module}_ssl_verify"
        where = Where.at(upstream.verify.origin or upstream.target.origin, directive)
        if where in told:
            continue
        told.add(where)
        summary = say(
            "the certificate of {target} is not verified: {directive} is off{default}, and any certificate will do",
            "不验证 {target} 的证书：{directive} 为 off{default}，任何证书都会被接受",
            target=upstream.target.value, directive=directive,
            default=say("", "") if upstream.verify.origin else say(", its default", "（默认值）"),
        )  # fmt: skip
        in_vain = upstream.trusted_certificate.value
        evidence = [
            say("{module}_ssl_trusted_certificate alone does nothing", "单独的 {module}_ssl_trusted_certificate 不起作用",
                module=upstream.module)
        ] if in_vain else []  # fmt: skip
        severity = Severity.ERROR if case.side is Side.UPSTREAM or in_vain else Severity.WARNING
        yield finding("upstream-verify-off-by-default", summary, where, *evidence, severity=severity)


def check_scheme(case: Case) -> Iterator[Finding]:
    """http:// to a port that speaks TLS, and https:// to one that does not, as far as this configuration shows it."""
    for _, location in locations(case):
        target = location.target.value or ""
        if location.module == "proxy" and (found := _PLAIN_TARGET.match(target)):
            why = _speaks_tls(case, location, found[1])
            if why:
                words = "proxy_pass {target} sends plain HTTP: {why}", "proxy_pass {target} 发送的是明文 HTTP：{why}"
                summary = say(*words, target=target, why=why)
                yield finding("upstream-proxy-pass-http-to-tls", summary, Where.at(location.target.origin, "proxy_pass"))
        elif location.upstream is not None and _speaks_plain(case, location.upstream):
            summary = say(
                "{module}_pass {target} speaks TLS to a port that speaks plain HTTP",
                "{module}_pass {target} 用 TLS 连接的是明文 HTTP 端口", module=location.module, target=target,
            )  # fmt: skip
            shown = [say("{line}", "{line}", line=line.raw) for line in _wrong_version(case)[:1]]
            where = Where.at(location.target.origin, f"{location.module}_pass")
            yield finding("upstream-is-plain-http", summary, where, *shown)


def _speaks_tls(case: Case, location: Location, target: str) -> Text | None:
    block = block_at(case, location.origin) if location.origin else None
    own = [item.name for item in block.block if item.name.startswith("proxy_ssl_")] if block else []
    if own:
        return say("{directives} beside it have no effect", "旁边的 {directives} 不起作用", directives=", ".join(own))
    host, _, port = target.rpartition(":")
    socket = select_socket(case.stage.config, host, int(port)) if port.isdigit() and _LOOPBACK.match(host) else None
    if socket is not None and socket.listen.ssl:
        return say("{target} listens with ssl", "{target} 以 ssl 监听", target=target)
    return say("port 443 speaks TLS", "443 端口使用 TLS") if port == "443" else None


def _speaks_plain(case: Case, upstream: TlsUpstream) -> bool:
    if _wrong_version(case):
        return True
    for address in upstream.addresses:
        host, _, port = address.rpartition(":")
        socket = select_socket(case.stage.config, host, int(port)) if port.isdigit() and _LOOPBACK.match(host) else None
        if (socket is not None and not socket.listen.ssl) or port == "80":
            return True
    return False


def _wrong_version(case: Case) -> list[LogLine]:
    return [
        line for line in case.logged if line.side is Side.UPSTREAM and "wrong version number" in (line.reason or line.message)
    ]


def check_sni(case: Case) -> Iterator[Finding]:
    """The upstream is not told which name is meant. An error when it answers with another's certificate, or with alert 112."""
    refused = [line for line in case.logged if line.alert == 112 and line.side is Side.UPSTREAM]
    other = case.side is Side.UPSTREAM and case.verdict is not None and "does not match" in (case.verdict.log or "")
    for _, location in locations(case):
        upstream = location.upstream
        if upstream is None or upstream.server_name.value or not _is_name(upstream.name.value):
            continue
        if case.side is not Side.UPSTREAM and not refused:
            continue
        summary = say(
            "nginx does not tell {target} that it means {name}: {module}_ssl_server_name is off, and the upstream answers"
            " with its default certificate",
            "nginx 没有告诉 {target} 要访问的是 {name}：{module}_ssl_server_name 为 off，上游会用默认证书响应",
            target=upstream.target.value, name=upstream.name.value, module=upstream.module,
        )  # fmt: skip
        where = Where.at(upstream.server_name.origin or upstream.target.origin, f"{upstream.module}_ssl_server_name")
        severity = Severity.ERROR if refused else Severity.WARNING if other else Severity.NOTICE
        yield finding(
            "upstream-sni-not-sent", summary, where, *(say("{line}", "{line}", line=line.raw) for line in refused[:1]),
            severity=severity, confidence=Confidence.CERTAIN if refused or not other else Confidence.LIKELY,
        )  # fmt: skip


def _is_name(text: str) -> bool:
    """A DNS name, not an address or something with variables."""
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return "$" not in text and "." in text
    return False


def check_shared(case: Case) -> Iterator[Finding]:
    """Two locations with one upstream{} and different TLS settings: sessions and kept connections are shared between them."""
    groups: dict[str, list[tuple[Location, TlsUpstream]]] = {}
    for server in case.stage.config.servers:
        for location in server.locations:
            if location.upstream is not None and location.upstream.block is not None:
                groups.setdefault(location.upstream.block.name, []).append((location, location.upstream))
    for name, members in groups.items():
        first = members[0][1]
        other = next(((place, item) for place, item in members[1:] if policy(item) != policy(first)), None)
        if other is None or not (first.session_reuse.value or other[1].session_reuse.value):
            continue
        summary = say(
            "locations {first} and {second} reach upstream {name} with different TLS settings and share its sessions: either"
            " may be served, or refused, on what the other one proved",
            "location {first} 和 {second} 以不同的 TLS 设置访问上游 {name}，却共用会话：可能因另一个的验证结果而被放行或拒绝",
            first=members[0][0].path, second=other[0].path, name=name,
        )  # fmt: skip
        where = Where.at(other[0].origin, "location")
        yield finding("upstream-session-reuse-trouble", summary, where, severity=Severity.WARNING)


def policy(upstream: TlsUpstream) -> tuple[object, ...]:
    """What a session may have been granted on."""
    return (
        upstream.verify.value, upstream.trusted_certificate.value, upstream.crl.value, upstream.certificate.value,
        upstream.name.value, upstream.verify_depth.value,
    )  # fmt: skip


RULES = (
    Rule("upstream-scheme", ("upstream-proxy-pass-http-to-tls", "upstream-is-plain-http"), check_scheme),
    Rule("upstream-sni", ("upstream-sni-not-sent",), check_sni),
    Rule("upstream-verified", ("upstream-verify-off-by-default",), check_verified),
    Rule("upstream-sessions", ("upstream-session-reuse-trouble",), check_shared),
)
