"""The recorded measurements: complete, and within what is promised."""

import json
from pathlib import Path
from typing import Any

RECORDED: dict[str, Any] = json.loads((Path(__file__).resolve().parents[2] / "docs" / "bench.json").read_text("utf-8"))


def row(name: str, **wanted: int) -> dict[str, Any]:
    (found,) = [each for each in RECORDED[name]["rows"] if wanted.items() <= each.items()]
    return dict(found)


def test_a_configuration_of_10000_lines_is_checked_within_a_second() -> None:
    measured = row("tree", lines=10_000)
    assert measured["check_s"] < 1
    assert measured["parse_s"] < 1
    assert {"crossplane_s", "gixy_s"} <= measured.keys()


def test_a_hundred_thousand_people_are_served() -> None:
    measured = row("identities", identities=100_000)
    assert measured["test_and_reload_s"] < 5
    assert measured["requests_per_s"] > 1000


def test_a_revocation_on_a_long_list_takes_effect_within_five_seconds() -> None:
    for entries in (0, 1_000, 100_000):
        assert row("crl", entries=entries)["revoked_to_refused_s"] < 5
    assert row("crl", entries=100_000)["worker_mb"] > row("crl", entries=0)["worker_mb"]


def test_five_hundred_sites() -> None:
    measured = row("sites", sites=500)
    assert measured["faults"] == 0
    assert measured["test_and_reload_s"] < 30


def test_a_storm_of_revocations_is_few_reloads_and_loses_none() -> None:
    measured = row("storm", revocations=50)
    assert (measured["apart_proven"], measured["together_proven"]) == (50, 1)
    assert measured["apart_reloads"] < 10
    assert measured["together_reloads"] == 1
