"""CRLs as OpenSSL chooses and checks them with CRL_CHECK and CRL_CHECK_ALL, which is what ssl_crl sets.

x509_vfy.c: get_crl_score picks the best CRL for each certificate of the path, leaf up, the root included; check_crl and
cert_crl then raise whatever is wrong with it.
"""

from dataclasses import dataclass

from handclasp.model.certificate import Certificate, Crl
from handclasp.pki.signature import signed_by
from handclasp.verdict.issued import akid_mismatch
from handclasp.verdict.question import Chain, Findings, Question

_NO_CRITICAL, _SCOPE, _TIME, _ISSUER_NAME, _ISSUER_CERT, _SAME_PATH = 0x100, 0x080, 0x040, 0x020, 0x018, 0x008
_AKID = 0x004
_HANDLED_CRITICAL = frozenset({"2.5.29.28", "2.5.29.35", "2.5.29.27"})


@dataclass(frozen=True, slots=True)
class _Chosen:
    crl: Crl
    score: int
    issuer: Certificate


def check(question: Question, findings: Findings, chain: Chain) -> None:
    """Raise 3, 35, 44, 11, 12, 8, 36 and 23 for every certificate of the path."""
    if question.crls is None:
        return
    for depth, certificate in enumerate(chain.certificates):
        chosen = _choose(question, chain, depth, question.crls)
        if chosen is None:
            findings.error("UNABLE_TO_GET_CRL", depth, certificate)
            continue
        _check_list(question, findings, chosen, depth, certificate)
        if not chosen.score & _SCOPE:
            findings.error("UNABLE_TO_GET_CRL", depth, certificate)


def _choose(question: Question, chain: Chain, depth: int, crls: tuple[Crl, ...]) -> _Chosen | None:
    best: _Chosen | None = None
    for crl in crls:
        found = _score(question, chain, depth, crl)
        if found is None or (best and found.score < best.score):
            continue
        if best and found.score == best.score and crl.this_update <= best.crl.this_update:
            continue
        best = found
    return best


def _score(question: Question, chain: Chain, depth: int, crl: Crl) -> _Chosen | None:
    certificate = chain.certificates[depth]
    # Without EXTENDED_CRL_SUPPORT, which nginx never sets, these two kinds are never used; delta CRLs pass for complete ones.
    if crl.indirect or crl.only_some_reasons or crl.issuer != certificate.issuer:
        return None
    located = _issuer(chain, depth, crl)
    if located is None:
        return None
    issuer, score = located
    score |= _ISSUER_NAME | _AKID
    if not _unhandled(crl):
        score |= _NO_CRITICAL
    if crl.this_update <= question.at and (crl.next_update is None or question.at < crl.next_update):
        score |= _TIME
    if _in_scope(certificate, crl):
        score |= _SCOPE
    return _Chosen(crl, score, issuer)


def _issuer(chain: Chain, depth: int, crl: Crl) -> tuple[Certificate, int] | None:
    """The certificate that signed the CRL: the next of the path, else one above it of the CRL's name."""
    above = min(depth + 1, chain.size - 1)
    if akid_mismatch(chain.certificates[above], crl.authority_key_identifier) is None:
        return chain.certificates[above], _ISSUER_CERT
    for candidate in chain.certificates[above + 1 :]:
        if candidate.subject == crl.issuer and akid_mismatch(candidate, crl.authority_key_identifier) is None:
            return candidate, _SAME_PATH
    return None


def _in_scope(certificate: Certificate, crl: Crl) -> bool:
    is_ca = certificate.basic_constraints is not None and certificate.basic_constraints.ca
    if crl.only_user if is_ca else crl.only_ca:
        return False
    point = crl.issuing_distribution_point
    return point is None or not set(point.split()).isdisjoint(certificate.crl_distribution_points)


def _check_list(question: Question, findings: Findings, chosen: _Chosen, depth: int, certificate: Certificate) -> None:
    crl, issuer = chosen.crl, chosen.issuer
    if crl.delta_base is None:
        if issuer.key_usage is not None and "crl_sign" not in issuer.key_usage:
            findings.error("KEYUSAGE_NO_CRL_SIGN", depth, certificate)
        if not chosen.score & _SCOPE:
            findings.error("DIFFERENT_CRL_SCOPE", depth, certificate)
    if crl.this_update > question.at:
        findings.error("CRL_NOT_YET_VALID", depth, certificate)
    if crl.next_update is not None and crl.next_update <= question.at:
        findings.error("CRL_HAS_EXPIRED", depth, certificate)
    if not signed_by(crl, issuer.spki):
        findings.error("CRL_SIGNATURE_FAILURE", depth, certificate)
    if _unhandled(crl):
        findings.error("UNHANDLED_CRITICAL_CRL_EXTENSION", depth, certificate)
    entry = crl.revoked.get(certificate.serial)
    if entry is not None and entry.reason != "removeFromCRL":
        findings.error("CERT_REVOKED", depth, certificate)


def _unhandled(crl: Crl) -> bool:
    return any(oid not in _HANDLED_CRITICAL for oid in crl.critical_extensions)
