"""The audit log against somebody with a database tool."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from handclasp.app.audit import audit, log_faults
from tests.ca_rig import Ca


def edited(ca: Ca, statement: str) -> None:
    with closing(sqlite3.connect(ca.home / "registry.sqlite", isolation_level=None)) as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    "change",
    [
        *(f"{column} = {column} || 'x'" for column in ("at", "actor", "action", "subject", "details", "previous", "digest")),
        "at = '2020-01-01 00:00:00.000000'",
        "actor = x'ff'",
        "subject = 5",
        "details = '[1]'",
        """details = '{"number": "x"}'""",
        """details = '{"number": 7}'""",
        "sequence = 1000",
    ],
)
def test_no_column_can_be_edited(ca: Ca, tmp_path: Path, change: str) -> None:
    home = ca.world.ca
    assert log_faults(home) == ()
    kept = shutil.copy(ca.home / "registry.sqlite", tmp_path / "kept")
    middle = home.store.audit_events()
    number = next(event.sequence for event in middle if event.action == "crl-signed")
    edited(ca, f"UPDATE audit_event SET {change} WHERE sequence = {number}")
    home = ca.world.ca
    faults = log_faults(home)
    assert faults
    assert audit(home).faults == faults
    shutil.copy(kept, ca.home / "registry.sqlite")
    assert log_faults(ca.world.ca) == ()


def test_the_command_says_so(ca: Ca) -> None:
    edited(ca, "UPDATE audit_event SET details = 'x' WHERE sequence = 2")
    said = ca.json("audit", "verify", expect=1)
    assert said["whole"] is False
    assert said["faults"] == ["an event after number 1 was changed and cannot be read: what follows is not vouched for"]
