"""What refuses everybody below a CA that nginx trusts, whoever it is: shown by a peer that does not exist.

A line of the log names no certificate. When nobody says what the peer presents, nginx's own files may still tell: the root in
them has expired, an intermediate may issue no client certificates, a CRL lists it. A certificate is made up below each CA, and
what is wrong with everything above it is wrong with every real one there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from handclasp.diagnose.case import Case
from handclasp.diagnose.rule import Rule, say
from handclasp.diagnose.rules import chain, dates, depth, purpose, revocation, signature, strength
from handclasp.model.certificate import AuthorityKeyIdentifier, BasicConstraints, Certificate, TrustAnchors
from handclasp.model.finding import Confidence, Finding, Severity
from handclasp.model.nginx import VerifyClient
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.verdict.extensions import ca_kind
from handclasp.verdict.trust import certificates_in, client_trust, upstream_trust

_RULES = (*chain.RULES, *depth.RULES, *purpose.RULES, *strength.RULES, *revocation.RULES, *signature.RULES, *dates.RULES)
_DEPTH = frozenset(cause for rule in depth.RULES for cause in rule.causes)
_NOBODY = "CN=?"
_ELSEWHERE = frozenset(
    {"client-ca-expired", "client-crl-expired", "client-crl-not-yet-valid", "client-crl-missing-for-a-level",
     "client-crl-file-format", "client-trust-intermediate-only", "client-trust-file-is-leaf"}
)  # fmt: skip
"""Told of the same files by rules of their own (`crl_life`, `unusable`)."""
_MOST = 12
"""A trust file of the whole web's CAs tells nothing about one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is wrong with all that a CA issued: the findings, and the numbers of the errors that nginx may report for them."""

    authority: Certificate
    findings: tuple[Finding, ...]
    numbers: frozenset[int]


def standing(case: Case) -> tuple[Standing, ...]:
    """One for each CA of the trust file in question, also when nothing is wrong with it; () of many."""
    return case.once(_standing)


def _standing(case: Case) -> tuple[Standing, ...]:
    store = _store(case)
    if store is None or len(store.certificates) > _MOST:
        return ()
    own = {item for path in _own(case) for item in certificates_in(case.evidence.files, path)[:1]}
    return tuple(_below(case, item) for item in dict.fromkeys(store.certificates) if item not in own and _issues(case, item))


def _issues(case: Case, item: Certificate) -> bool:
    """Whether a certificate is meant to be a CA: it says so, or has issued. One person's, pinned or left there, is not."""
    says = item.basic_constraints is not None and item.basic_constraints.ca
    signs = "key_cert_sign" in (item.key_usage or ())
    has_issued = any(other.issuer == item.subject and not other.self_issued for other in case.pool)
    return says or signs or has_issued or ca_kind(item, case.stage.series) != 0


def _store(case: Case) -> TrustAnchors | None:
    """Whom nginx trusts in this verification; None where there is none, or its files are not at hand."""
    if case.unread or case.start_faults:
        return None
    files, version = case.evidence.files, case.stage.version
    if case.side is Side.CLIENT:
        server = case.stage.scene.handshake
        asks = server.verify_client.value is not VerifyClient.OFF and case.stage.scene.socket.listen.tls
        return client_trust(server, files, version).store if asks else None
    upstream = case.stage.upstream
    return upstream_trust(upstream, files, version).store if upstream and upstream.verify.value else None


def _own(case: Case) -> tuple[str, ...]:
    """The server's own certificates: one of them among the trusted is no CA, and is told by itself."""
    return case.stage.scene.handshake.certificates.value if case.side is Side.CLIENT else ()


def _below(case: Case, authority: Certificate) -> Standing:
    stage = case.stage.about(case.evidence)
    stage.__dict__["presented" if case.side is Side.CLIENT else "upstream_chain"] = (_issued_by(authority),)
    made_up = Case(stage)
    made_up.__dict__["start_faults"] = ()
    found = tuple(_told(made_up))
    errors = made_up.party.verify().errors if made_up.party else ()
    return Standing(authority=authority, findings=found, numbers=frozenset(error.number for error in errors if error.depth))


def _issued_by(authority: Certificate) -> Certificate:
    """A certificate that this CA might have issued. Its signature is nobody's: nothing is told of it itself."""
    key_id = authority.subject_key_identifier
    return replace(
        authority, der=authority.der + b"?", serial=0, subject=b"?", subject_text=_NOBODY, issuer=authority.subject,
        issuer_text=authority.subject_text, common_names=(), email_addresses=(), basic_constraints=BasicConstraints(ca=False),
        authority_key_identifier=AuthorityKeyIdentifier(key_identifier=key_id) if key_id else None, subject_key_identifier=None,
        key_usage=None, extended_key_usage=None, netscape_cert_type=None, name_constraints=None, subject_alt_name=None,
        critical_extensions=(), malformed_extensions=(), fingerprint="",
    )  # fmt: skip


def _told(made_up: Case) -> Iterator[Finding]:
    """What rules find above the made-up certificate, in words that do not name it."""
    for rule in _RULES:
        for found in rule.check(made_up):
            told = replace(found, summary=_too_deep(made_up), evidence=()) if found.cause in _DEPTH else found
            if told.where.depth != 0 and not any(_NOBODY in text.en for text in (told.summary, *told.evidence)):
                yield replace(told, confidence=Confidence.LIKELY)


def _too_deep(made_up: Case) -> Text:
    party, whole = made_up.party, made_up.whole
    assert party is not None
    assert whole is not None
    return say(
        "whoever {ca} certified has {count} intermediates above, and {directive} allows {depth}",
        "{ca} 签发的证书上面有 {count} 张中间证书，而 {directive} 只允许 {depth} 张",
        ca=party.leaf.issuer_text, count=max(len(whole.path) - 2, 0), directive=party.directives.depth, depth=party.depth.value,
    )  # fmt: skip


def check(case: Case) -> Iterator[Finding]:
    """CAs under which nobody can pass, when no peer is known; an error where that is so of all of them."""
    if case.presented is not None:
        return
    every = standing(case)
    severity = Severity.ERROR if every and all(below.findings for below in every) else Severity.WARNING
    issuers = {below.authority.issuer for below in every if not below.authority.self_issued}
    told: set[str] = set()
    for below in every:
        for found in below.findings if below.authority.subject not in issuers else ():
            if found.cause not in _ELSEWHERE and found.summary.en not in told:
                told.add(found.summary.en)
                yield replace(found, severity=severity)


RULES = (
    Rule(
        "standing",
        (
            "client-cert-corrupt-signature",
            "client-ca-rekeyed-same-name",
            "client-cert-not-yet-valid",
            "client-cert-weak-key",
            "client-cert-weak-signature",
            "client-crl-bad-signature",
            "client-crl-issuer-lacks-crlsign",
            "client-intermediate-eku-lacks-clientauth",
            "client-intermediate-expired",
            "client-intermediate-revoked",
            "client-issuer-lacks-keycertsign",
            "client-issuer-not-a-ca",
            "client-pathlen-exceeded",
            "client-root-not-a-ca",
            "client-unhandled-critical-extension",
            "client-verify-depth-too-small",
            "ca-file-trusted-certificate",
            "upstream-ca-not-trusted",
            "upstream-cert-expired",
            "upstream-crl",
            "upstream-eku-lacks-serverauth",
            "upstream-trust-intermediate-only",
            "upstream-verify-depth-too-small",
            "upstream-weak-certificate",
        ),
        check,
        nameless=True,
    ),
)
