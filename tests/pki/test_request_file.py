"""Requests as programs and shells write them, and what is told of files that hold none."""

from pathlib import Path

import pytest

from handclasp.model.errors import InputError
from handclasp.pki.csr import read_csr
from tests.ca_rig import openssl


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key and its request."""
    folder = tmp_path_factory.mktemp("request")
    options = ("-subj", "/CN=x", "-addext", "subjectAltName=DNS:a.test", "-out", folder / "x.csr")
    openssl("req", "-new", "-newkey", "ed25519", "-nodes", "-keyout", folder / "x.key", *options)
    openssl("req", "-in", folder / "x.csr", "-outform", "der", "-out", folder / "x.der")
    return folder


def test_every_form_is_the_same_request(made: Path) -> None:
    text = (made / "x.csr").read_text()
    forms = [
        (made / "x.der").read_bytes(),
        text.encode("utf-16"),
        b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        text.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST").encode(),
        f"Certificate Request:\n    Data:\n{text}\nregards -- Alice".encode(),
        (made / "x.key").read_bytes() + text.encode(),
    ]
    read = [read_csr(form, where="x.csr") for form in (text.encode(), *forms)]
    assert [[name.value for name in one.names] for one in read] == [["a.test"]] * len(read)
    assert all(one.public_key == read[0].public_key for one in read)


def test_what_is_no_request_is_told_by_what_it_is(made: Path) -> None:
    text, key = (made / "x.csr").read_text(), (made / "x.key").read_text()
    openssl("req", "-x509", "-in", made / "x.csr", "-key", made / "x.key", "-out", made / "x.pem")
    wrong = {
        "is empty": " \n",
        "is a private key": key,
        "is a certificate, and": (made / "x.pem").read_text(),
        "holds several requests": text + text,
        "is cut off": text[: len(text) // 2] + "\n",
        "neither PEM nor DER": "hello",
        "that can be read": text.replace("\nM", "\nA"),
    }
    for told, content in wrong.items():
        with pytest.raises(InputError, match=told):
            read_csr(content.encode(), where="x.csr")


def test_an_extension_that_cannot_be_read_is_told_without_the_words_of_the_library(made: Path) -> None:
    csr = made / "odd.csr"
    openssl("req", "-new", "-key", made / "x.key", "-subj", "/CN=x", "-addext", "subjectAltName=DER:31:00", "-out", csr)
    with pytest.raises(InputError, match="asks for an extension that cannot be read") as told:
        read_csr(csr.read_bytes(), where="odd.csr")
    assert "ParseError" not in f"{told.value}"
