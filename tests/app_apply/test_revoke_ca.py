"""`handclasp ca revoke`: who is below is refused by a real nginx, by those who know only the root, and in what is listed."""

import json
from pathlib import Path

from tests.app_apply.bench import Bench
from tests.ca_rig import Ca, copied, fresh, openssl


def test_everybody_below_is_refused_and_the_others_get_in(bench: Bench, tmp_path: Path) -> None:
    bench.ca.run("ca", "add", "branch")
    bench.ca.run("issue", "carl")
    bench.ca.run("ca", "retire", "branch")
    assert bench.ca.json("show", "carl")["certificates"][0]["issuer"] == "branch"
    bench.apply()
    assert (bench.curl("carl"), bench.curl("alice")) == ("200", "200")
    said = bench.ca.run("ca", "revoke", "branch", expect=4).stderr
    assert "carl would be locked out" in said
    assert bench.curl("carl") == "200"
    foreseen = bench.ca.json("ca", "revoke", "branch", "--lock-out", "--dry-run")
    assert (foreseen["dropped"], foreseen["shut_out"]) == (["branch"], ["carl"])
    assert bench.curl("carl") == "200"
    done = json.loads(bench.ca.run("ca", "revoke", "branch", "--lock-out", "--json").stdout)
    assert (done["issuer"], done["reason"], done["dropped"], done["shut_out"]) == ("root", "cACompromise", ["branch"], ["carl"])
    assert done["nginx"][0]["serving"] is True
    assert (bench.curl("carl"), bench.curl("alice")) == ("400", "200")
    assert {one["name"]: one["status"] for one in bench.ca.json("list")["certificates"]}["carl"] == "dropped"
    root, lists = bench.ca.home / "ca/root.pem", bench.ca.home / "ca/crl.pem"
    chain = bench.ca.identity("carl", "chain.pem")
    judges = ("-crl_check_all", "-CRLfile", lists, "-CAfile", root, "-untrusted", chain)
    openssl("verify", *judges, chain, expect=2)
    assert {one["authority"]: one["revoked"] for one in done["crls"]}["root"] == [done["serial"]]
    assert any("branch CA, which nobody trusts" in one["what"] for one in bench.ca.json("status", expect=1)["items"])
    bench.ca.run("renew", "--under", "branch")
    bench.ca.run("nginx", "apply", *bench.site)
    assert bench.curl("carl") == "200"
    bench.ca.run("audit")


def test_run_again_after_it_died(bench: Bench) -> None:
    bench.apply()
    bench.ca.run("ca", "add", "branch")
    command = ("ca", "revoke", "branch")
    bench.ca.run(*command, env={"HANDCLASP_CRASHPOINT": "revoke.recorded"}, expect=-9)
    done = bench.ca.json(*command)
    serials = {one["authority"]: one["revoked"] for one in done["crls"]}
    assert serials["root"] == [done["serial"]]


def test_a_root_is_not_revoked(bench: Bench) -> None:
    said = bench.ca.run("ca", "revoke", "root", expect=4).stderr
    assert "ca rollover root" in said
    assert "no CA 'nobody'" in bench.ca.run("ca", "revoke", "nobody", expect=2).stderr


def test_on_the_machine_of_an_offline_root(tmp_path: Path) -> None:
    there, here = fresh(tmp_path / "there"), fresh(tmp_path / "here")
    there.run("init", "--root-only")
    here.run("init", "--offline-root")
    there.run("ca", "sign", str(here.home / "requests/issuing.csr"), "-o", str(tmp_path / "reply.pem"))
    here.run("ca", "accept", str(tmp_path / "reply.pem"))
    here.run("issue", "alice")
    said = here.run("ca", "revoke", "issuing", "--lock-out", expect=4).stderr
    serial = said.partition("ca revoke ")[2].split()[0]
    there.run("ca", "revoke", serial)
    here.run("ca", "accept", str(there.home / "ca/crl.pem"))
    assert {one["name"]: one["status"] for one in here.json("list")["certificates"]} == {"alice": "dropped"}
    assert [one["state"] for one in here.json("ca", "list")["authorities"]] == ["active", "dropped"]
    assert "no CA of this home signs" in here.run("issue", "bob", expect=2).stderr


def test_moving_first_locks_nobody_out(template: Ca, tmp_path: Path) -> None:
    ca = copied(template, tmp_path / "ca")
    ca.run("ca", "rollover", "issuing")
    ca.run("renew", "--under", "issuing")
    done = ca.json("ca", "revoke", "issuing", "--reason", "superseded")
    assert (done["shut_out"], done["reason"]) == ([], "superseded")
