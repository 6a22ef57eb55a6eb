"""Every scenario on this machine's nginx; the recorded runs against the catalogue and against the verdict model."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from handclasp.adapters.lab_stage import LabStage
from handclasp.app.evidence import certificate_paths, written_paths
from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.causes import load, slugs
from handclasp.lab.exhibit import exhibit
from handclasp.lab.report import as_expected, recorded, sentence
from handclasp.lab.results import Result, build_id, play, tallies
from handclasp.lab.scenario import Kind, Scenario, Variant
from handclasp.lab.scenarios import scenarios, selected, variant_named
from handclasp.model.errors import UsageError
from handclasp.model.evidence import Evidence
from handclasp.model.nginx import NginxBuild
from handclasp.verdict.predict import Stage, predict

AT = datetime(2030, 1, 1, tzinfo=UTC)
LAB_BUILDS = [build.id for build in BUILDS.values() if build.lab]
RECORDED = {(item.cause, item.form, item.kind, item.change, item.build): item for item in recorded()}


def key(variant: Variant, build: str) -> tuple[str, str, Kind, str | None, str]:
    return (variant.scenario.cause, variant.form, variant.kind, variant.change, build)


@pytest.mark.parametrize("scenario", scenarios().values(), ids=lambda scenario: scenario.cause)
def test_every_variant_ends_here_as_recorded(scenario: Scenario) -> None:
    stage = LabStage()
    here = build_id(stage.build())
    assert scenario.broken
    assert scenario.control
    for variant in scenario.variants():
        if not scenario.runs_on(variant.form, here, variant.change):
            continue
        result = play(variant, stage)
        assert as_expected(result), sentence(result)
        known = RECORDED.get(key(variant, here))
        assert known is None or summary(result) == summary(known), sentence(known)


def summary(result: Result) -> tuple[object, ...]:
    seen = (result.status, result.number, result.text, result.alert, result.start)
    return (*seen, result.good, result.stranger, result.nobody)


def test_every_scenario_was_run_on_every_lab_build() -> None:
    variants = [variant for scenario in scenarios().values() for variant in scenario.variants()]
    pairs = [(variant, build) for variant in variants for build in LAB_BUILDS]
    assert set(RECORDED) == {
        key(variant, build) for variant, build in pairs if variant.scenario.runs_on(variant.form, build, variant.change)
    }


def test_every_recorded_run_ended_as_it_must() -> None:
    wrong = [sentence(result) for result in recorded() if not as_expected(result)]
    assert not wrong


def test_scenarios_and_catalogue_name_the_same_causes_and_remedies() -> None:
    for scenario in scenarios().values():
        assert scenario.cause in slugs()
        known = {remedy.id for remedy in load(scenario.cause).remedies}
        assert known & set(scenario.remedies), f"{scenario.cause}: none of {known} is run"


def test_symptoms_of_the_catalogue_are_what_the_runs_showed() -> None:
    compared = 0
    for result in recorded():
        symptoms = [one for one in load(result.cause).symptoms if result.form in one.variants and result.build in one.builds]
        if result.kind is not Kind.BROKEN or not symptoms:
            continue
        compared += 1
        assert any(
            one.start if result.start else (one.status, one.number) == (result.status, result.number) for one in symptoms
        ), sentence(result)
    assert compared > 200


@pytest.mark.parametrize("build", LAB_BUILDS)
def test_the_model_predicts_every_recorded_run_from_the_exhibit_alone(build: str) -> None:
    wrong, compared = [], 0
    for scenario in scenarios().values():
        for variant in scenario.variants():
            seen = RECORDED.get(key(variant, build))
            if seen is None or seen.start or scenario.history or seen.status is None:
                continue
            compared += 1
            verdict = predict(exhibit(variant).evidence(at=AT, build=described(build)))
            reported = verdict.reported.number if verdict.reported and verdict.log else None
            told = seen.number if "hides-reason" not in seen.cause else reported
            if (verdict.status, reported) != (seen.status, told):
                wrong.append(f"{variant.label}: model {verdict.status} {reported}, nginx {seen.status} {seen.number}")
    assert not wrong, "\n".join(wrong)
    assert compared > 300


@pytest.mark.parametrize("build", LAB_BUILDS)
def test_the_model_predicts_every_refusal_to_start_and_its_words(build: str) -> None:
    wrong, compared = [], 0
    for scenario in scenarios().values():
        for variant in scenario.variants():
            seen = RECORDED.get(key(variant, build))
            if seen is None or seen.start is None or variant.make().closed:
                continue  # whose files those are, only the machine knows
            compared += 1
            said = predict(_with_gaps(exhibit(variant).evidence(at=AT, build=described(build)))).start
            if said is None or said.replace("/etc/nginx/", "") not in seen.start:
                wrong.append(f"{variant.label}: model {said}, nginx {seen.start}")
    assert not wrong, "\n".join(wrong)
    assert compared > 30


def described(build: str) -> NginxBuild:
    engine = BUILDS[build]
    return NginxBuild(path="nginx", version=engine.nginx, openssl=f"{engine.series}.0", debug=True)


def _with_gaps(evidence: Evidence) -> Evidence:
    """As it is gathered from a machine: with the files that are named and not there."""
    stage = Stage(evidence)
    absent = sorted((certificate_paths(stage.config) | written_paths(stage.tree)) - set(evidence.files) - set(evidence.keys))
    return replace(
        evidence,
        files={**evidence.files, **dict.fromkeys(absent)},
        unreadable=dict.fromkeys(absent, "cannot be read: No such file or directory"),
    )


def test_counts_are_made_of_runs() -> None:
    tally = next(item for item in tallies(recorded()) if item.change == "raise-verify-depth")
    assert (tally.fixed, tally.runs, tally.opened) == (12, 12, 0)
    opened = next(item for item in tallies(recorded()) if item.change == "verify-off")
    assert opened.fixed == 0
    assert opened.opened == opened.runs > 0


def test_an_unknown_scenario_is_a_usage_error_that_names_the_list() -> None:
    with pytest.raises(UsageError, match="no scenario of client-nothing"):
        selected(("client-nothing",))
    with pytest.raises(UsageError, match="no form upside-down"):
        variant_named("client-cert-expired/upside-down")
