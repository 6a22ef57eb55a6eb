"""Keys that no certificate is made for: weak ones, those of CAs, stolen ones, somebody else's."""

from math import gcd, prod
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from handclasp.pki.weak_keys import _ROCA_PRIMES, _primorial, weakness
from tests.ca_rig import Ca, openssl


def request(folder: Path, key: Path, name: str) -> Path:
    path = folder / f"{name}.csr"
    openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", path)
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key.pem"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
    return path


def test_a_key_has_one_holder(ca: Ca, tmp_path: Path, key: Path) -> None:
    ca.run("issue", "alice", "--csr", str(request(tmp_path, key, "alice")))
    refused = ca.run("issue", "bob", "--csr", str(request(tmp_path, key, "bob")), expect=4)
    assert "this key belongs to alice" in refused.stderr
    ca.run("renew", "alice")
    ca.run("rekey", "alice", "--csr", str(request(tmp_path, key, "again")))


def test_a_stolen_key_stays_out_and_a_retired_one_may_come_back(ca: Ca, tmp_path: Path, key: Path) -> None:
    csr = str(request(tmp_path, key, "alice"))
    ca.run("issue", "alice", "--csr", csr)
    ca.run("revoke", "alice", "--reason", "cessationOfOperation")
    ca.run("issue", "alice", "--csr", csr)
    ca.run("revoke", "alice", "--reason", "keyCompromise")
    assert "was revoked (keyCompromise)" in ca.run("issue", "alice", "--csr", csr, expect=4).stderr


def test_a_ca_key_is_nobody_elses(ca: Ca, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    for label in ("root", "issuing"):
        path = tmp_path / f"{label}.pem"
        path.write_bytes(ca.world.keys.open(label).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        refused = ca.run("issue", "alice", "--csr", str(request(tmp_path, path, "alice")), expect=4)
        assert f"the key of the {label} CA" in refused.stderr


def next_prime(number: int) -> int:
    number |= 1
    while pow(2, number - 1, number) != 1:
        number += 2
    return number


P, Q = next_prime(3 << 1022 | 12345), next_prime(7 << 1021 | 987654321)


def like_roca() -> int:
    """A modulus with the pattern: a power of 65537 modulo every prime up to 167, and without small factors."""
    product = prod(_ROCA_PRIMES)
    number = pow(65537, 4711, product) + (product << 1800)
    while number % 2 == 0 or gcd(number, _primorial()) != 1:
        number += product
    return number


@pytest.mark.parametrize(
    ("n", "e", "word"),
    [
        (P * Q, 3, "exponent is 3"),
        (P * next_prime(P + 2), 65537, "close to each other"),
        (P * P, 65537, "close to each other"),
        (P * 9973 * Q, 65537, "small factor"),
        (like_roca(), 65537, "ROCA"),
        (P * Q, 65537, None),
    ],
    ids=["exponent", "close", "square", "factor", "roca", "good"],
)
def test_weak_keys_are_told_apart(n: int, e: int, word: str | None) -> None:
    found = weakness(rsa.RSAPublicNumbers(e, n).public_key())
    assert (word in found) if word and found else found is word


def test_no_fresh_key_is_called_weak() -> None:
    for _ in range(4):
        assert weakness(rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()) is None


def test_a_key_that_has_a_holder_becomes_no_ca(ca: Ca, tmp_path: Path, key: Path) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    own, reply = tmp_path / "own.pem", str(tmp_path / "reply.pem")
    own.write_bytes(ca.world.keys.open("root").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    refused = ca.run("ca", "sign", str(request(tmp_path, own, "evil")), "-o", reply, expect=4)
    assert "this is the key of the root CA" in refused.stderr
    csr = str(request(tmp_path, key, "Partner"))
    ca.run("issue", "alice", "--csr", csr)
    assert "this key belongs to alice" in ca.run("ca", "sign", csr, "-o", reply, expect=4).stderr


def test_a_ca_elsewhere_may_have_its_key_certified_again_unless_that_was_stolen(ca: Ca, tmp_path: Path, key: Path) -> None:
    csr, replies = str(request(tmp_path, key, "Partner CA")), (str(tmp_path / f"{number}.pem") for number in range(9))
    serials = [ca.json("ca", "sign", csr, "-o", next(replies))["serial"] for _ in range(2)]
    ca.run("ca", "revoke", serials[0], "--reason", "superseded")
    ca.run("ca", "sign", csr, "-o", next(replies))
    ca.run("ca", "revoke", serials[1], "--reason", "keyCompromise")
    assert "was revoked (keyCompromise)" in ca.run("ca", "sign", csr, "-o", next(replies), expect=4).stderr
