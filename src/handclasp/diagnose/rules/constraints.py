"""A CA of the chain limits the names it may issue, and this certificate breaks the limit."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case, errors_at
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Where

_OUTSIDE = (
    "the names of {subject} are outside what {ca} may issue (name constraints)",
    "{subject} 的名称超出了 {ca} 的名称约束范围",
)
_SAYS: tuple[tuple[str, tuple[str, str]], ...] = (
    ("PERMITTED_VIOLATION", _OUTSIDE),
    ("EXCLUDED_VIOLATION", _OUTSIDE),
    (
        "UNSUPPORTED_CONSTRAINT_TYPE",
        (
            "{ca} constrains a kind of name that OpenSSL cannot compare, and {subject} has one of that kind",
            "{ca} 约束了 OpenSSL 无法比较的名称类型，而 {subject} 含有这类名称",
        ),
    ),
    (
        "UNSUPPORTED_NAME_SYNTAX",
        (
            "{subject} has a malformed name of a kind that {ca} constrains",
            "{subject} 含有格式不正确的名称，而 {ca} 约束了这类名称",
        ),
    ),
)


def check(case: Case) -> Iterator[Finding]:
    """One finding per certificate outside the permitted names, or whose names cannot be held against them."""
    party, whole = case.party, case.whole
    if party is None or whole is None:
        return
    for symbol, (en, zh) in _SAYS:
        for depth, item in errors_at(whole, symbol):
            limiting = [step.certificate.subject_text for step in whole.path[depth + 1 :] if step.certificate.name_constraints]
            yield finding(
                party.slug("name-constraints") if depth >= 0 and party.side.value == "client" else "upstream-ca-not-trusted",
                say(en, zh, subject=item.subject_text, ca=", ".join(limiting)),
                Where(depth=depth, subject=item.subject_text),
            )


RULES = (Rule("constraints", ("client-name-constraints", "upstream-ca-not-trusted"), check, about_peer=True),)
