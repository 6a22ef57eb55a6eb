"""CRLs and CAs that are past their end, or near it: when they end, every client is refused."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from handclasp.diagnose.case import Case
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.trust_wide import asking, roots_in
from handclasp.model.certificate import Certificate, Crl
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import Setting, TlsServer
from handclasp.model.verdict import Side
from handclasp.verdict.trust import client_trust

_SOON, _CA_SOON = timedelta(hours=48), timedelta(days=30)
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
        where = Where.at(server.crl.origin, "ssl_crl")
        if crl.this_update > case.evidence.at and not case.presented:
            yield _of_tomorrow(crl, server, where)
        if crl.next_update is None:
            continue
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


def _of_tomorrow(crl: Crl, server: TlsServer, where: Where) -> Finding:
    summary = say(
        "the CRL of {issuer} in {file} is valid only from {when}: until then every client of that CA is refused",
        "{file} 中 {issuer} 的吊销列表自 {when} 起才有效：在此之前该 CA 的所有客户端都会被拒绝",
        issuer=crl.issuer_text, file=server.crl.value, when=f"{crl.this_update:%Y-%m-%d %H:%M}Z",
    )  # fmt: skip
    return finding("client-crl-not-yet-valid", summary, where)


def check_authorities(case: Case) -> Iterator[Finding]:
    """Roots that have expired, or soon will. What refuses the peer in question is told with its path."""
    on_path = {step.certificate for step in case.whole.path} if case.whole else set()
    told: set[str] = set()
    for setting, directive, cause in _trusting(case):
        if setting.value is None or setting.value in told:
            continue
        told.add(setting.value)
        roots = roots_in(case, setting.value)
        current = {item.subject for item in roots if item.not_after > case.evidence.at + _CA_SOON}
        for root in roots:
            if root.subject not in current and root not in on_path:
                yield _of_root(case, setting.value, root, Where.at(setting.origin, directive), cause)


def _trusting(case: Case) -> Iterator[tuple[Setting[str | None], str, str]]:
    """The trust files of this side, with their directive and the cause that an expired root in them is."""
    if case.side is Side.CLIENT:
        for server in asking(case):
            yield server.client_certificate, "ssl_client_certificate", "client-ca-expired"
    elif (upstream := case.stage.upstream) is not None and upstream.verify.value:
        directive = f"{upstream.module}_ssl_trusted_certificate"
        yield upstream.trusted_certificate, directive, "upstream-cert-expired"


def _of_root(case: Case, path: str, root: Certificate, where: Where, cause: str) -> Finding:
    over = root.not_after <= case.evidence.at
    values = {"ca": root.subject_text, "when": f"{root.not_after:%Y-%m-%d %H:%M}Z", "file": path}
    expired = say(
        "the CA {ca} in {file} expired on {when}: whoever it certified is refused",
        "{file} 中的 CA {ca} 已于 {when} 过期：它签发的证书都会被拒绝", **values,
    )  # fmt: skip
    ending = say(
        "the CA {ca} in {file} expires on {when}; from then on whoever it certified is refused",
        "{file} 中的 CA {ca} 将于 {when} 过期；此后它签发的证书都会被拒绝", **values,
    )  # fmt: skip
    return finding(cause, expired if over else ending, where, severity=Severity.WARNING if over else Severity.NOTICE)


def _ends_soon(begin: datetime, end: datetime, now: datetime) -> bool:
    """In its last fifth, and not more than two days before its end."""
    left = end - now
    return left <= _SOON and left * _LAST_PART <= end - begin


RULES = (
    Rule("crl-life", ("client-crl-expired", "client-crl-not-yet-valid"), check),
    Rule("ca-life", ("client-ca-expired", "upstream-cert-expired"), check_authorities),
)
