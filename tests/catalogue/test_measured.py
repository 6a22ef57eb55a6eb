"""The counts of the catalogue: made of the lab's recorded runs, complete, and every remedy still a remedy."""

import pytest

from handclasp.catalogue import causes, measured
from handclasp.lab.counts import counted, to_json
from handclasp.lab.report import recorded
from handclasp.lab.scenario import Kind
from handclasp.lab.scenarios import scenarios
from handclasp.model.finding import Danger

COUNTED = sorted(measured.measured().causes)


def test_the_file_is_what_the_recorded_runs_give() -> None:
    from importlib.resources import files

    shipped = (files("handclasp.catalogue") / measured.DATA).read_bytes()
    assert shipped == to_json(counted(recorded())), "run tools/catalogue_measured.py"


@pytest.mark.parametrize("slug", COUNTED)
def test_every_remedy_of_the_catalogue_that_was_run_works_in_every_run(slug: str) -> None:
    counts = measured.measured().causes[slug]
    for remedy in causes.load(slug).remedies:
        count = counts.change(remedy.id)
        if count is not None:
            assert (count.fixed, count.opened) == (count.runs, 0), f"{slug}: {remedy.id} cures no longer"


@pytest.mark.parametrize("slug", COUNTED)
def test_every_change_that_was_run_has_its_words(slug: str) -> None:
    cause, scenario = causes.load(slug), scenarios()[slug]
    named = [end.id for end in cause.dead_ends if end.id]
    assert set(scenario.dead_ends) <= set(named)
    assert {*scenario.remedies, *scenario.dead_ends} <= {*named, *(remedy.id for remedy in cause.remedies)}
    assert set(named) <= {*scenario.remedies, *scenario.dead_ends}
    assert len(named) == len(set(named))


@pytest.mark.parametrize("slug", COUNTED)
def test_a_dead_end_helps_at_a_price_only_and_one_that_opens_the_door_is_called_dangerous(slug: str) -> None:
    for end in causes.load(slug).dead_ends:
        if count := measured.of_change(slug, end.id):
            assert end.danger is Danger.SECURITY or not (count.fixed or count.opened), f"{slug}: {end.id}"


def test_counts_by_hand() -> None:
    broken = [r for r in recorded() if r.kind is Kind.BROKEN and r.number == 21 and not r.cause.startswith("upstream")]
    came = measured.came_from("client 21", measured.measured().builds)
    assert came is not None
    assert came.runs == len(broken)
    assert dict(came.causes)["client-intermediate-missing"] == sum(r.cause == "client-intermediate-missing" for r in broken)
    assert measured.came_from("client 21", ()) is None


def test_a_remedy_of_the_doctor_is_counted_as_the_same_act() -> None:
    count = measured.of_change("upstream-ca-not-trusted", "add-to-trust-file")
    assert count is not None
    assert count.change == "trust-right-root"
    assert measured.of_change("upstream-ca-not-trusted", "send-intermediates") is None
    known = {change.change for counts in measured.measured().causes.values() for change in counts.changes}
    assert set().union(*measured.SAME_ACT.values()) <= known


def test_the_pictures_are_those_of_the_scenarios() -> None:
    from importlib.resources import files

    from handclasp.catalogue.pictures import DATA, pictures
    from handclasp.lab.pictures import drawn
    from handclasp.lab.pictures import to_json as pictures_json

    shipped = (files("handclasp.catalogue") / DATA).read_bytes()
    assert shipped == pictures_json(drawn(scenarios().values())), "run tools/catalogue_measured.py"
    assert len(pictures()) > 30
    broken = pictures()["client-ca-not-trusted"]
    assert broken.missing == "CN=Lab Root,O=Lab"
    assert broken.links[0].errors == (20, 21)
