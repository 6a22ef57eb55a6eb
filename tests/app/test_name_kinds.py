"""URI, SPIFFE and user principal names, and the profile for people."""

from pathlib import Path

import pytest

from tests.ca_rig import Ca, openssl, verify


def alternatives(ca: Ca, name: str) -> str:
    return openssl("x509", "-in", ca.identity(name, "certificate.pem"), "-noout", "-ext", "subjectAltName")


def test_every_kind_of_name_survives_a_renewal(ca: Ca) -> None:
    kinds = ("uri:spiffe://Example.test/web", "upn:alice@example.test", "dns:a.test", "ip:192.0.2.7", "email:a@b.test")
    ca.run("issue", "alice", *(word for kind in kinds for word in ("--san", kind)))
    first = alternatives(ca, "alice")
    for said in ("URI:spiffe://example.test/web", "alice@example.test", "DNS:a.test", "email:a@b.test"):
        assert said in first, first
    ca.run("renew", "alice")
    assert alternatives(ca, "alice") == first
    verify(ca, ca.identity("alice", "certificate.pem"))


@pytest.mark.parametrize(
    "bad",
    ["uri:nothing", "uri:spiffe://example.test/", "uri:spiffe://example.test/a?b", "uri:http://exa mple/", "uri:http://-x/",
     "uri:javascript:alert(1)", "uri:http://a/\n", "upn:alice", "upn:a b@c.test", "upn:@c.test", "upn:a@"],
)  # fmt: skip
def test_names_that_are_none(ca: Ca, bad: str) -> None:
    ca.run("issue", "alice", "--san", bad, expect=2)
    assert not (ca.home / "identities").exists()


@pytest.mark.parametrize("profile", ["email", "person"])
def test_mail_is_signed_and_encrypted(ca: Ca, tmp_path: Path, profile: str) -> None:
    ca.run("issue", "alice@example.test", "--profile", profile)
    folder, letter = ca.identity("alice@example.test"), tmp_path / "letter"
    letter.write_text("Dear Bob\n")
    own = ("-signer", folder / "certificate.pem", "-inkey", folder / "key.pem", "-certfile", ca.home / "ca/issuing.pem")
    openssl("cms", "-sign", "-in", letter, *own, "-out", tmp_path / "signed")
    root = ("-CAfile", ca.home / "ca/root.pem", "-purpose", "smimesign")
    openssl("cms", "-verify", "-in", tmp_path / "signed", *root, "-out", tmp_path / "verified")
    assert (tmp_path / "verified").read_text().split() == ["Dear", "Bob"]
    openssl("cms", "-encrypt", "-aes256", "-in", letter, "-out", tmp_path / "sealed", folder / "certificate.pem")
    assert "Bob" not in (tmp_path / "sealed").read_text()
    reader = ("-recip", folder / "certificate.pem", "-inkey", folder / "key.pem")
    openssl("cms", "-decrypt", "-in", tmp_path / "sealed", *reader, "-out", tmp_path / "opened")
    assert (tmp_path / "opened").read_text().split() == ["Dear", "Bob"]


def test_a_client_certificate_signs_no_mail(ca: Ca, tmp_path: Path) -> None:
    ca.run("issue", "alice")
    folder = ca.identity("alice")
    (tmp_path / "letter").write_text("Dear Bob\n")
    own = ("-signer", folder / "certificate.pem", "-inkey", folder / "key.pem", "-certfile", ca.home / "ca/issuing.pem")
    openssl("cms", "-sign", "-in", tmp_path / "letter", *own, "-out", tmp_path / "signed")
    root = ("-CAfile", ca.home / "ca/root.pem", "-purpose", "smimesign")
    assert "purpose" in openssl("cms", "-verify", "-in", tmp_path / "signed", *root, expect=4)


def test_a_person_has_one_certificate_for_web_and_mail(ca: Ca) -> None:
    ca.run("issue", "alice@example.test", "--profile", "person")
    path = ca.identity("alice@example.test", "certificate.pem")
    for purpose in ("sslclient", "smimesign", "smimeencrypt"):
        verify(ca, path, purpose=purpose)
    assert "email:alice@example.test" in alternatives(ca, "alice@example.test")
    ca.run("issue", "bob", "--profile", "person", expect=4)
