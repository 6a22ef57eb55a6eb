"""The clock of the CA jumps (libfaketime): what begins in the future is told, and made again when somebody says so."""

from collections.abc import Callable
from pathlib import Path

from cryptography import x509

from tests.ca_rig import Ca, copied, openssl, verify

AHEAD, BEHIND = "+1500d", "-30d"


Stepped = Callable[[str], dict[str, str]]


def crl_numbers(ca: Ca) -> dict[str, int]:
    return {one["authority"]: one["number"] for one in ca.json("crl")["crls"]}


def listed(ca: Ca) -> set[int]:
    der = ca.world.store.latest_crl("issuing")
    assert der is not None
    return {entry.serial_number for entry in x509.load_der_x509_crl(der)}


def serial_of(ca: Ca, name: str) -> int:
    return x509.load_pem_x509_certificate(ca.identity(name, "certificate.pem").read_bytes()).serial_number


def test_a_clock_that_was_ahead_is_set_right(ca: Ca, stepped: Stepped) -> None:
    for name in ("alice", "bob"):
        ca.run("issue", name)
    ca.run("revoke", "bob")
    wrong = stepped(AHEAD)
    ca.run("issue", "carol", env=wrong)
    ca.run("crl", "--refresh", env=wrong)
    ca.run("crl", "--refresh", env=wrong)  # by then bob had ended for that clock
    assert serial_of(ca, "bob") not in listed(ca)
    numbers = crl_numbers(ca)
    published = (ca.home / "ca/crl.pem").read_bytes()

    assert "CRL is not yet valid" in verify(ca, ca.identity("alice", "certificate.pem"), expect=2)
    told = ca.run("status", expect=1).stdout
    assert "the CRL of the issuing CA begins on" in told
    assert "the certificate of carol begins only on" in told
    assert ca.json("show", "carol")["certificates"][0]["status"] == "future"
    for words in (["crl", "--refresh"], ["issue", "dave"], ["renew", "alice"]):
        refused = ca.run(*words, expect=4).stderr
        assert "handclasp crl --refresh --clock-set-right" in refused
    assert (ca.home / "ca/crl.pem").read_bytes() == published

    ca.run("crl", "--refresh", "--clock-set-right")
    verify(ca, ca.identity("alice", "certificate.pem"))
    assert "certificate revoked" in verify(ca, ca.identity("bob", "certificate.pem"), expect=2)
    assert all(number > numbers[label] for label, number in crl_numbers(ca).items())
    assert "not yet valid" in verify(ca, ca.identity("carol", "certificate.pem"), expect=2)
    assert [one["name"] for one in ca.json("renew", "--due")["renewed"]] == ["carol"]
    verify(ca, ca.identity("carol", "certificate.pem"))
    assert ca.run("status").stdout
    ca.run("crl", "--refresh")


def test_the_log_says_that_the_clock_was_set_back(ca: Ca, stepped: Stepped) -> None:
    ca.run("crl", "--refresh", env=stepped(AHEAD))
    ca.run("crl", "--refresh", "--clock-set-right")
    found = ca.json("audit", "--events")
    assert found["whole"]
    events = {event["sequence"]: event for event in found["events"]}
    (back,) = found["clock_steps"]
    assert events[back]["action"] == "clock-set-right"
    assert {event["details"]["begins_before"][:4] for event in found["events"] if "begins_before" in event["details"]} == {
        events[back]["details"]["last"][:4]
    }
    assert f"event {back} was recorded at an earlier time" in ca.run("audit").stdout


def test_a_clock_that_is_behind_signs_nothing(ca: Ca, stepped: Stepped) -> None:
    ca.run("issue", "alice")
    before = (ca.home / "ca/crl.pem").read_bytes()
    wrong = stepped(BEHIND)
    for words in (["issue", "bob"], ["renew", "alice"], ["rekey", "alice"]):
        assert "nothing is signed" in ca.run(*words, expect=4, env=wrong).stderr
    ca.run("crl", "--refresh", expect=4, env=wrong)
    assert "is the clock right?" in ca.run("ca", "add", "branch", expect=4, env=wrong).stderr
    assert (ca.home / "ca/crl.pem").read_bytes() == before
    refused = ca.run("revoke", "alice", expect=4, env=wrong).stderr  # recorded, however wrong the clock
    assert "the revocation is recorded" in refused
    ca.run("issue", "bob", expect=4, env=wrong)
    ca.run("crl", "--refresh")
    assert "certificate revoked" in verify(ca, ca.identity("alice", "certificate.pem"), expect=2)


def test_an_hour_either_way_is_nothing(ca: Ca, stepped: Stepped) -> None:
    ca.run("crl", "--refresh", env=stepped("+50m"))
    ca.run("issue", "alice")
    ca.run("crl", "--refresh")
    verify(ca, ca.identity("alice", "certificate.pem"))
    assert ca.run("audit").stdout


def test_a_ca_from_the_future_is_followed_by_another(ca: Ca, stepped: Stepped) -> None:
    ca.run("ca", "rollover", "issuing", env=stepped(AHEAD))
    ca.run("crl", "--refresh", "--clock-set-right")
    assert "the issuing-2 CA begins only on" in ca.run("status", expect=1).stdout
    assert "ca rollover LABEL" in ca.run("issue", "alice", expect=4).stderr
    ca.run("ca", "rollover", "issuing-2")
    ca.run("issue", "alice")
    text = openssl("x509", "-in", ca.identity("alice", "certificate.pem"), "-noout", "-issuer")
    assert "Issuing CA 3" in text or "issuing-3" in text
    verify(ca, ca.identity("alice", "certificate.pem"))


def test_a_root_crl_from_the_future_is_not_accepted(ca: Ca, stepped: Stepped, tmp_path: Path) -> None:
    offline = copied(ca, tmp_path / "offline")
    offline.run("crl", "--refresh", env=stepped(AHEAD))
    ahead = tmp_path / "root.crl"
    ahead.write_text("-----BEGIN" + (offline.home / "ca/crl.pem").read_text().split("-----BEGIN")[1])
    (ca.home / "keys" / "root.pem").unlink()
    assert "begins on" in ca.run("ca", "accept", str(ahead), expect=4).stderr
