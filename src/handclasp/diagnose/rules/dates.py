"""Certificates outside their validity, at any level: nginx's line does not say which."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.chain import ROOT_NAME
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Finding, Where
from handclasp.model.text import Text
from handclasp.model.verdict import Side


def check(case: Case) -> Iterator[Finding]:
    """One finding per certificate whose time has passed or not come."""
    party, whole = case.party, case.whole
    if party is None or whole is None:
        return
    for depth, item in _outside(case, past=True):
        summary = say(
            "{subject} expired on {date}", "{subject} 已于 {date} 过期",
            subject=item.subject_text, date=f"{item.not_after:%Y-%m-%d %H:%M}Z",
        )  # fmt: skip
        yield finding(
            _expired(case, party.side, depth, item), summary, Where(depth=depth, subject=item.subject_text), _now(case)
        )
    for depth, item in _outside(case, past=False):
        summary = say(
            "{subject} is valid only from {date}", "{subject} 自 {date} 起才有效",
            subject=item.subject_text, date=f"{item.not_before:%Y-%m-%d %H:%M}Z",
        )  # fmt: skip
        cause = "client-cert-not-yet-valid" if party.side is Side.CLIENT else "upstream-cert-expired"
        yield finding(cause, summary, Where(depth=depth, subject=item.subject_text), _now(case))


def _outside(case: Case, *, past: bool) -> Iterator[tuple[int, Certificate]]:
    """Certificates of the path whose time is over, or has not come. OpenSSL leaves out the top of a path that has no root."""
    now = case.evidence.at
    for step in case.whole.path if case.whole else ():
        if step.certificate.not_after <= now if past else step.certificate.not_before > now:
            yield step.depth, step.certificate


def _expired(case: Case, side: Side, depth: int, item: Certificate) -> str:
    if side is Side.UPSTREAM:
        crossed = depth > 1 and item.self_issued and _is_root_too(case, depth - 1)
        return "upstream-expired-cross-sign-sent" if crossed else "upstream-cert-expired"
    if depth == 0:
        return "client-cert-expired"
    return "client-ca-expired" if item.self_issued else "client-intermediate-expired"


def _is_root_too(case: Case, depth: int) -> bool:
    """Whether the certificate at this depth has a self-signed twin at hand, or is named like a root."""
    below = next((step.certificate for step in case.whole.path if step.depth == depth), None) if case.whole else None
    if below is None:
        return False
    twin = any(one.self_issued and (one.subject, one.spki) == (below.subject, below.spki) for one in case.pool)
    return twin or ROOT_NAME.search(below.subject_text) is not None


def _now(case: Case) -> Text:
    return say("judged as of {now}", "判断时刻：{now}", now=f"{case.evidence.at:%Y-%m-%d %H:%M}Z")


RULES = (
    Rule(
        "dates",
        (
            "client-cert-expired",
            "client-cert-not-yet-valid",
            "client-ca-expired",
            "client-intermediate-expired",
            "upstream-cert-expired",
            "upstream-expired-cross-sign-sent",
        ),
        check,
        about_peer=True,
    ),
)
