"""The verdict model against the real thing: what is predicted for a case, and where an outcome differs from it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from handclasp.lab.case import Case, Outcome
from handclasp.lab.sheet import sheet
from handclasp.model.evidence import Evidence
from handclasp.model.nginx import NginxBuild, NginxVersion
from handclasp.model.verdict import Side, Verdict
from handclasp.ports.bench import FOLDER
from handclasp.verdict.predict import predict

AT = datetime(2030, 1, 1, tzinfo=UTC)
"""The lab's certificates are valid, expired or not yet valid for decades, so that a verdict is the same on every day."""

_CONTINUES = NginxVersion(1, 19, 1)
_PREFIX = "/lab"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A case on which the model and nginx differ; `said` is the model's words, `seen` nginx's."""

    case: Case
    said: str
    seen: str


def evidence(case: Case, build: NginxBuild) -> Evidence:
    """A case as a diagnosis would meet it: the configuration and files that nginx under test was given."""
    files = sheet([("c0", case)]).subject
    return Evidence(
        at=AT,
        root=f"{_PREFIX}/nginx.conf",
        prefix=_PREFIX,
        files={f"{_PREFIX}/{name}": content.replace(FOLDER.encode(), _PREFIX.encode()) for name, content in files.items()},
        build=build,
        security_level=case.security_level,
        side=case.side,
        server="c0.lab" if case.side is Side.CLIENT else None,
        location="/" if case.side is Side.CLIENT else "/c0",
        presented="".join(case.presented).encode() if case.side is Side.CLIENT else None,
        upstream_chain="".join(case.presented).encode() if case.side is Side.UPSTREAM else None,
    )


def predicted(case: Case, build: NginxBuild) -> Verdict:
    """The model's verdict for a case on a build."""
    return predict(evidence(case, build))


def compare(case: Case, outcome: Outcome, build: NginxBuild) -> Disagreement | None:
    """None when model and nginx agree on every error with its depth, the answer, its title, and $ssl_client_verify."""
    verdict = predicted(case, build)
    said, seen = _said(verdict), _seen(outcome)
    if case.side is Side.UPSTREAM and build.version < _CONTINUES:
        # Without its callback nginx shows no depth: only the number it reports can be compared.
        said["errors"] = seen["errors"] = None
    return None if said == seen else Disagreement(case=case, said=_words(said, seen), seen=_words(seen, said))


def _said(verdict: Verdict) -> dict[str, object]:
    return {
        "errors": " ".join(f"{error.number}@{error.depth}" for error in verdict.errors),
        "status": verdict.status,
        "title": verdict.title,
        "verify": verdict.verify,
        "reported": verdict.reported.number if verdict.reported and verdict.log else None,
        "start": bool(verdict.start),
    }


def _seen(outcome: Outcome) -> dict[str, object]:
    return {
        "errors": " ".join(f"{error.number}@{error.depth}" for error in outcome.errors or ()),
        "status": outcome.status,
        "title": outcome.title,
        "verify": outcome.verify,
        "reported": outcome.reported,
        "start": bool(outcome.start),
    }


def _words(ours: dict[str, object], theirs: dict[str, object]) -> str:
    """The fields that differ; the errors always."""
    return "; ".join(f"{name} {value}" for name, value in ours.items() if name == "errors" or value != theirs[name])
