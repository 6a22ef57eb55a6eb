"""One socket, several servers: SNI names the one that does the handshake, Host the one that answers."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind
from handclasp.diagnose.reach import ASKING, http_sockets
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.tells import by_words
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.nginx import TlsServer, VerifyClient
from handclasp.model.verdict import Side
from handclasp.nginxconf.select import Socket
from handclasp.verdict.answer import status_of
from handclasp.verdict.issued import self_signed
from handclasp.verdict.scene import plain_name
from handclasp.verdict.trust import client_trust
from handclasp.verdict.variables import variables

NAMED = "request-by-ip-or-without-sni"


def check_bypass(case: Case) -> Iterator[Finding]:
    """Without SNI the default server's CA decides who gets into the others."""
    if case.side is not Side.CLIENT:
        return
    for socket, server in guests(case):
        foreign = foreign_root(case, socket, server)
        if foreign is None:
            yield from _unlisted(case, socket, server)
            continue
        summary = say(
            "a client of {ca} gets into {server}: without SNI the default server, {default}, verifies it with its own CA file",
            "{ca} 的客户端可以进入 {server}：不带 SNI 时由默认服务器 {default} 用自己的 CA 文件验证",
            ca=foreign.subject_text, server=server.label, default=socket.default.label,
        )  # fmt: skip
        shown = say(
            "handshake without a server name, then Host: {host}: $ssl_client_verify is SUCCESS in {host}",
            "握手时不带服务器名，请求头 Host: {host}：在 {host} 中 $ssl_client_verify 为 SUCCESS", host=plain_name(server),
        )  # fmt: skip
        yield finding("sni-host-split", summary, Where.at(server.origin, "server"), shown)


def _unlisted(case: Case, socket: Socket, server: TlsServer) -> Iterator[Finding]:
    """The default server trusts the same CAs, and does not know who was revoked."""
    default = socket.default
    if not server.crl.value or default.crl.value or default.ocsp.value != "off" or default.reject_handshake.value:
        return
    roots = set(client_trust(server, case.evidence.files, case.stage.version).store.certificates)
    shared = roots & set(client_trust(default, case.evidence.files, case.stage.version).store.certificates)
    known = next((root for root in shared if self_signed(root, case.stage.series)), None)
    if default.verify_client.value not in ASKING or known is None:
        return
    host = plain_name(server)
    if status_of(case.stage.config, server, "/", variables(known, "SUCCESS", host=host, sni=None)) >= 400:
        return
    summary = say(
        "a revoked client gets into {server}: without SNI the default server, {default}, verifies it, and reads no CRL",
        "被吊销的客户端可以进入 {server}：不带 SNI 时由默认服务器 {default} 验证，而它不读取吊销列表",
        server=server.label, default=default.label,
    )  # fmt: skip
    yield finding("sni-host-split", summary, Where.at(server.origin, "server"))


def guests(case: Case) -> Iterator[tuple[Socket, TlsServer]]:
    """Servers that verify clients and are not the default of their socket."""
    for socket in http_sockets(case):
        for server in socket.servers:
            if server is not socket.default and server.verify_client.value in ASKING and plain_name(server):
                yield socket, server


def foreign_root(case: Case, socket: Socket, server: TlsServer) -> Certificate | None:
    """A root that the default server trusts and this one does not, and whose clients this one lets in; None: no such root."""
    default, stage = socket.default, case.stage
    if default.verify_client.value is VerifyClient.OFF or default.reject_handshake.value:
        return None
    own = set(client_trust(server, case.evidence.files, stage.version).store.certificates)
    name = plain_name(server)
    for root in client_trust(default, case.evidence.files, stage.version).store.certificates:
        if root in own or not self_signed(root, stage.series):
            continue
        known = variables(root, "SUCCESS", host=name, sni=None)
        if status_of(stage.config, server, "/", known) < 400:
            return root
    return None


def check_no_sni(case: Case) -> Iterator[Finding]:
    """The default server asks for nothing, so a client without SNI is refused by the server its Host names."""
    if case.side is not Side.CLIENT:
        return
    other = _other_name(case)
    if other is not None:
        yield other
        return
    refused = any(line.kind is LineKind.NO_CERTIFICATE for line in case.logged)
    has_one = bool(case.presented)
    for socket, server in guests(case):
        asks = socket.default.verify_client.value in ASKING
        if asks or server.verify_client.value is not VerifyClient.ON or socket.default.reject_handshake.value:
            continue
        summary = say(
            "a client that sends no SNI, or comes by address, cannot get into {server}: {default} does the handshake"
            " and asks for no certificate",
            "不发送 SNI 或用 IP 地址访问的客户端进不了 {server}：握手由 {default} 完成，而它不要求证书",
            server=server.label, default=socket.default.label,
        )  # fmt: skip
        severity = Severity.ERROR if refused and has_one else Severity.NOTICE
        lines = [line.raw for line in case.logged if line.kind is LineKind.NO_CERTIFICATE][:1]
        yield finding(
            NAMED, summary, Where.at(socket.default.origin, "server"),
            *(say("{line}", "{line}", line=line) for line in lines), severity=severity,
            confidence=Confidence.LIKELY if refused else Confidence.CERTAIN,
        )  # fmt: skip


def _other_name(case: Case) -> Finding | None:
    """The handshake named one server and the request another: nginx answers 421 where the other verifies clients."""
    lines = [line for line in case.logged if line.kind is LineKind.MISDIRECTED and by_words(line) == NAMED]
    scene, request = case.stage.scene, case.evidence.request
    mixed = request is not None and scene.sni_known and scene.handshake is not scene.answer
    answer = scene.answer
    if not lines and (not mixed or answer.verify_client.value is VerifyClient.OFF):
        return None
    named = scene.sni if mixed else lines[-1].server
    host = scene.host if mixed else lines[-1].host
    summary = say(
        "the handshake named {sni} and the request {host}: nginx answers 421, for {host} verifies clients by rules of its own",
        "握手时的服务器名是 {sni}，请求的却是 {host}：{host} 按自己的规则验证客户端，因此 nginx 返回 421",
        sni=named or "-", host=host or "-",
    )  # fmt: skip
    return finding(
        NAMED, summary, Where.at((scene.handshake if mixed else scene.socket.default).origin, "server"),
        *(say("{line}", "{line}", line=line.raw) for line in lines[:1]),
    )  # fmt: skip


def check_misdirected(case: Case) -> Iterator[Finding]:
    """421: SNI of one server, Host of another. Browsers do that on HTTP/2 when a certificate covers both names."""
    if case.side is not Side.CLIENT:
        return
    lines = [line for line in case.logged if line.kind is LineKind.MISDIRECTED and by_words(line) != NAMED]
    for socket, server in guests(case):
        if not lines and not socket.listen.http2:
            continue
        shared = [
            other
            for other in socket.servers
            if other is not server and other.certificates.value == server.certificates.value and plain_name(other)
        ]
        if not lines and not shared:
            continue
        summary = say(
            "{server} shares its address{reason} with {other}: a connection opened for one is answered 421 for the other",
            "{server} 与 {other} 共用地址{reason}：为其中一个建立的连接在请求另一个时会得到 421",
            server=server.label, other=", ".join(one.label for one in shared) or socket.default.label,
            reason=say(" and certificate", "和证书") if shared else say("", ""),
        )  # fmt: skip
        yield finding(
            "http2-connection-reuse-421", summary, Where.at(server.origin, "server"),
            *(say("{line}", "{line}", line=line.raw) for line in lines[:1]),
            severity=Severity.ERROR if lines else Severity.NOTICE,
            confidence=Confidence.LIKELY if lines else Confidence.CERTAIN,
        )  # fmt: skip
        return


RULES = (
    Rule("sni-split", ("sni-host-split",), check_bypass),
    Rule("no-sni", (NAMED,), check_no_sni),
    Rule("misdirected", ("http2-connection-reuse-421",), check_misdirected),
)
