"""From one CRL to the next: what came and went is told, and no revocation is forgotten by itself."""

import sqlite3
from datetime import datetime, timedelta

import pytest
from cryptography import x509

from handclasp.adapters.system_clock import SystemClock
from handclasp.app.crl import publish_crls
from handclasp.app.home import Home
from handclasp.app.revoke_record import record_revocation
from handclasp.app.status import status
from handclasp.model.errors import PolicyError
from handclasp.wiring import World
from tests.ca_rig import Ca


class At:
    """A clock that says what it is told."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def home_at(ca: Ca, clock: At) -> Home:
    world: World = ca.world
    world.__dict__["clock"] = clock
    return world.ca


def serials_listed(ca: Ca) -> set[int]:
    der = ca.world.store.latest_crl("issuing")
    assert der is not None
    return {entry.serial_number for entry in x509.load_der_x509_crl(der)}


def unrevoke(ca: Ca) -> None:
    with sqlite3.connect(ca.home / "registry.sqlite") as connection:
        connection.execute("UPDATE certificate SET state='issued', revoked_at=NULL, reason=NULL WHERE state='revoked'")
    connection.close()


def test_what_came_and_went_is_told(ca: Ca) -> None:
    ca.run("issue", "alice")
    ca.run("issue", "bob")
    ca.run("revoke", "alice", "--reason", "certificateHold")
    crl = {one["authority"]: one for one in ca.json("crl", "--refresh")["crls"]}["issuing"]
    assert (len(crl["revoked"]), crl["added"], crl["removed"]) == (1, 0, 0)
    ca.run("revoke", "bob")
    ca.run("unhold", "alice")
    assert "(+0 -0)" in ca.run("crl", "--refresh").stdout
    details = [one.details for one in ca.world.store.audit_events() if one.action == "crl-signed" and one.subject == "issuing"]
    assert [(one["added"], one["removed"]) for one in details] == [
        ("0", "0"),
        ("1", "0"),
        ("0", "0"),
        ("1", "0"),
        ("0", "1"),
        ("0", "0"),
    ]


def test_a_revocation_that_the_registry_forgot_is_not_unsaid(ca: Ca) -> None:
    ca.run("issue", "alice")
    ca.run("revoke", "alice")
    listed, published = serials_listed(ca), (ca.home / "ca" / "crl.pem").read_bytes()
    unrevoke(ca)
    refused = ca.run("crl", "--refresh", expect=4)
    serial = f"{next(iter(listed)):040X}"
    assert serial in refused.stderr.replace(":", "").upper()
    assert "--unlist" in refused.stderr
    assert (ca.home / "ca" / "crl.pem").read_bytes() == published
    assert serials_listed(ca) == listed
    ca.run("crl", "--unlist", serial, expect=2)
    ca.run("crl", "--refresh", "--unlist", "xyz", expect=2)
    done = {one["authority"]: one for one in ca.json("crl", "--refresh", "--unlist", serial)["crls"]}["issuing"]
    assert (done["revoked"], done["removed"]) == ([], 1)
    assert any("unlisted" in one.details for one in ca.world.store.audit_events())


def test_an_ended_certificate_stays_until_a_crl_made_after_its_end(ca: Ca) -> None:
    ca.run("issue", "alice", "--days", "2")
    ca.run("revoke", "alice")
    end = ca.world.store.certificates(name="alice")[0].not_after
    clock, lengths = At(end), []
    for minutes in (-60, 59, 61, 200, 400):
        clock.moment = end + timedelta(minutes=minutes)
        publish_crls(home_at(ca, clock))
        lengths.append(len(serials_listed(ca)))
    assert lengths == [1, 1, 1, 0, 0]  # thisUpdate is an hour back: the third is the first that begins after its end
    assert status(home_at(ca, clock), within=timedelta(days=30)).items == ()


def test_one_revoked_after_its_end_is_listed_once(ca: Ca) -> None:
    ca.run("issue", "alice", "--days", "1")
    clock = At(SystemClock().now() + timedelta(days=4))
    publish_crls(home_at(ca, clock))
    home = home_at(ca, clock)
    clock.moment += timedelta(days=1)
    record_revocation(home, home.store.certificates(name="alice"))
    publish_crls(home)
    assert len(serials_listed(ca)) == 1


@pytest.mark.parametrize("jump", [timedelta(hours=-30), timedelta(days=-400), timedelta(seconds=-7200)])
def test_a_clock_that_went_back_changes_nothing(ca: Ca, jump: timedelta) -> None:
    clock = At(SystemClock().now() + timedelta(days=1))
    before = {one.authority: one for one in publish_crls(home_at(ca, clock))}
    published = (ca.home / "ca" / "crl.pem").read_bytes()
    clock.moment += jump
    with pytest.raises(PolicyError):
        publish_crls(home_at(ca, clock))
    assert (ca.home / "ca" / "crl.pem").read_bytes() == published
    clock.moment -= jump
    after = {one.authority: one for one in publish_crls(home_at(ca, clock))}
    for label, old in before.items():
        assert after[label].number > old.number
        assert after[label].this_update >= old.this_update
        assert after[label].next_update >= old.next_update


def test_a_clock_that_went_back_a_little_never_moves_this_update_back(ca: Ca) -> None:
    clock = At(SystemClock().now() + timedelta(days=1))
    before = {one.authority: one for one in publish_crls(home_at(ca, clock))}
    clock.moment -= timedelta(minutes=30)
    for one in publish_crls(home_at(ca, clock)):
        assert one.this_update == before[one.authority].this_update
        assert one.number > before[one.authority].number
