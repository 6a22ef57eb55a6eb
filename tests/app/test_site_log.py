"""The line of one connection in a site's log: it may come late, and an old one may have its port."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

from handclasp.app.apply_state import Gear
from handclasp.app.site_log import awaited
from handclasp.wiring import World


def line(**fields: str) -> str:
    return json.dumps({"client": "127.0.0.1", "sni": "app.test", **fields}) + "\n"


def moment(world: World, ago: timedelta = timedelta()) -> str:
    return (world.clock.now().astimezone(UTC) - ago).isoformat(timespec="seconds")


def gear_pausing(world: World, pause: Callable[[float], None]) -> Gear:
    return replace(world.gear, pause=pause)


def test_a_line_is_waited_for_and_the_log_too(tmp_path: Path) -> None:
    world, log, turns = World(""), tmp_path / "access.log", []

    def pause(_seconds: float) -> None:
        """nginx opens the log, notes somebody else, writes half a line, and ends it."""
        turns.append(_seconds)
        mine = line(time=moment(world), uri="/?mine", verify="NONE")
        parts = ("", line(time=moment(world), uri="/?other", verify="SUCCESS"), mine[:20], mine[20:])
        with log.open("a") as opened:
            opened.write(parts[len(turns) - 1])

    note = awaited(gear_pausing(world, pause), str(log), lambda note: note.uri == "/?mine")
    assert note is not None
    assert note.verify == "NONE"
    assert len(turns) == 4


def test_what_an_earlier_client_of_that_port_did_is_not_believed(tmp_path: Path) -> None:
    world, log, turns = World(""), tmp_path / "access.log", []
    log.write_text(line(time=moment(world, timedelta(minutes=1)), port="40000", verify="SUCCESS", serial="0A"))

    def pause(seconds: float) -> None:
        turns.append(seconds)

    assert awaited(gear_pausing(world, pause), str(log), lambda note: note.port == "40000") is None
    assert sum(turns) > 5
    with log.open("a") as opened:
        opened.write(line(time=moment(world), port="40000", verify="FAILED:certificate revoked", serial="0B"))
    note = awaited(gear_pausing(world, pause), str(log), lambda note: note.port == "40000")
    assert note is not None
    assert note.serial == "0B"
