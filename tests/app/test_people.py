"""Issuing from a table."""

import subprocess
import sys
import tarfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.ca_rig import Ca, assert_consistent, openssl, verify


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
    table.write_text("name,days,key_type\nalice,30,\n../x,,\nALICE,,\nbob,many,\ncarl,,rsa-512\ndora,1,,,x\n")
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
    "content",
    [
        b"",
        b"who,what\na,b\n",
        b"name\n",
        b"name\n\xff\xfe\n",
        "name\nalice\n".encode("utf-16")[:-1],
        "n\u00e4me\n".encode("latin-1"),
        b'name\n"open\n',
        b"name,name\na,b\n",
        "name\nalice\n".encode("utf-16-le"),
        b"sep=;\r\n",
        b",,\n\n",
    ],
)
def test_what_is_no_table(template: Ca, tmp_path: Path, content: bytes) -> None:
    table = tmp_path / "people.csv"
    table.write_bytes(content)
    assert str(table) in template.run("issue", "--from", str(table), expect=3).stderr


def test_usage(template: Ca) -> None:
    template.run("issue", expect=2)
    template.run("issue", "alice", "--from", "x.csv", expect=2)


def request(path: Path, *more: str, curve: str = "P-256") -> Path:
    """A request whose key stays beside it."""
    path.parent.mkdir(exist_ok=True)
    key = path.with_suffix(".key")
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", key)
    openssl("req", "-new", "-key", key, "-subj", "/CN=whatever", "-out", path, *more)
    return path


def test_a_table_with_requests(ca: Ca, tmp_path: Path) -> None:
    request(tmp_path / "csr" / "a.csr", "-addext", "subjectAltName=DNS:bank.test,email:a@b.test")
    request(tmp_path / "csr" / "b.csr", "-addext", "basicConstraints=CA:TRUE")
    table = tmp_path / "people.csv"
    table.write_text("name,csr,profile\nalice,csr/a.csr,server\nbob,csr/b.csr,\ncarol,,\n")
    found = ca.json("issue", "--from", str(table), "--take-names", "--days", "20")
    refused = {one["name"]: one["refused"] for one in found["issued"]}
    chosen = "the name is chosen here, not by the request"
    assert refused == {
        "alice": ["name email:a@b.test: profile server has no names of this kind", f"subject CN=whatever: {chosen}"],
        "bob": [f"subject CN=whatever: {chosen}", "extension basicConstraints (2.5.29.19): the profile decides all extensions"],
        "carol": [],
    }
    for name in ("alice", "bob"):
        assert not ca.identity(name, "key.pem").exists()
    assert ca.identity("carol", "key.pem").exists()
    public = openssl("pkey", "-in", tmp_path / "csr" / "a.key", "-pubout")
    assert openssl("x509", "-in", ca.identity("alice", "certificate.pem"), "-noout", "-pubkey") == public
    assert "DNS:bank.test" in openssl(
        "x509", "-in", ca.identity("alice", "certificate.pem"), "-noout", "-ext", "subjectAltName"
    )
    assert_consistent(ca)
    assert len(ca.json("issue", "--from", str(table), expect=1)["skipped"]) == 3
    refusal = ca.run("issue", "--from", str(table), "--into", str(tmp_path / "fleet"), expect=2)
    assert "requests bring their own" in refusal.stderr


def test_a_table_names_no_file_outside_of_its_folder(ca: Ca, tmp_path: Path) -> None:
    request(tmp_path / "outside.csr")
    table = tmp_path / "in" / "people.csv"
    table.parent.mkdir()
    for path in ("../outside.csr", str(tmp_path / "outside.csr"), "x/../../outside.csr", "missing.csr", "people.csv"):
        table.write_text(f"name,csr\nalice,{path}\n")
        assert f"{table}:2" in ca.run("issue", "--from", str(table), expect=3).stderr
    assert ca.json("list")["certificates"] == []


def test_a_folder_of_requests(ca: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "requests"
    for name in ("alice.csr", "bob.req", "carol.pem"):
        request(folder / name)
    (folder / "notes.txt").write_text("nothing\n")
    openssl("req", "-in", folder / "bob.req", "-outform", "DER", "-out", folder / "dora.p10")
    done = ca.run("issue", "--from", str(folder), expect=1)  # dora's request has the key of bob's
    assert "dora: skipped, this key belongs to bob" in done.stdout
    assert {one["name"] for one in ca.json("list")["certificates"]} == {"alice", "bob", "carol"}
    (folder / "ALICE.csr").write_bytes((folder / "alice.csr").read_bytes())
    (folder / "broken.csr").write_text("-----BEGIN CERTIFICATE REQUEST-----\n")
    (folder / "-x.csr").write_bytes((folder / "alice.csr").read_bytes())
    said = ca.run("issue", "--from", str(folder), expect=3).stderr
    for word in ("3 requests are faulty", "broken.csr: ", "-x.csr: ", "would be mistaken for it"):
        assert word in said
    (folder / "broken.csr").write_text("no request\n")
    assert "neither PEM nor DER" in ca.run("issue", "x", "--csr", str(folder / "broken.csr"), expect=3).stderr
    (tmp_path / "none").mkdir()
    assert "has no requests" in ca.run("issue", "--from", str(tmp_path / "none"), expect=3).stderr


def test_options_hold_where_a_cell_is_empty(ca: Ca, tmp_path: Path) -> None:
    table = tmp_path / "servers.csv"
    table.write_bytes("\ufeffNAME;DAYS\r\na.test;\r\n;;x\r\n\r\nb.test;3\r\n;\r\n".encode())
    found = ca.json("issue", "--from", str(table), "--profile", "server", "--days", "9", "--key-type", "rsa-2048", expect=3)
    assert found["hint"] == "line 3: has more fields than the heading"
    table.write_bytes("\ufeffNAME;DAYS\r\na.test;\r\n;;\r\n\r\nb.test;3\r\n;\r\n".encode())
    ca.run("issue", "--from", str(table), "--profile", "server", "--days", "9", "--key-type", "rsa-2048")
    for name, days in (("a.test", 9), ("b.test", 3)):
        (one,) = ca.json("show", name)["certificates"]
        assert one["profile"] == "server"
        length = datetime.fromisoformat(one["not_after"]) - datetime.fromisoformat(one["not_before"])
        assert length == timedelta(days=days, hours=1)
        verify(ca, ca.identity(name, "certificate.pem"), purpose="sslserver")


def test_what_profile_or_ca_refuses_is_told_of_its_row_and_the_others_go_on(ca: Ca, tmp_path: Path) -> None:
    ca.run("ca", "add", "branch", "--for", "server", "--permit", "dns:branch.test")
    table = tmp_path / "people.csv"
    table.write_text(
        "name,profile,days,san,key_type\nalice,,5000,,\nbob,person,,,\ncarol,email,,email:c@d.test,ed25519\n"
        "d.test,server,,email:x@y.test,\ne.other.test,server,,,\nfrank,,,,\n"
    )
    done = ca.json("issue", "--from", str(table), expect=1)
    assert [one["name"] for one in done["issued"]] == ["frank"]
    assert {one["name"]: one["why"] for one in done["skipped"]} == {
        "alice": "profile client allows 1 to 1825 days, not 5000",
        "bob": "profile person needs an alternative name (email, uri, upn); common names are ignored (RFC 9525)",
        "carol": "profile email takes no ed25519 keys",
        "d.test": "profile server takes no email:x@y.test",
        "e.other.test": "the CA may not sign this: dns:e.other.test is outside branch.test",
    }
    assert [one["name"] for one in ca.json("list")["certificates"]] == ["frank"]
    said = ca.run("issue", "--from", str(table), expect=1).stdout  # again: frank keeps the one there is
    assert "alice: skipped, profile client allows" in said
    assert "frank: skipped, " in said
    assert [one["name"] for one in ca.json("list", "--all")["certificates"]].count("frank") == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_tables_as_spreadsheets_write_them(ca: Ca, tmp_path: Path, encoding: str, mark: str) -> None:
    table = tmp_path / "people.csv"
    text = f"Name{mark}Days\r\nM\u00fcller{mark}30\r\n{mark}\r\n"
    table.write_bytes((f"\ufeff{text}" if encoding == "utf-16-le" else text).encode(encoding))
    assert [one["name"] for one in ca.json("issue", "--from", str(table), "--dry-run")["issued"]] == ["M\u00fcller"]


def test_a_quote_that_is_never_closed_and_a_cell_of_a_megabyte(ca: Ca, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    for line in ('"open,1\nbob,2\n', "x" * 1_000_000 + ",1\n"):
        table.write_text("name,days\nalice,1\n" + line)
        done = ca.run("issue", "--from", str(table), expect=3)
        assert f"{table}:3: 1 row is faulty" in done.stderr
        assert "line 3: is no CSV" in done.stderr
        assert len(done.stderr) < 1000


def test_a_row_that_fails_is_told_and_the_others_are_issued(ca: Ca, tmp_path: Path) -> None:
    ca.run("issue", "bob")
    table = tmp_path / "people.csv"
    table.write_text('name,organization\nalice,"Say ""hi"", Inc"\nbob,\ncarol,=1+1\n')
    found = ca.json("issue", "--from", str(table), expect=1)
    assert [one["name"] for one in found["issued"]] == ["alice", "carol"]
    assert [one["name"] for one in found["skipped"]] == ["bob"]
    subject = openssl("x509", "-in", ca.identity("alice", "certificate.pem"), "-noout", "-subject", "-nameopt", "multiline")
    assert 'organizationName          = Say "hi", Inc' in subject


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\r\nname;days\r\nalice;30\r\nbob;\r\n",
        "name,days\ralice,30\rbob,\r",
        "\n\n,,\nname,days\n\nalice,30\n , \nbob\n",
        '"days"\t"name"\n30\t"alice"\n\tbob',
    ],
)
def test_the_heading_is_the_first_line_that_says_anything(ca: Ca, tmp_path: Path, text: str) -> None:
    table = tmp_path / "people.csv"
    table.write_bytes(text.encode())
    assert [one["name"] for one in ca.json("issue", "--from", str(table), "--dry-run")["issued"]] == ["alice", "bob"]


@pytest.mark.parametrize(("days", "code"), [("30", 0), ("many", 3)])
def test_a_table_on_standard_input(ca: Ca, days: str, code: int) -> None:
    words = ["issue", "--from", "-", "--home", str(ca.home), "--passphrase-file", str(ca.passphrase)]
    done = subprocess.run(
        [sys.executable, "-m", "handclasp", *words],
        input=f"name,days\nalice,{days}\n", capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert done.stdout.startswith("alice: good until") if code == 0 else "standard input:2: 1 row is faulty" in done.stderr


def test_a_fault_is_at_the_line_where_its_row_begins(ca: Ca, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text('\nname,organization\n\n"alice","Ex\nample"\nbob,\n')
    assert f"{table}:4: 1 row is faulty" in ca.run("issue", "--from", str(table), expect=3).stderr


@pytest.mark.parametrize("between", [" ", ", ", ";", "\n"])
def test_alternative_names_of_a_cell_stand_apart_as_openssl_writes_them_too(ca: Ca, tmp_path: Path, between: str) -> None:
    table = tmp_path / "people.csv"
    names = ["DNS:a.test", "uri:https://a.test/x,y;z", "ip:192.0.2.7"]
    table.write_text(f'name,san\nalice,"{between.join(names)}"\n')
    ca.run("issue", "--from", str(table), "--profile", "client")
    assert ca.json("show", "alice")["newest"]["names"] == ["dns:a.test", *names[1:]]


def test_a_name_has_64_characters_of_any_script(ca: Ca, tmp_path: Path) -> None:
    """RFC 5280 counts characters (ub-common-name); a library that counts octets ended a whole fleet."""
    long, table, archive = "\u5317" * 64, tmp_path / "people.csv", tmp_path / "fleet" / "fleet-0001.tar"
    ca.run("issue", long)
    ca.run("renew", long)
    verify(ca, ca.identity(long, "certificate.pem"))
    table.write_text(f"name\n{long[1:]}\nbob\n")
    ca.run("issue", "--from", str(table), "--into", str(archive.parent))
    with tarfile.open(archive) as opened:
        assert f"{long[1:]}/chain.pem" in opened.getnames()
    ca.run("issue", long + "x", expect=2)


def test_the_few_that_were_refused_come_before_the_many_that_were_there(ca: Ca, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text("name\n" + "".join(f"d{number}\n" for number in range(21)))
    ca.run("issue", "--from", str(table), "--into", str(tmp_path / "fleet"))
    table.write_text(table.read_text().replace("name\n", "name,days\n", 1) + "last,5000\n")
    said = ca.run("issue", "--from", str(table), "--into", str(tmp_path / "fleet"), expect=1).stdout
    assert said.startswith("last: skipped, profile client allows 1 to 1825 days, not 5000\n")
    assert "and 2 more: --json names all" in said
    said = ca.run("issue", "--from", str(table), "--into", str(tmp_path / "fleet"), "--lang", "zh", expect=1).stdout
    assert "last：已跳过，配置模板 client 允许" in said
    assert "d0：已跳过，已有证书" in said
