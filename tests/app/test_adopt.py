"""Taking over a CA that `openssl ca` made, with openssl as the maker and the judge."""

import subprocess
from pathlib import Path

import pytest

from tests.ca_rig import Ca, openssl, verify

CONFIG = """
[ca]
default_ca = here
[here]
dir = {folder}
certificate = $dir/cacert.pem
private_key = $dir/private/cakey.pem
new_certs_dir = $dir/newcerts
database = $dir/index.txt
serial = $dir/serial
crlnumber = $dir/crlnumber
default_md = sha256
default_days = 300
default_crl_days = 30
policy = any
unique_subject = no
[any]
commonName = supplied
[leaf]
extendedKeyUsage = clientAuth
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "demoCA"
    for name in ("private", "newcerts"):
        (folder / name).mkdir(parents=True)
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("01\n")
    (folder / "crlnumber").write_text("1F\n")
    (folder / "openssl.cnf").write_text(CONFIG.format(folder=folder))
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-keyout", folder / "private" / "cakey.pem", "-passout", "pass:old secret",
        "-out", folder / "cacert.pem", "-subj", "/CN=Old CA", "-days", "900", "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    )  # fmt: skip
    for name in ("alice", "bob", "../evil"):
        made = tmp_path / "made"
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{made}.key",
                "-out", f"{made}.csr", "-subj", f"/CN={name.replace('/', chr(92) + '/')}")  # fmt: skip
        ca(folder, "-in", f"{made}.csr", "-extensions", "leaf", "-notext", "-out", f"{made}.pem")
    ca(folder, "-revoke", folder / "newcerts" / "02.pem", "-crl_reason", "keyCompromise")
    return folder


def ca(folder: Path, *args: str | Path) -> None:
    command = ["openssl", "ca", "-batch", "-config", folder / "openssl.cnf", "-passin", "pass:old secret", *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "old-secret"
    path.write_text("old secret\n")
    path.chmod(0o600)
    return path


def test_the_old_ones_stay_good_can_be_revoked_and_renewed(old: Path, secret: Path, ca: Ca) -> None:
    done = ca.json("import", str(old), "--old-passphrase-file", str(secret))
    assert (done["taken"], done["revoked"], done["missing"]) == (3, 1, [])
    assert done["crls"][-1]["authority"] == "old" or {one["authority"] for one in done["crls"]} == {"root", "issuing", "old"}
    numbers = {one["authority"]: one["number"] for one in done["crls"]}
    assert numbers["old"] == 0x1F + 1
    listed = {one["name"]: one["status"] for one in ca.json("list")["certificates"]}
    assert listed == {"alice": "good", "bob": "revoked", "imported 03": "good"}
    verify(ca, old / "newcerts" / "01.pem")
    assert "revoked" in verify(ca, old / "newcerts" / "02.pem", expect=2)
    ca.run("renew", "alice")
    verify(ca, ca.identity("alice", "certificate.pem"))
    public = openssl("x509", "-in", old / "newcerts" / "01.pem", "-noout", "-pubkey")
    assert openssl("x509", "-in", ca.identity("alice", "certificate.pem"), "-noout", "-pubkey") == public
    ca.run("issue", "carl")
    ca.run("audit")
    assert "ENCRYPTED" in (ca.home / "keys" / "old.pem").read_text()


def test_an_index_that_was_edited_and_another_ca_beside(old: Path, secret: Path, ca: Ca) -> None:
    index = old / "index.txt"
    first, *others = index.read_text().splitlines()
    assert first.endswith("/CN=alice")
    ended = "V\t200101000000Z\t" + first.split("\t", 2)[2]
    odd = "V\t991121000000Z\t\tABC\tunknown\t"
    index.write_bytes("\r\n".join(["# by hand", ended, *others, odd, ""]).encode())
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", old / "other.key",
        "-out", old / "other.crt", "-subj", "/CN=Other CA",
    )  # fmt: skip
    done = ca.json("import", str(old), "--old-passphrase-file", str(secret))
    assert ("other-ca", "CN=Other CA") in {(one["finding"], one["where"]) for one in done["findings"]}
    ends = openssl("x509", "-in", old / "newcerts/01.pem", "-noout", "-enddate", "-dateopt", "iso_8601")
    (alice,) = ca.json("show", "alice")["certificates"]
    assert alice["status"] == "good"  # the certificate says when it ends, not the index
    assert alice["not_after"][:10] in ends
    ca.run("revoke", "0ABC")
    ca.run("revoke", "alice")
    assert "certificate revoked" in verify(ca, old / "newcerts/01.pem", expect=2)


def test_a_serial_that_comes_twice_and_a_wrong_passphrase_say_what_helps(old: Path, secret: Path, ca: Ca) -> None:
    secret.write_text("another\n")
    assert "hint: --old-passphrase-file" in ca.run("import", str(old), "--old-passphrase-file", str(secret), expect=3).stderr
    with (old / "index.txt").open("a") as index:
        index.write("V\t991121000000Z\t\t01\tunknown\t/CN=again\n")
    told = ca.run("import", str(old), "--old-passphrase-file", str(secret), expect=3).stderr
    assert "index.txt:4: serial 1 comes twice" in told
    assert "hint: openssl refuses such a database too" in told


def test_importing_again_changes_nothing_but_the_crls(old: Path, secret: Path, ca: Ca) -> None:
    for _ in range(2):
        ca.run("import", str(old), "--old-passphrase-file", str(secret))
    assert len(ca.json("list")["certificates"]) == 3


@pytest.mark.parametrize("point", ["crl.signed", "crl.recorded:2", "ca-files.certificates-written"])
def test_an_import_that_died_goes_on(old: Path, secret: Path, ca: Ca, point: str) -> None:
    command = ("import", str(old), "--old-passphrase-file", str(secret))
    ca.run(*command, env={"HANDCLASP_CRASHPOINT": point}, expect=-9)
    ca.run(*command)
    verify(ca, old / "newcerts" / "01.pem")


def test_what_is_wrong_is_said(old: Path, secret: Path, ca: Ca, tmp_path: Path) -> None:
    assert "--old-passphrase-file" in ca.run("import", str(old), expect=2).stderr
    assert "has no CA certificate" in ca.run("import", str(tmp_path), expect=3).stderr
    secret.write_text("wrong\n")
    assert "no private key" in ca.run("import", str(old), "--old-passphrase-file", str(secret), expect=3).stderr
    secret.write_text("old secret\n")
    (old / "index.txt").write_text("V\tnever\t\t01\tunknown\t/CN=x\n")
    assert "index.txt:1" in ca.run("import", str(old), "--old-passphrase-file", str(secret), expect=3).stderr
    assert [one["label"] for one in ca.json("init")["authorities"]] == ["root", "issuing"]


def test_a_file_that_is_no_certificate_is_named(old: Path, ca: Ca) -> None:
    key = old / "private/cakey.pem"
    told = ca.run("import", "--ca", str(key), "--key", str(key), "--report", expect=3).stderr
    assert f"{key}: no certificate found" in told
