"""The succession of CAs whose root is on a machine without network: who still hangs from what is told truly on both."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.ca_rig import Ca, fresh, verify


class Pair:
    """The machine of the root, and the one that issues."""

    def __init__(self, folder: Path) -> None:
        self.root, self.online = fresh(folder / "root"), fresh(folder / "online")
        self._reply = folder / "reply.pem"
        self.root.run("init", "--root-only")
        self.online.run("init", "--offline-root")
        self.bring("issuing")

    def bring(self, label: str) -> None:
        """The request there, the reply back."""
        self.root.run("ca", "sign", str(self.online.home / "requests" / f"{label}.csr"), "-o", str(self._reply))
        self.online.run("ca", "accept", str(self._reply))
        self._reply.unlink()

    def follow(self, label: str, before: str) -> None:
        self.online.run("ca", "request", label, "--name", f"Issuing {label}")
        self.bring(label)
        self.online.run("ca", "retire", before)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def users(ca: Ca, label: str, *, expect: int) -> list[str]:
    found = ca.json("ca", "users", label, expect=expect)["users"]
    return [user["name"] for user in found if not user["newer"]]


def test_a_certificate_below_a_dropped_ca_is_no_other_certificate(pair: Pair) -> None:
    ca = pair.online
    ca.run("issue", "alice")
    pair.follow("issuing-2", "issuing")
    ca.run("renew", "--under", "issuing")
    ca.run("ca", "drop", "issuing")
    assert users(ca, "issuing-2", expect=1) == ["alice"]  # the one below the dropped CA does not count
    pair.follow("issuing-3", "issuing-2")
    assert "alice would be locked out" in ca.run("ca", "drop", "issuing-2", expect=4).stderr
    ca.run("renew", "--under", "issuing-2")
    ca.run("ca", "drop", "issuing-2")
    verify(ca, ca.identity("alice", "certificate.pem"))


def test_an_older_certificate_elsewhere_is_no_reason_to_drop_the_newest(pair: Pair) -> None:
    ca = pair.online
    ca.run("issue", "alice")
    pair.follow("issuing-2", "issuing")
    ca.run("renew", "alice")  # the device has this one now, the old one is still trusted
    pair.follow("issuing-3", "issuing-2")
    assert users(ca, "issuing-2", expect=1) == ["alice"]
    ca.run("ca", "drop", "issuing-2", expect=4)


def test_the_root_knows_the_cas_that_it_signed_for_others(pair: Pair) -> None:
    root = pair.root
    assert users(root, "root", expect=1) == ["Handclasp Issuing CA"]
    said = root.run("ca", "rollover", "root")
    assert "handclasp ca request LABEL there" in said.stderr
    assert "ca revoke SERIAL --reason superseded" in said.stderr
    assert "Handclasp Issuing CA would be locked out" in root.run("ca", "drop", "root", expect=4).stderr
    (serial,) = (one["serial"] for one in root.json("list", "--all")["certificates"] if one["name"] == "Handclasp Issuing CA")
    root.run("ca", "revoke", serial, "--reason", "superseded")
    root.run("ca", "drop", "root")


def test_crls_of_a_machine_without_network_live_long_whoever_makes_them(pair: Pair) -> None:
    pair.root.run("ca", "rollover", "root")
    for crl in (*pair.root.json("crl")["crls"], *pair.root.json("crl", "--refresh")["crls"]):
        life = datetime.fromisoformat(crl["next_update"]) - datetime.fromisoformat(crl["this_update"])
        assert life > timedelta(days=3600), crl
    (short,) = {one["next_update"][:10] for one in pair.root.json("crl", "--refresh", "--days", "30")["crls"]}
    assert short < crl["next_update"][:10]


def test_a_root_that_is_elsewhere_is_asked_and_not_fetched(pair: Pair) -> None:
    told = pair.online.run("ca", "add", "more", "--for", "client", expect=5).stderr
    assert "handclasp ca request more --name NAME" in told
    assert "backup" not in told
