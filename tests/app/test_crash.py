"""kill -9 at every place that has a name, then the same command again: the home is whole and nothing signed is unknown."""

import signal

import pytest

from handclasp.app.crashpoint import POINTS
from tests.ca_rig import Ca, assert_consistent

INIT = [
    "init.home-made", "ca.key-made", "ca.key-made:2", "ca.intent-durable", "ca.intent-durable:2", "ca.signed", "ca.signed:2",
    "ca.recorded", "ca.recorded:2", "init.authorities-made", "ca-files.certificates-written", "ca-files.bundle-written",
    "crl.signed", "crl.recorded", "crl.signed:2", "crl.recorded:2", "crl.published",
]  # fmt: skip
ISSUE = [
    "issue.intent-durable", "issue.key-staged", "issue.signed", "issue.recorded", "export.archived", "export.key-placed",
    *(f"export.file-written:{turn}" for turn in range(1, 5)), "export.files-written", "export.marked",
]  # fmt: skip
CRL = ["crl.signed", "crl.recorded", "crl.signed:2", "crl.recorded:2", "crl.published"]


def killed(ca: Ca, point: str, *command: str) -> None:
    ca.run(*command, env={"HANDCLASP_CRASHPOINT": point}, expect=-signal.SIGKILL)


@pytest.mark.parametrize("point", INIT)
def test_init(empty: Ca, point: str) -> None:
    killed(empty, point, "init")
    empty.run("init")
    assert_consistent(empty)
    empty.run("issue", "alice")
    assert_consistent(empty)


@pytest.mark.parametrize("point", ISSUE)
def test_issue(ca: Ca, point: str) -> None:
    killed(ca, point, "issue", "alice")
    again = ca.start("issue", "alice")
    _, err = again.communicate(timeout=60)
    # once everything is done, the name is taken; before that, the second run completes it
    assert again.returncode == (4 if point == "export.marked" else 0), err
    assert_consistent(ca)
    assert len([one for one in ca.json("list")["certificates"] if one["status"] == "good"]) == 1


@pytest.mark.parametrize(
    "point", ["issue.intent-durable", "issue.key-staged", "issue.signed", "issue.recorded", "export.archived"]
)
def test_another_command_after_an_issue_that_died(ca: Ca, point: str) -> None:
    killed(ca, point, "issue", "alice")
    ca.run("crl", "--refresh")
    ca.run("issue", "bob")
    assert_consistent(ca)
    statuses = {one["name"]: one["status"] for one in ca.json("list")["certificates"]}
    assert statuses["alice"] == ("good" if point in {"issue.recorded", "export.archived"} else "abandoned")


@pytest.mark.parametrize("point", CRL)
def test_crl(ca: Ca, point: str) -> None:
    before = {one["authority"]: one["number"] for one in ca.json("crl")["crls"]}
    published = (ca.home / "ca" / "crl.pem").read_bytes()
    killed(ca, point, "crl", "--refresh")
    if point != "crl.published":
        assert (ca.home / "ca" / "crl.pem").read_bytes() == published
    ca.run("crl", "--refresh")
    assert_consistent(ca)
    after = {one["authority"]: one["number"] for one in ca.json("crl")["crls"]}
    assert all(after[label] > before[label] for label in before)


def test_an_issue_that_died_is_recovered_as_abandoned(ca: Ca) -> None:
    killed(ca, "issue.signed", "issue", "alice")
    killed(ca, "recover.abandoned", "issue", "alice")
    ca.run("issue", "alice")
    assert_consistent(ca)


def test_every_point_is_killed_somewhere() -> None:
    elsewhere = {"revoke.recorded", "recover.abandoned"}
    ours = ("init.", "ca.", "ca-files.", "issue.", "export.", "crl.", "revoke.recorded", "recover.")
    killed_here = {point.partition(":")[0] for point in INIT + ISSUE + CRL} | elsewhere
    assert killed_here == {point for point in POINTS if point.startswith(ours)}
