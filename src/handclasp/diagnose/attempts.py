"""For findings that are holes: the request that goes through, and should not."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from handclasp.diagnose.attempt import Attempt, Who
from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import ASKING, answered, behind_tls, places, served
from handclasp.diagnose.rules.error_page import pages
from handclasp.diagnose.rules.optional import open_places
from handclasp.diagnose.rules.split import foreign_root, guests
from handclasp.diagnose.rules.trust_wide import crl_roots
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import TlsServer, VerifyClient
from handclasp.model.origin import Origin
from handclasp.nginxconf.select import Socket
from handclasp.verdict.scene import plain_name

_NOT_ON_LOOPBACK = frozenset(
    [
        "listen-without-ssl",
        "http2-connection-reuse-421",
        "request-by-ip-or-without-sni",
        "authz-fingerprint-format",
        "header-spoofable",
        "proxy-set-header-inheritance",
        "header-raw-cert-newlines",
        "tls-version-mismatch",
        "upstream-session-reuse-trouble",
        "upstream-is-plain-http",
        "upstream-proxy-pass-http-to-tls",
        "upstream-host-vs-sni-421",
        "header-missing-at-backend",
    ]
)
"""Shown by what a sandbox does not have: requests without TLS, browsers, the backend itself, the true certificate."""

ANY_UPSTREAM = frozenset({"upstream-verify-off-by-default"})
"""Anybody can stand in for the upstream."""

_LOG_CAUSE = "error-log-level-hides-reason"


def attempt_for(case: Case, finding: Finding) -> Attempt | None:
    """The request that shows the hole of a finding; None when the finding is none."""
    make = _BY_CAUSE.get(finding.cause)
    return make(case, finding) if make else None


def can_be_shown(case: Case, finding: Finding) -> bool:
    """Whether a request before and after a remedy says anything about this finding."""
    if finding.cause == _LOG_CAUSE or finding.cause in ANY_UPSTREAM:
        return True
    if finding.severity is Severity.ERROR:
        return finding.cause not in _NOT_ON_LOOPBACK
    return finding.severity is Severity.WARNING and attempt_for(case, finding) is not None


def _visit(socket: Socket, server: TlsServer, uri: str) -> Attempt:
    name = plain_name(server)
    return Attempt(address=socket.address, port=socket.port, sni=name or None, host=name or "localhost", uri=uri)


def _unguarded(case: Case, finding: Finding) -> Attempt | None:
    for socket, server in behind_tls(case):
        if _at(finding, server.verify_client.origin or server.origin):
            found = open_places(case, socket, server)
            return _visit(socket, server, found[0].uri) if found else None
    return None


def _switched_off(case: Case, finding: Finding) -> Attempt | None:
    for socket, server in behind_tls(case):
        if server.verify_client.value is VerifyClient.OFF and _at(
            finding, server.verify_client.origin or server.client_certificate.origin
        ):
            return _visit(socket, server, "/")
    return None


def _refusal_page(case: Case, finding: Finding) -> Attempt | None:
    for socket, server in behind_tls(case):
        if server.verify_client.value in ASKING and any(_at(finding, page.origin) for page in pages(server)):
            uris = [place.uri for place in places(server) if served(answered(case, socket, server, place.uri))]
            return _visit(socket, server, (uris or ["/"])[0])
    return None


def _other_ca(case: Case, finding: Finding) -> Attempt | None:
    for socket, server in guests(case):
        root = foreign_root(case, socket, server)
        if root is not None and _at(finding, server.origin):
            return Attempt(
                address=socket.address, port=socket.port, sni=None, host=plain_name(server), uri="/", who=Who.CLIENT_OF,
                issuer=root,
            )  # fmt: skip
    return None


def _failed(case: Case, finding: Finding) -> Attempt | None:
    for socket, server in behind_tls(case):
        for place in places(server):
            ifs = (*server.guards, *(place.location.guards if place.location else ()))
            if any(_at(finding, guard.origin) for guard in ifs):
                return replace(_visit(socket, server, place.uri), who=Who.STRANGER)
    return None


def _ca_in_crl_file(case: Case, finding: Finding) -> Attempt | None:
    for socket, server in behind_tls(case):
        roots = crl_roots(case, server) if server.verify_client.value in ASKING else ()
        if roots and _at(finding, server.crl.origin):
            return replace(_visit(socket, server, "/"), who=Who.CLIENT_OF, issuer=roots[0])
    return None


def _at(finding: Finding, origin: Origin | None) -> bool:
    at, where = Where.at(origin), finding.where
    return (where.file, where.line, where.column) == (at.file, at.line, at.column)


_BY_CAUSE: Mapping[str, Callable[[Case, Finding], Attempt | None]] = {
    "optional-not-enforced": _unguarded,
    "verify-client-not-enabled": _switched_off,
    "error-page-495-bypass": _refusal_page,
    "sni-host-split": _other_ca,
    "verify-failed-compare": _failed,
    "client-trust-too-wide": _ca_in_crl_file,
}
