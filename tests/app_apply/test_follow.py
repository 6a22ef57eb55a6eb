"""What `nginx adopt` made this CA's follows it: a revocation reaches that nginx by itself, and is proven there."""

import shutil
import signal

import pytest

from handclasp.adapters.nginx_process import NginxProcess
from tests.app_apply.town import TUTORIAL, Town, told
from tests.nginx_rig import free_port


def adopted(town: Town) -> None:
    town.config.write_text(TUTORIAL.format(port=town.port, back=free_port()))
    NginxProcess().start(prefix=str(town.folder), config=str(town.config))
    town.adopt("--no-prove", "--apply")
    assert statuses(town) == [200, 200]


def statuses(town: Town) -> list[int | None]:
    return [town.ask(who) for who in ("alice", "bob")]


def people(town: Town) -> str:
    return (town.folder / "handclasp/people.conf").read_text()


def test_a_revocation_reaches_it_without_another_command(town: Town) -> None:
    adopted(town)
    done = town.ca.json("revoke", "alice")
    assert statuses(town) == [400, 200]
    assert (done["proven"], done["unproven"]) == (True, [])
    (one,) = done["nginx"]
    assert (one["config"], one["adopted"], one["serving"], one["reloaded"]) == (str(town.config), True, True, True)
    seen = {(step["who"], step["expect"]) for step in done["proof"] if step["ok"]}
    assert {("revoked", "refused"), ("good", "admitted")} <= seen
    assert ("alice;" in people(town), "bob;" in people(town)) == (False, True)
    again = town.ca.json("revoke", "alice")
    assert (again["proven"], again["nginx"][0]["reloaded"]) == (True, False)
    assert f"adopted: {town.config} was reloaded" in town.ca.run("revoke", "bob").stdout
    assert told(town, "bob", "/").status == 400


def test_a_tree_without_people_is_reloaded_too(town: Town) -> None:
    town.serve("map")
    town.adopt("--without", "people-of-the-registry", "--apply")
    assert not (town.folder / "handclasp/people.conf").exists()
    assert town.ask("alice") == 200
    town.ca.run("revoke", "alice")
    assert town.ask("alice") == 400


def test_a_rollback_to_the_adoption_lets_nobody_in_who_was_revoked(town: Town) -> None:
    adopted(town)
    town.ca.run("revoke", "alice")
    kept = people(town)
    town.ca.run("nginx", "rollback", "1", "--config", str(town.config))
    assert (statuses(town), people(town)) == ([400, 200], kept)


def others(text: str) -> list[str]:
    """The lines that no revocation relies on."""
    return [line for line in text.splitlines() if "ssl_crl" not in line and "ssl_session_" not in line]


@pytest.mark.parametrize("way", [("ssl_crl root.crl;", "ssl_crl root.crl;   # a copy"), ("        ssl_crl root.crl;\n", "")])
def test_taking_the_adoption_back_unrevokes_nobody(town: Town, way: tuple[str, str]) -> None:
    before = town.write("map", way).replace(*way)
    NginxProcess().start(prefix=str(town.folder), config=str(town.config))
    town.adopt("--apply")
    town.ca.run("revoke", "alice")
    done = town.ca.json("nginx", "rollback", "0", "--config", str(town.config))
    assert (done["crl_kept"], done["no_sessions"]) == (["app.test"], ["app.test"])
    proof = {(step["who"], step["expect"]) for step in done["proof"] if step["ok"]}
    assert {("revoked", "refused"), ("good", "admitted")} <= proof
    after = town.config.read_text()
    assert others(after) == others(before)
    assert "ssl_session_cache off;" in after
    assert ("# a copy" in before) == ("# a copy" in after)
    assert statuses(town) == [400, 403]
    town.ca.run("revoke", "alice.cooper")
    assert town.ask("alice.cooper") == 400


def test_fresh_crls_reach_it(town: Town) -> None:
    adopted(town)
    log = town.folder / "logs/error.log"
    done = town.ca.json("crl", "--refresh", "--no-reload")
    assert done["nginx"] == []
    (one,) = town.ca.json("crl", "--reload")["nginx"]
    assert (one["config"], one["adopted"], one["serving"], one["reloaded"]) == (str(town.config), True, True, True)
    (again,) = town.ca.json("crl", "--reload")["nginx"]
    assert again["reloaded"] is False
    (one,) = town.ca.json("crl", "--refresh")["nginx"]
    assert one["reloaded"] is True
    assert statuses(town) == [200, 200]
    kinds = [change["kind"] for change in town.ca.json("nginx", "history", "--config", str(town.config))["changes"]]
    assert kinds == ["edit", "refresh", "refresh"]
    assert town.ca.run("nginx", "rollback", "--config", str(town.config)).stdout.startswith(str(town.config))
    assert log.exists()


def test_fresh_crls_that_nginx_does_not_take_are_published_and_it_is_said(town: Town) -> None:
    adopted(town)
    text = town.config.read_text()
    town.config.write_text(text.replace("server.pem;", "gone.pem;"))
    numbers = [one["number"] for one in town.ca.json("crl")["crls"]]
    said = town.ca.run("crl", "--refresh", expect=5).stderr
    assert "does not accept" in said
    assert "handclasp crl --reload" in said
    assert [one["number"] for one in town.ca.json("crl")["crls"]] == [number + 1 for number in numbers]
    town.config.write_text(text)
    assert town.ca.json("crl", "--reload")["nginx"][0]["reloaded"] is True


def test_a_dry_run_of_fresh_crls_reloads_nothing(town: Town) -> None:
    adopted(town)
    assert town.ca.json("crl", "--refresh", "--dry-run")["nginx"] == []
    assert not (town.folder / "handclasp/crl.sha256").exists()


@pytest.mark.parametrize(
    "point",
    ["revoke.recorded", "crl.published", "apply.staged", "apply.journal-durable", "apply.file-switched", "apply.switched",
     "apply.reloaded", "apply.noted"],
)  # fmt: skip
def test_killed_anywhere_the_next_run_puts_it_right(town: Town, point: str) -> None:
    adopted(town)
    town.ca.run("revoke", "alice", env={"HANDCLASP_CRASHPOINT": point}, expect=-signal.SIGKILL)
    done = town.ca.json("revoke", "alice")
    assert done["proven"] is True
    assert statuses(town) == [400, 200]
    assert not (town.folder / ".handclasp/journal.json").exists()


def test_an_nginx_that_is_not_running_has_its_files_ready(town: Town) -> None:
    adopted(town)
    where = {"prefix": str(town.folder), "config": str(town.config)}
    NginxProcess().stop(**where)
    done = town.ca.json("revoke", "alice")
    assert (done["proven"], done["nginx"][0]["serving"]) == (False, False)
    assert "not running" in done["unproven"][0]
    NginxProcess().start(**where)
    assert statuses(town) == [400, 200]


def test_one_that_nginx_refuses_is_said_and_the_revocation_stands(town: Town) -> None:
    adopted(town)
    text = town.config.read_text()
    town.config.write_text(text.replace("server.pem;", "gone.pem;"))
    before = people(town)
    said = town.ca.run("revoke", "alice", expect=5).stderr
    assert "does not accept" in said
    assert "alice is revoked and on the published CRL, and this nginx has not read it" in said
    assert people(town) == before
    assert "alice" in town.ca.run("list", "--status", "revoked").stdout
    town.config.write_text(text)
    assert town.ca.json("revoke", "alice")["proven"] is True
    assert statuses(town) == [400, 200]


def test_one_that_is_gone_is_said_until_it_is_forgotten(town: Town) -> None:
    adopted(town)
    NginxProcess().stop(prefix=str(town.folder), config=str(town.config))
    shutil.rmtree(town.folder)
    done = town.ca.json("revoke", "alice")
    assert (done["revoked"][0]["name"], done["nginx"]) == ("alice", [])
    assert "is gone" in done["unproven"][0]
    assert "--forget" in done["unproven"][0]
    assert not town.folder.exists()
    assert town.adopt("--forget")["forgotten"] is True
    assert "no nginx of this home" in town.ca.json("revoke", "bob")["unproven"][0]
    assert town.adopt("--forget", expect=1)["forgotten"] is False


def test_one_that_went_its_own_way_is_said_and_left_alone(town: Town) -> None:
    adopted(town)
    text = TUTORIAL.format(port=town.port, back=free_port())
    town.config.write_text(text)
    files = {path: path.read_bytes() for path in (town.folder / "handclasp").iterdir()}
    done = town.ca.json("revoke", "alice")
    assert "asks neither our CRLs nor our people" in done["unproven"][0]
    assert (done["proven"], town.config.read_text()) == (False, text)
    assert files == {path: path.read_bytes() for path in (town.folder / "handclasp").iterdir()}


@pytest.mark.parametrize(
    ("change", "code"), [(("server.pem;", "gone.pem;"), 1), (("user root;", "user nobody-of-that-name;"), 5)]
)  # fmt: skip
def test_what_did_not_become_ours_is_not_remembered(town: Town, change: tuple[str, str], code: int) -> None:
    text = town.write("map", change).replace(*change)
    town.ca.run("nginx", "adopt", "app.test", "--config", str(town.config), "--no-prove", "--apply", expect=code)
    assert town.config.read_text() == text
    assert "no nginx of this home" in town.ca.json("revoke", "alice")["unproven"][0]


def test_who_comes_later_is_told_how_to_be_let_in(town: Town) -> None:
    command = f"handclasp nginx adopt app.test --config {town.config} --apply"
    assert command not in town.ca.run("issue", "carol").stderr
    adopted(town)
    assert "dave" not in people(town)
    for words in (("issue", "dave"), ("renew", "bob"), ("rekey", "bob")):
        assert command in town.ca.run(*words).stderr
    town.adopt("--no-prove", "--apply")
    assert ("dave;" in people(town), town.ask("bob")) == (True, 200)
