"""Every hole on this machine's nginx: open as it is written, told by check, shut by adopt; and the page of all builds."""

from dataclasses import replace
from pathlib import Path

import pytest

from handclasp.adapters.system_clock import SystemClock
from handclasp.cli.lab.holes import adopted, told
from handclasp.lab.exhibit import exhibit
from handclasp.lab.hole import Hole
from handclasp.lab.holes import HoleResult, holes, try_hole
from handclasp.lab.holes_page import page
from handclasp.lab.holes_quic import QUIC
from handclasp.lab.scenario import Kind, Variant
from handclasp.wiring import World

PAGE = Path(__file__).parents[2] / "docs/holes.md"
HOLES = tuple(holes(SystemClock()))


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: f"{hole.scenario.cause}-{hole.form}")
def test_the_hole_is_open_told_and_shut(hole: Hole, tmp_path: Path) -> None:
    world = World(str(tmp_path))
    stage = world.lab_stage(None)
    if hole.arises(stage.build().version):
        assert try_hole(hole, stage, world.clock.now(), told, adopted).well


@pytest.mark.parametrize("hole", QUIC, ids=lambda hole: hole.form)
def test_a_hole_over_quic_is_told_of_an_nginx_that_has_it(hole: Hole) -> None:
    made = hole.scenario.broken[hole.form]()
    variant = Variant(hole.scenario, Kind.BROKEN, hole.form, None, lambda: made)
    seen = exhibit(variant).evidence(at=SystemClock().now(), with_log=False)
    newest = replace(seen, engine="3.6", nginx_version="1.30.6", presented=None)
    assert hole.scenario.cause in told(newest)


def test_a_guard_on_both_ports_is_enough() -> None:
    guarded = QUIC[0].scenario.broken[QUIC[0].form]()
    guarded.http = [
        line.replace("default_server;", "default_server;\n    listen 127.0.0.1:@PORT@ quic default_server;")
        for line in guarded.http
    ]
    variant = Variant(QUIC[0].scenario, Kind.BROKEN, QUIC[0].form, None, lambda: guarded)
    seen = exhibit(variant).evidence(at=SystemClock().now(), with_log=False)
    assert "sni-host-split" not in told(replace(seen, engine="3.6", nginx_version="1.30.6", presented=None))


def test_the_page_tells_of_every_hole_on_four_builds() -> None:
    text = PAGE.read_text("utf-8")
    assert all(f"| {hole.title} | `{hole.scenario.cause}` |" in text for hole in HOLES)
    assert "| 1.18/1.1.1 | 1.22/3.0 | 1.26/3.5 | 1.30/3.6 |" in text
    assert "not open" not in text
    assert "not told" not in text
    assert "not shut" not in text


def test_what_did_not_work_would_show() -> None:
    failed = HoleResult(title="x", cause="y", build="1.22/3.0", open=True, reported=False, shut=True)
    assert "open, **not told**, shut" in page([failed])
    assert not failed.well
