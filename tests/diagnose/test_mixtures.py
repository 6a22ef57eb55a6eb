"""Several faults at once in set-ups of many shapes: one of them is told first, and every one of them is told."""

import pytest

from handclasp.app.doctor import examine
from handclasp.model.finding import Severity
from tests.diagnose.mixtures import evidence, mixture


@pytest.mark.parametrize("seed", range(160))
def test_a_true_fault_comes_first_and_none_is_missing(seed: int) -> None:
    made = mixture(seed)
    findings = examine(evidence(made), None).diagnosis.findings
    told = [finding.cause for finding in findings]
    true = {cause for causes in made.expected for cause in causes}
    assert [causes for causes in made.expected if not causes & set(told)] == [], (made.faults, told)
    assert {finding.cause for finding in findings if finding.severity is Severity.ERROR} <= true, (made.faults, told)
    assert not made.expected or told[0] in true, (made.faults, told)


def test_the_sample_has_sound_set_ups_and_every_number_of_faults() -> None:
    counts = {len(mixture(seed).faults) for seed in range(160)}
    assert counts >= {0, 1, 2, 3, 4}
