"""What a plan means for those who came lately."""

from tests.app_apply.bench import Bench


def test_who_would_be_refused_is_named(bench: Bench) -> None:
    bench.apply()
    assert (bench.curl("alice"), bench.curl("bob"), bench.curl()) == ("200", "200", "400")
    assert bench.ca.json("nginx", "plan")["effect"]["refused"] == []
    said = bench.ca.json("nginx", "plan", *bench.site, "--allow", "alice")["effect"]
    assert said["seen"] == 2
    assert said["refused"] == [["bob", "not on the list of app.test"]]
    assert (said["authorities"], said["revoked"], said["newly_revoked"], said["unrevoked"]) == ([2, 2], [0, 0], 0, 0)
    bench.ca.run("nginx", "stop")
    bench.ca.run("revoke", "alice")
    told = bench.ca.run("nginx", "plan").stdout
    assert "would now be refused: 1 of 2" in told
    assert "  alice: revoked" in told


def test_before_the_first_apply_nobody_was_seen(bench: Bench) -> None:
    said = bench.ca.json("nginx", "plan", *bench.site)["effect"]
    assert (said["authorities"], said["seen"], said["refused"]) == ([0, 2], 0, [])
