"""Recorded results, and what is said of them."""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

from handclasp.lab.results import Result, Tally, from_json, tallies
from handclasp.lab.scenario import Kind
from handclasp.model.text import plural

DATA = "scenarios.json"
_EXPECTED = {Kind.BROKEN: False, Kind.CONTROL: True, Kind.REMEDY: True, Kind.DEAD_END: False}


@cache
def recorded() -> tuple[Result, ...]:
    """The results that Handclasp ships: the last full run on all lab builds."""
    return from_json((files("handclasp.lab") / "data" / DATA).read_bytes(), where=DATA)


def as_expected(result: Result) -> bool:
    """Broken and dead-end variants must fail, controls and remedies must work. A dead end may work if it opens the door."""
    if result.kind is Kind.DEAD_END:
        return not result.good
    return result.good is _EXPECTED[result.kind]


def sentence(result: Result) -> str:
    """One line about one run."""
    what = f"{result.cause}/{result.form}" + (f" + {result.change}" if result.change else "")
    return f"{result.build:9} {result.kind:8} {what}: {outcome(result)}"


def outcome(result: Result) -> str:
    """What was seen, in words."""
    if result.start:
        return f"nginx does not start: {result.start.splitlines()[0]}"
    parts = [str(result.status) if result.status else result.alert or result.error or "no answer"]
    if result.number is not None:
        parts.append(f"({result.number}:{result.text})")
    if result.stranger:
        parts.append("and lets a stranger in")
    return " ".join(parts)


def lines(results: Sequence[Result], cause: str | None = None) -> tuple[str, ...]:
    """The report: for each cause the builds it was reproduced on, then remedies and dead ends with k of n."""
    found: list[str] = []
    for slug in sorted({result.cause for result in results if cause in (None, result.cause)}):
        mine = [result for result in results if result.cause == slug]
        broken = [result for result in mine if result.kind is Kind.BROKEN]
        builds = ", ".join(dict.fromkeys(result.build for result in broken if not result.good))
        forms = len({result.form for result in broken})
        found.append(f"{slug}: {forms} form{plural(forms)}, reproduced on {builds}")
        found += [_tally(tally) for tally in tallies(mine)]
    return tuple(found)


def _tally(tally: Tally) -> str:
    word = "remedy  " if tally.kind is Kind.REMEDY else "dead end"
    opened = f", lets strangers in {tally.opened} of {tally.runs}" if tally.opened else ""
    return f"  {word} {tally.change}: fixed {tally.fixed} of {tally.runs}{opened}"


def counts(results: Iterable[Result]) -> dict[str, dict[str, dict[str, int]]]:
    """The counts as data: cause, then remedy or dead end, then fixed, runs and opened."""
    table: dict[str, dict[str, dict[str, int]]] = {}
    for tally in tallies(results):
        table.setdefault(tally.cause, {})[tally.change] = {"fixed": tally.fixed, "runs": tally.runs, "opened": tally.opened}
    return table
