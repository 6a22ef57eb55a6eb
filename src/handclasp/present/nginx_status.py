"""nginx status and nginx check as text, in English and Chinese."""

from collections.abc import Iterator
from typing import Any

from handclasp.model.finding import Finding
from handclasp.model.nginx_status import (
    AuthorityStatus,
    BackendStatus,
    CrlStatus,
    EndKind,
    Enters,
    EntryRule,
    NginxCheck,
    NginxStatus,
    ServerStatus,
    SocketStatus,
    TowardsBackend,
)
from handclasp.model.text import Text
from handclasp.present.columns import table
from handclasp.present.generated import generated_fields, generated_lines
from handclasp.present.visible import visible

_PLAIN = Text(en="no TLS", zh="无 TLS")
_ASKS = {
    "on": Text(en="a certificate is required", zh="必须出示证书"),
    "optional": Text(en="a certificate is asked for, and need not be shown", zh="请求证书，可不出示"),
    "optional_no_ca": Text(en="any certificate is accepted, unverified", zh="接受任何证书，不验证"),
    "off": Text(en="no certificate is asked for", zh="不请求证书"),
}
_WITHOUT_SNI = Text(en="without SNI: {server} ({asks})", zh="无 SNI 时：{server}（{asks}）")
_REJECTED = Text(en="the handshake is rejected", zh="握手被拒绝")
_HEADS = (
    Text(en="server", zh="服务器"),
    Text(en="certificate", zh="证书"),
    Text(en="issued by", zh="签发者"),
    Text(en="depth", zh="深度"),
    Text(en="revocation", zh="吊销"),
)
_UNTIL = Text(en="until", zh="至")
_EXPIRED = Text(en="EXPIRED", zh="已过期")
_FOREVER = Text(en="for ever", zh="永久")
_NO_CRL = Text(en="none", zh="无")
_MOST_NAMED = 8
_MORE = Text(en=" and {count} more", zh=" 等另外 {count} 个")
_ENTERS = Text(en="{where} is entered by {who}", zh="可进入 {where} 的有：{who}")
_WHO = {
    Enters.CLIENTS: Text(en="every client of its CAs", zh="其 CA 的所有客户端"),
    Enters.LISTED: Text(en="{names}", zh="{names}"),
    Enters.ANYBODY: Text(en="anybody: a certificate need not be shown", zh="任何人：可不出示证书"),
    Enters.UNDECIDED: Text(en="whom code or a variable that is set on the way lets in", zh="由代码或途中设置的变量放行的人"),
}
_NOBODY = Text(en="nobody", zh="无人")
_FREE = Text(en="; from {networks} without a certificate", zh="；来自 {networks} 时无需证书")
_UNLESS = Text(en="{where} is refused: {condition}   ({place})", zh="{where} 被拒绝的条件：{condition}   （{place}）")
_TOLD = Text(en="is told", zh="获知")
_REFUSED = Text(
    en="nginx refuses these files as they are now, and a reload with them; one that runs goes on with those of before:",
    zh="nginx 拒绝现在的这些文件，重新加载也会被拒绝；正在运行的 nginx 继续使用之前的文件：",
)
_NEXT = Text(en="ends next:", zh="即将到期：")
_ENDS = {
    EndKind.CERTIFICATE: Text(
        en="the certificate {name}: nobody trusts {servers} then", zh="证书 {name}：此后无人信任 {servers}"
    ),
    EndKind.AUTHORITY: Text(
        en="the CA {name}: {servers} refuses its clients then", zh="CA {name}：此后 {servers} 拒绝其客户端"
    ),
    EndKind.CRL: Text(
        en="the CRL of {name}: {servers} refuses its clients then", zh="{name} 的 CRL：此后 {servers} 拒绝其客户端"
    ),
    EndKind.SHOWN: Text(
        en="the certificate {name} that nginx shows: {servers} is refused by its backend then",
        zh="nginx 向后端出示的证书 {name}：此后 {servers} 被其后端拒绝",
    ),
    EndKind.BACKEND_AUTHORITY: Text(
        en="the CA {name} of a backend: {servers} loses it then", zh="后端的 CA {name}：此后 {servers} 无法再连接它"
    ),
    EndKind.BACKEND_CRL: Text(
        en="the CRL of {name} for a backend: {servers} loses it then",
        zh="用于后端的 {name} 的 CRL：此后 {servers} 无法再连接它",
    ),
}
_VERIFIED = Text(en="{way} must be {name}, by {names}", zh="{way} 必须是 {name}，签发者：{names}")
_UNVERIFIED = Text(en="{way} is NOT verified: whoever answers there is believed", zh="{way} 未经验证：谁应答就相信谁")
_SHOWN = Text(en="; nginx shows {subject}", zh="；nginx 出示 {subject}")
_TOLD_NOTHING = Text(en="is told nothing about the client", zh="不知道客户端是谁")
_NOTHING = Text(en="nothing listens: there is no server in {config}", zh="没有监听：{config} 中没有 server")
_REFUSES = Text(
    en="nginx {version} would not start with {config} (faults: {count})",
    zh="nginx {version} 无法以 {config} 启动（{count} 处错误）",
)
_STARTS = Text(
    en="nginx {version} would start with {config} (servers: {servers}, files: {files})",
    zh="nginx {version} 可以以 {config} 启动（server：{servers}，文件：{files}）",
)


def check_text(found: NginxCheck, lang: str) -> str:
    """Every fault with its place, in nginx's words; then the sum."""
    named = {"version": found.nginx_version, "config": visible(found.config)}
    if not found.faults:
        starts = _STARTS.in_language(lang).format(servers=found.servers, files=len(found.files), **named)
        told: set[str] = set()
        return "\n".join((*(line for finding in found.findings for line in _finding(finding, lang, told)), starts))
    lines = [f"{visible(str(fault.origin))}: {visible(fault.message)}" for fault in found.faults]
    lines += [line for one in found.generated for line in generated_lines(one, lang)]
    return "\n".join((*lines, _REFUSES.in_language(lang).format(count=len(found.faults), **named)))


def _finding(finding: Finding, lang: str, told: set[str]) -> Iterator[str]:
    """`told` are the files of which it was said who writes them."""
    place = ":".join(str(part) for part in (finding.where.file, finding.where.line) if part)
    words = visible(f"{finding.severity.value}: {finding.summary.in_language(lang)} [{finding.cause}]")
    yield f"{visible(place)}: {words}" if place else words
    if finding.generated is not None:
        again = finding.generated.file in told
        told.add(finding.generated.file)
        yield from (f"  {line}" for line in generated_lines(finding.generated, lang, again=again))


def check_fields(found: NginxCheck) -> dict[str, Any]:
    """The fields of the JSON document; a place is written as everywhere: file, line, column."""
    return {
        "ok": not found.faults,
        "config": found.config,
        "nginx_version": found.nginx_version,
        "openssl_series": found.openssl_series,
        "servers": found.servers,
        "files": found.files,
        "faults": [{"message": fault.message, "where": fault.origin, "directive": fault.directive} for fault in found.faults],
        "generated": [generated_fields(one, "en") for one in found.generated],
        "findings": [
            {
                "cause": finding.cause,
                "severity": finding.severity.value,
                "summary": finding.summary.en,
                "where": finding.where,
                "generated": generated_fields(finding.generated, "en"),
            }
            for finding in found.findings
        ],
    }


def status_text(found: NginxStatus, lang: str) -> str:
    """One table per listen address."""
    if not found.sockets:
        return _NOTHING.in_language(lang).format(config=visible(found.config))
    refused = [f"{_REFUSED.in_language(lang)}\n  {visible(found.refused)}"] if found.refused else []
    parts = [*refused, *("\n".join(_socket(socket, lang)) for socket in found.sockets)]
    return "\n\n".join([*parts, *(["\n".join(_ending(found, lang))] if found.deadlines else [])])


def _ending(found: NginxStatus, lang: str) -> Iterator[str]:
    """What ends next: the soonest of each kind, and all that has ended."""
    yield _NEXT.in_language(lang)
    shown: set[EndKind] = set()
    for each in found.deadlines:
        ended = each.at < found.at
        if each.kind in shown and not ended:
            continue
        shown.add(each.kind)
        when = f"{each.at:%Y-%m-%d %H:%M} UTC" + (f" {_EXPIRED.in_language(lang)}" if ended else "")
        kind = _ENDS[each.kind].in_language(lang).format(name=visible(each.name), servers=visible(", ".join(each.servers[:3])))
        yield f"  {when}  {kind}"


def _socket(socket: SocketStatus, lang: str) -> Iterator[str]:
    yield f"{_address(socket)}  {_kind(socket, lang)}"
    if socket.tls:
        yield "  " + _without_sni(socket, lang)
        rows = [row for server in socket.servers for row in _rows(server, lang)]
    else:
        rows = [(visible(server.label), "", "", "", "") for server in socket.servers]
    heads = [tuple(head.in_language(lang) for head in _HEADS)] if socket.tls else []
    yield from table([*heads, *rows], indent="  ")
    for server in socket.servers:
        yield from (f"  {_enters(server, rule, lang)}" for rule in server.enters)
    for server in socket.servers:
        for backend in server.backends:
            yield f"  {_told(server, backend, lang)}"
            if backend.tls is not None:
                yield f"    {_towards(backend.target, backend.tls, lang)}"


def _address(socket: SocketStatus) -> str:
    return visible(f"{socket.address}:{socket.port}" if socket.port else socket.address)


def _kind(socket: SocketStatus, lang: str) -> str:
    words = [socket.context] if socket.context != "http" else []
    words.append(("QUIC" if socket.quic else "TLS") if socket.tls else _PLAIN.in_language(lang))
    return " ".join(words)


def _without_sni(socket: SocketStatus, lang: str) -> str:
    asks = _REJECTED if socket.without_sni_rejected else _ASKS[socket.without_sni_asks]
    return _WITHOUT_SNI.in_language(lang).format(server=visible(socket.without_sni), asks=asks.in_language(lang))


def _rows(server: ServerStatus, lang: str) -> Iterator[tuple[str, ...]]:
    """One line per server, and one more for every further authority or CRL."""
    if server.asks == "off":
        yield visible(server.label), server.asks, "", "", ""
        return
    issued = [_authority(one, lang) for one in server.authorities] or ["-"]
    revoked = [_crl(one, lang) for one in server.crls] or [_NO_CRL.in_language(lang)]
    if server.ocsp != "off":
        revoked = [f"OCSP {server.ocsp}", *(revoked if server.crls else [])]
    for at in range(max(len(issued), len(revoked))):
        first = (visible(server.label), server.asks) if at == 0 else ("", "")
        depth = str(server.depth) if at == 0 else ""
        yield (*first, issued[at] if at < len(issued) else "", depth, revoked[at] if at < len(revoked) else "")


def _authority(one: AuthorityStatus, lang: str) -> str:
    if one.error or one.not_after is None:
        return visible(f"{one.path}: {one.error}")
    return visible(f"{one.subject} ({_UNTIL.in_language(lang)} {one.not_after:%Y-%m-%d})")


def _crl(one: CrlStatus, lang: str) -> str:
    if one.error:
        return visible(f"{one.path}: {one.error}")
    end = f"{one.next_update:%Y-%m-%d %H:%M}" if one.next_update else _FOREVER.in_language(lang)
    late = f" {_EXPIRED.in_language(lang)}" if one.expired else ""
    return visible(f"CRL {one.issuer} {_UNTIL.in_language(lang)} {end}{late}")


def _enters(server: ServerStatus, rule: EntryRule, lang: str) -> str:
    """One line: where, and who."""
    where = visible(f"{server.label} {rule.path}")
    if rule.enters is Enters.CONDITION:
        names = f" ({_names(rule.names, lang)})" if rule.names else ""
        return _UNLESS.in_language(lang).format(where=where, condition=visible(rule.condition or ""), place=rule.origin) + names
    nobody = rule.enters is Enters.LISTED and not rule.names
    who = _NOBODY.in_language(lang) if nobody else _WHO[rule.enters].in_language(lang).format(names=_names(rule.names, lang))
    free = _FREE.in_language(lang).format(networks=visible(", ".join(rule.networks))) if rule.networks else ""
    return _ENTERS.in_language(lang).format(where=where, who=who) + free


def _names(names: tuple[str, ...], lang: str) -> str:
    rest = len(names) - _MOST_NAMED
    more = _MORE.in_language(lang).format(count=rest) if rest > 0 else ""
    return visible(", ".join(names[:_MOST_NAMED])) + more


def _towards(target: str, tls: TowardsBackend, lang: str) -> str:
    """Whom nginx believes to be the backend, and what it shows."""
    way = visible(target)
    names = ", ".join(_authority(one, lang) for one in tls.authorities) or "-"
    words = _VERIFIED if tls.verified else _UNVERIFIED
    said = words.in_language(lang).format(way=way, name=visible(tls.name), names=names)
    ends = "".join(f"; {_crl(one, lang)}" for one in tls.crls)
    return said + ends + (_SHOWN.in_language(lang).format(subject=visible(tls.shows)) if tls.shows else "")


def _told(server: ServerStatus, backend: BackendStatus, lang: str) -> str:
    where = visible(f"{server.label} {backend.location}".strip())
    if not backend.headers:
        return f"{where} -> {visible(backend.target)} {_TOLD_NOTHING.in_language(lang)}"
    headers = ", ".join(visible(f"{name}: {value}") for name, value in backend.headers)
    return f"{where} -> {visible(backend.target)} {_TOLD.in_language(lang)} {headers}"
