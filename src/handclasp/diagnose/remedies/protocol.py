"""TLS versions, cipher suites and signature algorithms towards clients."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import set_in, with_edits
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.protocol import CURRENT, accepted, key_kinds, speaker, unable_to_sign, unfit
from handclasp.model.certificate import KeyKind
from handclasp.model.finding import Applicability, Finding
from handclasp.model.text import Text
from handclasp.nginxconf.edit import set_arguments
from handclasp.nginxconf.tree import Directive, walk
from handclasp.verdict.client import can_sign_for

_STRONG = ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
_SIGNATURES = {
    KeyKind.RSA: "RSA-PSS+SHA256:RSA+SHA256",
    KeyKind.RSA_PSS: "rsa_pss_pss_sha256",
    KeyKind.EC: "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512",
    KeyKind.ED25519: "ed25519",
    KeyKind.ED448: "ed448",
}
_OLD_CLIENT = Text(
    en="TLS 1.0 and 1.1 are broken and stay off: update the client",
    zh="TLS 1.0 和 1.1 已不安全，应保持关闭：请升级客户端",
)


def versions(case: Case, finding: Finding) -> Iterator[Change]:
    """Both current versions; for a client that has neither, a newer client."""
    del finding
    server = speaker(case)
    if set(CURRENT) <= set(server.protocols.value):
        title = Text(en="update the client to TLS 1.2 or 1.3", zh="把客户端升级到支持 TLS 1.2 或 1.3")
        yield Change(id="update-client", title=title, applicability=Applicability.MANUAL, note=_OLD_CLIENT)
        return
    written = server.protocols.value if server.protocols.origin else ()
    wanted = (*(version for version in written if version not in CURRENT), *CURRENT)
    yield Change(
        id="common-version",
        title=say("set ssl_protocols {versions}", "设置 ssl_protocols {versions}", versions=" ".join(wanted)),
        applicability=Applicability.REVIEW,
        edits=set_in(case, server.origin, ("ssl_protocols", wanted)),
        commands=(RELOAD,),
    )


def ciphers(case: Case, finding: Finding) -> Iterator[Change]:
    """The same list, and suites of equal strength for the server's kind of key; or a certificate that may sign."""
    del finding
    server = case.stage.scene.handshake
    if mute := unable_to_sign(case, server):
        yield Change(
            id="reissue",
            title=say(
                "issue nginx's certificate {name} again, with key usage digitalSignature",
                "为 nginx 重新签发证书 {name}，密钥用法含 digitalSignature",
                name=mute.subject_text,
            ),
            applicability=Applicability.MANUAL,
            commands=(*(f"openssl x509 -in {path} -noout -ext keyUsage" for path in server.certificates.value), RELOAD),
        )
        return
    kinds = key_kinds(case, server)
    if not unfit(server.ciphers.value, kinds):
        return
    kind = "RSA" if kinds <= {KeyKind.RSA, KeyKind.RSA_PSS} else "ECDSA"
    listed = server.ciphers.value.split(":")
    alike = [f"ECDHE-{kind}-{word.split('-', 2)[2]}" for word in listed if word.startswith(("ECDHE-RSA-", "ECDHE-ECDSA-"))]
    wanted = ":".join((*(alike or [f"ECDHE-{kind}-{suite}" for suite in _STRONG]), *listed))
    yield Change(
        id="fitting-ciphers",
        title=say(
            "add suites for the server's key: ssl_ciphers {list}", "加入适合服务器密钥的套件：ssl_ciphers {list}", list=wanted
        ),
        applicability=Applicability.REVIEW,
        edits=set_in(case, server.origin, ("ssl_ciphers", (wanted,))),
        commands=(RELOAD,),
    )


def signatures(case: Case, finding: Finding) -> Iterator[Change]:
    """The algorithms of the client's key, added to the list; or another key, where OpenSSL knows none for it."""
    del finding
    server = case.stage.scene.handshake
    if case.presented and not can_sign_for(case.presented[0], case.stage.series):
        yield Change(
            id="key-of-known-kind",
            title=Text(en="issue the client a certificate with an EC or RSA key", zh="为客户端签发使用 EC 或 RSA 密钥的证书"),
            applicability=Applicability.MANUAL,
            note=Text(en="or run nginx with OpenSSL 3.5 or later", zh="或者让 nginx 使用 OpenSSL 3.5 或更新版本"),
        )
        return
    algorithms = accepted(server.conf_commands)
    more = _SIGNATURES.get(case.presented[0].key_kind) if case.presented else None
    if algorithms is None or more is None:
        return
    edits = [
        edit
        for item, _ in walk(case.stage.tree.directives)
        if _says(item, algorithms)
        for edit in set_arguments(item, (item.args[0], f"{algorithms}:{more}"))
    ]
    yield Change(
        id="allow-algorithm",
        title=say("accept {more} too", "同时接受 {more}", more=more),
        applicability=Applicability.REVIEW,
        edits=with_edits(case, edits),
        commands=(RELOAD,),
        note=Text(en="or issue the client a key of a kind that is listed", zh="或者为客户端签发列表中那种密钥的证书"),
    )


def _says(item: Directive, algorithms: str) -> bool:
    names = ("clientsignaturealgorithms", "signaturealgorithms")
    return item.name == "ssl_conf_command" and item.args[1:] == (algorithms,) and item.args[0].lower() in names
