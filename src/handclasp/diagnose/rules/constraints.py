"""A CA of the chain limits the names it may issue, and this certificate breaks the limit."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case, errors_at
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Where


def check(case: Case) -> Iterator[Finding]:
    """One finding per certificate outside the permitted names."""
    party, whole = case.party, case.whole
    if party is None or whole is None:
        return
    for depth, item in errors_at(
        whole, "PERMITTED_VIOLATION", "EXCLUDED_VIOLATION", "UNSUPPORTED_CONSTRAINT_TYPE", "UNSUPPORTED_NAME_SYNTAX"
    ):
        limiting = [step.certificate.subject_text for step in whole.path[depth + 1 :] if step.certificate.name_constraints]
        summary = say(
            "the names of {subject} are outside what {ca} may issue (name constraints)",
            "{subject} 的名称超出了 {ca} 的名称约束范围", subject=item.subject_text, ca=", ".join(limiting),
        )  # fmt: skip
        yield finding(
            party.slug("name-constraints") if depth >= 0 and party.side.value == "client" else "upstream-ca-not-trusted",
            summary,
            Where(depth=depth, subject=item.subject_text),
        )


RULES = (Rule("constraints", ("client-name-constraints", "upstream-ca-not-trusted"), check, about_peer=True),)
