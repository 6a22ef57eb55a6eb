"""A hold can be lifted; nothing else that was revoked ever comes back."""

from tests.ca_rig import Ca, verify


def test_a_hold_is_lifted(ca: Ca) -> None:
    ca.run("issue", "alice")
    ca.run("revoke", "alice", "--reason", "certificateHold")
    assert "certificate revoked" in verify(ca, ca.identity("alice", "certificate.pem"), expect=2)
    ca.run("unhold", "alice")
    verify(ca, ca.identity("alice", "certificate.pem"))
    assert ca.json("show", "alice")["certificates"][0]["status"] == "good"
    ca.run("audit")


def test_what_is_revoked_for_good_stays_revoked(ca: Ca) -> None:
    ca.run("issue", "alice")
    ca.run("unhold", "alice", expect=4)
    ca.run("revoke", "alice", "--reason", "keyCompromise")
    assert "revoked for good" in ca.run("unhold", "alice", expect=4).stderr
    verify(ca, ca.identity("alice", "certificate.pem"), expect=2)


def test_a_hold_becomes_final_with_its_first_date(ca: Ca) -> None:
    ca.run("issue", "alice")
    held = ca.json("revoke", "alice", "--reason", "certificateHold")["revoked"][0]
    final = ca.json("revoke", "alice", "--reason", "keyCompromise")["revoked"][0]
    assert final["reason"] == "keyCompromise"
    assert final["revoked_at"] == held["revoked_at"]
    ca.run("revoke", "alice", "--reason", "certificateHold")
    ca.run("unhold", "alice", expect=4)
    verify(ca, ca.identity("alice", "certificate.pem"), expect=2)
