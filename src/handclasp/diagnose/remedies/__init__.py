"""Remedies: which builder offers changes for which cause, and the search among them with the verdict model."""

from collections.abc import Callable, Iterable, Iterator

from handclasp.catalogue import causes
from handclasp.diagnose.case import Case
from handclasp.diagnose.remedies import (
    believed,
    bundle,
    holes,
    limits,
    lists,
    no_certificate,
    ocsp,
    outliving,
    placement,
    protocol,
    reissue,
    server_pair,
    settings,
    start,
    upstream_alerts,
    upstream_apart,
    upstream_host,
    upstream_identity,
    upstream_settings,
)
from handclasp.diagnose.remedies.change import Change
from handclasp.diagnose.rules import chain as chain_rules
from handclasp.diagnose.rules import start as start_rules
from handclasp.diagnose.rules.headers_alike import LETTING
from handclasp.model.finding import Applicability, Finding

Builder = Callable[[Case, Finding], Iterable[Change]]


def upstream_crl(case: Case, finding: Finding) -> Iterator[Change]:
    """A revoked certificate is issued anew; a list is put right."""
    yield from (lists if finding.where.depth is None else reissue).changes(case, finding)


def spoofable(case: Case, finding: Finding) -> Iterable[Change]:
    """A header is set where it was let through; neither a limit nor a check believes what they say."""
    by_directive = {"map": limits.verified_exemption, "if": believed.changes, **dict.fromkeys(LETTING, holes.no_underscores)}
    return by_directive.get(finding.where.directive or "", holes.repeat_headers)(case, finding)


def crl_file(case: Case, finding: Finding) -> Iterable[Change]:
    """A list is put right; or read, where it stands in a CA file."""
    return (holes.read_crls if finding.where.directive == "ssl_client_certificate" else lists.changes)(case, finding)


def split(case: Case, finding: Finding) -> Iterable[Change]:
    """Name and Host must be the same; and where nobody should come, nothing is answered."""
    rejecting = finding.where.directive == "ssl_reject_handshake"
    return (placement.nothing_there if rejecting else placement.same_name)(case, finding)


def trust(case: Case, finding: Finding) -> Iterable[Change]:
    """Certificates leave the CRL file; a file for stapling is taken away where nothing needs it."""
    return (holes.stapling_file if finding.where.directive == "ssl_trusted_certificate" else holes.crl_file)(case, finding)


_BY_CAUSE: dict[str, Builder] = {
    **dict.fromkeys(chain_rules.CAUSES, bundle.changes),
    **dict.fromkeys(("client-verify-depth-too-small", "upstream-verify-depth-too-small"), settings.depth),
    **dict.fromkeys(
        (
            "client-crl-missing-for-a-level",
            "client-crl-expired",
            "client-crl-not-yet-valid",
            "client-crl-bad-signature",
        ),
        lists.changes,
    ),
    **dict.fromkeys(
        (
            "client-cert-expired",
            "client-cert-not-yet-valid",
            "client-cert-revoked",
            "client-eku-lacks-clientauth",
            "client-ku-lacks-digitalsignature",
            "client-nscerttype-wrong",
            "client-ca-expired",
            "client-intermediate-expired",
            "client-intermediate-revoked",
            "client-intermediate-eku-lacks-clientauth",
            "client-issuer-not-a-ca",
            "client-root-not-a-ca",
            "client-issuer-lacks-keycertsign",
            "upstream-cert-expired",
            "upstream-eku-lacks-serverauth",
        ),
        reissue.changes,
    ),
    **dict.fromkeys(
        (
            "client-cert-weak-key",
            "client-cert-weak-signature",
            "upstream-weak-certificate",
            "client-unhandled-critical-extension",
            "client-cert-corrupt-signature",
            "client-crl-issuer-lacks-crlsign",
            "upstream-expired-cross-sign-sent",
        ),
        reissue.changes,
    ),
    **dict.fromkeys(("client-mask-expired-hides-untrusted", "upstream-mask-several-faults"), settings.several),
    **dict.fromkeys(("ca-changed-without-reload", "client-crl-changed-without-reload"), settings.reload),
    "upstream-crl": upstream_crl,
    "client-ocsp-unreachable": ocsp.changes,
    "optional-not-enforced": placement.insist,
    "verify-client-not-enabled": placement.switch_on,
    "listen-without-ssl": placement.listen_tls,
    "server-cert-key-mismatch": server_pair.unlike,
    "error-page-495-bypass": placement.refusal_page,
    "sni-host-split": split,
    "client-crl-file-format": crl_file,
    "revoked-client-resumes-session": holes.sessions,
    "tls13-cross-server-session-resumption": holes.sessions,
    "session-outlives-certificate": outliving.sessions,
    "connection-outlives-revocation": outliving.connections,
    "early-data-replayed": outliving.early_data,
    "proxy-set-header-inheritance": holes.repeat_headers,
    "header-spoofable": spoofable,
    "header-missing-at-backend": holes.repeat_headers,
    "header-raw-cert-newlines": holes.header_form,
    "header-underscore-dropped": holes.header_form,
    "verify-failed-compare": holes.failed_compare,
    **dict.fromkeys(("authz-dn-format", "authz-fingerprint-format", "authz-serial-format"), holes.expected_value),
    "client-trust-too-wide": trust,
    "upstream-verify-off-by-default": upstream_settings.verified,
    **dict.fromkeys(("upstream-proxy-pass-http-to-tls", "upstream-is-plain-http"), upstream_settings.scheme),
    "upstream-sni-not-sent": upstream_settings.server_name,
    "upstream-host-vs-sni-421": upstream_host.same_name,
    "upstream-session-reuse-trouble": upstream_apart.apart,
    "upstream-400-relayed": upstream_identity.present,
    "upstream-demands-cert-alert": upstream_identity.present,
    "upstream-client-cert-chain-missing": upstream_identity.complete_chain,
    "upstream-protocol-mismatch": upstream_alerts.protocols,
    "tls-version-mismatch": protocol.versions,
    "tls-no-shared-cipher": protocol.ciphers,
    "client-signature-algorithms-restricted": protocol.signatures,
    "client-sent-no-cert": no_certificate.changes,
    "error-log-level-hides-reason": settings.log_level,
    "upstream-name-mismatch": settings.upstream_name,
}


_START: tuple[str, ...] = start_rules.CAUSES


def candidates(case: Case, finding: Finding) -> Iterator[Change]:
    """What could cure this finding, the smallest and safest first."""
    if case.start_faults and finding.cause in _START:
        yield from start.changes(case, finding)
        return
    builder = _BY_CAUSE.get(finding.cause)
    if builder is not None:
        yield from builder(case, finding)


def known(finding: Finding) -> Iterator[Change]:
    """What the catalogue advises for the cause, for a person to do: nothing in it can be applied to this very configuration."""
    try:
        cause = causes.load(finding.cause)
    except KeyError:
        return
    for remedy in cause.remedies:
        yield Change(
            id=remedy.id, title=remedy.text, applicability=Applicability.MANUAL, commands=(*remedy.directives, *remedy.commands)
        )  # fmt: skip
