"""Before any certificate: no TLS version or cipher suite in common with the client, or a key of a kind that is not accepted."""

import re
from collections.abc import Iterator
from dataclasses import replace

from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind, LogLine
from handclasp.diagnose.reach import ASKING
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.pairs import NO_SIGNATURE, without_key
from handclasp.model.certificate import Certificate, KeyKind
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.nginx import OpensslSeries, Setting, TlsServer
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.nginxconf.protocols import OWN_PROTOCOLS
from handclasp.pki.usage_words import key_usages
from handclasp.verdict.client import can_sign_for
from handclasp.verdict.issued import key_usage_refuses
from handclasp.verdict.trust import certificates_in

CURRENT = ("TLSv1.2", "TLSv1.3")
_VERSION_WORDS = re.compile(r"unsupported protocol|version too low|tlsv1 alert protocol version|no protocols available")
_OLD = frozenset({"TLSv1", "TLSv1.1"})
_SIGNATURE_WORDS = re.compile(NO_SIGNATURE)
NO_CIPHER = "no shared cipher"
_CIPHER_WORDS = re.compile(NO_CIPHER)
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


def unsigned(case: Case) -> bool:
    """Whether a handshake that finds no signature is one of TLS 1.0 or 1.1, for which OpenSSL 3 has SHA-1 alone, at level 0."""
    if not _met(case) or without_key(case) or not case.stage.series.since(OpensslSeries.V3_0):
        return False
    return case.evidence.security_level != 0 and not _OLD.isdisjoint(speaker(case).protocols.value)


def check_old(case: Case) -> Iterator[Finding]:
    """TLS 1.0 or 1.1 is named, and OpenSSL's security level leaves it no signature: all clients fail, or the old ones."""
    if not unsigned(case):
        return
    server, lines = speaker(case), _lines(case, _SIGNATURE_WORDS)
    alone = _OLD.issuperset(server.protocols.value)
    if not (alone or lines):
        return
    summary = say(
        "no handshake over {versions} succeeds with {server}: OpenSSL {series} signs those versions by SHA-1 only, which its"
        " security level refuses",
        "{server} 的 {versions} 握手都会失败：OpenSSL {series} 只能用 SHA-1 为这些版本签名，而其安全级别不允许",
        versions=", ".join(one for one in server.protocols.value if one in _OLD),
        server=server.label, series=case.stage.series,
    )  # fmt: skip
    where = Where.at(server.protocols.origin or server.origin, "ssl_protocols")
    evidence = [say("{line}", "{line}", line=line.raw) for line in lines[-1:]]
    confidence = Confidence.CERTAIN if alone else Confidence.LIKELY
    yield finding("tls-version-mismatch", summary, where, *evidence, confidence=confidence)


def check_ciphers(case: Case) -> Iterator[Finding]:
    """No suite of ssl_ciphers fits the server's key: nobody gets in over TLS 1.2."""
    if not _met(case):
        return
    server, lines = case.stage.scene.handshake, _lines(case, _CIPHER_WORDS)
    evidence = [say("{line}", "{line}", line=line.raw) for line in lines[-1:]]
    where = Where.at(server.ciphers.origin or server.origin, "ssl_ciphers")
    kinds, versions = key_kinds(case, server), speaker(case).protocols.value
    if set(versions) <= {"TLSv1.3"}:
        return
    severity = Severity.ERROR if lines or "TLSv1.3" not in versions else Severity.WARNING
    if mute := unable_to_sign(case, server):
        summary = say(
            "the certificate of {server} may not sign: its keyUsage has no digitalSignature, so its key fits no suite, and over"
            " TLS 1.2 no handshake succeeds",
            "{server} 的证书不允许签名：keyUsage 中没有 digitalSignature，其密钥因此不适合任何套件，TLS 1.2 握手都会失败",
            server=server.label,
        )  # fmt: skip
        place = Where.at(server.certificates.origin or server.origin, "ssl_certificate")
        place = replace(place, subject=mute.subject_text)
        usage = say("keyUsage: {usage}", "keyUsage：{usage}", usage=", ".join(key_usages(mute)))
        yield finding("tls-no-shared-cipher", summary, place, usage, *evidence, severity=severity)
    elif unfit(server.ciphers.value, kinds):
        summary = say(
            "ssl_ciphers holds no suite for the key of {server} ({kinds}): over TLS 1.2 no handshake succeeds",
            "ssl_ciphers 中没有适合 {server} 密钥（{kinds}）的套件：TLS 1.2 握手都会失败",
            server=server.label, kinds=", ".join(sorted(kind.value for kind in kinds)),
        )  # fmt: skip
        yield finding("tls-no-shared-cipher", summary, where, *evidence, severity=severity)


def fits_nothing(case: Case) -> bool:
    """Whether `check_ciphers` tells why no suite was found."""
    if not _met(case) or set(speaker(case).protocols.value) <= {"TLSv1.3"}:
        return False
    server = case.stage.scene.handshake
    return unable_to_sign(case, server) is not None or unfit(server.ciphers.value, key_kinds(case, server))


def unable_to_sign(case: Case, server: TlsServer) -> Certificate | None:
    """The server's certificate, where all of them are for EC keys that may not sign (ssl_set_masks); None: one may.

    nginx starts with it, TLS 1.3 does not ask, and OpenSSL as a client is content with keyEncipherment.
    """
    chains = [certificates_in(case.evidence.files, path) for path in server.certificates.value]
    leaves = [chain[0] for chain in chains if chain]
    if not leaves or len(leaves) < len(chains):
        return None
    mute = all(one.key_kind is KeyKind.EC and key_usage_refuses(one, "digital_signature") for one in leaves)
    return leaves[0] if mute else None


def key_kinds(case: Case, server: TlsServer) -> set[KeyKind]:
    """The kinds of the server's own keys, as far as its certificates are at hand."""
    chains = [certificates_in(case.evidence.files, path) for path in server.certificates.value]
    return {chain[0].key_kind for chain in chains if chain} if all(chains) else set()


def unfit(ciphers: str, kinds: set[KeyKind]) -> bool:
    """Whether a cipher list names suites one by one, and none of them for such keys."""
    if not kinds:
        return False
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
    if server.verify_client.value not in ASKING:
        return
    if case.presented and not can_sign_for(case.presented[0], case.stage.series):
        yield _too_new(case, server, case.presented[0])
    elif algorithms is None:
        return
    elif case.presented:
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


def _too_new(case: Case, server: TlsServer, leaf: Certificate) -> Finding:
    """No algorithm of such keys is offered, whatever the configuration says."""
    summary = say(
        "OpenSSL {series} of {server} knows no {kind} keys, those of the client: it sends no certificate",
        "{server} 所用的 OpenSSL {series} 不支持 {kind} 密钥，而客户端用的正是这种密钥：它不会发送证书",
        series=case.stage.series, server=server.label, kind=leaf.key_kind.value,
    )  # fmt: skip
    where = replace(Where.at(server.verify_client.origin or server.origin, "ssl_verify_client"), subject=leaf.subject_text)
    return finding("client-signature-algorithms-restricted", summary, where)


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
    Rule("tls-old-versions", ("tls-version-mismatch",), check_old),
    Rule("tls-ciphers", ("tls-no-shared-cipher",), check_ciphers),
    Rule("client-signatures", ("client-signature-algorithms-restricted",), check_signatures),
)
