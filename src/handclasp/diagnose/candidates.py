"""Which causes can give what was seen, on these versions: most frequent in the lab first, each with the check that tells it.

The order is read from the data: what the line's own words give away; causes whose own form matches before those shown only
as look-alikes; faults before circumstances that show another fault's line; causes that show nothing beyond what was given
before those that show more; then by lab runs on the builds that fit, those in this nginx's own log before those in another's;
without any, causes that seldom look otherwise first; then by the catalogue.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from handclasp.catalogue import causes
from handclasp.catalogue.builds import BUILDS, fitting
from handclasp.catalogue.cause import Outline, Symptom
from handclasp.diagnose.log_line import LineKind, LogLine
from handclasp.diagnose.tells import by_request, by_words
from handclasp.model.nginx import NginxVersion, OpensslSeries
from handclasp.model.text import Text
from handclasp.model.verdict import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """What was seen: any of a verification error's number, a message, an HTTP status or title, what a client printed.

    `forms`: lines exactly as the catalogue writes them. `told`: the cause that the line's own words, or its request, give away.
    """

    number: int | None = None
    side: Side | None = None
    message: str | None = None
    status: int | None = None
    title: str | None = None
    forms: tuple[str, ...] = ()
    told: str | None = None

    @classmethod
    def of_line(cls, line: LogLine) -> "Clue":
        """What a log line shows. A line without an error number is known by its message."""
        if line.number is not None and line.kind is not LineKind.OTHER_MODULE:
            return cls(number=line.number, side=line.side)
        message = f"{line.message} while {line.context}" if line.context else line.message
        return cls(message=message, told=by_request(line) or by_words(line))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A cause that can give it. `rank` from 1. `runs` of `of` lab runs of this cause looked like this, on `builds`.

    `look_alike`: only a variant that the catalogue shows for comparison matches. `other_versions`: seen on other versions only.
    """

    cause: str
    rank: int
    why: Text
    check: Text
    runs: int
    of: int
    builds: tuple[str, ...]
    look_alike: bool = False
    other_versions: bool = False


def candidates(
    clue: Clue, nginx_version: NginxVersion | None = None, series: OpensslSeries | None = None
) -> tuple[Candidate, ...]:
    """Every cause that can give it, best first; empty when the catalogue knows none.

    When none fits these versions, those of all versions come with `other_versions` set.
    """
    found = _all(clue, fitting(series, nginx_version))
    if not found and (nginx_version or series):
        found = [replace(candidate, other_versions=True) for candidate in _all(clue, tuple(BUILDS))]
    return tuple(replace(candidate, rank=rank) for rank, candidate in enumerate(found, 1))


def matches(clue: Clue, symptom: Symptom, side: Side | None) -> bool:
    """Whether that symptom of a cause of that side looks like the clue."""
    if clue.number is not None:
        shown_at = symptom.line_side or side
        return symptom.number == clue.number and (clue.side is None or shown_at in (None, clue.side))
    if clue.message is not None:
        if symptom.start and _OF_A_REQUEST.search(clue.message):
            return False
        shown = (*symptom.logs, symptom.seen) if symptom.seen else symptom.logs
        return any(pattern(log).search(clue.message) for log in shown)
    if clue.forms:
        return not {*symptom.logs, symptom.seen}.isdisjoint(clue.forms)
    if clue.title is not None:
        return symptom.title is not None and _fold(symptom.title) == _fold(clue.title)
    return clue.status is not None and symptom.status == clue.status


_OF_A_REQUEST = re.compile(r" while (?:connecting|reading|sending|SSL handshaking)\b")
"""What nginx adds to a line about a connection; no line of a start or a reload has it."""


@cache
def pattern(log: str) -> re.Pattern[str]:
    """The expression for a log line of the catalogue: "{...}" stands for a value of the case, "…" for words that differ."""
    pieces = re.split(r"\{[a-z0-9-]+\}|…", log)
    # A handshake with an upstream is a longer phrase that begins like a handshake with a client.
    end = "(?! to upstream)" if log.endswith("SSL handshaking") else ""
    return re.compile(".*?".join(re.escape(piece) for piece in pieces) + end, re.IGNORECASE | re.DOTALL)


def _all(clue: Clue, builds: tuple[str, ...]) -> list[Candidate]:
    judged = [(outline, _hits(clue, outline, builds)) for outline in causes.outlines()]
    found = [(_key(clue, outline, hits, builds), _candidate(outline, hits, builds)) for outline, hits in judged if hits]
    return [candidate for _, candidate in sorted(found, key=lambda pair: pair[0])]


def _hits(clue: Clue, outline: Outline, builds: tuple[str, ...]) -> list[Symptom]:
    fit = [symptom for symptom in outline.symptoms if not symptom.builds or set(symptom.builds) & set(builds)]
    return [symptom for symptom in fit if matches(clue, symptom, outline.side)]


def _key(
    clue: Clue, outline: Outline, hits: list[Symptom], builds: tuple[str, ...]
) -> tuple[bool, bool, bool, bool, int, bool, float, int]:
    own = [symptom for symptom in hits if not symptom.look_alike]
    more = not (clue.forms or clue.number or clue.message) and all(symptom.number or symptom.logs for symptom in hits)
    runs = _runs(own or hits, builds)
    others = 0 if runs else 1 - len(hits) / len(outline.symptoms)
    elsewhere = clue.message is not None and all(symptom.log_of != "nginx" for symptom in hits)
    return outline.slug != clue.told, not own, outline.circumstance, more, -runs, elsewhere, others, outline.order


def _runs(symptoms: Iterable[Symptom], builds: tuple[str, ...]) -> int:
    lab = {build for build in builds if BUILDS[build].lab}
    return sum(symptom.runs(lab) for symptom in symptoms)


def _candidate(outline: Outline, hits: list[Symptom], builds: tuple[str, ...]) -> Candidate:
    own = [symptom for symptom in hits if not symptom.look_alike]
    kind = own or hits
    seen = {build for symptom in kind for build in symptom.builds}
    runs = _runs(kind, builds)
    same_kind = [symptom for symptom in outline.symptoms if symptom.look_alike == kind[0].look_alike]
    of = _runs({(s.variants, build): replace(s, builds=(build,)) for s in same_kind for build in s.builds}.values(), builds)
    on = tuple(build for build in BUILDS if build in seen and build in builds)
    return Candidate(
        cause=outline.slug,
        rank=0,
        why=_why(runs, of, tuple(build for build in on if BUILDS[build].lab or not runs)),
        check=outline.tell_apart,
        runs=runs,
        of=of,
        builds=on,
        look_alike=not own,
    )


def _why(runs: int, of: int, builds: tuple[str, ...]) -> Text:
    if not runs:
        if not builds:
            return Text(en="reported; not reproduced in the lab", zh="来自公开报告，未在实验室复现")
        return Text(en=f"seen with {_labels(builds, ', ')}", zh=f"见于 {_labels(builds, '、')}")
    return Text(
        en=f"seen in {runs} of {of} lab runs of this cause ({_labels(builds, ', ')})",
        zh=f"该原因的 {of} 次实验中有 {runs} 次出现（{_labels(builds, '、')}）",
    )


def _labels(builds: tuple[str, ...], comma: str) -> str:
    return comma.join(BUILDS[build].label for build in builds)


def _fold(title: str) -> str:
    return re.sub(r"\W+", " ", title).strip().lower()
