"""Fresh CRLs go to the nginx that serves the sites of the home, and are proven there."""

from tests.app_apply.bench import Bench


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
