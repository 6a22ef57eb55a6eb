"""A handshake that the upstream broke off: which of nginx's settings its alert is about."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LogLine
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.relayed import may_be_client
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.nginx import TlsUpstream
from handclasp.model.text import Text
from handclasp.model.verdict import Side

DEMANDS, PROTOCOLS = "upstream-demands-cert-alert", "upstream-protocol-mismatch"
_REQUIRED, _HANDSHAKE_FAILURE, _VERSION = 116, 40, 70
_ABOUT_OURS = {42, 43, 44, 45, 46, 48, 49, 51}
"""bad_certificate, unsupported, revoked, expired, unknown, unknown_ca, access_denied, decrypt_error (RFC 8446 section 6.2)."""
_NEW, _OLD = "TLSv1.3", "TLSv1.2"


def alerts(case: Case, *numbers: int) -> tuple[LogLine, ...]:
    """The lines in which the upstream sent one of these alerts."""
    return tuple(line for line in case.logged if line.side is Side.UPSTREAM and line.alert in numbers)


def _upstream(case: Case) -> TlsUpstream | None:
    return case.stage.upstream if case.evidence.root and not case.start_faults else None


def check_demanded(case: Case) -> Iterator[Finding]:
    """The upstream insists on a client certificate in the handshake, or refuses the one that it was shown."""
    upstream = _upstream(case)
    if upstream is None:
        return
    if not upstream.certificate.value:
        for line in alerts(case, _REQUIRED, _HANDSHAKE_FAILURE)[:1]:
            yield _nothing_shown(upstream, line)
        return
    for line in alerts(case, *_ABOUT_OURS)[:1]:
        yield _not_taken(case, upstream, line)


def _nothing_shown(upstream: TlsUpstream, line: LogLine) -> Finding:
    summary = say(
        "the upstream {target} demands a client certificate in the handshake, and {module}_ssl_certificate is not set",
        "上游 {target} 在握手中要求客户端证书，而没有设置 {module}_ssl_certificate",
        target=upstream.target.value, module=upstream.module,
    )  # fmt: skip
    sure = line.alert == _REQUIRED
    other = Text(
        en="alert 40 may also mean that no cipher suite is shared; openssl s_client shows whether it asks for a certificate",
        zh="alert 40 也可能表示没有共同的密码套件；可用 openssl s_client 查看上游是否要求证书",
    )
    return finding(
        DEMANDS, summary, _where(upstream), say("{line}", "{line}", line=line.raw), *(() if sure else (other,)),
        confidence=Confidence.CERTAIN if sure else Confidence.LIKELY,
    )  # fmt: skip


def _not_taken(case: Case, upstream: TlsUpstream, line: LogLine) -> Finding:
    leaf = case.stage.shown[0] if case.stage.shown else None
    unfit = leaf is not None and not may_be_client(leaf)
    summary = say(
        "the upstream {target} refuses the certificate that nginx shows it in the handshake{why}",
        "上游 {target} 在握手中拒绝了 nginx 出示的证书{why}",
        target=upstream.target.value,
        why=say(": it lacks clientAuth", "：其中没有 clientAuth") if unfit else say("", ""),
    )  # fmt: skip
    shown = say("{file}: {leaf}", "{file}：{leaf}", file=upstream.certificate.value, leaf=leaf.subject_text if leaf else "?")
    return finding(DEMANDS, summary, _where(upstream), say("{line}", "{line}", line=line.raw), shown)


def _where(upstream: TlsUpstream) -> Where:
    origin = upstream.certificate.origin
    return Where.at(
        origin or upstream.target.origin, f"{upstream.module}_ssl_certificate" if origin else f"{upstream.module}_pass"
    )


def check_protocols(case: Case) -> Iterator[Finding]:
    """No TLS version in common: by the upstream's own settings when they are at hand, else by its alert."""
    upstream = _upstream(case)
    if upstream is None:
        return
    lacking = [version for version in (_OLD, _NEW) if version not in upstream.protocols.value]
    theirs = _settings_behind(case)
    lines = alerts(case, _VERSION)
    if theirs is not None:
        if not set(theirs) & set(upstream.protocols.value):
            there = say("it speaks {versions}", "上游只支持 {versions}", versions=" ".join(theirs))
            yield _mismatch(upstream, there, Confidence.CERTAIN)
    elif lines and lacking:
        yield _mismatch(upstream, say("{line}", "{line}", line=lines[0].raw), Confidence.CERTAIN)
    elif lines:
        summary = say(
            "the upstream {target} speaks none of {versions}: it is too old, or its answer is older than this configuration",
            "上游 {target} 不支持 {versions} 中的任何一个：上游过旧，或该日志早于当前配置",
            target=upstream.target.value, versions=" ".join(upstream.protocols.value),
        )  # fmt: skip
        where = Where.at(upstream.protocols.origin or upstream.target.origin, f"{upstream.module}_pass")
        line = say("{line}", "{line}", line=lines[0].raw)
        yield finding(PROTOCOLS, summary, where, line, severity=Severity.WARNING, confidence=Confidence.LIKELY)


def _settings_behind(case: Case) -> tuple[str, ...] | None:
    """The versions of the upstream when it is a server of this configuration; the socket's default server decides them."""
    socket = case.stage.upstream_socket
    return socket.default.protocols.value if socket and socket.listen.ssl else None


def _mismatch(upstream: TlsUpstream, why: Text, confidence: Confidence) -> Finding:
    default = say("", "") if upstream.protocols.origin else say(", the default of this nginx", "（此版本的默认值）")
    summary = say(
        "nginx offers {target} only {versions}{default}, and it wants another version",
        "nginx 只向 {target} 提供 {versions}{default}，而对方需要其他版本",
        target=upstream.target.value, versions=" ".join(upstream.protocols.value), default=default,
    )  # fmt: skip
    directive = f"{upstream.module}_ssl_protocols"
    where = Where.at(upstream.protocols.origin or upstream.target.origin, directive)
    return finding(PROTOCOLS, summary, where, why, confidence=confidence)


RULES = (
    Rule("upstream-demands", (DEMANDS,), check_demanded),
    Rule("upstream-protocols", (PROTOCOLS,), check_protocols),
)
