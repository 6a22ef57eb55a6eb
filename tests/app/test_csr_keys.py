"""Requests with keys that no certificate is made for: each is refused, with the reason, and nothing is signed."""

from pathlib import Path

import pytest

from tests.ca_rig import Ca, openssl

WEAK = {
    "rsa-1024": (("RSA", "-pkeyopt", "rsa_keygen_bits:1024"), "2048"),
    "small-exponent": (("RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_pubexp:3"), "65537"),
    "explicit-curve": (("EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"), "explicit curve"),
    "brainpool": (("EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"), "P-256 or P-384"),
    "p-521": (("EC", "-pkeyopt", "ec_paramgen_curve:P-521"), "P-256 or P-384"),
    "ed448": (("ED448",), "Ed25519"),
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


def test_extensions_that_were_asked_for_are_listed_and_not_granted(ca: Ca, tmp_path: Path) -> None:
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", tmp_path / "key.pem")
    wishes = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "extendedKeyUsage=serverAuth", "-addext",
              "subjectAltName=DNS:bank.test")  # fmt: skip
    done = ca.json("issue", "alice", "--csr", str(request(tmp_path, tmp_path / "key.pem", *wishes)))
    assert {"name dns:bank.test", "extension 2.5.29.19", "extension 2.5.29.37"} <= set(done["refused"])
    text = openssl("x509", "-in", ca.identity("alice", "certificate.pem"), "-noout", "-text")
    assert "CA:FALSE" in text
    assert "bank.test" not in text
    assert "TLS Web Server" not in text
