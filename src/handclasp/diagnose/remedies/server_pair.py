"""The server's own certificate and the key to it: in order, of one pair, in place."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import set_in
from handclasp.diagnose.remedies.pem_edit import pem
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.start import path_in
from handclasp.model.evidence import ENCRYPTED
from handclasp.model.finding import Applicability, FileEdit, Finding, Where
from handclasp.model.nginx import StartFault, TlsServer
from handclasp.model.text import Text
from handclasp.verdict.trust import certificates_in


def changes(case: Case, fault: StartFault) -> Iterator[Change]:
    """The leaf first, when it is only out of order; the key that fits, when it is at hand."""
    for server in case.stage.config.servers:
        for path, key in zip(server.certificates.value, server.certificate_keys.value, strict=False):
            if server.certificates.origin == fault.origin:
                yield from opened(case, fault, "ssl")
                yield from _ordered(case, path, key)
                yield from _other_key(case, server, path, key)
    yield _BY_HAND


def unlike(case: Case, finding: Finding) -> Iterator[Change]:
    """For a pair of two kinds, with which nginx starts: the certificate or the key that fits, when it is at hand."""
    for server in case.stage.config.servers:
        if Where.at(server.certificates.origin, "ssl_certificate") != finding.where:
            continue
        for path, key in zip(server.certificates.value, server.certificate_keys.value, strict=False):
            yield from _ordered(case, path, key)
            yield from _other_key(case, server, path, key)
        break
    yield _BY_HAND


_BY_HAND = Change(
    id="match-key-and-certificate",
    title=Text(
        en="put the private key of the first certificate of the file in place, readable without a passphrase",
        zh="放上文件中第一张证书对应的私钥，并且读取时不需要口令",
    ),
    applicability=Applicability.MANUAL,
    commands=("openssl x509 -in server.pem -noout -pubkey", "openssl pkey -in server.key -pubout", "nginx -t"),
)


def _ordered(case: Case, path: str, key: str) -> Iterator[Change]:
    held = case.evidence.keys.get(key)
    certificates = certificates_in(case.evidence.files, path)
    leaf = next((item for item in certificates if item.spki == held), None)
    if leaf is None or leaf == certificates[0]:
        return
    others = [item for item in certificates if item != leaf]
    after = b"".join(pem(item.der, "CERTIFICATE") for item in (leaf, *others))
    yield Change(
        id="leaf-first",
        title=say("put the leaf certificate first in {path}", "把叶证书放到 {path} 的最前面", path=path),
        applicability=Applicability.SAFE,
        edits=(FileEdit(path=path, before=case.evidence.files.get(path), after=after),),
        commands=(RELOAD,),
    )


def _other_key(case: Case, server: TlsServer, path: str, key: str) -> Iterator[Change]:
    leaf = next(iter(certificates_in(case.evidence.files, path)), None)
    fitting = [name for name, spki in case.evidence.keys.items() if leaf and spki == leaf.spki and name != key]
    if fitting and len(server.certificate_keys.value) == 1:
        yield Change(
            id="use-fitting-key",
            title=say("set ssl_certificate_key {key}", "设置 ssl_certificate_key {key}", key=fitting[0]),
            applicability=Applicability.REVIEW,
            edits=set_in(case, server.origin, ("ssl_certificate_key", (fitting[0],))),
            commands=(RELOAD,),
        )


def opened(case: Case, fault: StartFault, prefix: str) -> Iterator[Change]:
    """For a key that is encrypted: the file of its password; `prefix` of the directives, such as proxy_ssl."""
    key = path_in(fault.message) or ""
    if case.evidence.unreadable.get(key) != ENCRYPTED:
        return
    secret = f"{key}.password"
    yield Change(
        id="name-password-file",
        title=say(
            "write the password of {key} into a file that only root can read, and name it with {directive}",
            "把 {key} 的口令写入只有 root 能读的文件，并用 {directive} 指定", key=key, directive=f"{prefix}_password_file",
        ),
        applicability=Applicability.MANUAL,
        commands=(
            f"install -m 600 /dev/null {secret}    # then write the password into it, in one line",
            f"{prefix}_password_file {secret};",
            RELOAD,
        ),
    )  # fmt: skip
