"""X509_verify_cert as nginx runs it: every error in the order in which OpenSSL raises it.

nginx's callback lets OpenSSL go on after each error (client side always; upstream since 1.19.1), so the list is complete and
its last entry is what nginx reports. Order: x509_vfy.c:verify_chain.
"""

from handclasp.model.nginx import OpensslSeries
from handclasp.model.verdict import PathVerdict
from handclasp.verdict import build, build_1_0_2, extensions, name_constraints, revocation, signatures, strength
from handclasp.verdict.question import Findings, Question


def verify(question: Question) -> PathVerdict:
    """The path OpenSSL builds for a presented chain, and everything it objects to."""
    findings = Findings(question.series)
    old = question.series is OpensslSeries.V1_0_2
    strength.check_leaf(question, findings)
    chain = (build_1_0_2 if old else build).build(question, findings)
    extensions.check(question, findings, chain)
    if old:
        name_constraints.check(question, findings, chain)
    strength.check(question, findings, chain)
    revocation.check(question, findings, chain)
    signatures.check(question, findings, chain)
    if not old:
        name_constraints.check(question, findings, chain)
    return PathVerdict(
        path=chain.steps(), rejected=tuple(findings.rejected), errors=tuple(findings.errors), trusted=chain.trusted
    )  # fmt: skip
