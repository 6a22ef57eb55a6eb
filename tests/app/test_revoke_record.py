"""The registry's part of revocation."""

from pathlib import Path

import pytest

from handclasp.app.crl import publish_crls
from handclasp.app.register import may_enter
from handclasp.app.revoke_record import record_revocation, revocable, session_epoch
from handclasp.model.errors import PolicyError, UsageError
from handclasp.model.issuance import Reason
from tests.ca_rig import Ca, verify


def test_a_revoked_client_is_refused_by_openssl_and_may_not_enter(ca: Ca) -> None:
    ca.run("issue", "alice")
    ca.run("issue", "bob")
    home = ca.world.ca
    epoch = session_epoch(home)
    record_revocation(home, revocable(home, "alice"), reason=Reason.SUPERSEDED)
    assert session_epoch(home) == epoch + 1
    assert [record.name for record in may_enter(home)] == ["bob"]
    publish_crls(home)
    assert "certificate revoked" in verify(ca, ca.identity("alice", "certificate.pem"), expect=2)
    verify(ca, ca.identity("bob", "certificate.pem"))
    record_revocation(home, revocable(home, "alice"), reason=Reason.KEY_COMPROMISE)
    assert session_epoch(home) == epoch + 1, "nothing new was revoked"
    assert ca.json("list", "--status", "revoked")["certificates"][0]["reason"] == "superseded"
    ca.run("audit")
    ca.run("issue", "alice")


def test_by_serial_and_every_overlapping_certificate_by_name(ca: Ca) -> None:
    first = ca.json("issue", "alice")
    ca.run("renew", "alice")
    home = ca.world.ca
    assert len(revocable(home, "alice")) == 2
    (record,) = revocable(home, first["serial"].lower())
    assert f"{record.serial:X}" == first["serial"]


def test_what_cannot_be_revoked(ca: Ca) -> None:
    home = ca.world.ca
    with pytest.raises(UsageError):
        revocable(home, "nobody")
    with pytest.raises(PolicyError, match="is a CA"):
        revocable(home, "Handclasp Issuing CA")


def test_a_signature_that_was_never_recorded_can_be_revoked(ca: Ca) -> None:
    ca.run("issue", "alice", env={"HANDCLASP_CRASHPOINT": "issue.signed"}, expect=-9)
    home = ca.world.ca
    record_revocation(home, revocable(home, "alice"))
    crls = publish_crls(home)
    assert len(crls[-1].revoked) == 1
    ca.run("issue", "alice")


def test_a_list_may_hold_certificates_among_names(ca: Ca, tmp_path: Path) -> None:
    for name in ("alice", "bob", "carol"):
        ca.run("issue", name)
    listed = tmp_path / "stolen"
    pem = ca.identity("bob", "certificate.pem").read_text()
    listed.write_text(f"alice # the laptop\nBag Attributes\n{pem}", encoding="utf-8")
    assert "'Bag Attributes'" in ca.run("revoke", "--from", str(listed), expect=2).stderr
    listed.write_text(f"alice # the laptop\n{pem}", encoding="utf-8-sig")
    said = ca.json("revoke", "--from", str(listed))
    assert said["name"] == "alice, bob"
    assert {one["name"]: one["status"] for one in ca.json("list")["certificates"]} == {
        "alice": "revoked", "bob": "revoked", "carol": "good",
    }  # fmt: skip


def test_who_was_revoked_is_told_by_name_however_he_was_named(ca: Ca) -> None:
    serial = ca.json("issue", "alice")["serial"]
    assert ca.run("revoke", serial).stdout.startswith("alice is recorded as revoked")
