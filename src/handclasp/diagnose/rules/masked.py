"""Several faults at once: nginx shows one number, and which one depends on versions, not on importance."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.verdict import Side, VerifyError
from handclasp.verdict.hostname import matches
from handclasp.verdict.upstream import REPORTS_LAST_SINCE

_GROUPS = (
    {"UNABLE_TO_GET_ISSUER_CERT", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "DEPTH_ZERO_SELF_SIGNED_CERT", "CERT_CHAIN_TOO_LONG",
     "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"},
    {"INVALID_PURPOSE", "INVALID_CA", "PATH_LENGTH_EXCEEDED", "UNHANDLED_CRITICAL_EXTENSION", "KEYUSAGE_NO_CERTSIGN"},
    {"EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK"},
    {"CERT_REVOKED"},
    {"CERT_SIGNATURE_FAILURE"},
    {"CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"},
    {"PERMITTED_VIOLATION", "EXCLUDED_VIOLATION"},
)  # fmt: skip
_CAUSES = {Side.CLIENT: "client-mask-expired-hides-untrusted", Side.UPSTREAM: "upstream-mask-several-faults"}


def check(case: Case) -> Iterator[Finding]:
    """A notice when errors of different kinds were raised: curing the one that is shown is not enough."""
    party = case.party
    if party is None or not party.deep.errors:
        return
    errors, name = party.deep.errors, _other_name(case)
    if len(_kinds(errors)) + (name is not None) < 2:
        return
    # Towards upstreams nginx had no callback before 1.19.1: OpenSSL stopped at the first error.
    first_counts = party.side is Side.UPSTREAM and party.version < REPORTS_LAST_SINCE
    shown = errors[0] if first_counts else errors[-1]
    others = [f"{item.number} {item.text}" for item in errors if item.number != shown.number]
    hidden = ", ".join(dict.fromkeys([*others, *([f'does not match "{name}"'] if name else [])]))
    summary = say(
        "nginx shows only {shown}, and hides: {hidden}", "nginx 只显示 {shown}，其余被掩盖：{hidden}",
        shown=f"{shown.number} {shown.text}", hidden=hidden,
    )  # fmt: skip
    where = Where(depth=shown.depth, subject=shown.subject)
    yield finding(_CAUSES[party.side], summary, where, severity=Severity.NOTICE)


def _other_name(case: Case) -> str | None:
    """The name that the upstream's certificate lacks; nginx looks at it only when the chain is good."""
    upstream = case.stage.upstream if case.side is Side.UPSTREAM else None
    if upstream is None or case.party is None or "$" in upstream.name.value or matches(case.party.leaf, upstream.name.value):
        return None
    return upstream.name.value


def _kinds(errors: tuple[VerifyError, ...]) -> set[int]:
    symbols = {item.symbol.removeprefix("X509_V_ERR_") for item in errors}
    return {number for number, group in enumerate(_GROUPS) if symbols & group}


RULES = (Rule("masked", tuple(_CAUSES.values()), check, about_peer=True),)
