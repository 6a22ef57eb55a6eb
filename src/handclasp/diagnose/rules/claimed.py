"""A check that believes what its visitor says: a header in the place of an address, a name, or a verification."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.claims import Claim, asks_loosely, claims
from handclasp.diagnose.reach import behind_tls
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Where
from handclasp.model.nginx import TlsServer
from handclasp.model.text import Text
from handclasp.model.verdict import Side


def check(case: Case) -> Iterator[Finding]:
    """Everything that opens a server which insists on no certificate by itself, and that anybody can say."""
    if case.side is not Side.CLIENT:
        return
    for socket, server in behind_tls(case):
        if asks_loosely(server):
            for claim in claims(case, socket, server):
                where = Where.at(claim.asked or server.origin, "if")
                yield finding("header-spoofable", _summary(server, claim), where, *_why(server, claim))


def _summary(server: TlsServer, claim: Claim) -> Text:
    if claim.header is None:
        return say(
            "{server} lets in at {uri} whoever makes a certificate for itself with {variable} {value}: its verification failed",
            "任何人自制一张 {variable} 为 {value} 的证书，就能进入 {server} 的 {uri}：该证书并未通过验证",
            server=server.label, uri=claim.uri, variable=f"${claim.variable}", value=claim.value,
        )  # fmt: skip
    return say(
        "{server} lets in at {uri} whoever says {how}, without a certificate",
        "只要声称 {how}，没有证书也能进入 {server} 的 {uri}", server=server.label, uri=claim.uri, how=said(claim),
    )  # fmt: skip


def said(claim: Claim) -> str:
    """What is sent."""
    if claim.header == "":
        return f"?{claim.variable.removeprefix('arg_')}={claim.value}"
    if claim.header == "Cookie":
        return f"Cookie: {claim.variable.removeprefix('cookie_')}={claim.value}"
    return f"{claim.header}: {claim.value}"


def _why(server: TlsServer, claim: Claim) -> tuple[Text, ...]:
    if claim.variable != "remote_addr" or server.address_header.origin is None:
        return ()
    return (
        say(
            "set_real_ip_from in line {line} believes {header} of everybody",
            "第 {line} 行的 set_real_ip_from 相信任何人的 {header}",
            line=server.address_header.origin.line, header=claim.header,
        ),
    )  # fmt: skip


RULES = (Rule("claimed", ("header-spoofable",), check),)
