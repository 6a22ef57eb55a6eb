"""Requests with keys that no certificate is made for: each is refused, with the reason, and nothing is signed."""

from pathlib import Path

import pytest

from tests.ca_rig import Ca, openssl

WEAK = {
    "rsa-1024": (("RSA", "-pkeyopt", "rsa_keygen_bits:1024"), "RSA of 1024 bits"),
    "small-exponent": (("RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_pubexp:3"), "with exponent 3"),
    "explicit-curve": (("EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"), "explicit curve"),
    "brainpool": (("EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"), "EC brainpoolP256r1"),
    "p-521": (("EC", "-pkeyopt", "ec_paramgen_curve:P-521"), "P-256 or P-384"),
    "ed448": (("ED448",), "Ed448"),
    "rsa-pss": (("RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"), "RSA-PSS"),
}


def request(folder: Path, key: Path, *more: str) -> Path:
    openssl("req", "-new", "-key", key, "-subj", "/CN=weak", "-out", folder / "weak.csr", *more)
    return folder / "weak.csr"


@pytest.mark.parametrize("kind", WEAK)
def test_keys_that_are_weak_or_that_nobody_reads(ca: Ca, tmp_path: Path, kind: str) -> None:
    arguments, word = WEAK[kind]
    openssl("genpkey", "-algorithm", *arguments, "-out", tmp_path / "key.pem")
    done = ca.start("issue", "weak", "--csr", str(request(tmp_path, tmp_path / "key.pem")))
    said = done.communicate(timeout=60)[1]
    assert done.returncode in (3, 4), said
    assert word in said
    assert ca.json("list")["certificates"] == []


def test_the_key_of_a_ca(ca: Ca, tmp_path: Path) -> None:
    key = ("-passin", f"file:{ca.passphrase}")
    done = ca.run("issue", "weak", "--csr", str(request(tmp_path, ca.home / "keys/issuing.pem", *key)), expect=4)
    assert "the key of the issuing CA" in done.stderr


def test_a_request_under_a_digest_that_proves_nothing(ca: Ca, tmp_path: Path) -> None:
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", tmp_path / "key.pem")
    done = ca.run("issue", "weak", "--csr", str(request(tmp_path, tmp_path / "key.pem", "-sha1")), expect=4)
    assert "signed with sha1" in done.stderr


def test_extensions_that_were_asked_for_are_listed_and_not_granted(ca: Ca, tmp_path: Path) -> None:
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", tmp_path / "key.pem")
    names = "subjectAltName=DNS:bank.test,RID:1.2.3,DNS:b_*.test,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a@b.test"
    asked = ("basicConstraints=critical,CA:TRUE", "extendedKeyUsage=serverAuth", "1.2.3=ASN1:NULL", names)
    wishes = tuple(word for one in asked for word in ("-addext", one))
    done = ca.json("issue", "alice", "--csr", str(request(tmp_path, tmp_path / "key.pem", *wishes)))
    profile = "the profile decides all extensions"
    assert set(done["refused"]) == {
        "subject CN=weak: the name is chosen here, not by the request",
        f"extension basicConstraints (2.5.29.19): {profile}",
        f"extension extKeyUsage (2.5.29.37): {profile}",
        f"extension 1.2.3: {profile}",
        "name dns:bank.test: take it with --take-names",
        "name upn:a@b.test: take it with --take-names",
        "name dns:b_*.test: a wildcard may only be the whole first label",
        "registered identifier 1.2.3: certificates here have names of kind dns, ip, email, uri and upn alone",
    }
    text = openssl("x509", "-in", ca.identity("alice", "certificate.pem"), "-noout", "-text")
    assert "CA:FALSE" in text
    assert "bank.test" not in text
    assert "TLS Web Server" not in text


def test_names_that_are_taken_and_those_that_the_profile_lacks(ca: Ca, tmp_path: Path) -> None:
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", tmp_path / "key.pem")
    asked = "subjectAltName=DNS:bank.test,email:a@b.test,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a@b.test"
    csr = str(request(tmp_path, tmp_path / "key.pem", "-addext", asked))
    done = ca.json("issue", "bank", "--profile", "server", "--take-names", "--csr", csr, "--dry-run")
    assert [one for one in done["refused"] if one.startswith("name")] == [
        "name email:a@b.test: profile server has no names of this kind",
        "name upn:a@b.test: profile server has no names of this kind",
    ]
    ca.run("issue", "bank", "--take-names", "--csr", csr)
    text = openssl("x509", "-in", ca.identity("bank", "certificate.pem"), "-noout", "-ext", "subjectAltName")
    assert "DNS:bank.test, email:a@b.test, othername: UPN::a@b.test" in text


def test_names_that_were_asked_for_and_not_taken_are_listed_where_one_is_needed(ca: Ca, tmp_path: Path) -> None:
    csr = tmp_path / "web.csr"
    names = "subjectAltName=DNS:web.test,email:a@b.test"
    openssl(
        "req", "-new", "-newkey", "ed25519", "-nodes", "-keyout", tmp_path / "k", "-subj", "/", "-addext", names, "-out", csr
    )
    told = ca.run("issue", "web", "--csr", str(csr), "--profile", "server", expect=4).stderr
    assert "name dns:web.test: take it with --take-names; name email:a@b.test" in told
    ca.run("issue", "web", "--csr", str(csr), "--profile", "server", "--take-names")
