"""Every rule on set-ups where it must speak and where it must be silent; a rule without either is an error at collection."""

from dataclasses import replace
from pathlib import Path

import pytest

from handclasp.catalogue import causes
from handclasp.diagnose.case import Case
from handclasp.diagnose.engine import diagnose
from handclasp.diagnose.remedies.change import applied
from handclasp.diagnose.rule import Rule
from handclasp.diagnose.rules import ALL
from handclasp.model.evidence import Evidence
from handclasp.model.finding import Severity
from handclasp.model.nginx import NginxVersion
from handclasp.verdict.predict import Stage
from tests.diagnose.rules import (
    samples_guards,
    samples_holes,
    samples_lasting,
    samples_logged,
    samples_peer,
    samples_placement,
    samples_protocol,
    samples_reach,
    samples_start,
    samples_upstream,
)
from tests.diagnose.rules.workshop import BUILD, Sample, Workshop

SAMPLES = (
    *samples_guards.SAMPLES,
    *samples_holes.SAMPLES,
    *samples_lasting.SAMPLES,
    *samples_logged.SAMPLES,
    *samples_start.SAMPLES,
    *samples_placement.SAMPLES,
    *samples_peer.SAMPLES,
    *samples_upstream.SAMPLES,
    *samples_reach.SAMPLES,
    *samples_protocol.SAMPLES,
)
FIRING = [sample for sample in SAMPLES if sample.cause]
QUIET = [sample for sample in SAMPLES if not sample.cause]
RULES: dict[str, Rule] = {rule.name: rule for rule in ALL}

assert len(RULES) == len(ALL), "two rules of one name"
assert {sample.rule for sample in SAMPLES} <= set(RULES), {sample.rule for sample in SAMPLES} - set(RULES)
for rule_name in RULES:
    assert any(sample.rule == rule_name for sample in FIRING), f"rule {rule_name}: no sample where it speaks"
    assert any(sample.rule == rule_name for sample in QUIET), f"rule {rule_name}: no sample where it is silent"


def evidence(sample: Sample, folder: Path) -> Evidence:
    shop = sample.make(Workshop(folder, sample.side, sample.intermediates))
    return shop.evidence(build=replace(BUILD, version=NginxVersion.parse(sample.version), openssl=sample.openssl))


@pytest.mark.parametrize("sample", FIRING, ids=lambda sample: sample.label)
def test_speaks_first_and_its_remedy_cures(sample: Sample, tmp_path: Path) -> None:
    given = evidence(sample, tmp_path)
    reasoned = diagnose(given)
    rule = RULES[sample.rule]
    alone = {finding.cause for finding in rule.check(Case(Stage(given)))}
    assert sample.cause in alone
    assert alone <= set(rule.causes) or rule.causes == ("*",)
    findings = reasoned.diagnosis.findings
    assert all(finding.cause in causes.slugs() for finding in findings)
    of_cause = next(finding for finding in findings if finding.cause == sample.cause)
    assert of_cause.severity == sample.severity
    if of_cause.severity is Severity.ERROR:
        assert findings[0].cause == sample.cause, [finding.cause for finding in findings]
    changes = reasoned.changes[findings.index(of_cause)]
    assert changes, "a finding says what to do"
    if changes[0].by_files_alone:
        after = Case(Stage(applied(given, changes[0].edits)))
        left = [finding for finding in rule.check(after) if finding.severity is of_cause.severity]
        assert [finding for finding in left if finding.cause == sample.cause] == []


@pytest.mark.parametrize("sample", QUIET, ids=lambda sample: sample.label)
def test_silent(sample: Sample, tmp_path: Path) -> None:
    given = evidence(sample, tmp_path)
    assert list(RULES[sample.rule].check(Case(Stage(given)))) == []
    errors = [finding.cause for finding in diagnose(given).diagnosis.findings if finding.severity is Severity.ERROR]
    assert errors == []


def test_a_file_newer_than_nginx_explains_the_line_alone(tmp_path: Path) -> None:
    shop = samples_logged.loaded_before(Workshop(tmp_path))
    found = diagnose(shop.evidence()).diagnosis.findings
    assert [finding.cause for finding in found if finding.severity is Severity.ERROR] == ["ca-changed-without-reload"]
