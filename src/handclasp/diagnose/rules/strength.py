"""Keys and signatures weaker than the security level of this OpenSSL allows."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case, errors_at
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Where
from handclasp.model.verdict import Side


def check(case: Case) -> Iterator[Finding]:
    """One finding per weak key and per weak signature."""
    party, whole = case.party, case.whole
    if party is None or whole is None:
        return
    client = party.side is Side.CLIENT
    for depth, item in errors_at(whole, "EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL"):
        summary = say(
            "the key of {subject} ({kind}, {bits} bits) is too weak for security level {level}",
            "{subject} 的密钥（{kind}，{bits} 位）低于安全级别 {level} 的要求",
            subject=item.subject_text, kind=item.key_kind.value, bits=item.key_bits, level=party.judge.security_level,
        )  # fmt: skip
        yield finding(
            "client-cert-weak-key" if client else "upstream-weak-certificate",
            summary,
            Where(depth=depth, subject=item.subject_text),
        )
    for depth, item in errors_at(whole, "CA_MD_TOO_WEAK"):
        summary = say(
            "{subject} is signed with {digest}, which security level {level} refuses",
            "{subject} 使用 {digest} 签名，安全级别 {level} 不接受",
            subject=item.subject_text, digest=item.signature_digest or "?", level=party.judge.security_level,
        )  # fmt: skip
        yield finding(
            "client-cert-weak-signature" if client else "upstream-weak-certificate",
            summary,
            Where(depth=depth, subject=item.subject_text),
        )


_CAUSES = ("client-cert-weak-key", "client-cert-weak-signature", "upstream-weak-certificate")
RULES = (Rule("strength", _CAUSES, check, about_peer=True),)
