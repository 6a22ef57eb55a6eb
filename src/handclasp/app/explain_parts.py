"""What explanations are made of: verification errors by their rows, causes by words, causes by their candidates."""

from collections.abc import Iterable
from dataclasses import dataclass

from handclasp.catalogue import causes, meanings, measured, symptoms, verify_errors
from handclasp.catalogue.builds import fitting
from handclasp.catalogue.measured import CameFrom
from handclasp.catalogue.search import search
from handclasp.catalogue.symptoms import SymptomEntry
from handclasp.catalogue.verify_errors import VerifyErrorName
from handclasp.diagnose import sign
from handclasp.diagnose.candidates import Candidate, Clue, candidates
from handclasp.diagnose.explanation import Explained, Explanation, Kind
from handclasp.diagnose.log_line import LogLine
from handclasp.diagnose.symptom_causes import causes_of
from handclasp.model.nginx import NginxVersion, OpensslSeries
from handclasp.model.verdict import Side

# Below this share of the asked words a cause is a guess that helps nobody.
GOOD_HIT = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The versions to explain for; None: all that the catalogue knows."""

    nginx: NginxVersion | None = None
    series: OpensslSeries | None = None


def by_words(text: str) -> tuple[VerifyErrorName, ...]:
    """Rows for a text that is an error's own, as `FAILED:...` of $ssl_client_verify holds it too."""
    return verify_errors.by_text(text.removeprefix("FAILED:"))


def of_rows(
    text: str,
    kind: Kind,
    rows: tuple[VerifyErrorName, ...],
    engine: Engine,
    *,
    line: LogLine | None = None,
    side: Side | None = None,
) -> Explanation:
    """What verification errors mean and which causes can give them; `side` when it is known without a line."""
    found: dict[str, Candidate] = {}
    for number, series in dict.fromkeys((row.number, _narrow(row, rows, engine)) for row in rows):
        clue = Clue(number=number, side=line.side if line else side)
        for candidate in candidates(clue, engine.nginx, series):
            found.setdefault(candidate.cause, candidate)
    if text == "FAILED:certificate revoked":  # $ssl_client_verify has no number: it may be the CRL's word or OCSP's
        for candidate in candidates(Clue(message=f"client SSL certificate verify error: {rows[0].text}")):
            found.setdefault(candidate.cause, candidate)
    return Explanation(
        asked=text,
        kind=kind,
        line=line,
        errors=rows,
        meaning=meanings.of_error(rows[0].symbol),
        entry=_page_of(rows, line.side if line else side),
        pages=_pages_of(rows, line.side if line else side),
        causes=load(sorted(found.values(), key=lambda candidate: candidate.other_versions)),
        doubt=line.doubt if line else None,
        came_from=_came_from(rows, engine, line.side if line else side),
    )


def _came_from(rows: tuple[VerifyErrorName, ...], engine: Engine, side: Side | None) -> CameFrom | None:
    """The lab's runs with this error; without a side there would be two counts, so none is given."""
    numbers = {row.number for row in rows}
    if side is None or len(numbers) != 1:
        return None
    wanted = [row.series for row in rows] if engine.series is None else [engine.series]
    builds = [build for series in wanted for build in fitting(series, engine.nginx)]
    return measured.came_from(sign.of_error(side, numbers.pop()), builds)


def _page_of(rows: tuple[VerifyErrorName, ...], side: Side | None) -> SymptomEntry | None:
    numbers = {row.number for row in rows}
    return symptoms.entry(symptoms.slug_of_error(side, numbers.pop())) if side and len(numbers) == 1 else None


def _pages_of(rows: tuple[VerifyErrorName, ...], side: Side | None) -> tuple[SymptomEntry, ...]:
    found = (_page_of(rows, each) for each in ((side,) if side else Side))
    return tuple(page for page in found if page and causes_of(page))


def _narrow(row: VerifyErrorName, rows: tuple[VerifyErrorName, ...], engine: Engine) -> OpensslSeries | None:
    """The series to look in: what was asked for; the row's own where the rows mean different things; otherwise all."""
    if engine.series is not None:
        return engine.series
    one_meaning = len({(other.number, other.symbol) for other in rows}) == 1
    return None if one_meaning and len(rows) == len(OpensslSeries) else row.series


def found_by_words(text: str) -> Explanation:
    """The causes that plain words lead to."""
    hits = [hit for hit in search(text) if hit.score >= GOOD_HIT]
    best = hits[0].score if hits else 0.0
    found = tuple(Explained(cause=causes.load(hit.slug), score=round(hit.score, 3)) for hit in hits if hit.score > best / 3)
    return Explanation(asked=text, kind=Kind.WORDS, causes=found)


def load(found: Iterable[Candidate]) -> tuple[Explained, ...]:
    """Candidates with all that is known of their causes."""
    return tuple(Explained(cause=causes.load(candidate.cause), candidate=candidate) for candidate in found)
