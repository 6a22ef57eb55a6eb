"""nginx as the client of its upstream: not verifying, not speaking TLS where TLS is, or the reverse; not saying a name."""

import re
from collections.abc import Iterator
from typing import cast

from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind, LogLine
from handclasp.diagnose.page import Page, lines_behind, shown
from handclasp.diagnose.reach import addresses_of, block_at
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.nginx import EffectiveConfig, Location, TlsServer, TlsUpstream
from handclasp.model.origin import Origin
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.nginxconf.select import by_name
from handclasp.verdict.behind import is_address, own_socket, sent_name
from handclasp.verdict.hostname import matches
from handclasp.verdict.trust import certificates_in

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


def block_around(server: TlsServer, location: Location) -> Origin:
    """The block that a directive for a location's upstream belongs in. A stream server has no locations: its own."""
    return location.origin if location.path and location.origin else server.origin


def check_verified(case: Case) -> Iterator[Finding]:
    """Https without *_ssl_verify: anybody can stand in for the upstream. An error beside a trust file: it was meant.

    Of a whole configuration one finding of each kind, which names the first place and counts the others.
    """
    for in_vain in (True, False):
        found = unverified(case, in_vain=in_vain)
        if found:
            yield _unverified(found[0][1], in_vain=in_vain, others=len(found) - 1)


def unverified(case: Case, *, in_vain: bool) -> list[tuple[Location, TlsUpstream]]:
    """Locations whose upstream is not verified, those with a trust file (`in_vain`) or those without."""
    return [
        (location, location.upstream)
        for _, location in locations(case)
        if location.upstream is not None
        and not location.upstream.verify.value
        and bool(location.upstream.trusted_certificate.value) is in_vain
    ]


def _unverified(upstream: TlsUpstream, *, in_vain: bool, others: int) -> Finding:
    directive = f"{upstream.module}_ssl_verify"
    summary = say(
        "the certificate of {target} is not verified: {directive} is off{default}, and any certificate will do",
        "不验证 {target} 的证书：{directive} 为 off{default}，任何证书都会被接受",
        target=upstream.target.value, directive=directive,
        default=say("", "") if upstream.verify.origin else say(", its default", "（默认值）"),
    )  # fmt: skip
    alone = say(
        "{module}_ssl_trusted_certificate alone does nothing", "单独的 {module}_ssl_trusted_certificate 不起作用",
        module=upstream.module,
    )  # fmt: skip
    more = say("so are {number} other locations", "另有 {number} 个 location 也是如此", number=others)
    evidence = [text for text, tell in ((alone, in_vain), (more, others > 0)) if tell]
    where = Where.at(upstream.verify.origin or upstream.target.origin, directive)
    severity = Severity.ERROR if in_vain else Severity.WARNING
    return finding("upstream-verify-off-by-default", summary, where, *evidence, severity=severity)


def check_scheme(case: Case) -> Iterator[Finding]:
    """http:// to a port that speaks TLS, and https:// to one that does not."""
    for _, location in locations(case):
        target = location.target.value or ""
        if location.module == "proxy" and (found := _PLAIN_TARGET.match(target)):
            why = _speaks_tls(case, location, found[1])
            if why:
                words = "proxy_pass {target} sends plain HTTP: {why}", "proxy_pass {target} 发送的是明文 HTTP：{why}"
                summary = say(*words, target=target, why=why)
                yield finding("upstream-proxy-pass-http-to-tls", summary, Where.at(location.target.origin, "proxy_pass"))
        elif location.upstream is not None and (why := _speaks_plain(case, location.upstream)):
            summary = say(
                "{module}_pass {target} speaks TLS to a port that speaks plain HTTP",
                "{module}_pass {target} 用 TLS 连接的是明文 HTTP 端口", module=location.module, target=target,
            )  # fmt: skip
            where = Where.at(location.target.origin, f"{location.module}_pass")
            yield finding("upstream-is-plain-http", summary, where, why)


def _speaks_tls(case: Case, location: Location, target: str) -> Text | None:
    """Why a plain target is to be reached over TLS: what is written, what it showed, what it answered, what is there."""
    block = block_at(case, location.origin) if location.origin else None
    own = [item.name for item in block.block if item.name.startswith("proxy_ssl_")] if block else []
    if own:
        return say("{directives} beside it have no effect", "旁边的 {directives} 不起作用", directives=", ".join(own))
    if case.evidence.upstream_chain and location is case.stage.scene.location:
        return say("{target} presents a certificate", "{target} 会出示证书", target=target)
    addresses = addresses_of(case, target)
    socket = next((found for address in addresses if (found := own_socket(case.stage.config, address))), None)
    if socket is not None:
        return say("{target} listens with ssl", "{target} 以 ssl 监听", target=target) if socket.listen.ssl else None
    lines = lines_behind(case, LineKind.PLAIN_HTTP)
    if lines:
        return say("the upstream says: {line}", "上游日志：{line}", line=lines[0].raw)
    ours = any(line.kind is LineKind.PLAIN_HTTP for line in case.logged)
    if shown(case) is Page.PLAIN and not ours and location is case.stage.scene.location:
        return say('the upstream says "{words}"', "上游应答“{words}”", words=Page.PLAIN.value)
    tls = any(address.endswith(":443") for address in addresses)
    return say("port 443 speaks TLS", "443 端口使用 TLS") if tls else None


def _speaks_plain(case: Case, upstream: TlsUpstream) -> Text | None:
    """Why a target behind https:// speaks no TLS."""
    line = next((line for line in case.logged if "wrong version number" in line.message and about(case, line, upstream)), None)
    if line is not None:
        return say("{line}", "{line}", line=line.raw)
    for address in upstream.addresses:
        socket = own_socket(case.stage.config, address)
        if (socket is not None and not socket.listen.ssl) or (socket is None and address.endswith(":80")):
            return say("{address} speaks plain HTTP", "{address} 使用明文 HTTP", address=address)
    return None


def about(case: Case, line: LogLine, upstream: TlsUpstream) -> bool:
    """Whether a line is about this upstream: the one in question, or one whose address it names."""
    if line.side is not Side.UPSTREAM:
        return False
    return case.side is Side.UPSTREAM or any(f"//{address}/" in f"{line.upstream}/" for address in upstream.addresses)


def check_sni(case: Case) -> Iterator[Finding]:
    """The upstream is not told which name is meant, and refuses, or shows the certificate of another name."""
    for _, location in locations(case):
        upstream = location.upstream
        if upstream is None or sent_name(upstream) is not None or "$" in upstream.name.value:
            continue
        told = _refused_nameless(case, upstream) or _shown_other(case, upstream) or _may_be_default(case, upstream)
        if told is None:
            continue
        why, severity, confidence = told
        summary = say(
            "nginx does not tell {target} which name it means: {module}_ssl_server_name is off{address}",
            "nginx 没有告诉 {target} 要访问哪个名称：{module}_ssl_server_name 为 off{address}",
            target=upstream.target.value, module=upstream.module,
            address=say("", "") if not upstream.server_name.value else say(
                ", or in vain for an address, {name}", "，或者名称是 IP 地址 {name} 而不起作用", name=upstream.name.value
            ),
        )  # fmt: skip
        where = Where.at(upstream.server_name.origin or upstream.target.origin, f"{upstream.module}_ssl_server_name")
        yield finding("upstream-sni-not-sent", summary, where, why, severity=severity, confidence=confidence)


_Told = tuple[Text, Severity, Confidence]


def _refused_nameless(case: Case, upstream: TlsUpstream) -> _Told | None:
    """Alert 112, or a default server of this very configuration that rejects handshakes."""
    line = next((line for line in case.logged if line.alert == 112 and about(case, line, upstream)), None)
    if line is not None:
        return say("{line}", "{line}", line=line.raw), Severity.ERROR, Confidence.CERTAIN
    socket = next((found for one in upstream.addresses if (found := own_socket(case.stage.config, one))), None)
    if socket is not None and socket.listen.ssl and socket.default.reject_handshake.value:
        words = "its default server rejects handshakes without a known name", "其默认服务器拒绝不带已知名称的握手"
        return say(*words), Severity.ERROR, Confidence.CERTAIN
    return None


def _shown_other(case: Case, upstream: TlsUpstream) -> _Told | None:
    """A certificate without the name was shown, and the upstream has one with it."""
    name = upstream.name.value
    if case.side is not Side.UPSTREAM or not upstream.verify.value:
        return None
    if named_server_fits(case, upstream):
        words = (
            "its server {name} has a certificate with that name; the default server has not",
            "名为 {name} 的服务器有匹配的证书，默认服务器没有",
        )
        return say(*words, name=name), Severity.ERROR, Confidence.CERTAIN
    line = next((line for line in case.logged if line.kind is LineKind.UPSTREAM_NAME and line.name == name), None)
    if line is not None and case.presented and matches(case.presented[0], name):
        return (
            say("the certificate given bears {name}, and the one that nginx was shown did not: {line}",
                "给出的证书带有 {name}，而 nginx 看到的证书没有：{line}", name=name, line=line.raw),
            Severity.ERROR, Confidence.LIKELY,
        )  # fmt: skip
    return None


def named_server_fits(case: Case, upstream: TlsUpstream) -> bool:
    """Whether the upstream is in this configuration, and shows the right certificate to those who say the name alone."""
    socket = case.stage.upstream_socket
    if socket is None or not socket.listen.ssl or upstream is not case.stage.upstream:
        return False
    return _bears(case, by_name(socket, upstream.name.value), upstream) and not _bears(case, socket.default, upstream)


def _bears(case: Case, server: TlsServer, upstream: TlsUpstream) -> bool:
    chain = certificates_in(case.evidence.files, (*server.certificates.value, None)[0])
    return bool(chain) and matches(chain[0], upstream.name.value)


def _may_be_default(case: Case, upstream: TlsUpstream) -> _Told | None:
    """The name is wrong, and the certificate may be the one for those who say no name."""
    wrong = case.side is Side.UPSTREAM and case.verdict is not None and "does not match" in (case.verdict.log or "")
    if not wrong or not _is_name(upstream.name.value):
        return None
    why = say(
        "an upstream with several names shows its default one to those who say none: openssl s_client -servername {name}",
        "有多个名称的上游会对不带名称的连接出示默认证书：openssl s_client -servername {name}", name=upstream.name.value,
    )  # fmt: skip
    return why, Severity.WARNING, Confidence.LIKELY


def _is_name(text: str) -> bool:
    """A DNS name, not an address or something with variables."""
    return not is_address(text) and "$" not in text and "." in text


def check_shared(case: Case) -> Iterator[Finding]:
    """Locations with one upstream and different TLS settings: sessions and kept connections are shared between them.

    Measured: targets with the same host and port share them too, without any upstream{}.
    """
    for members in shared(case):
        first, other = members
        before, upstream = first.upstream, other.upstream
        assert before is not None
        assert upstream is not None
        name = upstream.block.name if upstream.block else upstream.addresses[0]
        summary = say(
            "locations {first} and {second} reach {name} with different TLS settings and share its {what}: either may be"
            " served, or refused, on what the other one proved",
            "location {first} 和 {second} 以不同的 TLS 设置访问 {name}，却共用{what}：可能因另一个的验证结果而被放行或拒绝",
            first=first.path or "/", second=other.path or "/", name=name,
            what=say("kept connections and sessions", "保持的连接和会话") if pooled(upstream) else say("sessions", "会话"),
        )  # fmt: skip
        lines = [line for line in case.logged if line.kind is LineKind.UPSTREAM_VERIFY and _impossible(case, line)]
        shown_lines = [say("{line}", "{line}", line=line.raw) for line in lines[:1]]
        severity, confidence = (Severity.ERROR, Confidence.LIKELY) if lines else (Severity.WARNING, Confidence.CERTAIN)
        where = Where.at(other.origin, "location")
        yield finding(
            "upstream-session-reuse-trouble", summary, where, *shown_lines, severity=severity, confidence=confidence
        )  # fmt: skip


def shared(case: Case) -> tuple[tuple[Location, Location], ...]:
    """For each upstream that locations of different policies share: the first of them, and the first that differs from it."""
    config = case.stage.config  # whichever server is asked about, the answer is the same
    if "shared-upstreams" not in config.derived:
        config.derived["shared-upstreams"] = tuple(_shared(config))
    return cast("tuple[tuple[Location, Location], ...]", config.derived["shared-upstreams"])


def _shared(config: EffectiveConfig) -> Iterator[tuple[Location, Location]]:
    groups: dict[object, list[Location]] = {}
    for server in config.servers:
        for location in server.locations:
            upstream = location.upstream
            if upstream is not None and (upstream.block or upstream.addresses):
                key = upstream.block.name if upstream.block else upstream.addresses
                groups.setdefault(key, []).append(location)
    for first, *others in groups.values():
        other = next((one for one in others if _apart(first.upstream, one.upstream)), None)
        if other is not None:
            yield first, other


def _apart(first: TlsUpstream | None, second: TlsUpstream | None) -> bool:
    """Whether two settings differ, and one may live on what the other was granted: only one that reuses can."""
    if first is None or second is None or policy(first) == policy(second):
        return False
    return (first.session_reuse.value and second.session_reuse.value) or pooled(first)


def pooled(upstream: TlsUpstream) -> bool:
    """Whether idle connections are kept for whoever comes next."""
    return upstream.block is not None and upstream.block.keepalive.value > 0 and not upstream.block.keepalive_local


def _impossible(case: Case, line: LogLine) -> bool:
    """A verification error that these files do not give: it may be one kept with a session."""
    known = case.verdict if case.side is Side.UPSTREAM and case.presented else None
    return known is not None and known.admitted and line.number is not None


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
