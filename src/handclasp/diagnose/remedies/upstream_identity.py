"""What nginx shows its upstream: another pair that is at hand, the intermediates beside it, a certificate made anew."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import set_in
from handclasp.diagnose.remedies.pem_edit import append_certificates
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.relayed import links, may_be_client
from handclasp.diagnose.rules.upstream_tls import block_around
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Applicability, Finding
from handclasp.model.nginx import TlsUpstream
from handclasp.model.origin import Origin
from handclasp.model.text import Text
from handclasp.pki.any_form import KEY_LEFT_OUT
from handclasp.pki.der import BIT_STRING, encode
from handclasp.pki.der_write import oid, sequence
from handclasp.pki.resigned import Alteration
from handclasp.verdict.client import verify_client
from handclasp.verdict.trust import certificates_in

_CLIENT_USE: dict[str, bytes | None] = {
    "2.5.29.37": sequence(oid("1.3.6.1.5.5.7.3.2")),
    "2.5.29.15": encode(BIT_STRING, b"\x07\x80"),
}
_OF_UPSTREAM = Text(
    en="it must come from a CA that the upstream names in its ssl_client_certificate: ask whoever runs the upstream",
    zh="它必须由上游 ssl_client_certificate 中的 CA 签发：请向上游的管理者确认",
)


def present(case: Case, finding: Finding) -> Iterator[Change]:
    """A pair of this configuration that the upstream takes; the right use in the certificate; else a new pair."""
    del finding
    upstream, block = case.stage.upstream, block_of(case)
    if upstream is None or block is None:
        return
    yield from _other_pairs(case, upstream, block)
    leaf = case.stage.shown[0] if case.stage.shown else None
    if leaf is not None and not may_be_client(leaf):
        yield _reissued(upstream, leaf)
    yield _new_pair(upstream)


def block_of(case: Case) -> Origin | None:
    """Where a directive for the upstream at hand belongs."""
    found = case.stage.upstream_location
    return block_around(*found) if found else None


def _other_pairs(case: Case, upstream: TlsUpstream, block: Origin) -> Iterator[Change]:
    """Certificates that this nginx shows elsewhere, where the upstream's own rules are at hand to judge them."""
    inner = case.stage.behind
    if inner is None:
        return
    judge = case.stage.judge(inner.handshake.ciphers.value, inner.handshake.conf_commands.value)
    for certificate, key in dict.fromkeys(_pairs(case)):
        chain = certificates_in(case.evidence.files, certificate)
        if certificate == upstream.certificate.value or not chain or verify_client(inner.handshake, chain, judge).errors:
            continue
        module = upstream.module
        yield Change(
            id="present-certificate",
            title=say(
                "show the upstream {file}, which it accepts", "向上游出示 {file}，上游会接受它", file=certificate
            ),
            applicability=Applicability.REVIEW,
            edits=set_in(
                case, block, (f"{module}_ssl_certificate", (certificate,)), (f"{module}_ssl_certificate_key", (key,))
            ),
            commands=(RELOAD,),
        )  # fmt: skip


def _pairs(case: Case) -> Iterator[tuple[str, str]]:
    for server in case.stage.config.servers:
        for location in server.locations:
            other = location.upstream
            if other and other.certificate.value and other.certificate_key.value:
                yield other.certificate.value, other.certificate_key.value


def _reissued(upstream: TlsUpstream, leaf: Certificate) -> Change:
    return Change(
        id="reissue-for-clients",
        title=say(
            "issue a new certificate to {name}, with extended key usage clientAuth",
            "为 {name} 签发新证书，扩展密钥用法含 clientAuth", name=leaf.subject_text,
        ),
        applicability=Applicability.MANUAL,
        commands=("handclasp issue NAME --profile client", f"openssl x509 -in {upstream.certificate.value} -noout -purpose"),
        note=_OF_UPSTREAM,
        reissued={leaf: Alteration(serial=leaf.serial + 1, extensions=_CLIENT_USE)},
    )  # fmt: skip


def _new_pair(upstream: TlsUpstream) -> Change:
    module = upstream.module
    return Change(
        id="give-nginx-a-client-certificate",
        title=Text(
            en="give this nginx a client certificate of its own, with its chain",
            zh="为本机 nginx 配置自己的客户端证书及其证书链",
        ),
        applicability=Applicability.MANUAL,
        commands=(
            "handclasp issue NAME --profile client",
            f"{module}_ssl_certificate /etc/nginx/pki/chain.pem;",
            f"{module}_ssl_certificate_key /etc/nginx/pki/key.pem;",
            RELOAD,
        ),
        note=_OF_UPSTREAM,
    )


def complete_chain(case: Case, finding: Finding) -> Iterator[Change]:
    """The intermediates after the certificate in the file that nginx shows."""
    del finding
    upstream = case.stage.upstream
    path = upstream.certificate.value if upstream else None
    missing = links(case)
    if not path or not missing:
        return
    content = case.evidence.files.get(path) or b""
    names = ", ".join(item.subject_text for item in missing)
    # A file that also holds the key is not rewritten: the key is not part of the evidence.
    whole = KEY_LEFT_OUT not in content
    yield Change(
        id="append-proxy-intermediate",
        title=say(
            "append {names} to {file}", "把 {names} 追加到 {file}", names=names, file=path
        ),
        applicability=Applicability.SAFE if whole else Applicability.MANUAL,
        edits=append_certificates(case, path, missing) if whole else (),
        commands=(RELOAD,) if whole else (f"cat intermediate.pem >> {path}", RELOAD),
    )  # fmt: skip
