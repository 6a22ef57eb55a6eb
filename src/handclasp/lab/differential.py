"""The verdict model against the real thing: what was predicted for a case, and where an outcome differs from it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from handclasp.lab.case import Case, Outcome, Raised, der
from handclasp.model.certificate import TrustAnchors
from handclasp.model.nginx import NginxBuild, NginxVersion
from handclasp.model.verdict import PathVerdict, Side
from handclasp.pki.read import certificate_from_der, crl_from_der
from handclasp.verdict.openssl import verify
from handclasp.verdict.question import Question

AT = datetime(2030, 1, 1, tzinfo=UTC)
"""The lab's certificates are valid, expired or not yet valid for decades: the lab's verdicts are the same
on every day it may run on."""

_CONTINUES = NginxVersion(1, 19, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A case on which the model and nginx differ; `said` is the model's words, `seen` nginx's."""

    case: Case
    said: str
    seen: str


def predicted(case: Case, build: NginxBuild) -> PathVerdict | None:
    """The model's path verdict for a case on a build; None when nothing is presented."""
    if not case.presented:
        return None
    return verify(
        Question(
            presented=tuple(certificate_from_der(der(text)) for text in case.presented),
            store=TrustAnchors(tuple(certificate_from_der(der(text)) for text in case.store)),
            crls=None if case.crls is None else tuple(crl_from_der(der(text)) for text in case.crls),
            depth=case.depth,
            side=case.side,
            at=AT,
            series=build.series,
            security_level=case.security_level,
        )
    )


def compare(case: Case, outcome: Outcome, build: NginxBuild) -> Disagreement | None:
    """None when model and nginx agree on the whole sequence of errors (or the first, where nginx stops there)."""
    verdict = predicted(case, build)
    errors = () if verdict is None else tuple(Raised(error.number, error.depth) for error in verdict.errors)
    if outcome.start is not None or outcome.status is None:
        return None
    said, seen = errors, outcome.errors
    if case.side is Side.UPSTREAM and build.version < _CONTINUES:
        said = errors[:1]
        seen = () if outcome.reported is None else (Raised(outcome.reported, errors[0].depth if errors else 0),)
    return None if said == seen else Disagreement(case=case, said=_words(said), seen=_words(seen))


def _words(errors: tuple[Raised, ...] | None) -> str:
    return "not shown" if errors is None else " ".join(f"{error.number}@{error.depth}" for error in errors) or "verified"
