"""For findings that are holes: the request that goes through."""

from collections.abc import Callable, Mapping

from handclasp.diagnose.attempt import Attempt
from handclasp.diagnose.case import Case
from handclasp.model.finding import Finding

_BY_CAUSE: Mapping[str, Callable[[Case, Finding], Attempt | None]] = {}


def attempt_for(case: Case, finding: Finding) -> Attempt | None:
    """The request that shows the hole of a finding; None when the finding is none."""
    make = _BY_CAUSE.get(finding.cause)
    return make(case, finding) if make else None
