"""A client's chain by itself, with no nginx to hold it against: what no verifier would forgive."""

from dataclasses import replace

from handclasp.diagnose.case import Case
from handclasp.diagnose.party import CLIENT_DIRECTIVES, UNLIMITED, Party
from handclasp.diagnose.rule import Rule
from handclasp.diagnose.rules import dates, purpose, strength
from handclasp.model.certificate import TrustAnchors
from handclasp.model.finding import Finding, Severity
from handclasp.model.nginx import Setting
from handclasp.model.origin import Origin
from handclasp.model.verdict import Side
from handclasp.verdict.trust import Trust

_RULES: tuple[Rule, ...] = (*dates.RULES, *purpose.RULES, *strength.RULES)


def chain_findings(case: Case) -> tuple[Finding, ...]:
    """Dates, usages and strength of what the client sends. Warnings where a live address took it all the same."""
    chain = case.stage.presented
    if not chain or case.evidence.root is not None or case.side is not Side.CLIENT:
        return ()
    nobody = Party(
        side=Side.CLIENT,
        presented=chain,
        trust=Trust(store=TrustAnchors(), crls=None),
        trust_files=(Setting(None),),
        crl_file=Setting(None),
        depth=Setting(UNLIMITED),
        directives=CLIENT_DIRECTIVES,
        block=Origin("", 0, 0),
        judge=case.stage.judge(""),
    )
    alone = Case(case.stage)
    alone.__dict__["party"] = nobody
    found = [finding for rule in _RULES for finding in rule.check(alone)]
    if not _taken(case):
        return tuple(found)
    return tuple(replace(finding, severity=Severity.WARNING) for finding in found)


def _taken(case: Case) -> bool:
    """Whether the address that was asked gave its content to this client."""
    ours = [item for item in case.evidence.seen if item.certificate]
    return bool(ours) and all(item.status is not None and item.status < 400 for item in ours)
