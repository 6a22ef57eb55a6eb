"""`handclasp nginx apply` on a real nginx: what it serves, what it proves, and every way it can be stopped."""

import json
import os
import resource
import signal
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from handclasp.app.issue import IssueOrder, issue
from tests.app_apply.bench import Bench
from tests.http_rig import Application, serving
from tests.nginx_rig import free_port, held_port

STEPS = (
    "apply.staged",
    "apply.journal-durable",
    "apply.file-switched",
    "apply.file-switched:2",
    "apply.switched",
    "apply.reloaded",
    "apply.proven",
    "apply.noted",
    "apply.committed",
)
IN_FORCE = {
    "apply.journal-durable": ("former", "200"),
    "apply.file-switched": ("former", "200"),
    "apply.file-switched:2": ("former", "200"),
    "apply.switched": ("former", "200"),
    "apply.reloaded": ("new", "403"),
    "apply.proven": ("new", "403"),
}
"""What nginx status says that nginx runs with, and what somebody gets who may enter no more."""

AFTER_COMMIT = {"apply.noted", "apply.committed"}


def test_a_server_certificate_that_was_signed_and_not_written_is_finished(bench: Bench) -> None:
    words = ("nginx", "apply", "--server-name", "other.test", "--listen", f"127.0.0.1:{free_port()}")
    bench.ca.run(*words, expect=-signal.SIGKILL, env={"HANDCLASP_CRASHPOINT": "issue.recorded"})
    assert not bench.ca.identity("other.test", "chain.pem").exists()
    assert bench.ca.json(*words)["issued"] == ["other.test"]
    assert len(bench.ca.json("show", "other.test")["certificates"]) == 1
    bench.assert_clean()


def test_a_site_is_served_and_proven(bench: Bench) -> None:
    said = json.loads(bench.apply("--json").stdout)
    assert said["schema"] == "handclasp/nginx-apply/1"
    assert (said["started"], said["serving"], said["changed"]) == (True, True, True)
    assert all(one["ok"] for one in said["proven"])
    kinds = {(one["who"], one["tls"], one["sni"], one["resumed"]) for one in said["proven"]}
    for tls in ("TLSv1.2", "TLSv1.3"):
        for kind in (("good", tls, True, False), ("good", tls, True, True), ("good", tls, False, False)):
            assert kind in kinds
        for kind in (("nobody", tls, True, False), ("foreign", tls, True, False), ("foreign", tls, True, True)):
            assert kind in kinds
    assert (bench.curl("alice"), bench.curl("bob"), bench.curl()) == ("200", "200", "400")
    again = json.loads(bench.apply("--json").stdout)
    assert (again["started"], again["reloaded"], again["changed"], again["files"]) == (False, False, False, [])
    bench.assert_clean()
    key = bench.prefix / "pki" / "app.test.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert b"BEGIN PRIVATE KEY" in key.read_bytes()


def test_a_change_is_reloaded_and_a_rollback_takes_it_back(bench: Bench) -> None:
    bench.apply()
    before = bench.files()
    changed = json.loads(bench.apply("--allow", "alice", "--json").stdout)
    assert (changed["reloaded"], changed["started"]) == (True, False)
    assert [one["who"] for one in changed["proven"]].count("unlisted") == 2
    assert (bench.curl("alice"), bench.curl("bob")) == ("200", "403")
    bench.ca.run("nginx", "rollback")
    assert bench.files() == before
    assert bench.curl("bob") == "200"
    bench.assert_clean()


def test_the_rollback_of_the_first_apply_leaves_nothing_running(bench: Bench) -> None:
    bench.apply()
    bench.ca.run("nginx", "rollback")
    assert bench.masters() == []
    assert set(bench.files()) == {"pki/crl.pem"}
    bench.ca.run("nginx", "rollback", expect=3)
    bench.assert_clean()


def test_stop_and_start_again(bench: Bench) -> None:
    bench.ca.run("nginx", "stop")
    bench.apply()
    assert json.loads(bench.ca.run("nginx", "stop", "--json").stdout)["stopped"] is True
    assert bench.masters() == []
    assert json.loads(bench.ca.run("nginx", "stop", "--json").stdout)["stopped"] is False
    bench.ca.run("nginx", "apply")
    assert bench.curl("alice") == "200"


def test_a_second_site_joins_the_first(bench: Bench) -> None:
    bench.apply()
    bench.ca.run("nginx", "apply", "--server-name", "two.test", "--listen", f"127.0.0.1:{bench.port}")
    assert bench.ca.identity("two.test", "certificate.pem").exists()
    said = bench.ca.json("nginx", "apply")
    assert [one["server_names"] for one in said["sites"]] == [["app.test"], ["two.test"]]
    assert {one["site"] for one in said["proven"]} == {"app.test", "two.test"}
    assert bench.curl("alice") == "200"


def test_dry_run_writes_nothing_and_says_what_apply_does(bench: Bench) -> None:
    before = sorted(bench.ca.home.rglob("*"))
    planned = json.loads(bench.apply("--dry-run", "--json").stdout)
    assert sorted(bench.ca.home.rglob("*")) == before
    assert planned == json.loads(bench.ca.run("nginx", "plan", *bench.site, "--json").stdout)
    applied = json.loads(bench.apply("--json").stdout)
    assert applied["files"] == planned["files"]
    assert [(one["name"], one["expect"]) for one in applied["proven"]] == [
        (one["name"], one["expect"]) for one in planned["probes"]
    ]
    text = bench.apply("--allow", "bob", "--dry-run").stdout
    assert "+    if ($handclasp_app_test" in text
    assert "PRIVATE" not in text


def test_a_busy_port_changes_nothing(bench: Bench) -> None:
    with held_port() as (_, port):
        refused = bench.ca.run("nginx", "apply", "--server-name", "app.test", "--listen", f"127.0.0.1:{port}", expect=5)
        assert f"127.0.0.1:{port} is in use" in refused.stderr
        assert f"(pid {os.getpid()})" in refused.stderr
        assert bench.files() == {}
        assert bench.masters() == []
        bench.apply()
        before = bench.files()
        more = ("--listen", f"127.0.0.1:{bench.port}", "--listen", f"127.0.0.1:{port}")
        bench.ca.run("nginx", "apply", "--server-name", "app.test", *more, expect=5)
    assert bench.files() == before
    assert bench.curl("alice") == "200"
    bench.assert_clean()


class Hello(Application):
    def respond(self) -> None:
        self.answer(b"hello")


def test_a_change_that_breaks_the_site_is_put_back(bench: Bench) -> None:
    """nginx -t accepts it, the reload works, and only the proof sees that the site no longer answers."""
    with serving(Hello) as port:
        bench.apply("--upstream", f"http://127.0.0.1:{port}")
        before = bench.files()
        failed = bench.apply("--upstream", f"http://127.0.0.1:{free_port()}", expect=1)
        assert "502 Bad Gateway" in failed.stderr
        assert "everything was put back as it was before" in failed.stderr
        assert bench.files() == before
        assert bench.curl("alice") == "200"
    bench.assert_clean()


def test_an_upstream_that_was_down_before_does_not_stop_an_apply(bench: Bench) -> None:
    bench.apply("--upstream", f"http://127.0.0.1:{free_port()}")
    assert (bench.curl("alice"), bench.curl()) == ("502", "400")


@pytest.mark.parametrize("step", STEPS)
def test_killed_anywhere_the_next_run_puts_it_right(bench: Bench, step: str) -> None:
    """First a change of a running nginx is killed at `step`, then the first start of another."""
    bench.apply()
    before = bench.files()
    change = ("nginx", "apply", *bench.site, "--allow", "alice")
    bench.ca.run(*change, expect=-signal.SIGKILL, env={"HANDCLASP_CRASHPOINT": step})
    said = bench.ca.json("nginx", "status")["interrupted"]
    serves = bench.curl("bob")
    assert (said and said["runs"], serves) == IN_FORCE.get(step, (None, serves))
    bench.ca.run("nginx", "apply")
    if step in AFTER_COMMIT:
        assert bench.curl("bob") == "403"
    else:
        assert bench.files() == before
        assert bench.curl("bob") == "200"
    bench.assert_clean()
    bench.ca.run(*change)
    assert (bench.curl("alice"), bench.curl("bob")) == ("200", "403")
    assert len(bench.masters()) == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_first_start_killed_anywhere(bench: Bench, step: str) -> None:
    bench.ca.run("nginx", "apply", *bench.site, expect=-signal.SIGKILL, env={"HANDCLASP_CRASHPOINT": step})
    bench.ca.run("nginx", "stop")
    assert bench.masters() == []
    if step not in AFTER_COMMIT:
        assert bench.files() == {}
    bench.assert_clean()
    bench.apply()
    assert (bench.curl("alice"), bench.curl()) == ("200", "400")


@pytest.mark.parametrize("step", ["apply.back-file", "apply.back-reloaded"])
def test_killed_while_putting_back(bench: Bench, step: str) -> None:
    with serving(Hello) as port:
        bench.apply("--upstream", f"http://127.0.0.1:{port}")
        before = bench.files()
        broken = ("nginx", "apply", *bench.site, "--upstream", f"http://127.0.0.1:{free_port()}")
        bench.ca.run(*broken, expect=-signal.SIGKILL, env={"HANDCLASP_CRASHPOINT": step})
        said = bench.ca.run("nginx", "apply").stdout
        assert "an interrupted apply was found" in said
        assert bench.files() == before
        assert bench.curl("alice") == "200"


@pytest.mark.parametrize("delay", [0.25, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.95])
def test_ctrl_c_leaves_nothing_half_done(bench: Bench, delay: float) -> None:
    process = bench.ca.start("nginx", "apply", *bench.site, start_new_session=True)
    threading.Event().wait(delay)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=120)
    assert process.returncode in {0, 130, -signal.SIGINT}
    assert not (bench.prefix / ".handclasp" / "journal.json").exists()
    whole = (len(bench.files()), len(bench.masters()))
    assert whole in {(0, 0), (7, 1)}, said
    if process.returncode == 0:
        assert whole == (7, 1)
    bench.apply()
    assert bench.curl("alice") == "200"
    bench.assert_clean()


def test_a_disk_that_takes_nothing_more(bench: Bench) -> None:
    """Files over 64 KiB fail to be written, as on a full disk: the journal does not fit, so nothing is switched."""
    bench.apply()
    conf = bench.prefix / "sites" / "app.test.conf"
    conf.write_text("#" * 100_000 + "\n" + conf.read_text())
    before = bench.files()

    def narrow() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))

    options = ("nginx", "apply", *bench.site, "--allow", "alice", "--force")
    failed = bench.ca.run(*options, expect=5, preexec_fn=narrow)
    assert "cannot be written" in failed.stderr
    assert bench.files() == before
    bench.assert_clean()
    assert bench.curl("bob") == "200"


def test_files_changed_behind_our_back_are_overwritten_knowingly(bench: Bench) -> None:
    """With --force a hand edit of a rendered file is part of the plan: it shows in the patch, and rollback brings it back."""
    bench.apply()
    conf = bench.prefix / "sites" / "app.test.conf"
    conf.write_text("# edited by hand\n" + conf.read_text())
    assert "-# edited by hand" in bench.apply("--dry-run", "--force").stdout
    bench.apply("--force")
    assert "edited by hand" not in conf.read_text()
    bench.ca.run("nginx", "rollback")
    assert "edited by hand" in conf.read_text()


def test_two_applies_at_once_do_not_mix(bench: Bench) -> None:
    bench.apply()
    both = [bench.ca.start("nginx", "apply", *bench.site, "--allow", name) for name in ("alice", "bob")]
    assert [process.communicate()[0] is not None and process.returncode for process in both] == [0, 0]
    assert sorted((bench.curl("alice"), bench.curl("bob"))) == ["200", "403"]
    bench.assert_clean()


def test_a_home_without_a_ca_and_options_without_a_site(bench: Bench, tmp_path: Path) -> None:
    bench.ca.run("nginx", "apply", expect=2)
    bench.ca.run("nginx", "apply", "--allow", "alice", expect=2)
    bench.ca.run("nginx", "apply", "--server-name", "a b", expect=4)
    bench.ca.run("nginx", "apply", "--server-name", "app.test", "--allow", "nobody", expect=4)
    bench.ca.run("nginx", "apply", "--server-name", "app.test", "--home", str(tmp_path / "none"), expect=2)
    assert bench.masters() == []


def test_an_expired_client_knocks_too(bench: Bench) -> None:
    """Where the home still has the key of one: it must not get in, whatever the lists say."""
    home = bench.ca.world.ca
    ended = issue(home, IssueOrder(name="late", lifetime=timedelta(seconds=2))).record
    while home.clock.now() <= ended.not_after:
        threading.Event().wait(0.1)
    said = json.loads(bench.apply("--json").stdout)
    late = [(one["tls"], one["ok"]) for one in said["proven"] if one["who"] == "expired"]
    assert late == [("TLSv1.2", True), ("TLSv1.3", True)]
    assert bench.curl("late") == "400"
