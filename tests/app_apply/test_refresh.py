"""Fresh CRLs go to the nginx that serves the sites of the home, and are proven there."""

from pathlib import Path

from handclasp.app.revoke_record import record_revocation, revocable
from tests.app_apply.bench import Bench
from tests.ca_rig import Ca


def test_fresh_crls_reach_the_private_nginx(bench: Bench) -> None:
    bench.apply()
    copy = bench.prefix / "pki" / "crl.pem"
    before = copy.read_bytes()
    (one,) = bench.ca.json("crl", "--refresh")["nginx"]
    assert (one["config"], one["adopted"], one["reloaded"]) == (str(bench.prefix / "nginx.conf"), False, True)
    assert copy.read_bytes() == (bench.ca.home / "ca" / "crl.pem").read_bytes() != before
    (again,) = bench.ca.json("crl", "--reload")["nginx"]
    assert again["reloaded"] is False
    found = bench.ca.json("nginx", "history")
    assert [change["kind"] for change in found["changes"]] == ["apply", "refresh"]
    assert found["standing"] == 1, "what a rollback goes back from is the apply"
    assert "refresh" in bench.ca.run("nginx", "history").stdout
    assert "更新" in bench.ca.run("nginx", "history", "--lang", "zh").stdout


def test_what_was_changed_by_hand_is_not_overwritten_for_fresh_crls(bench: Bench) -> None:
    bench.apply()
    config = bench.prefix / "nginx.conf"
    config.write_text(config.read_text() + "# mine\n")
    numbers = [one["number"] for one in bench.ca.json("crl")["crls"]]
    said = bench.ca.run("crl", "--refresh", expect=4).stderr
    assert "handclasp crl --reload" in said
    assert config.read_text().endswith("# mine\n")
    assert [one["number"] for one in bench.ca.json("crl")["crls"]] == [number + 1 for number in numbers]
    bench.ca.run("revoke", "bob")
    assert not config.read_text().endswith("# mine\n"), "a revocation waits for nobody"


def test_a_registry_that_is_behind_does_not_take_revocations_from_nginx(bench: Bench, tmp_path: Path) -> None:
    """Two machines have the CA: the other one revoked somebody, and gave nginx its CRLs."""
    old = tmp_path / "ca.sealed"
    bench.ca.run("backup", str(old))
    other = Ca(home=tmp_path / "other", passphrase=bench.ca.passphrase)
    other.run("restore", str(old), "--crl", str(bench.ca.home / "ca/crl.pem"))
    record_revocation(other.world.ca, revocable(other.world.ca, "bob"))
    other.run("crl", "--refresh")
    bench.apply()
    lists = bench.prefix / "pki/crl.pem"
    lists.write_bytes((other.home / "ca/crl.pem").read_bytes())
    for words in (("crl", "--refresh"), ("crl", "--reload"), ("revoke", "alice")):
        told = bench.ca.run(*words, expect=4).stderr
        assert f"handclasp restore --crl {lists}" in told
        assert lists.read_bytes() == (other.home / "ca/crl.pem").read_bytes()
    done = bench.ca.json("restore", "--crl", str(lists))
    assert (len(done["revoked"]), done["open"]) == (1, [])
    bench.ca.run("crl", "--refresh")
    assert lists.read_bytes() == (bench.ca.home / "ca/crl.pem").read_bytes()
    gone = {one["name"] for one in bench.ca.json("list", "--status", "revoked")["certificates"]}
    assert gone == {"alice", "bob"}
