"""The rules, in the order in which their findings are told: start, chain, then what OpenSSL checks after it, then the rest."""

from handclasp.diagnose.rule import Rule
from handclasp.diagnose.rules import (
    chain,
    constraints,
    dates,
    depth,
    error_page,
    log_level,
    masked,
    name,
    no_certificate,
    optional,
    placement,
    purpose,
    revocation,
    signature,
    split,
    start,
    strength,
)

ALL: tuple[Rule, ...] = (
    *start.RULES,
    *placement.RULES,
    *optional.RULES,
    *error_page.RULES,
    *split.RULES,
    *no_certificate.RULES,
    *chain.RULES,
    *depth.RULES,
    *purpose.RULES,
    *strength.RULES,
    *revocation.RULES,
    *signature.RULES,
    *dates.RULES,
    *constraints.RULES,
    *name.RULES,
    *masked.RULES,
    *log_level.RULES,
)
