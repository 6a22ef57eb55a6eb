"""More is trusted than anybody meant: sibling CAs, public roots, files that do more than their names say."""

import re
from collections.abc import Iterator
from dataclasses import replace

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import ASKING, behind_tls
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.certificate import Certificate
from handclasp.model.evidence import Wish
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import TlsServer
from handclasp.model.nginx_steps import Guard
from handclasp.model.verdict import Side
from handclasp.pki.signature import signed_by
from handclasp.verdict.issued import self_signed
from handclasp.verdict.scene import plain_name
from handclasp.verdict.trust import CRL_FILES_HOLD_CRLS_ONLY, certificates_in
from handclasp.verdict.variables import holds, variables

MANY = 20
_UNHEARD_OF = "CN=a CA that no file names"
_NAMES = re.compile(r"\$\{?(\w+)")


def asking(case: Case) -> Iterator[TlsServer]:
    """Servers that TLS reaches and that ask for certificates."""
    return (server for _, server in behind_tls(case) if server.verify_client.value in ASKING)


def roots_in(case: Case, path: str | None) -> tuple[Certificate, ...]:
    """The self-signed certificates of a file."""
    return tuple(item for item in certificates_in(case.evidence.files, path) if self_signed(item, case.stage.series))


def judges_issuer(case: Case, server: TlsServer, ca: Certificate, issuer: str) -> bool:
    """Whether the server refuses everybody, or an `if` of it whom a CA of that name certified with a name like this CA's."""
    if server.returns is not None and server.returns.status >= 400:
        return True
    known = variables(replace(ca, issuer_text=issuer), "SUCCESS", host=plain_name(server), sni=plain_name(server))
    return any(
        guard.status is not None and guard.status >= 400 and holds(guard, known, case.stage.config) for guard in server.guards
    )


def check_siblings(case: Case) -> Iterator[Finding]:
    """A root is trusted and only some of the CAs below it are meant."""
    if case.side is not Side.CLIENT:
        return
    told: set[str] = set()
    for server in asking(case):
        path = server.client_certificate.value
        if path is None or path in told:
            continue
        told.add(path)
        found = siblings(case, server)
        if found:
            named = ", ".join(item.subject_text for item in found[:4])
            summary = say(
                "{server} also lets in the clients of {named}: a trusted root admits every CA below it",
                "{server} 也会接受 {named} 的客户端：受信任的根会放行其下的所有 CA", server=server.label, named=named,
            )  # fmt: skip
            where = Where.at(server.client_certificate.origin, "ssl_client_certificate")
            yield finding("client-trust-too-wide", summary, where, severity=Severity.WARNING)
        roots = roots_in(case, path)
        if len(roots) >= MANY:
            summary = say(
                "{file} trusts {count} roots: whoever has a certificate of any of them gets into {server}",
                "{file} 信任 {count} 个根：持有其中任何一个签发的证书的人都能进入 {server}",
                file=path, count=len(roots), server=server.label,
            )  # fmt: skip
            where = Where.at(server.client_certificate.origin, "ssl_client_certificate")
            yield finding("client-trust-too-wide", summary, where, severity=Severity.WARNING)


def siblings(case: Case, server: TlsServer) -> list[Certificate]:
    """CAs at hand below a root of the file, when the file itself names another one below that root."""
    listed = certificates_in(case.evidence.files, server.client_certificate.value)
    roots = [item for item in listed if self_signed(item, case.stage.series)]
    meant = [item for item in listed if item not in roots]
    found: dict[Certificate, None] = {}
    for root in roots:
        own = {item.subject for item in meant if item.issuer == root.subject}
        below = (item for item in case.pool if own and item.issuer == root.subject and item.subject not in {root.subject, *own})
        found.update((item, None) for item in below if _is_ca(item) and item not in listed and signed_by(item, root.spki))
    return [item for item in found if not judges_issuer(case, server, item, item.subject_text)]


def _is_ca(certificate: Certificate) -> bool:
    return certificate.basic_constraints is not None and certificate.basic_constraints.ca


def check_path(case: Case) -> Iterator[Finding]:
    """The client in question came through a CA that the file does not name: its root let it in."""
    party, server = case.party, case.stage.scene.handshake
    if case.side is not Side.CLIENT or party is None or case.verdict is None or not case.verdict.admitted:
        return
    listed = certificates_in(case.evidence.files, server.client_certificate.value)
    through = [step.certificate for step in party.deep.path[1:] if step.certificate not in party.trust.store.certificates]
    roots = [item for item in roots_in(case, server.client_certificate.value) if item == party.deep.path[-1].certificate]
    if not through or not roots or not listed or judges_issuer(case, server, roots[0], _UNHEARD_OF):
        return
    summary = say(
        "the client gets in by {ca}, which no file here names: {root} admits the clients of every CA below it",
        "客户端凭 {ca} 进入，而这里没有文件列出它：{root} 会放行其下所有 CA 的客户端",
        ca=through[0].subject_text, root=roots[0].subject_text,
    )  # fmt: skip
    where = Where.at(server.client_certificate.origin, "ssl_client_certificate")
    yield finding("client-trust-too-wide", summary, where, severity=Severity.NOTICE)


def check_unwanted(case: Case) -> Iterator[Finding]:
    """The client in question should be refused, and these files let it in: why nothing keeps it out."""
    party, server = case.party, case.stage.scene.handshake
    if case.evidence.wish is not Wish.REFUSED or party is None or case.verdict is None or not case.verdict.admitted:
        return
    values = {"leaf": party.leaf.subject_text, "ca": party.deep.path[-1].certificate.subject_text}
    summary = say(
        "{leaf} should be refused and gets in: {ca} vouches for it, and nothing here says otherwise",
        "{leaf} 本应被拒绝却能进入：{ca} 为其担保，而这里没有任何设置将其排除", **values,
    )  # fmt: skip
    none = say("no ssl_crl: nobody is ever revoked", "没有 ssl_crl：任何证书都不会被吊销")
    unlisted = say("the lists in {file} do not name it", "{file} 中的列表没有它", file=server.crl.value)
    where = Where.at(server.client_certificate.origin, "ssl_client_certificate")
    yield finding("client-trust-too-wide", summary, where, unlisted if server.crl.value else none)


def check_stapling(case: Case) -> Iterator[Finding]:
    """ssl_trusted_certificate is meant for stapling and trusts clients all the same."""
    if case.side is not Side.CLIENT:
        return
    for server in asking(case):
        extra = set(roots_in(case, server.trusted_certificate.value)) - set(roots_in(case, server.client_certificate.value))
        if not extra or server.client_certificate.value is None or not roots_in(case, server.client_certificate.value):
            continue  # a root kept out of the advertised list is the documented use
        summary = say(
            "the roots of ssl_trusted_certificate let clients into {server} too: {names}",
            "ssl_trusted_certificate 中的根同样会让客户端进入 {server}：{names}",
            server=server.label, names=", ".join(item.subject_text for item in sorted(extra, key=lambda one: one.subject)[:4]),
        )  # fmt: skip
        where = Where.at(server.trusted_certificate.origin, "ssl_trusted_certificate")
        yield finding("client-trust-too-wide", summary, where, severity=Severity.WARNING)


def crl_roots(case: Case, server: TlsServer) -> tuple[Certificate, ...]:
    """Self-signed certificates that are trusted only because they stand in the CRL file (nginx before 1.27.2)."""
    if case.stage.version >= CRL_FILES_HOLD_CRLS_ONLY:
        return ()
    meant = {*certificates_in(case.evidence.files, server.client_certificate.value),
             *certificates_in(case.evidence.files, server.trusted_certificate.value)}  # fmt: skip
    return tuple(item for item in roots_in(case, server.crl.value) if item not in meant)


def check_crl_file(case: Case) -> Iterator[Finding]:
    """Certificates in the CRL file became trust anchors until 1.27.1."""
    if case.side is not Side.CLIENT:
        return
    for server in asking(case):
        roots = crl_roots(case, server)
        if roots:
            summary = say(
                "{file} is a CRL file and holds {names}, which nginx {version} therefore trusts: its clients get into {server}",
                "{file} 是吊销列表文件，其中却有 {names}，因此 nginx {version} 会信任它：其客户端可以进入 {server}",
                file=server.crl.value, names=", ".join(item.subject_text for item in roots), version=case.stage.version,
                server=server.label,
            )  # fmt: skip
            yield finding("client-trust-too-wide", summary, Where.at(server.crl.origin, "ssl_crl"))


def check_namesakes(case: Case) -> Iterator[Finding]:
    """Who somebody is goes by the name alone, and several CAs here give names."""
    if case.side is not Side.CLIENT:
        return
    for server in asking(case):
        trusted = {*certificates_in(case.evidence.files, server.client_certificate.value),
                   *certificates_in(case.evidence.files, server.trusted_certificate.value)}  # fmt: skip
        authorities = [item for item in trusted if _is_ca(item)]
        above = {item.issuer for item in authorities if item.issuer != item.subject}
        givers = sorted({item.subject_text for item in authorities if item.subject not in above})
        own = [*server.guards, *(guard for location in server.locations for guard in location.guards)]
        by_name = [guard for guard in own if _asks(case, guard, "ssl_client_s_dn")]
        if len(givers) < 2 or not by_name or any(_asks(case, guard, "ssl_client_i_dn") for guard in own):
            continue
        summary = say(
            "{server} goes by the name alone, and each of {count} CAs may give it: {names}",
            "{server} 只看名称，而 {count} 个 CA 中的任何一个都能签发该名称：{names}",
            server=server.label, count=len(givers), names="; ".join(givers[:4]),
        )  # fmt: skip
        where = Where.at(by_name[0].origin, "if")
        yield finding("client-trust-too-wide", summary, where, severity=Severity.WARNING)


def _asks(case: Case, guard: Guard, variable: str) -> bool:
    """Whether an `if` depends on this variable, itself or by maps."""
    names, done = [guard.variable], set[str]()
    while names:
        name = names.pop()
        if name == variable:
            return True
        if name not in done:
            done.add(name)
            names += (one for block in case.stage.config.maps if block.variable == name for one in _NAMES.findall(block.source))
    return False


RULES = (
    Rule("trust-siblings", ("client-trust-too-wide",), check_siblings),
    Rule("trust-path", ("client-trust-too-wide",), check_path),
    Rule("trust-unwanted", ("client-trust-too-wide",), check_unwanted),
    Rule("trust-stapling", ("client-trust-too-wide",), check_stapling),
    Rule("trust-crl-file", ("client-trust-too-wide",), check_crl_file),
    Rule("trust-namesakes", ("client-trust-too-wide",), check_namesakes),
)
