"""Every file of the library's vectors, PKITS included, is read or refused with a reason by whatever reads files of people."""

import warnings
from collections.abc import Callable
from pathlib import Path

import cryptography_vectors
import pytest

from handclasp.model.errors import HandclaspError
from handclasp.nginxconf.fault_strength import weakness
from handclasp.pki.any_form import look
from handclasp.pki.ca_request import read_crls, read_reply
from handclasp.pki.container import certificates_of
from handclasp.pki.csr import read_csr
from handclasp.pki.export import pem_of_read
from handclasp.pki.given_chain import given_chain
from handclasp.pki.twin import first_certificate
from tests.ca_rig import Ca

VECTORS = Path(cryptography_vectors.__file__).parent
READERS: tuple[Callable[[bytes], object], ...] = (
    look,
    lambda content: given_chain(content, where="file")[0],
    lambda content: read_crls(content, where="file"),
    lambda content: read_reply(content, where="file"),
    lambda content: read_csr(content, where="file"),
    lambda content: certificates_of(content, None, where="file"),
    lambda content: first_certificate(pem_of_read(content)),
    lambda content: weakness(content, 2, "3.0"),
)


@pytest.mark.parametrize("reader", READERS, ids=["look", "chain", "crls", "reply", "csr", "container", "twin", "weakness"])
def test_every_file_is_read_or_refused(reader: Callable[[bytes], object]) -> None:
    seen = 0
    for path in sorted((VECTORS / "x509").rglob("*")) + sorted(VECTORS.glob("pkcs*/*.*")):
        if path.is_file():
            seen += 1
            try:
                with warnings.catch_warnings(action="ignore"):
                    reader(path.read_bytes())
            except HandclaspError as refusal:
                assert refusal.exit_code in {3, 4}, path
            except Exception as error:
                raise AssertionError(path) from error
    assert seen > 1000


@pytest.mark.parametrize(
    ("words", "file", "expect"),
    [
        ("show", "pkcs7/enveloped.pem", 3),
        ("list", "x509/custom/ecdsa_null_alg.pem", 1),
        ("revoke --from", "x509/custom/cp_invalid2.der", 2),
        ("ca accept", "x509/custom/crl_bad_version.pem", 3),
        ("ca accept", "x509/custom/invalid_version.pem", 3),
    ],
)
def test_odd_files_are_no_bug(ca: Ca, words: str, file: str, expect: int) -> None:
    done = ca.run(*words.split(), str(VECTORS / file), expect=expect)
    assert "bug" not in done.stderr
    assert "\0" not in done.stderr
