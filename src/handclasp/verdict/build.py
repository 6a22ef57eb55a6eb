"""Path building as OpenSSL does it since 1.1.0: the trust store first, then what the peer sent (x509_vfy.c:build_chain)."""

from collections.abc import Sequence

from handclasp.model.certificate import Certificate
from handclasp.model.verdict import Source
from handclasp.verdict.issued import mismatch, self_signed
from handclasp.verdict.question import Chain, Findings, Question


def build(question: Question, findings: Findings) -> Chain:
    """The path from the leaf, with the chain-building errors raised on `findings`."""
    chain = Chain([question.presented[0]], 1)
    _extend(question, findings, chain)
    if not chain.trusted:
        _report(question, findings, chain)
    return chain


def _extend(question: Question, findings: Findings, chain: Chain) -> None:
    # One longer than allowed is built, so that "too long" can be told from "not found".
    limit = question.depth + 1
    available = list(dict.fromkeys(question.presented))
    from_peer = True
    while True:
        found = _from_store(question, findings, chain) if chain.size <= limit else None
        if found is not None:
            from_peer = False
            if found in question.store.refused:
                findings.error("CERT_REJECTED", chain.size - 1, found)
            chain.trusted = found in question.store.vouched or self_signed(found, question.series)
            if chain.trusted:
                return
            continue
        if not from_peer:
            return
        issuer = None
        if chain.size <= limit and not self_signed(chain.top, question.series):
            issuer = _among(question, findings, chain, available, Source.PRESENTED)
        if issuer is None:
            return
        available.remove(issuer)
        chain.certificates.append(issuer)
        chain.untrusted += 1


def _from_store(question: Question, findings: Findings, chain: Chain) -> Certificate | None:
    """Put the store's issuer of the top on the chain; a self-signed top must itself be in the store and is replaced."""
    issuer = _among(question, findings, chain, question.store.certificates, Source.STORE)
    if issuer is None:
        return None
    if not self_signed(chain.top, question.series):
        chain.certificates.append(issuer)
        return issuer
    if issuer != chain.top:
        findings.reject(
            chain.size - 1, issuer, Source.STORE, "of the same name as the self-signed certificate, but not the same"
        )
        return None
    chain.untrusted = chain.size - 1
    return issuer


def _among(
    question: Question, findings: Findings, chain: Chain, candidates: Sequence[Certificate], source: Source
) -> Certificate | None:
    """The first candidate that fits and is within its dates; else the one that expires last (1.1.1: the last one)."""
    best: Certificate | None = None
    for candidate in candidates:
        if candidate.subject != chain.top.issuer:
            continue
        reason = _refusal(question, chain, candidate, source)
        if reason:
            findings.reject(chain.size - 1, candidate, source, reason)
        elif question.current(candidate):
            return candidate
        elif best is None or not question.modern or candidate.not_after > best.not_after:
            best = candidate
    return best


def _refusal(question: Question, chain: Chain, candidate: Certificate, source: Source) -> str | None:
    top = chain.top
    reason = mismatch(top, candidate, question.series)
    if reason:
        return reason
    # Only what the peer sent is kept from looping; a loop in the store runs until the depth is used up.
    looped = source is Source.PRESENTED and candidate in chain.certificates
    alone = chain.size == 1 and top.self_issued
    return "it is in the path already" if looped and not alone else None


def _report(question: Question, findings: Findings, chain: Chain) -> None:
    at, top = chain.size - 1, chain.top
    if question.modern and findings.errors:
        # The error is sticky: what was raised before (a weak key) is raised again instead of the chain's own.
        last = findings.errors[-1]
        findings.error(last.symbol.removeprefix("X509_V_ERR_"), at, top)
        return
    if chain.size > question.depth + 1:
        findings.error("CERT_CHAIN_TOO_LONG", at, top)
        if not question.modern:
            return
    if self_signed(top, question.series):
        findings.error("DEPTH_ZERO_SELF_SIGNED_CERT" if chain.size == 1 else "SELF_SIGNED_CERT_IN_CHAIN", at, top)
    elif chain.untrusted < chain.size:
        findings.error("UNABLE_TO_GET_ISSUER_CERT", at, top)
    else:
        findings.error("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", at, top)
