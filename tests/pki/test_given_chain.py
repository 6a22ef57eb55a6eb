"""Certificates in the forms in which people hand them over; and what is said of a file that holds something else."""

import subprocess
from base64 import b64encode
from pathlib import Path
from random import Random
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import load_pem_x509_certificates

from handclasp.lab.draft import healthy
from handclasp.model.errors import InputError
from handclasp.model.verdict import Side
from handclasp.pki.given_chain import given_chain
from tests.diagnose.scenes import blank_pem

_DRAFT = healthy(Random(3), Side.CLIENT, 1)
LEAF, CHAIN = blank_pem(_DRAFT.leaf), "".join(map(blank_pem, _DRAFT.presented))
LOADED = load_pem_x509_certificates(CHAIN.encode())
DER = LOADED[0].public_bytes(Encoding.DER)
WHOLE = len(_DRAFT.presented)
FORMS: dict[str, tuple[str | bytes, int]] = {
    "pem": (CHAIN, WHOLE),
    "bag-attributes": (f"Bag Attributes\n    friendlyName: alice\nsubject=CN = alice\n\n{LEAF}", 1),
    "der": (DER, 1),
    "crlf": (CHAIN.replace("\n", "\r\n"), WHOLE),
    "utf-16": (CHAIN.encode("utf-16"), WHOLE),
    "one-line": (CHAIN.replace("\n", " "), WHOLE),
    "escaped": (CHAIN.replace("\n", "\\n"), WHOLE),
    "header": (quote(LEAF), 1),
    "bare": (b64encode(DER), 1),
    "no-markers": ("\n".join(LEAF.splitlines()[1:-1]), 1),
    "pkcs7": (pkcs7.serialize_certificates(LOADED[::-1], Encoding.PEM), WHOLE),
    "pkcs7-der": (pkcs7.serialize_certificates(LOADED[::-1], Encoding.DER), WHOLE),
    "with-its-key": (LEAF.encode() + _DRAFT.leaf.key.pem.encode(), 1),
}
OTHERS = {
    "private key": _DRAFT.leaf.key.pem,
    "public key": "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n",
    "certification request": "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n",
    "cut off": LEAF[:300],
    "SSH": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO alice@laptop\n",
    "empty": "\n",
    "no certificate found": "<!DOCTYPE html><title>404</title>",
    "is cut off": "-----BEGIN CERTIFICATE----- " * 10_000,
}


def octets(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


@pytest.mark.parametrize("form", FORMS)
def test_a_certificate_is_read_in_every_form(form: str) -> None:
    content, count = FORMS[form]
    found = given_chain(octets(content), where="alice")
    assert len(found) == count
    assert found[0].der == DER


def test_pkcs7_as_openssl_writes_it(tmp_path: Path) -> None:
    (tmp_path / "chain.pem").write_text(CHAIN)
    argv = ["openssl", "crl2pkcs7", "-nocrl", "-certfile", str(tmp_path / "chain.pem")]
    made = subprocess.run(argv, capture_output=True, check=True)
    assert given_chain(made.stdout, where="alice")[0].der == DER


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_no_certificate_is_told_by_what_it_is(what: str) -> None:
    with pytest.raises(InputError) as caught:
        given_chain(octets(OTHERS[what]), where="alice")
    assert what in caught.value.what
    assert "MIG" not in f"{caught.value.what} {caught.value.hint}"
