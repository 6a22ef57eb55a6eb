"""CRLs that are past their end, or near it: when they end, every client is refused."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from handclasp.diagnose.case import Case
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.trust_wide import asking
from handclasp.model.certificate import Crl
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import TlsServer
from handclasp.model.verdict import Side
from handclasp.verdict.trust import client_trust

_SOON = timedelta(hours=48)
_LAST_PART = 5


def check(case: Case) -> Iterator[Finding]:
    """The newest list of every CA. What has expired is told here only when no client is there to be refused for it."""
    if case.side is not Side.CLIENT:
        return
    told: set[str] = set()
    for server in asking(case):
        path = server.crl.value
        if path and path not in told:
            told.add(path)
            yield from _of_server(case, server)


def _of_server(case: Case, server: TlsServer) -> Iterator[Finding]:
    trust = client_trust(server, case.evidence.files, case.stage.version)
    subjects = {item.subject for item in trust.store.certificates}
    newest: dict[bytes, Crl] = {}
    for crl in trust.crls or ():
        if crl.issuer in subjects and (crl.issuer not in newest or crl.this_update > newest[crl.issuer].this_update):
            newest[crl.issuer] = crl
    for crl in newest.values():
        if crl.next_update is None:
            continue
        where = Where.at(server.crl.origin, "ssl_crl")
        values = {"issuer": crl.issuer_text, "when": f"{crl.next_update:%Y-%m-%d %H:%M}Z", "file": server.crl.value}
        if crl.next_update <= case.evidence.at:
            if not case.presented:
                summary = say(
                    "the CRL of {issuer} in {file} expired on {when}: every client of that CA is refused",
                    "{file} 中 {issuer} 的吊销列表已于 {when} 过期：该 CA 的所有客户端都会被拒绝", **values,
                )  # fmt: skip
                yield finding("client-crl-expired", summary, where)
        elif _ends_soon(crl.this_update, crl.next_update, case.evidence.at):
            summary = say(
                "the CRL of {issuer} in {file} ends on {when}; from then on every client of that CA is refused",
                "{file} 中 {issuer} 的吊销列表将于 {when} 到期；此后该 CA 的所有客户端都会被拒绝", **values,
            )  # fmt: skip
            yield finding("client-crl-expired", summary, where, severity=Severity.WARNING)


def _ends_soon(begin: datetime, end: datetime, now: datetime) -> bool:
    """In its last fifth, and not more than two days before its end."""
    left = end - now
    return left <= _SOON and left * _LAST_PART <= end - begin


RULES = (Rule("crl-life", ("client-crl-expired",), check),)
