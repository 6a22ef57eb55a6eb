"""Many revocations at once: few reloads, none lost, each one proven by its own client."""

import json
import os
import re
import signal
from pathlib import Path

from tests.app_apply.bench import Bench

CROWD = 12


def crowd(bench: Bench, count: int) -> list[str]:
    names = [f"guest-{number}" for number in range(count)]
    for name in names:
        bench.ca.run("issue", name)
    return names


def reloads(bench: Bench) -> int:
    """How often nginx was told to take new files, as it says itself."""
    return len(re.findall(r"\(SIGHUP\) received", (bench.prefix / "logs" / "error.log").read_text()))


def test_runs_at_once_share_their_reloads(bench: Bench) -> None:
    names = crowd(bench, CROWD)
    bench.apply()
    assert {bench.curl(name) for name in names} == {"200"}
    before = reloads(bench)
    runs = [bench.ca.start("revoke", name, "--json") for name in names]
    said = []
    for run in runs:
        out, err = run.communicate(timeout=300)
        assert run.returncode == 0, (out, err)
        said.append(json.loads(out))
    assert [(one["proven"], one["unproven"]) for one in said] == [(True, [])] * CROWD
    for one, name in zip(said, names, strict=True):
        tried = {(proof["tls"], proof["resumed"]) for proof in one["proof"] if proof["who"] == "revoked"}
        assert tried == {(tls, again) for tls in ("TLSv1.2", "TLSv1.3") for again in (True, False)}, name
    assert {bench.curl(name) for name in names} == {"400"}
    assert bench.curl("bob") == "200"
    assert 1 <= reloads(bench) - before <= CROWD // 2
    bench.assert_clean()


def test_many_in_one_command(bench: Bench, tmp_path: Path) -> None:
    names = crowd(bench, 3)
    bench.apply()
    before = reloads(bench)
    listed = tmp_path / "stolen.txt"
    listed.write_text("# laptops of the third floor\n" + "\n".join(names) + "\n\n")
    foreseen = bench.ca.json("revoke", "alice", "--from", str(listed), "--dry-run")
    assert [one["name"] for one in foreseen["revoked"]] == ["alice", *names]
    assert bench.curl("alice") == "200"
    said = json.loads(bench.ca.run("revoke", "alice", "--from", str(listed), "--json").stdout)
    assert (said["proven"], said["unproven"]) == (True, [])
    assert sorted(one["name"] for one in said["revoked"]) == sorted(["alice", *names])
    assert reloads(bench) - before == 1
    assert {bench.curl(name) for name in ("alice", *names)} == {"400"}
    assert bench.curl("bob") == "200"
    assert "4 identities are revoked" in bench.ca.run("revoke", "alice", *names).stdout


def test_all_or_nobody(bench: Bench, tmp_path: Path) -> None:
    bench.apply()
    listed = tmp_path / "list"
    listed.write_text("alice\nnobody\nno-one\n")
    refused = bench.ca.run("revoke", "--from", str(listed), expect=2)
    assert "2 of 3 names mean nothing; nobody was revoked" in refused.stderr
    assert "'no-one'" in refused.stderr
    bench.ca.run("revoke", expect=2)
    bench.ca.run("revoke", "alice", "bob", "--serial", "01", expect=2)
    assert (bench.curl("alice"), bench.curl("bob")) == ("200", "200")


def test_a_run_that_waits_says_for_whom(bench: Bench) -> None:
    bench.apply()
    world = bench.ca.world
    lock = str(bench.prefix / ".handclasp" / "lock")
    with world.files.lock(lock, purpose="a long job"):
        waiting = bench.ca.start("nginx", "apply")
        assert waiting.stderr is not None
        told = waiting.stderr.readline()
        assert "waiting for another run: a long job (process" in told
        assert waiting.poll() is None
    out, err = waiting.communicate(timeout=120)
    assert waiting.returncode == 0, err
    assert "Nothing to change" in out


def test_the_lock_of_a_dead_run_holds_nobody_up(bench: Bench) -> None:
    """A run killed with the lock in hand: the kernel let go of it, whatever the file says and whoever has that pid now."""
    bench.apply()
    killed = {"HANDCLASP_CRASHPOINT": "apply.switched"}
    bench.ca.run("nginx", "apply", *bench.site, "--allow", "alice", expect=-signal.SIGKILL, env=killed)
    lock = bench.prefix / ".handclasp" / "lock"
    lock.write_text(f"applying a configuration (process {os.getpid()})")
    done = bench.apply("--allow", "bob")
    assert "waiting" not in done.stderr
    assert (bench.curl("alice"), bench.curl("bob")) == ("403", "200")
