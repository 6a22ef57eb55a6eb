"""status: quiet when all is well, and each thing that ends or is broken is named with what to do."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from handclasp.app.audit import audit
from handclasp.app.revoke_record import record_revocation, revocable
from handclasp.app.status import status
from handclasp.model.issuance import AuditEvent, Reason
from tests.ca_rig import Ca


class At:
    """A clock that stands."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


class Busy:
    """A registry in which a CRL is signed and published as soon as the log was read."""

    def __init__(self, ca: Ca) -> None:
        self._ca, self._store = ca, ca.world.ca.store

    def audit_events(self, *, after: int = 0) -> Iterator[AuditEvent]:
        yield from self._store.audit_events(after=after)
        self._ca.run("crl", "--refresh")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_a_fresh_home_is_healthy(ca: Ca) -> None:
    ca.run("issue", "alice")
    found = ca.json("status")
    assert (found["healthy"], found["items"], found["good"], found["revoked"]) == (True, [], 1, 0)


def test_what_ends_is_named(ca: Ca) -> None:
    ca.run("issue", "alice", "--days", "10")
    ca.run("status")  # more than a third of its life is left
    (item,) = ca.json("status", "--within", "30", expect=1)["items"]
    assert (item["kind"], item["subject"], item["action"]) == ("certificate", "alice", "handclasp renew alice")
    ca.run("status", "--within", "5")
    ca.run("renew", "alice")
    ca.run("status")
    kinds = {item["kind"] for item in ca.json("status", "--within", "3650", expect=1)["items"]}
    assert kinds == {"certificate", "authority", "crl"}


def test_a_host_that_missed_a_new_ca_is_told_and_catches_up(ca: Ca) -> None:
    """Another host of the same registry made it: the files here are those of before."""
    bundle = ca.home / "ca/bundle.pem"
    before = bundle.read_bytes()
    ca.run("ca", "add", "branch")
    after = bundle.read_bytes()
    assert after.startswith(before)
    bundle.write_bytes(before)
    (ca.home / "ca/branch.pem").unlink()
    (item,) = ca.json("status", expect=1)["items"]
    assert (item["kind"], item["subject"]) == ("authority", str(bundle))
    ca.run("crl", "--refresh")
    assert bundle.read_bytes() == after
    assert (ca.home / "ca/branch.pem").exists()
    ca.run("status")


def test_what_lives_for_days_is_told_in_its_last_third(ca: Ca) -> None:
    ca.run("issue", "alice", "--days", "9")
    ca.run("crl", "--refresh", "--days", "6")
    home, now = ca.world.ca, ca.world.clock.now()
    for days, kinds in ((0, set()), (3, set()), (5, {"crl"}), (7, {"crl", "certificate"})):
        later = replace(home, clock=At(now + timedelta(days=days)))
        assert {item.kind for item in status(later).items} == kinds, days


def test_a_crl_that_is_missing_old_or_incomplete(ca: Ca) -> None:
    ca.run("issue", "alice")
    path = ca.home / "ca" / "crl.pem"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "not what was signed last" in ca.run("status", expect=1).stdout
    path.unlink()
    assert "cannot be read" in ca.run("status", expect=1).stdout
    ca.run("crl", "--refresh")
    ca.run("status")
    home = ca.world.ca
    (record,) = record_revocation(home, revocable(home, "alice"), reason=Reason.KEY_COMPROMISE)
    assert record.reason is Reason.KEY_COMPROMISE
    assert "lacks 1 revoked" in ca.run("status", expect=1).stdout
    listed = ca.json("crl", "--refresh")["crls"]
    assert [one["revoked"] for one in listed] == [[], [f"{record.serial:X}"]]
    ca.run("status")


def test_interrupted_work_and_a_changed_log(ca: Ca) -> None:
    import sqlite3

    ca.run("issue", "alice", env={"HANDCLASP_CRASHPOINT": "issue.recorded"}, expect=-9)
    assert "was interrupted" in ca.run("status", expect=1).stdout
    ca.run("issue", "bob")
    ca.run("status")
    connection = sqlite3.connect(ca.home / "registry.sqlite")
    connection.execute("UPDATE audit_event SET actor = 'nobody' WHERE sequence = 3")
    connection.commit()
    connection.close()
    assert "was changed" in ca.run("status", expect=1).stdout
    assert "broken: event 3 was changed" in ca.run("audit", expect=1).stdout


def test_a_log_that_was_cut_off_before_a_published_crl_is_broken(ca: Ca) -> None:
    import sqlite3

    ca.run("crl", "--refresh")
    ca.run("issue", "alice")
    assert ca.json("audit")["whole"]
    signed = [one["sequence"] for one in ca.json("audit", "--events")["events"] if one["action"] == "crl-signed"]
    connection = sqlite3.connect(ca.home / "registry.sqlite")
    connection.execute("DELETE FROM audit_event WHERE sequence >= ?", (signed[-1],))
    connection.commit()
    connection.close()
    found = ca.json("audit", expect=1)
    assert [fault for fault in found["faults"] if "issuing CA is published" in fault] == found["faults"]
    assert found["faults"]
    assert "events were cut off its end" in ca.run("audit", expect=1).stdout
    assert found["faults"][0] in [one["what"] for one in ca.json("status", expect=1)["items"]]


def test_a_crl_that_is_signed_while_the_log_is_read_is_no_fault(ca: Ca) -> None:
    ca.run("issue", "alice")
    assert audit(replace(ca.world.ca, store=Busy(ca))).faults == ()
    assert len([one for one in ca.world.ca.store.audit_events() if one.action == "crl-signed"]) > 2
