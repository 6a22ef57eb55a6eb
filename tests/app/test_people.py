"""Issuing from a table."""

from pathlib import Path

import pytest

from tests.ca_rig import Ca, assert_consistent, verify


def test_a_table_with_every_column_and_a_second_run(ca: Ca, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text(
        "\ufeffname;profile;san;days;key_type;organization\r\nMüller;;;30;;\r\n"
        'api.test;server;ip:192.0.2.7 dns:b.test;;rsa-2048;"Example; Inc"\r\n\r\nbob;client;;;;\r\n',
        encoding="utf-8",
    )
    found = ca.json("issue", "--from", str(table))
    assert [one["name"] for one in found["issued"]] == ["Müller", "api.test", "bob"]
    verify(ca, ca.identity("api.test", "certificate.pem"), purpose="sslserver")
    assert_consistent(ca)
    again = ca.json("issue", "--from", str(table), expect=1)
    assert again["issued"] == []
    assert len(again["skipped"]) == 3


def test_every_fault_is_named_and_nothing_is_issued(ca: Ca, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text("name,days,key_type\nalice,30,\n../x,,\nALICE,,\nbob,many,\ncarl,,rsa-512\ndora,1,,,\n")
    done = ca.run("issue", "--from", str(table), expect=3)
    for words in (
        f"{table}:3",
        "5 rows are faulty",
        "line 4: ",
        "line 5: days is 'many'",
        "line 6: there is no key type",
        "line 7",
    ):
        assert words in done.stderr, words
    assert not (ca.home / "identities").exists()


@pytest.mark.parametrize(
    "content", [b"", b"who,what\na,b\n", b"name\n", b"name\n\xff\xfe\n", b'name\n"open\n', b"name,name\na,b\n"]
)
def test_what_is_no_table(template: Ca, tmp_path: Path, content: bytes) -> None:
    table = tmp_path / "people.csv"
    table.write_bytes(content)
    assert str(table) in template.run("issue", "--from", str(table), expect=3).stderr


def test_usage(template: Ca) -> None:
    template.run("issue", expect=2)
    template.run("issue", "alice", "--from", "x.csv", expect=2)
