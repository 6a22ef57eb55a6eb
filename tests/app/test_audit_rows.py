"""The records of the registry against the audit log, when somebody with a database tool was there."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handclasp.app.audit import audit
from handclasp.model.issuance import AuditEvent, CertificateState, Entry
from tests.ca_rig import Ca, copied, founded


def edited(ca: Ca, *statements: str) -> None:
    with closing(sqlite3.connect(ca.home / "registry.sqlite", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def faults(ca: Ca) -> tuple[str, ...]:
    return audit(ca.world.ca).faults


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    """A home in which much has happened."""
    folder = tmp_path_factory.mktemp("lived")
    ca = founded(folder)
    for name in ("alice", "bob", "carol"):
        ca.run("issue", name)
    table = folder / "fleet.csv"
    table.write_text("name\n" + "".join(f"device-{number}\n" for number in range(5)))
    ca.run("issue", "--from", str(table), "--into", str(folder / "keys"))
    ca.run("issue", "dora", env={"HANDCLASP_CRASHPOINT": "issue.signed"}, expect=-9)
    ca.run("issue", "emil")
    ca.run("revoke", "bob", "device-1", "dora")
    ca.run("revoke", "carol", "--reason", "certificateHold")
    ca.run("unhold", "carol")
    ca.run("revoke", "emil", "--reason", "certificateHold")
    ca.run("revoke", "emil", "--reason", "keyCompromise")
    ca.run("renew", "alice")
    ca.run("revoke", "alice", "--reason", "certificateHold")
    return ca


@pytest.fixture
def lived(template: Ca, tmp_path: Path) -> Iterator[Ca]:
    """It, and afterwards its registry is as it was."""
    registry = template.home / "registry.sqlite"
    kept = shutil.copy(registry, tmp_path / "kept")
    yield template
    shutil.copy(kept, registry)


def test_a_home_in_which_much_has_happened_is_what_its_log_says(lived: Ca) -> None:
    found = lived.json("audit")
    assert (found["whole"], found["faults"], found["records"]) == (True, [], 13)


ROW = """
INSERT INTO certificate SELECT {position}, issuer, '{serial:040X}', profile, name, name_key, state, tbs_sha256, not_before,
not_after, created, certificate, exported, revoked_at, reason, key_sha256 FROM certificate WHERE name = 'alice' LIMIT 1
"""
BOTH = "certificate, tbs_sha256"
BOBS = "(SELECT {columns} FROM certificate WHERE name = 'bob')"
LAST = "(SELECT max(position) + 1 FROM certificate)"
FREE = "state = 'issued', revoked_at = NULL, reason = NULL"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (f"UPDATE certificate SET {FREE} WHERE name = 'bob'", r"bob .* was revoked, and is not any more"),
        (f"UPDATE certificate SET {FREE} WHERE name = 'device-1'", r"device-1 .* was revoked, and is not any more"),
        (f"UPDATE certificate SET {FREE} WHERE name = 'emil'", r"emil .* was revoked, and is not any more"),
        ("UPDATE certificate SET not_after = '2020-01-01 00:00:00.000000' WHERE name = 'bob'", "end of bob"),
        ("UPDATE certificate SET name = 'mallory' WHERE name = 'bob'", "mallory .* another name in the log: bob"),
        ("UPDATE certificate SET name = 'mallory' WHERE name = 'device-2'", "name, serial or end of mallory"),
        ("UPDATE certificate SET issuer = 'root' WHERE name = 'carol'", "carol .* record is gone"),
        ("UPDATE certificate SET serial = upper(hex(zeroblob(19))) || '07' WHERE name = 'device-3'", "end of device-3"),
        ("UPDATE certificate SET tbs_sha256 = upper(tbs_sha256) WHERE name = 'carol'", "not what the log says"),
        ("UPDATE certificate SET state = 'abandoned' WHERE name = 'carol'", "does not go with its certificate"),
        ("UPDATE certificate SET state = 'lost' WHERE name = 'carol'", "cannot be read"),
        ("UPDATE certificate SET name = x'00ff' WHERE name = 'carol'", "cannot be read"),
        ("UPDATE certificate SET certificate = 'text' WHERE name = 'carol'", "cannot be read"),
        ("UPDATE certificate SET certificate = NULL WHERE name = 'carol'", "certificate of carol .* is gone"),
        ("UPDATE certificate SET certificate = NULL WHERE name = 'device-2'", "some are others now, or gone"),
        ("UPDATE certificate SET certificate = x'3003020107' WHERE name = 'carol'", "certificate of carol .* is not the one"),
        (
            f"UPDATE certificate SET certificate = {BOBS.format(columns='certificate')} WHERE name = 'carol'",
            "certificate of carol .* is not the one",
        ),
        (
            f"UPDATE certificate SET (certificate, tbs_sha256) = {BOBS.format(columns=BOTH)} WHERE name = 'device-2'",
            "made 5 records of a fleet: some were changed",
        ),
        ("DELETE FROM certificate WHERE name = 'bob'", "bob .* record is gone"),
        ("DELETE FROM certificate WHERE name = 'device-4'", "made 5 records of a fleet: some were"),
        ("DELETE FROM certificate WHERE name LIKE 'device-%'", "made 5 records of a fleet: some were"),
        ("DELETE FROM certificate WHERE position = (SELECT max(position) FROM certificate)", "alice .* record is gone"),
        (ROW.format(position=LAST, serial=1 << 150), "alice .* no event made it"),
        (ROW.format(position=-1, serial=1 << 150), "alice .* no event made it"),
    ],
)  # fmt: skip
def test_whatever_is_edited_is_told(lived: Ca, change: str, told: str) -> None:
    edited(lived, change)
    found = faults(lived)
    assert any(re.search(told, fault) for fault in found), found


def test_the_command_says_so(lived: Ca) -> None:
    edited(lived, f"UPDATE certificate SET {FREE} WHERE name = 'bob'")
    said = lived.run("audit", expect=1).stdout
    assert "曾被吊销" in lived.run("audit", "--lang", "zh", expect=1).stdout
    assert re.fullmatch(r"broken: bob \(serial [0-9A-F]+\) was revoked, and is not any more: no event says so\n", said)


def test_a_registry_that_is_another_altogether_is_told_in_a_few_lines(lived: Ca) -> None:
    edited(lived, *(ROW.format(position=LAST, serial=(1 << 150) + turn) for turn in range(50)))
    assert len(faults(lived)) == 20
    edited(lived, "UPDATE certificate SET name = name || 'x', certificate = NULL, tbs_sha256 = 'x'", "DELETE FROM certificate")
    assert len(faults(lived)) < 25


def test_a_log_that_was_changed_says_nothing_of_records(lived: Ca) -> None:
    edited(lived, "UPDATE audit_event SET subject = 'x' WHERE action = 'intent'")
    assert all(re.fullmatch(r"event \d+ was changed after it was written", fault) for fault in faults(lived))


class Between:
    """A registry in which somebody else is at work between the questions of an audit."""

    def __init__(self, ca: Ca, *work: str) -> None:
        self._ca, self._store, self._work = ca, ca.world.ca.store, work

    def _at_work(self) -> None:
        work, self._work = self._work, ()
        if work:
            self._ca.run(*work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class AfterTheLog(Between):
    def audit_events(self, *, after: int = 0) -> Iterator[AuditEvent]:
        yield from self._store.audit_events(after=after)
        self._at_work()


class BeforeARecord(Between):
    def entries(self, *, after: int) -> Iterator[Entry]:
        self._at_work()
        yield from self._store.entries(after=after)


class BeforeALook(Between):
    def find_many(self, issuer: str, serials: tuple[int, ...]) -> Any:
        self._at_work()
        return self._store.find_many(issuer, serials)


class Unsigned(Between):
    """Records are read between intent and signature."""

    def entries(self, *, after: int) -> Iterator[Entry]:
        early = bool(self._work)
        self._work = ()
        for one in self._store.entries(after=after):
            state = one.state if one.state is CertificateState.REVOKED else CertificateState.INTENT
            yield one._replace(certificate=None, state=state) if early else one


@pytest.mark.parametrize("kind", [AfterTheLog, BeforeARecord, BeforeALook])
@pytest.mark.parametrize("work", [("issue", "late"), ("unhold", "alice")])
def test_who_is_at_work_meanwhile_is_no_fault(template: Ca, tmp_path: Path, kind: type[Between], work: tuple[str, ...]) -> None:
    lived = copied(template, tmp_path)
    assert audit(replace(lived.world.ca, store=kind(lived, *work))).faults == ()
    assert faults(lived) == ()


def test_what_is_signed_a_moment_after_it_was_read_is_no_fault(lived: Ca) -> None:
    assert audit(replace(lived.world.ca, store=Unsigned(lived, "once"))).faults == ()
