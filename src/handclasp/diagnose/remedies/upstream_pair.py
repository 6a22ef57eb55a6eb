"""The certificate that nginx shows its upstream and the key to it: in order, of one pair, in place."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import set_in
from handclasp.diagnose.remedies.pem_edit import pem
from handclasp.diagnose.remedies.server_pair import opened
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.upstream_tls import block_around
from handclasp.model.finding import Applicability, FileEdit
from handclasp.model.nginx import StartFault, TlsUpstream
from handclasp.model.origin import Origin
from handclasp.model.text import Text
from handclasp.pki.any_form import KEY_LEFT_OUT
from handclasp.verdict.trust import certificates_in


def changes(case: Case, fault: StartFault) -> Iterator[Change]:
    """The leaf first, when it is only out of order; the file or the key that fits, when one is at hand; else by hand."""
    for block, upstream in _about(case, fault):
        yield from opened(case, fault, f"{upstream.module}_ssl")
        yield from _leaf_first(case, upstream)
        yield from _other_certificate(case, block, upstream)
        yield from _other_key(case, block, upstream)
        yield _by_hand(upstream)
        return


def _about(case: Case, fault: StartFault) -> Iterator[tuple[Origin, TlsUpstream]]:
    """The upstream whose pair nginx complains about, and the block to put directives into."""
    every = [
        (server, location, location.upstream)
        for server in case.stage.config.servers
        for location in server.locations
        if location.upstream is not None and location.upstream.certificate.value
    ]
    for server, location, upstream in every:
        if fault.origin in (upstream.certificate.origin, upstream.certificate_key.origin, upstream.target.origin):
            yield block_around(server, location), upstream


def _leaf_first(case: Case, upstream: TlsUpstream) -> Iterator[Change]:
    path = upstream.certificate.value or ""
    held = case.evidence.keys.get(upstream.certificate_key.value or "")
    content = case.evidence.files.get(path) or b""
    certificates = certificates_in(case.evidence.files, path)
    leaf = next((item for item in certificates if item.spki == held), None)
    if leaf is None or leaf == certificates[0] or KEY_LEFT_OUT in content:
        return
    ordered = (leaf, *(item for item in certificates if item != leaf))
    after = b"".join(pem(item.der, "CERTIFICATE") for item in ordered)
    yield Change(
        id="leaf-first",
        title=say("put the leaf certificate first in {path}", "把叶证书放到 {path} 的最前面", path=path),
        applicability=Applicability.SAFE,
        edits=(FileEdit(path=path, before=content, after=after),),
        commands=(RELOAD,),
    )


def _other_certificate(case: Case, block: Origin, upstream: TlsUpstream) -> Iterator[Change]:
    """A file at hand that begins with the certificate of the key that is set."""
    held = case.evidence.keys.get(upstream.certificate_key.value or "")
    sources = {**case.evidence.candidates, **case.evidence.files}
    for path in sources:
        chain = certificates_in(sources, path)
        if held and chain and chain[0].spki == held and path != upstream.certificate.value:
            yield _set(case, block, f"{upstream.module}_ssl_certificate", path)
            return


def _other_key(case: Case, block: Origin, upstream: TlsUpstream) -> Iterator[Change]:
    """A key of this configuration that fits the certificate; or the file of the certificate itself, when it holds one."""
    path, key = upstream.certificate.value or "", upstream.certificate_key.value
    leaf = next(iter(certificates_in(case.evidence.files, path)), None)
    fitting = [name for name, spki in case.evidence.keys.items() if leaf and spki == leaf.spki and name != key]
    if key is None and KEY_LEFT_OUT in (case.evidence.files.get(path) or b""):
        fitting.append(path)
    if fitting:
        yield _set(case, block, f"{upstream.module}_ssl_certificate_key", fitting[0])


def _set(case: Case, block: Origin, directive: str, path: str) -> Change:
    return Change(
        id="fix-proxy-pair",
        title=say("set {directive} {path}", "设置 {directive} {path}", directive=directive, path=path),
        applicability=Applicability.REVIEW,
        edits=set_in(case, block, (directive, (path,))),
        commands=(RELOAD,),
    )


def _by_hand(upstream: TlsUpstream) -> Change:
    module, path = upstream.module, upstream.certificate.value
    return Change(
        id="fix-proxy-pair",
        title=Text(
            en="put the chain, leaf first, and the private key of that leaf in place, readable without a passphrase",
            zh="放上以叶证书开头的证书链和该叶证书的私钥，并且读取时不需要口令",
        ),
        applicability=Applicability.MANUAL,
        commands=(
            f"openssl x509 -in {path} -noout -pubkey",
            f"openssl pkey -in {upstream.certificate_key.value or 'proxy.key'} -pubout",
            f"{module}_ssl_certificate_key /etc/nginx/pki/proxy.key;",
            "nginx -t",
        ),
    )
