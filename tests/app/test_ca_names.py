"""Names of CAs: CRLs and issuers are looked up by them, so each has one of its own, and one that can be shown."""

from pathlib import Path

import pytest

from tests.ca_rig import Ca, openssl


@pytest.mark.parametrize("name", ["two\nlines", "turned \N{RIGHT-TO-LEFT OVERRIDE}AC", "", " blank", "x" * 65])
def test_what_no_ca_is_called(ca: Ca, tmp_path: Path, name: str) -> None:
    assert "a CA cannot have the name" in ca.run("ca", "add", "branch", "--name", name, expect=2).stderr
    csr, reply = tmp_path / "x.csr", str(tmp_path / "reply.pem")
    openssl("req", "-new", "-newkey", "ed25519", "-nodes", "-keyout", tmp_path / "key.pem", "-subj", "/CN=x", "-out", csr)
    ca.run("ca", "sign", str(csr), "-o", reply, "--name", name, expect=2)
    assert [one["label"] for one in ca.json("ca", "list")["authorities"]] == ["root", "issuing"]


@pytest.mark.parametrize("name", ["Handclasp Root CA", "handclasp  issuing ca"])
def test_two_cas_have_two_names(ca: Ca, tmp_path: Path, name: str) -> None:
    ca.run("ca", "add", "branch", "--name", "X" * 64)
    refused = ca.run("ca", "add", "other", "--name", name, expect=4)
    assert "CA has that name: CN=Handclasp" in refused.stderr
    ca.run("ca", "request", "other", "--name", "Handclasp Issuing CA", expect=4)
    csr, reply = tmp_path / "x.csr", str(tmp_path / "reply.pem")
    subject = "/CN=Handclasp Root CA"
    openssl("req", "-new", "-newkey", "ed25519", "-nodes", "-keyout", tmp_path / "key.pem", "-subj", subject, "-out", csr)
    ca.run("ca", "sign", str(csr), "-o", reply, expect=4)
    ca.run("ca", "sign", str(csr), "-o", reply, "--name", "Partner CA, Ltd.")


def test_a_successor_takes_the_next_name_that_nobody_has_and_keeps_to_64_characters(ca: Ca) -> None:
    ca.run("ca", "add", "taken", "--name", "Handclasp Issuing CA 2")
    ca.run("ca", "add", "long", "--name", "X" * 64)
    for label in ("issuing", "long"):
        ca.run("ca", "rollover", label)
    subjects = {one["label"]: one["subject"] for one in ca.json("ca", "list")["authorities"]}
    assert subjects["issuing-2"] == "CN=Handclasp Issuing CA 3"
    assert subjects["long-2"] == f"CN={'X' * 62} 2"
