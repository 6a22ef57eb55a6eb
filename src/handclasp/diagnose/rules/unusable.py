"""Files of nginx's own by which nobody can pass, whoever comes: told when no client is there who was refused for it."""

from collections.abc import Iterator

from handclasp.catalogue.openssl_releases import NO_CRL_FOR_SELF_SIGNED
from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import behind_tls
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Finding, Where
from handclasp.model.nginx import TlsServer, VerifyClient
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.verdict.extensions import ca_kind
from handclasp.verdict.issued import self_signed
from handclasp.verdict.trust import certificates_in, client_trust

_INSISTING = frozenset({VerifyClient.ON, VerifyClient.OPTIONAL})
_ROOT = Text(
    en="nginx accepts a path only when it ends in a self-signed certificate of its own files",
    zh="只有以 nginx 自己文件中的自签名证书结尾的证书路径才会被接受",
)
_EVERY = Text(
    en="with ssl_crl, nginx wants a CRL of every CA of the path, the root included",
    zh="设置 ssl_crl 后，nginx 要求路径上的每个 CA（包括根）都有吊销列表",
)


def check(case: Case) -> Iterator[Finding]:
    """A CA file without any root, and CRLs without one of a root: every client is refused."""
    if case.side is not Side.CLIENT or case.presented:
        return
    told: set[tuple[str | None, ...]] = set()
    for _, server in behind_tls(case):
        files = (server.client_certificate.value, server.trusted_certificate.value, server.crl.value)
        if server.verify_client.value in _INSISTING and files not in told:
            told.add(files)
            yield from _of_server(case, server)


def _of_server(case: Case, server: TlsServer) -> Iterator[Finding]:
    trust = client_trust(server, case.evidence.files, case.stage.version)
    store = trust.store.certificates
    roots = [item for item in store if self_signed(item, case.stage.series)]
    if store and not roots and not trust.store.vouched:
        yield _rootless(case, server, store)
    listed = {crl.issuer for crl in trust.crls or ()}
    lacking = [root for root in roots if root.subject not in listed and _asked_for(case, root)]
    if trust.crls and lacking:
        summary = say(
            "{file} has no CRL of {issuers}: every client below is refused",
            "{file} 中没有 {issuers} 的吊销列表：其下的所有客户端都会被拒绝",
            file=server.crl.value, issuers=", ".join(dict.fromkeys(root.subject_text for root in lacking)),
        )  # fmt: skip
        yield finding("client-crl-missing-for-a-level", summary, Where.at(server.crl.origin, "ssl_crl"), _EVERY)


def _asked_for(case: Case, root: Certificate) -> bool:
    """Whether a CRL of it is looked up: for what it issued by every release, for itself up to 3.5."""
    series = case.stage.series
    return not series.since(NO_CRL_FOR_SELF_SIGNED) or ca_kind(root, series) != 0


def _rootless(case: Case, server: TlsServer, store: tuple[Certificate, ...]) -> Finding:
    own = {item for path in server.certificates.value for item in certificates_in(case.evidence.files, path)[:1]}
    authorities = [item for item in store if item.basic_constraints and item.basic_constraints.ca]
    if set(store) <= own:
        cause = "client-trust-file-is-server-cert"
        what = say("this server's own certificate", "本服务器自己的证书")
    elif authorities:
        cause = "client-trust-intermediate-only"
        what = say(
            "no root, only {names}", "没有根证书，只有 {names}", names=", ".join(item.subject_text for item in authorities)
        )
    else:
        cause = "client-trust-file-is-leaf"
        what = say(
            "no CA at all, but {names}", "没有任何 CA，而是 {names}", names=", ".join(item.subject_text for item in store)
        )
    summary = say(
        "{file} holds {what}: every client is refused", "{file} 中{what}：所有客户端都会被拒绝",
        file=server.client_certificate.value or server.trusted_certificate.value, what=what,
    )  # fmt: skip
    setting = server.client_certificate if server.client_certificate.value else server.trusted_certificate
    return finding(cause, summary, Where.at(setting.origin, "ssl_client_certificate"), _ROOT)


RULES = (
    Rule(
        "unusable-trust",
        (
            "client-trust-file-is-server-cert",
            "client-trust-intermediate-only",
            "client-trust-file-is-leaf",
            "client-crl-missing-for-a-level",
        ),
        check,
    ),
)
