"""CRLs that stand where nginx does not look for any."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import behind_tls
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.trust_wide import asking
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import TlsServer
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.verdict.trust import crls_in

_READ_NOT_USED = Text(
    en="CRLs in a CA file are loaded, or passed over, and never checked: only ssl_crl switches checking on",
    zh="CA 文件中的吊销列表会被加载或跳过，但从不检查：只有 ssl_crl 才会启用检查",
)


def check(case: Case) -> Iterator[Finding]:
    """CRLs in a CA file, of a server without ssl_crl: a revoked client gets in."""
    if case.side is not Side.CLIENT:
        return
    reachable = {id(server) for _, server in behind_tls(case)}
    for server in asking(case):
        place = holding(case, server)
        if place is None or id(server) not in reachable:
            continue
        file, where = place
        summary = say(
            "{file} holds CRLs, and {server} checks none: a revoked client gets in",
            "{file} 中有吊销列表，但 {server} 不检查：被吊销的客户端可以进入", file=file, server=server.label,
        )  # fmt: skip
        yield finding("client-crl-file-format", summary, where, _READ_NOT_USED, severity=Severity.WARNING)


def holding(case: Case, server: TlsServer) -> tuple[str, Where] | None:
    """The CA file of a server with CRLs in it, where no CRL and no responder is asked; None: there is none."""
    if server.crl.value or server.ocsp.value != "off":
        return None
    for setting, directive in (
        (server.client_certificate, "ssl_client_certificate"),
        (server.trusted_certificate, "ssl_trusted_certificate"),
    ):
        if setting.value and crls_in(case.evidence.files, setting.value):
            return setting.value, Where.at(setting.origin, directive)
    return None


RULES = (Rule("crl-unread", ("client-crl-file-format",), check),)
