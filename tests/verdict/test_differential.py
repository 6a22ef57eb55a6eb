"""The verdict model against real nginx: a random sample on this machine's build, and kept outcomes of every build."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from handclasp.adapters.lab_bench import LabBench
from handclasp.lab.differential import compare
from handclasp.lab.fuzz import cases
from handclasp.lab.kept import Kept, from_lines
from handclasp.lab.runner import run
from handclasp.model.verdict import Side

KEPT = sorted((Path(__file__).parent / "kept").iterdir())
SAMPLE = 600


def kept() -> list[Kept]:
    return [item for file in KEPT for item in from_lines(file.read_bytes(), where=str(file))]


def test_random_cases_end_on_nginx_as_the_model_says() -> None:
    bench = LabBench()
    seen = list(run(list(cases(20261121, SAMPLE)), bench))
    assert len(seen) == SAMPLE
    found = [wrong for case, outcome in seen if (wrong := compare(case, outcome, bench.build()))]
    assert not found, "\n".join(f"{wrong.case.labels}: model {wrong.said}, nginx {wrong.seen}" for wrong in found)
    # A sample in which nearly all is refused for one reason, or nothing is, would prove nothing.
    reported = Counter(outcome.reported for _, outcome in seen)
    assert len(reported) > 20
    assert 0.1 < reported[None] / SAMPLE < 0.6
    assert {case.side for case, _ in seen} == set(Side)
    assert all(outcome.start is None for _, outcome in seen)


@pytest.mark.parametrize("series", ["1.1.1", "3.0", "3.5", "3.6"])
def test_kept_outcomes_of_other_builds_are_what_the_model_says(series: str) -> None:
    of_series = [(item.case, seen) for item in kept() for seen in item.seen if seen.build.series == series]
    assert len(of_series) > 150
    found = [wrong for case, seen in of_series if (wrong := compare(case, seen.outcome, seen.build))]
    assert not found, "\n".join(f"{wrong.case.labels}: model {wrong.said}, nginx {wrong.seen}" for wrong in found)


def test_what_3_6_does_otherwise_is_among_the_kept_outcomes() -> None:
    """Judged by the rules of 3.5, many of them are foretold wrongly."""
    of_3_6 = [(item.case, seen) for item in kept() for seen in item.seen if seen.build.series == "3.6"]
    older = [compare(case, seen.outcome, replace(seen.build, openssl="3.5.7")) for case, seen in of_3_6]
    assert sum(wrong is not None for wrong in older) > 30


def test_a_wrong_verdict_is_noticed() -> None:
    item = next(item for item in kept() if item.case.presented and item.case.depth > 0)
    wrong = [seen.build for seen in item.seen]
    other = next(other for other in kept() if other.seen[0].outcome.reported != item.seen[0].outcome.reported)
    assert compare(item.case, other.seen[0].outcome, wrong[0]) is not None


def test_every_kept_file_holds_cases() -> None:
    assert KEPT
    for file in KEPT:
        assert file.suffix == ".jsonl"
        assert from_lines(file.read_bytes(), where=str(file))
