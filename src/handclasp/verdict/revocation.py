"""CRLs as OpenSSL chooses and checks them with CRL_CHECK and CRL_CHECK_ALL, which is what ssl_crl sets.

x509_vfy.c: get_crl_score picks the best CRL for each certificate of the path, leaf up, the root included up to 3.5; check_crl
and cert_crl then raise whatever is wrong with it.
"""

from dataclasses import dataclass

from handclasp.catalogue.openssl_releases import NO_CRL_FOR_SELF_SIGNED
from handclasp.model.certificate import Certificate, Crl, GeneralName
from handclasp.model.nginx import OpensslSeries
from handclasp.pki.signature import signed_by
from handclasp.verdict.issued import akid_mismatch, flagged_self_signed
from handclasp.verdict.question import Chain, Findings, Question

_NO_CRITICAL, _SCOPE, _TIME, _ISSUER_NAME, _ISSUER_CERT, _SAME_PATH = 0x100, 0x080, 0x040, 0x020, 0x018, 0x008
_AKID = 0x004
ALL_REASONS = 0x807F
"""CRLDP_ALL_REASONS: every bit of ReasonFlags, the first octet lowest."""
_HANDLED_CRITICAL = frozenset({"2.5.29.28", "2.5.29.35", "2.5.29.27"})


@dataclass(frozen=True, slots=True)
class _Chosen:
    crl: Crl
    score: int
    issuer: Certificate
    covered: int


def check(question: Question, findings: Findings, chain: Chain) -> None:
    """Raise 3, 35, 44, 11, 12, 8, 36 and 23 for every certificate of the path."""
    if question.crls is None:
        return
    for depth, certificate in enumerate(chain.certificates):
        spared = question.series.since(NO_CRL_FOR_SELF_SIGNED) and flagged_self_signed(certificate, question.series)
        if not certificate.proxy and not spared:
            _check_certificate(question, findings, chain, depth)


def _check_certificate(question: Question, findings: Findings, chain: Chain, depth: int) -> None:
    """Take CRL after CRL until all reasons for revocation are covered, or no CRL covers another one."""
    certificate, covered = chain.certificates[depth], 0
    while covered != ALL_REASONS:
        chosen = _choose(question, chain, depth, covered)
        if chosen is None:
            findings.error("UNABLE_TO_GET_CRL", depth, certificate)
            return
        _check_list(question, findings, chosen, depth, certificate)
        if chosen.covered == covered:
            findings.error("UNABLE_TO_GET_CRL", depth, certificate)
            return
        covered = chosen.covered


def _choose(question: Question, chain: Chain, depth: int, covered: int) -> _Chosen | None:
    best: _Chosen | None = None
    for crl in question.crls or ():
        found = _score(question, chain, depth, crl, covered)
        if found is None or (best and found.score < best.score):
            continue
        if best and found.score == best.score and crl.this_update <= best.crl.this_update:
            continue
        best = found
    return best


def _score(question: Question, chain: Chain, depth: int, crl: Crl, covered: int) -> _Chosen | None:
    certificate = chain.certificates[depth]
    # Without EXTENDED_CRL_SUPPORT, which nginx never sets, indirect ones and those for some reasons are never used.
    if crl.delta_base is not None and question.strict_crls:
        return None
    if crl.indirect or crl.only_some_reasons or crl.issuer != certificate.issuer or _unusable_scope(crl, question):
        return None
    located = _issuer(chain, depth, crl)
    if located is None:
        return None
    issuer, score = located
    score |= _ISSUER_NAME | _AKID
    if not _unhandled(crl):
        score |= _NO_CRITICAL
    if crl.this_update <= question.at and (crl.next_update is None or not question.past(crl.next_update)):
        score |= _TIME
    reasons = _scope(certificate, crl)
    if reasons is not None:
        if not reasons & ~covered:
            return None
        score |= _SCOPE
        covered |= reasons
    return _Chosen(crl, score, issuer, covered)


def _issuer(chain: Chain, depth: int, crl: Crl) -> tuple[Certificate, int] | None:
    """The certificate that signed the CRL: the next of the path, else one above it of the CRL's name."""
    above = min(depth + 1, chain.size - 1)
    if akid_mismatch(chain.certificates[above], crl.authority_key_identifier) is None:
        return chain.certificates[above], _ISSUER_CERT
    for candidate in chain.certificates[above + 1 :]:
        if candidate.subject == crl.issuer and akid_mismatch(candidate, crl.authority_key_identifier) is None:
            return candidate, _SAME_PATH
    return None


def _scope(certificate: Certificate, crl: Crl) -> int | None:
    """The reasons for which the CRL can revoke this certificate; None when it does not speak of it (crl_crldp_check)."""
    is_ca = certificate.basic_constraints is not None and certificate.basic_constraints.ca
    if crl.only_attribute or (crl.only_user if is_ca else crl.only_ca):
        return None
    for point in certificate.distribution_points:
        if (point.issuers is None or crl.issuer in point.issuers) and _same_point(point.names, crl.distribution_point):
            return ALL_REASONS & point.reasons
    return ALL_REASONS if crl.distribution_point is None else None


def _same_point(ours: tuple[GeneralName, ...] | None, theirs: tuple[GeneralName, ...] | None) -> bool:
    if ours is None or theirs is None:
        return True
    return any((name.kind, name.der) in {(other.kind, other.der) for other in theirs} for name in ours)


def _unusable_scope(crl: Crl, question: Question) -> bool:
    """IDP_INVALID: only one of onlyUser, onlyCA and onlyAttribute can be; 3.5 wants at least one field."""
    if question.series.since(OpensslSeries.V3_5) and crl.empty_scope:
        return True
    return crl.only_user + crl.only_ca + crl.only_attribute > 1


def _check_list(question: Question, findings: Findings, chosen: _Chosen, depth: int, certificate: Certificate) -> None:
    crl, issuer = chosen.crl, chosen.issuer
    if crl.delta_base is None:
        if issuer.key_usage is not None and "crl_sign" not in issuer.key_usage:
            findings.error("KEYUSAGE_NO_CRL_SIGN", depth, certificate)
        if not chosen.score & _SCOPE:
            findings.error("DIFFERENT_CRL_SCOPE", depth, certificate)
    if crl.this_update > question.at:
        findings.error("CRL_NOT_YET_VALID", depth, certificate)
    if crl.next_update is not None and question.past(crl.next_update):
        findings.error("CRL_HAS_EXPIRED", depth, certificate)
    if (crl.algorithms_differ and question.strict_crls) or not signed_by(crl, issuer.spki):
        findings.error("CRL_SIGNATURE_FAILURE", depth, certificate)
    if _unhandled(crl):
        findings.error("UNHANDLED_CRITICAL_CRL_EXTENSION", depth, certificate)
    entry = crl.revoked.get(certificate.serial)
    if entry is not None and entry.reason != "removeFromCRL":
        findings.error("CERT_REVOKED", depth, certificate)


def _unhandled(crl: Crl) -> bool:
    return crl.critical_entries or any(oid not in _HANDLED_CRITICAL for oid in crl.critical_extensions)
