"""The CA's commands as people and programs meet them: help with an example, one JSON document, hints apart from results."""

import json
import re
from pathlib import Path

import pytest

from tests.ca_rig import Ca, assert_consistent

COMMANDS = [
    "init", "issue", "renew", "rekey", "export", "status", "list", "show", "crl", "import", "backup", "restore", "audit",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_a_worked_example_and_names_every_common_option(empty: Ca, command: str) -> None:
    text = empty.run(command, "--help").stdout
    assert "Example" in text
    assert f"handclasp {command}" in text
    for option in ("--json", "--lang", "--home", "--quiet"):
        assert option in text
    assert not empty.home.exists()


def test_results_go_to_stdout_and_hints_to_stderr(ca: Ca) -> None:
    done = ca.run("issue", "alice")
    assert "next: " in done.stderr
    assert "next: " not in done.stdout
    assert ca.run("issue", "bob", "-q").stderr == ""


@pytest.mark.parametrize(
    "command", [["list"], ["crl"], ["audit"], ["status"], ["init"], ["crl", "--refresh"], ["renew", "--due", "1"]]
)
def test_json_is_one_document_with_a_schema_and_nothing_else(ca: Ca, command: list[str]) -> None:
    done = ca.run(*command, "--json")
    found = json.loads(done.stdout)
    assert found["schema"] == f"handclasp/{command[0]}/1"
    assert done.stderr == ""


def test_errors_are_json_too(ca: Ca) -> None:
    found = json.loads(ca.run("issue", "../x", "--json", expect=2).stdout)
    assert found["schema"] == "handclasp/error/1"
    assert found["exit"] == 2
    assert found["hint"]


def test_a_root_key_that_was_taken_offline(ca: Ca, tmp_path: Path) -> None:
    before = {one["authority"]: one["number"] for one in ca.json("crl")["crls"]}
    (ca.home / "keys" / "root.pem").rename(tmp_path / "root.pem")
    ca.run("issue", "alice")
    done = ca.json("crl", "--refresh")["crls"]
    assert [(one["authority"], one["signed"]) for one in done] == [("root", False), ("issuing", True)]
    assert [one["number"] for one in done] == [before["root"], before["issuing"] + 1]
    assert "its key is not here" in ca.run("crl", "--refresh").stdout
    assert_consistent(ca)


def test_the_audit_log_shows_that_its_end_was_cut_off(ca: Ca) -> None:
    import sqlite3

    ca.run("issue", "alice")
    head = ca.json("audit")["head"]
    ca.run("audit", "--head", head)
    connection = sqlite3.connect(ca.home / "registry.sqlite")
    connection.execute("DELETE FROM audit_event WHERE sequence = (SELECT max(sequence) FROM audit_event)")
    connection.commit()
    connection.close()
    ca.run("audit")
    assert "cut off or replaced" in ca.run("audit", "--head", head, expect=1).stdout


def test_heads_that_were_noted_elsewhere_are_read_out_of_any_text(ca: Ca, tmp_path: Path) -> None:
    ca.run("issue", "alice")
    told = [ca.run(*words).stderr for words in (("crl", "--refresh"), ("renew", "--due"), ("backup", str(tmp_path / "b")))]
    told.append(ca.run("crl", "--refresh", "--lang", "zh").stderr)
    assert [len(re.findall("[0-9a-f]{64}", one)) for one in told] == [1, 1, 1, 1]
    journal = tmp_path / "journal"
    journal.write_text("Nov 21 12:00:00 ca handclasp[7]: " + "\nNov 21 ".join(told))
    assert ca.json("audit", "--heads-in", str(journal))["whole"]
    journal.write_text(f"{told[0]}{'ab' * 32}\n")
    assert "no longer holds abab" in ca.run("audit", "--heads-in", str(journal), expect=1).stdout
    journal.write_text("nothing of that kind")
    assert "names no head" in ca.run("audit", "--heads-in", str(journal), expect=3).stderr
    assert "cannot be read" in ca.run("audit", "--heads-in", str(tmp_path / "none"), expect=3).stderr


def test_show_speaks_the_words_of_the_standard(ca: Ca) -> None:
    ca.run("issue", "api.test", "--profile", "peer")
    assert "clientAuth, digitalSignature, serverAuth" in ca.run("show", "api.test").stdout
