"""A key of another kind than its certificate: nginx starts with them, and neither can be used."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind, LogLine
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Where
from handclasp.model.nginx import TlsServer
from handclasp.model.text import Text
from handclasp.verdict.pairs import keyless

SERVER, UPSTREAM = "server-cert-key-mismatch", "upstream-client-key-problems"
_NAMED = 3
NO_SIGNATURE = "no suitable signature algorithm"
FAILURES = ("no shared cipher", NO_SIGNATURE)
_COMPARED = Text(
    en="nginx -t does not tell: OpenSSL compares a key with a certificate of its own kind only (RSA, EC ...)",
    zh="nginx -t 查不出来：OpenSSL 只把私钥与同类（RSA、EC……）的证书比较",
)


def check_servers(case: Case) -> Iterator[Finding]:
    """Servers whose certificate has no key: every handshake with them fails."""
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[TlsServer]] = {}
    for server in without_key(case):
        groups.setdefault((server.certificates.value, server.certificate_keys.value), []).append(server)
    lines = [say("{line}", "{line}", line=line.raw) for line in case.logged if failed_so(line)]
    for (certificates, keys), servers in groups.items():
        names = [server.label for server in servers]
        more = f" (+{len(names) - _NAMED})" if len(names) > _NAMED else ""
        summary = say(
            "no handshake with {server} can succeed: {key} is not the key of {certificate}, but one of another kind",
            "与 {server} 的握手都会失败：{key} 不是 {certificate} 的私钥，连类型都不同",
            server=", ".join(names[:_NAMED]) + more, key=keys[0], certificate=certificates[0],
        )  # fmt: skip
        where = Where.at(servers[0].certificates.origin, "ssl_certificate")
        yield finding(SERVER, summary, where, _COMPARED, *lines[:1])


def without_key(case: Case) -> list[TlsServer]:
    """The servers that speak TLS and have nothing to show."""
    files, held = case.evidence.files, case.evidence.keys
    return [
        server
        for server in case.stage.config.servers
        if any(listen.tls for listen in server.listens)
        and keyless(server.certificates.value, server.certificate_keys.value, files, held)
    ]


def failed_so(line: LogLine) -> bool:
    """Whether a line is what OpenSSL says of a handshake in which it had no certificate to show."""
    return line.kind is LineKind.TLS_FAILURE and any(words in line.message for words in FAILURES)


def check_shown(case: Case) -> Iterator[Finding]:
    """Upstreams that are to be shown a certificate to which there is no key: they are shown none."""
    evidence = case.evidence
    for server in case.stage.config.servers:
        for location in server.locations:
            upstream = location.upstream
            path, key = (upstream.certificate.value, upstream.certificate_key.value) if upstream else (None, None)
            if upstream is None or not path or not key or not keyless((path,), (key,), evidence.files, evidence.keys):
                continue
            summary = say(
                "nginx shows {target} no certificate: {key} is not the key of {certificate}, but one of another kind",
                "nginx 不会向 {target} 出示证书：{key} 不是 {certificate} 的私钥，连类型都不同",
                target=upstream.target.value, key=key, certificate=path,
            )  # fmt: skip
            where = Where.at(upstream.certificate.origin, f"{upstream.module}_ssl_certificate")
            yield finding(UPSTREAM, summary, where, _COMPARED)


RULES = (
    Rule("server-pair", (SERVER,), check_servers, whole=True),
    Rule("upstream-pair", (UPSTREAM,), check_shown, whole=True),
)
