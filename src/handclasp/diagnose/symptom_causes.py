"""Joins what is seen with its causes: the causes of a symptom's entry, the entries of a cause, the entry of a log line."""

from collections import Counter
from collections.abc import Container
from functools import cache

from handclasp.catalogue import causes, measured, symptoms
from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.cause import Reference
from handclasp.catalogue.measured import CameFrom
from handclasp.catalogue.symptoms import SymptomEntry, SymptomKind
from handclasp.diagnose import sign
from handclasp.diagnose.candidates import Candidate, Clue, candidates, pattern
from handclasp.diagnose.log_line import LogLine, read_line

_ERRORS = Reference(kind="man", title="X509_STORE_CTX_get_error(3)")
_TELLING = {SymptomKind.VERIFY, SymptomKind.LINE, SymptomKind.START, SymptomKind.CLIENT}


def causes_of(entry: SymptomEntry) -> tuple[Candidate, ...]:
    """What can be behind it: as the entry lists it, else most frequent in the lab first; empty when no cause of it is known."""
    if entry.causes:
        shown = entry.kind is SymptomKind.HOLE
        return tuple(_listed(slug, rank, shown=shown) for rank, slug in enumerate(entry.causes, 1))
    return candidates(clue_of(entry))


def clue_of(entry: SymptomEntry) -> Clue:
    """What the entry is about, as something that was seen."""
    if entry.number is not None:
        return Clue(number=entry.number, side=entry.side)
    return Clue(title=entry.page) if entry.page else Clue(forms=entry.logs)


@cache
def entries_by_cause() -> dict[str, tuple[SymptomEntry, ...]]:
    """The entries under which each cause shows itself, by slug of the cause."""
    found: dict[str, list[SymptomEntry]] = {slug: [] for slug in causes.slugs()}
    for entry in symptoms.entries():
        for candidate in causes_of(entry):
            found[candidate.cause].append(entry)
    return {slug: tuple(entries) for slug, entries in found.items()}


def came_from(entry: SymptomEntry, builds: Container[str] = tuple(BUILDS)) -> CameFrom | None:
    """The lab's runs on `builds` that showed it; None when none did or when it is not counted."""
    if entry.number is not None and entry.side is not None:
        name: str | None = sign.of_error(entry.side, entry.number)
    else:
        name = sign.of_title(entry.page) if entry.page else sign.of_line(read_line(entry.logs[0])) if entry.logs else None
    return measured.came_from(name, builds) if name else None


def seen_on(entry: SymptomEntry) -> tuple[tuple[str, CameFrom | None], ...]:
    """What each build of the lab showed of it; empty when it is not counted anywhere."""
    rows = tuple((build, came_from(entry, (build,))) for build in measured.measured().builds)
    return rows if any(came for _, came in rows) else ()


def documentation(entry: SymptomEntry, most: int = 6) -> tuple[Reference, ...]:
    """Official pages about it: OpenSSL's list of errors where there is a number, then those that its causes refer to."""
    own = (_ERRORS,) if entry.number is not None else ()
    loaded = (causes.load(candidate.cause) for candidate in causes_of(entry))
    named = (reference for cause in loaded for reference in cause.references if reference.kind != "report")
    return tuple(dict.fromkeys((*own, *named)))[:most]


def neighbours(slug: str, most: int = 5) -> tuple[Candidate, ...]:
    """Causes that show the same error number or log line as this one, those with the most in common first."""
    shared: Counter[str] = Counter()
    found: dict[str, Candidate] = {}
    for entry in entries_by_cause()[slug]:
        for candidate in causes_of(entry) if entry.kind in _TELLING else ():
            if candidate.cause != slug:
                found.setdefault(candidate.cause, candidate)
                shared[candidate.cause] += 1
    ranked = sorted(found, key=lambda name: (-shared[name], found[name].rank))
    return tuple(found[name] for name in ranked[:most])


def entry_of(line: LogLine) -> SymptomEntry | None:
    """The entry of a log line; None when the catalogue has none. The longest form that fits wins."""
    if line.number is not None and line.side is not None:
        return symptoms.entry(symptoms.slug_of_error(line.side, line.number))
    message = f"{line.message} while {line.context}" if line.context else line.message
    forms = ((form, entry) for entry in symptoms.entries() for form in entry.logs)
    fitting = [(len(form), entry) for form, entry in forms if pattern(form).search(message)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _listed(slug: str, rank: int, *, shown: bool) -> Candidate:
    """A cause that an entry names. `shown`: the lab's runs of the cause showed what the entry is about."""
    outline = causes.outline(slug)
    counts = measured.of_cause(slug) if shown else None
    return Candidate(
        cause=slug,
        rank=rank,
        why=outline.summary,
        check=outline.tell_apart,
        runs=counts.failed if counts else 0,
        of=counts.runs if counts else 0,
        builds=counts.builds if counts else (),
    )
