"""CAs of one name with keys of several kinds: CRLs under one issuer name are told apart by the key that signed them.

Here no second CA gets a name that is taken; a root elsewhere may sign one so.
"""

import subprocess
from pathlib import Path

from cryptography import x509

from tests.ca_rig import Ca, assert_consistent, fresh, openssl, verify


def deep(ca: Ca, folder: Path) -> dict[str, str]:
    """A home with levels and kinds of keys in plenty; who was issued under which CA."""
    under = {"old": "issuing"}
    ca.run("issue", "old")
    ca.run("ca", "add", "middle", "--path-length", "1", "--key-type", "ed25519")
    ca.run("ca", "add", "below", "--parent", "middle", "--key-type", "ec-p384")
    ca.run("issue", "deep")
    there, reply = fresh(folder), str(folder / "reply.pem")
    there.run("init", "--root-only", "--name", "Elsewhere")
    ca.run("ca", "request", "twin", "--name", "Twin CA", "--key-type", "rsa-3072")
    request = str(ca.home / "requests/twin.csr")
    there.run("ca", "sign", request, "--name", "Handclasp Issuing CA", "-o", reply)
    ca.run("ca", "accept", reply)
    ca.run("issue", "new")
    return under | {"deep": "below", "new": "twin"}


def listed(ca: Ca, label: str) -> set[int]:
    der = ca.world.store.latest_crl(label)
    assert der is not None
    return {entry.serial_number for entry in x509.load_der_x509_crl(der)}


def serial(ca: Ca, name: str) -> int:
    return ca.world.store.certificates(name=name)[0].serial


def test_each_is_revoked_on_the_list_of_its_own_ca(ca: Ca, tmp_path: Path) -> None:
    under = deep(ca, tmp_path / "there")
    for name in under:
        verify(ca, ca.identity(name, "certificate.pem"))
    for name, label in under.items():
        ca.run("revoke", name)
        for other in set(under.values()):
            assert (serial(ca, name) in listed(ca, other)) is (other == label)
        assert "certificate revoked" in verify(ca, ca.identity(name, "certificate.pem"), expect=2)
    ca.run("issue", "good")
    verify(ca, ca.identity("good", "certificate.pem"))
    assert ca.json("status")["healthy"]
    assert all(one["added"] == one["removed"] == 0 for one in ca.json("crl", "--refresh")["crls"])
    ca.run("publish", str(tmp_path / "pki"))
    for label in ("root", "issuing", "middle", "below", "twin"):
        crl, own = tmp_path / "pki" / "crl" / f"{label}.pem", ca.home / "ca" / f"{label}.pem"
        assert "verify OK" in openssl("crl", "-in", crl, "-CAfile", own, "-noout")
        words: list[str | Path] = ["certtool", "--verify-crl", "--load-ca-certificate", own, "--infile", crl]
        assert b"Verified" in subprocess.run(words, capture_output=True, check=True).stdout
        shown = subprocess.run(["keytool", "-printcrl", "-file", crl], capture_output=True, check=True).stdout
        assert b"X.509 CRL v2" in shown
    assert_revoked_after_restore(ca, tmp_path, under)


def assert_revoked_after_restore(ca: Ca, folder: Path, under: dict[str, str]) -> None:
    """The CRL file tells a backup from before what was revoked, CA by CA."""
    ca.run("backup", str(folder / "ca.tar"))
    ca.run("revoke", "good")
    again = Ca(home=folder / "restored", passphrase=ca.passphrase)
    done = again.json("restore", str(folder / "ca.tar"), "--crl", str(ca.home / "ca" / "crl.pem"))
    assert len(done["revoked"]) == 1
    again.run("crl", "--refresh")
    for name, label in (under | {"good": "twin"}).items():
        assert serial(again, name) in listed(again, label)
    for path in again.home.glob("identities/*/*"):
        path.unlink()  # all of them are revoked: the judge would rightly refuse them
    assert_consistent(again)
