"""Before any certificate: no TLS version or cipher suite in common with the client, or a key of a kind that is not accepted."""

import re
from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind, LogLine
from handclasp.diagnose.reach import ASKING
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.certificate import Certificate, KeyKind
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.nginx import Setting, TlsServer
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.nginxconf.protocols import OWN_PROTOCOLS
from handclasp.verdict.trust import certificates_in

CURRENT = ("TLSv1.2", "TLSv1.3")
_VERSION_WORDS = re.compile(r"unsupported protocol|version too low|tlsv1 alert protocol version|no protocols available")
_CIPHER_WORDS = re.compile(r"no shared cipher")
_SUITE = re.compile(r"(?:(?:EC)?DHE?-(?:RSA|ECDSA)-)?(?:AES\d+|CAMELLIA\d+|ARIA\d*|CHACHA20|DES-CBC3)[A-Z0-9-]*")
_COMMANDS = ("clientsignaturealgorithms", "signaturealgorithms")


def _lines(case: Case, words: re.Pattern[str]) -> tuple[LogLine, ...]:
    """Failures of handshakes with clients in these words."""
    return tuple(
        line
        for line in case.logged
        if line.kind is LineKind.TLS_FAILURE and line.side is Side.CLIENT and words.search(line.message)
    )


def _met(case: Case) -> bool:
    """Whether it is known which servers a client meets."""
    return case.side is Side.CLIENT and case.evidence.root is not None and case.stage.scene.socket.listen.tls


def speaker(case: Case) -> TlsServer:
    """The server that sets the versions: in older nginx the default one, which it uses before it knows the name."""
    scene = case.stage.scene
    return scene.handshake if case.stage.version >= OWN_PROTOCOLS else scene.socket.default


def check_versions(case: Case) -> Iterator[Finding]:
    """A client was refused for its TLS version, and one of the two current versions is not enabled.

    Where both are, the line alone tells: the client is too old.
    """
    lines = _lines(case, _VERSION_WORDS)
    if not _met(case) or not lines or set(CURRENT) <= set(speaker(case).protocols.value):
        return
    server = speaker(case)
    line = say("{line}", "{line}", line=lines[-1].raw)
    where = Where.at(server.protocols.origin or server.origin, "ssl_protocols")
    versions = " ".join(server.protocols.value)
    summary = say(
        "a client speaks none of the TLS versions that {server} accepts: {versions}",
        "客户端不支持 {server} 接受的任何 TLS 版本：{versions}", server=server.label, versions=versions,
    )  # fmt: skip
    yield finding("tls-version-mismatch", summary, where, line)


def check_ciphers(case: Case) -> Iterator[Finding]:
    """No suite of ssl_ciphers fits the server's key: nobody gets in over TLS 1.2."""
    if not _met(case):
        return
    server, lines = case.stage.scene.handshake, _lines(case, _CIPHER_WORDS)
    evidence = [say("{line}", "{line}", line=line.raw) for line in lines[-1:]]
    where = Where.at(server.ciphers.origin or server.origin, "ssl_ciphers")
    kinds = key_kinds(case, server)
    if kinds and unfit(server.ciphers.value, kinds):
        only = "TLSv1.3" not in speaker(case).protocols.value
        summary = say(
            "ssl_ciphers holds no suite for the key of {server} ({kinds}): over TLS 1.2 no handshake succeeds",
            "ssl_ciphers 中没有适合 {server} 密钥（{kinds}）的套件：TLS 1.2 握手都会失败",
            server=server.label, kinds=", ".join(sorted(kind.value for kind in kinds)),
        )  # fmt: skip
        severity = Severity.ERROR if lines or only else Severity.WARNING
        yield finding("tls-no-shared-cipher", summary, where, *evidence, severity=severity)


def key_kinds(case: Case, server: TlsServer) -> set[KeyKind]:
    """The kinds of the server's own keys, as far as its certificates are at hand."""
    chains = [certificates_in(case.evidence.files, path) for path in server.certificates.value]
    return {chain[0].key_kind for chain in chains if chain} if all(chains) else set()


def unfit(ciphers: str, kinds: set[KeyKind]) -> bool:
    """Whether a cipher list names suites one by one, and none of them for such keys."""
    words = [word for word in re.split(r"[:, ]", ciphers) if word and word[0] not in "!-+@"]
    if not words or not all(_SUITE.fullmatch(word) or word.startswith("TLS_") for word in words):
        return False
    rsa, ecdsa = KeyKind.RSA in kinds or KeyKind.RSA_PSS in kinds, bool(kinds - {KeyKind.RSA, KeyKind.RSA_PSS})
    return not any((ecdsa if "-ECDSA-" in word else rsa) for word in words if not word.startswith("TLS_"))


def check_signatures(case: Case) -> Iterator[Finding]:
    """ssl_conf_command lists signature algorithms without those of the client's key: the client then sends nothing."""
    if case.side is not Side.CLIENT or case.evidence.root is None:
        return
    server = case.stage.scene.handshake
    algorithms = accepted(server.conf_commands)
    if server.verify_client.value not in ASKING or algorithms is None:
        return
    if case.presented:
        leaf = case.presented[0]
        if not accepts(algorithms, leaf):
            yield _restricted(server, algorithms, leaf, Confidence.CERTAIN)
    elif case.presented is None and any(line.kind is LineKind.NO_CERTIFICATE for line in case.logged):
        yield _restricted(server, algorithms, None, Confidence.LIKELY)


def accepted(commands: Setting[tuple[tuple[str, str], ...]]) -> str | None:
    """The list of algorithms for clients' signatures; None when OpenSSL's own holds. The list for clients wins."""
    for wanted in _COMMANDS:
        found = [value for name, value in commands.value if name.lower() == wanted]
        if found:
            return found[-1]
    return None


def accepts(algorithms: str, leaf: Certificate) -> bool:
    """Whether a key of this kind may sign (SSL_CTX_set1_client_sigalgs_list)."""
    words = [word.strip("?").lower() for word in algorithms.split(":")]
    return any(word.startswith(_prefixes(leaf.key_kind)) for word in words)


def _prefixes(kind: KeyKind) -> tuple[str, ...]:
    match kind:
        case KeyKind.RSA:
            return "rsa+", "rsa-pss+", "pss+", "rsa_pkcs1_", "rsa_pss_rsae_"
        case KeyKind.RSA_PSS:
            return "rsa-pss+", "pss+", "rsa_pss_pss_"
        case KeyKind.ED25519 | KeyKind.ED448:
            return (kind.value,)
        case KeyKind.EC:
            return "ecdsa+", "ecdsa_"
        case _:
            return ("",)


def _restricted(server: TlsServer, algorithms: str, leaf: Certificate | None, confidence: Confidence) -> Finding:
    summary = say(
        "{server} accepts only signatures by {algorithms}{leaf}: such a client sends no certificate",
        "{server} 只接受 {algorithms} 签名{leaf}：这样的客户端不会发送证书",
        server=server.label, algorithms=algorithms,
        leaf=say(", and the client's key is {kind}", "，而客户端密钥是 {kind}", kind=leaf.key_kind.value) if leaf else "",
    )  # fmt: skip
    decides = Text(
        en="what kind of key the client has: give its certificate with --client-cert",
        zh="客户端密钥的种类：请用 --client-cert 提供其证书",
    )
    where = Where.at(server.conf_commands.origin, "ssl_conf_command")
    evidence = () if leaf else (decides,)
    return finding("client-signature-algorithms-restricted", summary, where, *evidence, confidence=confidence)


_MOST_BYTES, _LENGTH = 102_400, 3


def check_size(case: Case) -> Iterator[Finding]:
    """OpenSSL takes at most 100 kB in one Certificate message (SSL_MAX_CERT_LIST_DEFAULT), each with three octets of length."""
    if case.side is not Side.CLIENT or not case.presented:
        return
    size = sum(len(item.der) + _LENGTH for item in case.presented)
    if size <= _MOST_BYTES:
        return
    summary = say(
        "the client sends {size} bytes of certificates, and OpenSSL breaks the handshake off at more than {most}",
        "客户端发送了 {size} 字节的证书，而 OpenSSL 在超过 {most} 字节时会中断握手", size=size, most=_MOST_BYTES,
    )  # fmt: skip
    yield finding("client-cert-too-large-chain", summary, Where(subject=case.presented[0].subject_text))


RULES = (
    Rule("chain-size", ("client-cert-too-large-chain",), check_size),
    Rule("tls-versions", ("tls-version-mismatch",), check_versions),
    Rule("tls-ciphers", ("tls-no-shared-cipher",), check_ciphers),
    Rule("client-signatures", ("client-signature-algorithms-restricted",), check_signatures),
)
