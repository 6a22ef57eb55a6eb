"""Signatures and dates from the root down (x509_vfy.c:internal_verify)."""

from handclasp.model.nginx import OpensslSeries
from handclasp.pki.signature import signed_by
from handclasp.verdict.issued import key_usage_refuses, mismatch
from handclasp.verdict.question import Chain, Findings, Question


def check(question: Question, findings: Findings, chain: Chain) -> None:
    """Raise 21 for a lone certificate nobody vouches for, then 32, 7, 9 and 10 for each certificate, top first.

    A top that is not self-issued has no issuer here: its dates and signature are not looked at.
    """
    depth = chain.size - 1
    if mismatch(chain.top, chain.top, question.series) is not None:
        if depth == 0:
            findings.error("UNABLE_TO_VERIFY_LEAF_SIGNATURE", 0, chain.top)
            if question.series is OpensslSeries.V1_0_2:
                return
        else:
            depth -= 1
    for at in range(depth, -1, -1):
        if at + 1 < chain.size:
            _signature(question, findings, chain, at)
        _dates(question, findings, chain, at)


def _signature(question: Question, findings: Findings, chain: Chain, at: int) -> None:
    subject, issuer = chain.certificates[at], chain.certificates[at + 1]
    needed, symbol = ("digital_signature", "DIGITAL_SIGNATURE") if subject.proxy else ("key_cert_sign", "CERTSIGN")
    if question.series is not OpensslSeries.V1_0_2 and key_usage_refuses(issuer, needed):
        findings.error(f"KEYUSAGE_NO_{symbol}", at + 1, issuer)
    if not signed_by(subject, issuer.spki):
        findings.error("CERT_SIGNATURE_FAILURE", at, subject)


def _dates(question: Question, findings: Findings, chain: Chain, at: int) -> None:
    certificate = chain.certificates[at]
    if certificate.not_before > question.at:
        findings.error("CERT_NOT_YET_VALID", at, certificate)
    if question.past(certificate.not_after):
        findings.error("CERT_HAS_EXPIRED", at, certificate)
