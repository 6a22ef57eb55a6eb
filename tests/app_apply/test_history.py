"""`nginx history` and `rollback N`: any earlier state comes back, and no revocation or key of today goes with it."""

import json
import signal

import pytest

from handclasp.app.crashpoint import VARIABLE
from tests.app_apply.bench import Bench


def history(bench: Bench) -> list[dict[str, object]]:
    found: list[dict[str, object]] = bench.ca.json("nginx", "history")["changes"]
    return found


def test_what_was_done_is_listed(bench: Bench) -> None:
    assert "has changed nothing here" in bench.ca.run("nginx", "history").stdout
    bench.apply()
    bench.apply("--allow", "alice")
    bench.ca.run("revoke", "bob")
    bench.ca.run("nginx", "rollback")
    found = history(bench)
    assert [(one["number"], one["kind"], one["about"]) for one in found] == [
        (1, "apply", "app.test"),
        (2, "apply", "app.test"),
        (3, "revoke", "bob"),
        (4, "rollback", "to 1"),
    ]
    assert all(one["probes"] and not one["failed"] and one["actor"] for one in found)
    text = bench.ca.run("nginx", "history").stdout
    assert [line[:2] for line in text.splitlines()] == ["*1", " 2", " 3", " 4"]
    assert "BEGIN" not in text
    assert "探测" in bench.ca.run("nginx", "history", "--lang", "zh").stdout


def test_any_state_comes_back(bench: Bench) -> None:
    states = {}
    for number, options in enumerate(((), ("--allow", "alice"), ("--allow", "bob")), start=1):
        bench.apply(*options)
        states[number] = bench.files()
    entered = {1: ("200", "200"), 2: ("200", "403"), 3: ("403", "200")}
    for number in (1, 3, 2):
        bench.ca.run("nginx", "rollback", str(number))
        assert bench.files() == states[number]
        assert (bench.curl("alice"), bench.curl("bob")) == entered[number]
    bench.ca.run("nginx", "rollback")
    assert bench.files() == states[1]
    bench.ca.run("nginx", "rollback", "0")
    assert bench.masters() == []
    assert set(bench.files()) == {"pki/crl.pem"}
    bench.ca.run("nginx", "rollback", "2")
    bench.ca.run("nginx", "apply")
    assert (bench.curl("alice"), bench.curl("bob")) == ("200", "403")
    assert "1 to" not in bench.ca.run("nginx", "rollback", "99", expect=2).stdout


def test_no_rollback_takes_a_revocation_back(bench: Bench) -> None:
    """Neither to before it, nor to an older list, nor when the site itself is older than the revocation."""
    bench.apply()
    bench.apply("--allow", "alice", "--allow", "bob")
    bench.ca.run("revoke", "alice")
    revoked = bench.files()["pki/crl.pem"]
    for number in ("1", "2", "1"):
        bench.ca.run("nginx", "rollback", number)
        assert bench.files()["pki/crl.pem"] == revoked
        assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")


def test_no_rollback_brings_an_old_key_back(bench: Bench) -> None:
    bench.apply()
    bench.apply("--allow", "alice")
    bench.ca.run("rekey", "app.test")
    bench.ca.run("nginx", "apply")
    today = {name: content for name, content in bench.files().items() if name.startswith("pki/app.test")}
    bench.ca.run("nginx", "rollback", "1")
    assert {name: content for name, content in bench.files().items() if name in today} == today
    assert (bench.curl("alice"), bench.curl("bob")) == ("200", "200")


@pytest.mark.parametrize(
    "step",
    ["apply.journal-durable", "apply.file-switched", "apply.switched", "apply.reloaded", "apply.noted", "apply.committed"],
)
def test_a_rollback_killed_anywhere(bench: Bench, step: str) -> None:
    bench.apply()
    bench.apply("--allow", "alice")
    bench.ca.run("nginx", "rollback", expect=-signal.SIGKILL, env={VARIABLE: step})
    bench.ca.run("nginx", "apply")
    back = step in {"apply.noted", "apply.committed"}
    assert (bench.curl("alice"), bench.curl("bob")) == ("200", "200" if back else "403")
    assert [one["kind"] for one in history(bench)] == ["apply", "apply", *(["rollback"] if back else [])]
    bench.assert_clean()


def test_only_so_much_is_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from handclasp.app import apply_history
    from handclasp.app.apply_place import private_place

    monkeypatch.setattr(apply_history, "MOST_ENTRIES", 2)
    bench.apply()
    for names in (("alice",), ("bob",), ("alice", "bob")):
        bench.apply(*(word for name in names for word in ("--allow", name)))
    world = bench.ca.world
    instance = private_place(world.ca).instance
    apply_history._prune(world.gear, instance, 4)
    assert [one["number"] for one in history(bench)] == [3, 4]
    bench.ca.run("nginx", "rollback", "1", expect=2)
    bench.ca.run("nginx", "rollback", "3")
    assert json.loads(bench.ca.run("nginx", "history", "--json").stdout)["standing"] == 3
    assert (bench.curl("alice"), bench.curl("bob")) == ("403", "200")
