"""For findings that are holes: the requests that go through, and should not."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice

from handclasp.diagnose import attempts_sessions as sessions
from handclasp.diagnose import attempts_upstream as upstream
from handclasp.diagnose.attempt import Attack, Attempt, Who
from handclasp.diagnose.attempt_parts import at, client_of, visit
from handclasp.diagnose.attempts_limits import exempted
from handclasp.diagnose.attempts_misdirected import nameless, other_server
from handclasp.diagnose.attempts_names import forged_header, name_that_fits
from handclasp.diagnose.case import Case
from handclasp.diagnose.claims import Claim, asks_loosely, claims
from handclasp.diagnose.entrances import bypasses, open_places
from handclasp.diagnose.reach import ASKING, answered, behind_tls, http_sockets, places, served
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.claimed import said
from handclasp.diagnose.rules.error_page import pages
from handclasp.diagnose.rules.other_door import doors
from handclasp.diagnose.rules.placement import listen_at
from handclasp.diagnose.rules.split import foreign_root, guests
from handclasp.diagnose.rules.trust_wide import MANY, crl_roots, roots_in, siblings
from handclasp.model.finding import Finding, Severity
from handclasp.model.nginx import VerifyClient
from handclasp.model.text import Text
from handclasp.verdict.scene import plain_name

_MOST = 12
_UNKNOWN_NAME = "unknown.invalid"
_WITHOUT = Text(en="without a certificate", zh="不带证书")
_STRANGER = Text(en="with a certificate of a CA that nobody trusts", zh="使用无人信任的 CA 签发的证书")

_SELF_MADE = Text(en="with a certificate of their own making", zh="使用自制的证书")

_NOT_ON_LOOPBACK = frozenset(
    [
        "listen-without-ssl",
        "header-spoofable",
        "proxy-set-header-inheritance",
        "upstream-session-reuse-trouble",
        "authz-fingerprint-format",
        "header-raw-cert-newlines",
        "tls-version-mismatch",
        "upstream-is-plain-http",
        "upstream-proxy-pass-http-to-tls",
        "upstream-host-vs-sni-421",
        "header-missing-at-backend",
        "header-underscore-dropped",
    ]
)
"""Not shown by the request in question: it takes an attack, or what a sandbox lacks (browsers, the true certificate)."""

_LOG_CAUSE = "error-log-level-hides-reason"


def attacks_for(case: Case, finding: Finding) -> tuple[Attack, ...]:
    """The ways to show the hole of a finding, any of which will do; () when the finding is none."""
    make = _BY_CAUSE.get(finding.cause)
    return tuple(islice(make(case, finding), _MOST)) if make else ()


def can_be_shown(case: Case, finding: Finding) -> bool:
    """Whether a request before and after a remedy says anything about this finding."""
    if finding.cause == _LOG_CAUSE or attacks_for(case, finding):
        return True
    return finding.severity is Severity.ERROR and finding.cause not in _NOT_ON_LOOPBACK and not _over_quic(case, finding)


def _over_quic(case: Case, finding: Finding) -> bool:
    """Whether a finding is about a door that the sandbox leaves out."""
    listens = (listen for server in case.stage.config.servers for listen in server.listens if listen.quic)
    return any(at(finding, listen.origin) for listen in listens)


def _unguarded(case: Case, finding: Finding) -> Iterator[Attack]:
    for socket, server in behind_tls(case):
        if at(finding, server.verify_client.origin or server.origin):
            for place in open_places(case, socket, server):
                yield Attack(who=_WITHOUT, request=visit(socket, server, place.uri))
                if server.verify_client.value is VerifyClient.OPTIONAL_NO_CA:
                    yield Attack(who=_STRANGER, request=replace(visit(socket, server, place.uri), who=Who.STRANGER))
        for one in bypasses(case, socket, server):
            if at(finding, one.guard.origin):
                yield Attack(who=_WITHOUT, request=replace(visit(socket, server, one.uri), method=one.method))


def _claimed(case: Case, finding: Finding) -> Iterator[Attack]:
    for socket, server in behind_tls(case):
        for claim in claims(case, socket, server) if asks_loosely(server) else ():
            if not at(finding, claim.asked or server.origin):
                continue
            honest = visit(socket, server, claim.uri)
            if claim.header is None:
                yield Attack(who=_SELF_MADE, request=replace(honest, who=Who.STRANGER), likewise=honest)
            elif claim.header == "":
                yield Attack(who=_saying(claim), request=replace(honest, uri=f"{claim.uri}{said(claim)}"), likewise=honest)
            else:
                name, _, value = said(claim).partition(": ")
                yield Attack(who=_saying(claim), request=replace(honest, headers=((name, value),)), likewise=honest)


def _saying(claim: Claim) -> Text:
    return say("without a certificate, saying {what}", "不带证书，但声称 {what}", what=said(claim))


def _switched_off(case: Case, finding: Finding) -> Iterator[Attack]:
    for socket, server in behind_tls(case):
        if server.verify_client.value is VerifyClient.OFF and at(
            finding, server.verify_client.origin or server.client_certificate.origin
        ):
            yield Attack(who=_WITHOUT, request=visit(socket, server, "/"))
    for door in doors(case):
        if door.listen.ssl and at(finding, door.listen.origin):
            yield Attack(who=_WITHOUT, request=visit(door.socket, door.other, door.uri))


def _refusal_page(case: Case, finding: Finding) -> Iterator[Attack]:
    for socket, server in behind_tls(case):
        if server.verify_client.value in ASKING and any(at(finding, page.origin) for page in pages(server)):
            uris = [place.uri for place in places(server) if served(answered(case, socket, server, place.uri))]
            yield Attack(who=_WITHOUT, request=visit(socket, server, (uris or ["/"])[0]))


def _other_ca(case: Case, finding: Finding) -> Iterator[Attack]:
    for socket, server in guests(case):
        root = foreign_root(case, socket, server)
        if root is None or not at(finding, server.origin):
            continue
        nameless = client_of(replace(visit(socket, server, "/"), sni=None), root)
        honest = replace(nameless, sni=nameless.host)
        whose = {"ca": root.subject_text}
        who = say("with a certificate of {ca} and no server name", "使用 {ca} 签发的证书且不发送服务器名", **whose)
        yield Attack(who=who, request=nameless, likewise=honest)
        who = say(
            "with a certificate of {ca} and a server name that is not here", "使用 {ca} 签发的证书，发送此处没有的服务器名",
            **whose,
        )  # fmt: skip
        yield Attack(who=who, request=replace(nameless, sni=_UNKNOWN_NAME), likewise=honest)


def _failed(case: Case, finding: Finding) -> Iterator[Attack]:
    for socket, server in behind_tls(case):
        for place in places(server):
            ifs = (*server.guards, *(place.location.guards if place.location else ()))
            if any(at(finding, guard.origin) for guard in ifs):
                yield Attack(who=_STRANGER, request=replace(visit(socket, server, place.uri), who=Who.STRANGER))


def _too_wide(case: Case, finding: Finding) -> Iterator[Attack]:
    """A client of a CA that nobody meant: below a root, among many roots, in the stapling file, in a CRL file."""
    for socket, server in behind_tls(case):
        if server.verify_client.value not in ASKING:
            continue
        found = {
            "ssl_client_certificate": (server.client_certificate.origin, siblings(case, server)),
            "ssl_trusted_certificate": (server.trusted_certificate.origin, roots_in(case, server.trusted_certificate.value)),
            "ssl_crl": (server.crl.origin, crl_roots(case, server)),
        }
        origin, issuers = found.get(finding.where.directive or "", (None, ()))
        if not at(finding, origin):
            continue
        meant = roots_in(case, server.client_certificate.value)
        among_many = meant[-1:] if len(meant) >= MANY else ()
        elsewhere = finding.where.directive != "ssl_client_certificate"
        for issuer in issuers or among_many:
            if elsewhere and issuer in meant:
                continue
            who = say("with a certificate of {ca}", "使用 {ca} 签发的证书", ca=issuer.subject_text)
            yield Attack(who=who, request=client_of(visit(socket, server, case.stage.scene.uri), issuer))


def _plainly(case: Case, finding: Finding) -> Iterator[Attack]:
    who = say("without TLS, and so without a certificate", "不经 TLS，因而也没有证书")
    for socket in http_sockets(case, tls=False):
        for server in socket.servers:
            listen = listen_at(server, socket)
            if not at(finding, listen.origin if listen else server.origin):
                continue
            name = plain_name(server)
            yield from (
                Attack(who=who, request=Attempt(
                    address=socket.address, port=socket.port, sni=None, host=name or "localhost", uri=place.uri, plain=True
                ))
                for place in places(server)
            )  # fmt: skip


_BY_CAUSE: Mapping[str, Callable[[Case, Finding], Iterable[Attack]]] = {
    "optional-not-enforced": _unguarded,
    "verify-client-not-enabled": _switched_off,
    "error-page-495-bypass": _refusal_page,
    "sni-host-split": _other_ca,
    "verify-failed-compare": _failed,
    "client-trust-too-wide": _too_wide,
    "listen-without-ssl": _plainly,
    "header-spoofable": lambda case, finding: chain(
        forged_header(case, finding), exempted(case, finding), _claimed(case, finding)
    ),
    "http2-connection-reuse-421": other_server,
    "request-by-ip-or-without-sni": nameless,
    "proxy-set-header-inheritance": forged_header,
    "authz-dn-format": name_that_fits,
    "revoked-client-resumes-session": sessions.revoked,
    "tls13-cross-server-session-resumption": sessions.across,
    "upstream-verify-off-by-default": upstream.impostor,
    "upstream-session-reuse-trouble": upstream.shared_identity,
}
