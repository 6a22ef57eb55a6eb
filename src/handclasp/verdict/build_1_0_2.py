"""Path building as OpenSSL 1.0.2 does it: what the peer sent first, then the store, then shorter alternatives."""

from collections.abc import Sequence
from dataclasses import dataclass

from handclasp.model.certificate import Certificate
from handclasp.model.verdict import Source
from handclasp.verdict.issued import key_usage_refuses, mismatch, self_signed
from handclasp.verdict.question import Chain, Findings, Question


@dataclass(slots=True)
class _Work:
    question: Question
    findings: Findings
    chain: Chain
    set_aside: Certificate | None = None
    bad: bool = False


def build(question: Question, findings: Findings) -> Chain:
    """The path from the leaf, with the chain-building errors raised on `findings` (x509_vfy.c:X509_verify_cert @1.0.2)."""
    work = _Work(question, findings, Chain([question.presented[0]], 1))
    _from_peer(work)
    alternatives = work.chain.size
    while True:
        alternatives -= _top(work)
        _from_store(work)
        chain = work.chain
        chain.trusted = any(self_signed(item, question.series) for item in chain.certificates[chain.untrusted :])
        shorter = None if chain.trusted else _shorter(work, alternatives)
        if shorter is None:
            break
        alternatives = shorter
    if not work.chain.trusted and not work.bad:
        _report(work)
    return work.chain


def _from_peer(work: _Work) -> None:
    question, chain = work.question, work.chain
    available = list(dict.fromkeys(question.presented))
    while chain.size <= question.depth and not self_signed(chain.top, question.series):
        issuer = _find(work, chain.top, available, Source.PRESENTED)
        if issuer is None:
            return
        available.remove(issuer)
        chain.certificates.append(issuer)
        chain.untrusted += 1


def _top(work: _Work) -> int:
    """Deal with a self-signed top; returns how many certificates were taken off."""
    question, chain = work.question, work.chain
    if not self_signed(chain.top, question.series):
        return 0
    if chain.size > 1:
        if chain.untrusted < chain.size:
            return 0
        work.set_aside = chain.certificates.pop()
        chain.untrusted -= 1
        return 1
    if _find(work, chain.top, question.store.certificates, Source.STORE) == chain.top:
        chain.untrusted = 0
    elif not work.bad:
        work.findings.error("DEPTH_ZERO_SELF_SIGNED_CERT", 0, chain.top)
        work.bad = True
    return 0


def _from_store(work: _Work) -> None:
    question, chain = work.question, work.chain
    while chain.size <= question.depth and not self_signed(chain.top, question.series):
        issuer = _find(work, chain.top, question.store.certificates, Source.STORE)
        if issuer is None:
            return
        chain.certificates.append(issuer)


def _shorter(work: _Work, alternatives: int) -> int | None:
    """Cut the path where the store knows another issuer; the number left, or None when there is none."""
    chain = work.chain
    for size in range(alternatives - 1, 0, -1):
        if _find(work, chain.certificates[size - 1], work.question.store.certificates, Source.STORE) is not None:
            del chain.certificates[size:]
            chain.untrusted = size
            return size
    return None


def _find(work: _Work, subject: Certificate, candidates: Sequence[Certificate], source: Source) -> Certificate | None:
    for candidate in candidates:
        if candidate.subject != subject.issuer:
            continue
        reason = mismatch(subject, candidate, work.question.series)
        if reason is None and key_usage_refuses(candidate, "key_cert_sign"):
            reason = "its key usage does not include certificate signing"
        if reason is None:
            return candidate
        work.findings.reject(work.chain.size - 1, candidate, source, reason)
    return None


def _report(work: _Work) -> None:
    chain = work.chain
    if work.set_aside is not None and mismatch(chain.top, work.set_aside, work.question.series) is None:
        chain.certificates.append(work.set_aside)
        chain.untrusted = chain.size
        symbol = "SELF_SIGNED_CERT_IN_CHAIN"
    elif chain.untrusted >= chain.size:
        symbol = "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"
    else:
        symbol = "UNABLE_TO_GET_ISSUER_CERT"
    work.findings.error(symbol, chain.size - 1, chain.top)
