"""The chain is complete but longer than the depth allows. OpenSSL 3 shows it as a missing CA."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Where
from handclasp.model.nginx import OpensslSeries


def needed_depth(case: Case) -> int:
    """The smallest depth with which the complete path is accepted: its intermediates; up to 1.0.2 everything above the leaf."""
    assert case.whole is not None
    assert case.party is not None
    above = len(case.whole.path) - 1
    return above if case.party.judge.series is OpensslSeries.V1_0_2 else max(above - 1, 0)


def check(case: Case) -> Iterator[Finding]:
    """A path that is trusted without a limit and not with the limit that is set."""
    party, whole, shallow = case.party, case.whole, case.shallow
    if party is None or whole is None or shallow is None or not whole.trusted or shallow.trusted:
        return
    needed = needed_depth(case)
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


RULES = (Rule("depth", ("client-verify-depth-too-small", "upstream-verify-depth-too-small"), check, about_peer=True),)
