"""`nginx plan --save`, `nginx apply --plan`: exactly the plan that was looked at, or nothing; bad orders cost nothing."""

import json
from pathlib import Path

import pytest

from tests.app_apply.bench import Bench


def identities(bench: Bench) -> set[str]:
    return {path.name for path in (bench.ca.home / "identities").iterdir()}


def test_a_saved_plan_is_applied_as_it_was(bench: Bench, tmp_path: Path) -> None:
    bench.apply()
    plan = tmp_path / "tomorrow.plan"
    told = bench.ca.run("nginx", "plan", *bench.site, "--allow", "alice", "--save", str(plan)).stdout
    assert "who may enter app.test: 2 -> 1\n  - bob" in told
    assert plan.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in plan.read_text()
    assert bench.curl("bob") == "200"
    planned = {one["path"]: one["after"] for one in json.loads(plan.read_text())["files"]}
    applied = bench.ca.json("nginx", "apply", "--plan", str(plan))
    assert {one["path"] for one in applied["files"]} == set(planned)
    newest = bench.ca.json("nginx", "history")["changes"][-1]
    assert {one["path"]: one["after"] for one in newest["files"]} == planned
    assert (bench.curl("alice"), bench.curl("bob")) == ("200", "403")
    again = bench.ca.run("nginx", "apply", "--plan", str(plan), expect=4)
    assert "needs no change any more" in again.stderr


def test_a_world_that_moved_is_refused(bench: Bench, tmp_path: Path) -> None:
    """A revocation, a hand-edited file, another apply: each makes the plan another one than the one that was looked at."""
    bench.apply()
    plan = tmp_path / "plan"
    conf = bench.prefix / "sites" / "app.test.conf"

    def revoked() -> None:
        bench.ca.run("revoke", "bob")

    def edited() -> None:
        conf.write_text("# by hand\n" + conf.read_text())

    def applied() -> None:
        bench.apply("--allow", "bob", "--allow", "alice")

    for moves, said in ((applied, "is not what it was"), (revoked, "the world moved"), (edited, "by hand")):
        bench.ca.run("nginx", "plan", *bench.site, "--allow", "alice", "--save", str(plan))
        moves()
        before = bench.files()
        refused = bench.ca.run("nginx", "apply", "--plan", str(plan), expect=4)
        assert said in refused.stderr
        assert bench.files() == before


def test_a_plan_for_a_site_without_certificate(bench: Bench, tmp_path: Path) -> None:
    """It says that one will be issued, and it is issued when the plan is applied, not before."""
    plan = tmp_path / "plan"
    site = ("--server-name", "new.test", "--listen", f"127.0.0.1:{bench.port}")
    said = bench.ca.json("nginx", "plan", *site, "--save", str(plan))
    assert said["issues"] == ["new.test"]
    assert "new.test" not in identities(bench)
    assert "issue a server certificate: new.test" in bench.ca.run("nginx", "apply", *site, "--dry-run").stdout
    bench.ca.run("nginx", "apply", "--plan", str(plan))
    assert "new.test" in identities(bench)
    assert [one["server_names"] for one in bench.ca.json("nginx", "apply")["sites"]] == [["new.test"]]


@pytest.mark.parametrize(
    ("options", "exit_code", "said"),
    [
        (("--allow", "nobody"), 4, "nobody"),
        (("--upstream", "http://no-such-host.invalid:80"), 5, "host not found"),
        (("--upstream", "ftp://127.0.0.1"), 4, "ftp"),
        (("--listen", "127.0.0.1:99999"), 4, "99999"),
    ],
)
def test_a_bad_order_costs_no_certificate(bench: Bench, options: tuple[str, ...], exit_code: int, said: str) -> None:
    before = identities(bench)
    refused = bench.ca.run("nginx", "apply", "--server-name", "new.test", *options, expect=exit_code)
    assert said in refused.stderr
    assert identities(bench) == before
    assert bench.files() == {}


def test_what_is_no_plan(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "plan").write_text("{}")
    bench.ca.run("nginx", "apply", "--plan", str(tmp_path / "plan"), expect=3)
    bench.ca.run("nginx", "apply", "--plan", str(tmp_path / "none"), expect=3)
    bench.ca.run("nginx", "apply", "--plan", str(tmp_path / "plan"), "--force", expect=2)
