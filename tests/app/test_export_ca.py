"""A CA written back as a folder of `openssl ca`: the real openssl goes on with it, and it can be taken over again."""

from pathlib import Path

import pytest

from handclasp.app.revoke_record import record_revocation, revocable
from handclasp.model.issuance import Reason
from tests.ca_rig import Ca, copied, openssl


@pytest.fixture
def folder(ca: Ca, tmp_path: Path) -> Path:
    for name in ("alice", "bob", "Ms Müller", "held", "gone"):
        ca.run("issue", name)
    home = ca.world.ca
    for name, reason in (
        ("bob", Reason.KEY_COMPROMISE),
        ("held", Reason.CERTIFICATE_HOLD),
        ("gone", Reason.PRIVILEGE_WITHDRAWN),
    ):
        record_revocation(home, revocable(home, name), reason=reason)
    ca.run("crl", "--refresh")
    done = ca.json("ca", "export", "issuing", str(tmp_path / "openssl"))
    assert (done["certificates"], done["revoked"]) == (5, 3)
    return tmp_path / "openssl"


def go_on(ca: Ca, folder: Path, *args: str | Path) -> str:
    return openssl("ca", "-batch", "-config", folder / "openssl.cnf", "-passin", f"file:{ca.passphrase}", *args)


def test_openssl_issues_revokes_and_signs_crls_with_it(ca: Ca, folder: Path, tmp_path: Path) -> None:
    made = tmp_path / "carl"
    openssl(
        "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{made}.key", "-out", f"{made}.csr", "-subj", "/CN=carl"
    )
    go_on(ca, folder, "-in", f"{made}.csr", "-notext", "-out", f"{made}.pem")
    trusted = ("-CAfile", ca.home / "ca/bundle.pem", "-x509_strict", "-purpose", "sslclient")
    openssl("verify", *trusted, f"{made}.pem")
    go_on(ca, folder, "-revoke", f"{made}.pem", "-crl_reason", "superseded")
    serial = ca.json("show", "alice")["certificates"][0]["serial"]
    go_on(ca, folder, "-revoke", folder / "newcerts" / f"{serial}.pem")
    go_on(ca, folder, "-gencrl", "-out", folder / "new.pem")
    told = openssl("crl", "-in", folder / "new.pem", "-noout", "-text", "-CAfile", ca.home / "ca/bundle.pem")
    assert told.count("Serial Number:") == 5
    assert "Key Compromise" in told
    assert "Superseded" in told
    number = {one["authority"]: one["number"] for one in ca.json("crl")["crls"]}["issuing"]
    after = openssl("crl", "-in", folder / "new.pem", "-noout", "-crlnumber").strip()
    assert int(after.partition("=0x")[2], 16) == number + 1


def test_what_openssl_did_comes_back_by_an_import(template: Ca, ca: Ca, folder: Path, tmp_path: Path) -> None:
    serial = ca.json("show", "alice")["certificates"][0]["serial"]
    go_on(ca, folder, "-revoke", folder / "newcerts" / f"{serial}.pem")
    go_on(ca, folder, "-gencrl", "-out", folder / "crl.pem")
    other = copied(template, tmp_path / "other")
    root = ca.home / "ca" / "root.pem"
    lists = ("--crl", str(ca.home / "ca" / "crl.pem"))
    given = ("--certificates", str(root), *lists, "--old-passphrase-file", str(ca.passphrase))
    done = other.json("import", str(folder), *given)
    assert {one["label"]: one["signs"] for one in done["authorities"]} == {"root": False, "issuing": True}
    state = {one["name"]: one["status"] for one in other.json("list")["certificates"]}
    assert state == {"alice": "revoked", "bob": "revoked", "Ms Müller": "good", "held": "revoked", "gone": "revoked"}
    other.run("renew", "Ms Müller")
    other.run("audit")


def test_what_cannot_be_exported(ca: Ca, tmp_path: Path) -> None:
    assert "no CA 'nobody'" in ca.run("ca", "export", "nobody", str(tmp_path / "x"), expect=2).stderr
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "index.txt").write_text("")
    assert "something in this folder" in ca.run("ca", "export", "issuing", str(tmp_path / "full"), expect=4).stderr
    (ca.home / "keys" / "root.pem").unlink()
    assert "is not here" in ca.run("ca", "export", "root", str(tmp_path / "x"), expect=4).stderr
