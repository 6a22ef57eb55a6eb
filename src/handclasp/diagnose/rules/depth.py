"""The chain is complete but longer than the depth allows. OpenSSL 3 shows it as a missing CA."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.issuers import end_entity
from handclasp.diagnose.party import Party
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Confidence, Finding, Where
from handclasp.model.nginx import OpensslSeries
from handclasp.verdict.issued import self_signed


def needed_depth(case: Case) -> int:
    """The smallest depth with which the complete path is accepted: its intermediates; up to 1.0.2 everything above the leaf."""
    assert case.whole is not None
    assert case.party is not None
    above = len(case.whole.path) - 1
    return above if case.party.judge.series is OpensslSeries.V1_0_2 else max(above - 1, 0)


def check(case: Case) -> Iterator[Finding]:
    """A path that is trusted without a limit and not with the limit that is set; or one whose known part is too long."""
    party, whole, shallow = case.party, case.whole, case.shallow
    if party is None or whole is None or shallow is None:
        return
    if not whole.trusted:
        yield from _without_root(party, [*(step.certificate for step in whole.path[1:]), *case.beyond])
        return
    if shallow.trusted:
        return
    needed = needed_depth(case)
    if needed - sum(end_entity(step.certificate) for step in whole.path[1:]) <= party.depth.value:
        return  # issued by a CA, as it must be, the leaf has a chain that is short enough
    summary = say(
        "the chain of {leaf} has {count} intermediates, and {directive} allows {depth}",
        "{leaf} 的证书链有 {count} 张中间证书，而 {directive} 只允许 {depth} 张",
        leaf=party.leaf.subject_text, count=max(len(whole.path) - 2, 0),
        directive=party.directives.depth, depth=party.depth.value,
    )  # fmt: skip
    proof = say(
        "with {directive} {needed} the same certificates form a complete path: nothing is missing",
        "设 {directive} {needed} 后，同样的证书即可组成完整路径：并不缺少任何证书",
        directive=party.directives.depth, needed=needed,
    )  # fmt: skip
    origin = party.depth.origin or party.trust_file.origin or party.block
    yield finding(party.slug("verify-depth-too-small"), summary, Where.at(origin, party.directives.depth), proof)


def _without_root(party: Party, above: list[Certificate]) -> Iterator[Finding]:
    """The root is not at hand, and there are more intermediates than the depth allows already."""
    if not above or self_signed(above[-1], party.judge.series) or len(above) <= party.depth.value:
        return
    summary = say(
        "the chain of {leaf} has {count} intermediates or more, and {directive} allows {depth}",
        "{leaf} 的证书链至少有 {count} 张中间证书，而 {directive} 只允许 {depth} 张",
        leaf=party.leaf.subject_text, count=len(above), directive=party.directives.depth, depth=party.depth.value,
    )  # fmt: skip
    origin = party.depth.origin or party.trust_file.origin or party.block
    where = Where.at(origin, party.directives.depth)
    yield finding(party.slug("verify-depth-too-small"), summary, where, confidence=Confidence.LIKELY)


RULES = (Rule("depth", ("client-verify-depth-too-small", "upstream-verify-depth-too-small"), check, about_peer=True),)
