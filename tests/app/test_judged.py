"""What is signed for the CA itself was judged twice, and what either judge refuses leaves nothing behind."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.adapters.pkilint_linter import NoLinter, PkilintLinter, linter
from handclasp.app.delegates import make
from handclasp.app.home import Home
from handclasp.app.ocsp_responders import RESPONDERS
from handclasp.app.rollover import RolloverOrder, rollover
from handclasp.model.errors import PolicyError
from handclasp.model.issuance import KeyType
from tests.ca_rig import Ca


class Recording:
    """The real linter, and what it was shown."""

    def __init__(self, said: tuple[str, ...] = ()) -> None:
        self.shown: list[bytes] = []
        self._said, self._linter = said, PkilintLinter()

    def faults(self, certificate: bytes) -> tuple[str, ...]:
        self.shown.append(certificate)
        return self._linter.faults(certificate) + self._said


@pytest.fixture
def home(ca: Ca) -> Home:
    return ca.world.ca


def content(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).tbs_certificate_bytes


def test_the_bytes_that_were_shown_are_the_bytes_that_are_signed(home: Home) -> None:
    judge = Recording()
    before = {record.serial for record in home.store.certificates()}
    rollover(replace(home, linter=judge), RolloverOrder(label="root"))  # a root, an issuing CA and a cross-certificate
    made = [record.certificate for record in home.store.certificates() if record.serial not in before]
    assert len(made) == 3
    assert {content(der) for der in made if der} == {content(der) for der in judge.shown}


def test_a_refusal_leaves_no_intent(home: Home) -> None:
    events = home.store.last_audit_event()
    strict = replace(home, linter=Recording(("something.is_wrong",)))
    with pytest.raises(PolicyError, match=r"something\.is_wrong"), home.changing("a test"):
        make(strict, RESPONDERS, home.issuing(), KeyType.EC_P256)
    with pytest.raises(PolicyError, match=r"something\.is_wrong"):
        rollover(strict, RolloverOrder(label="issuing"))
    assert home.store.pending() == ()
    assert home.store.last_audit_event() == events


def test_pkilint_is_the_judge_where_it_is_installed() -> None:
    assert isinstance(linter(), PkilintLinter)
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    bad = (
        x509.CertificateBuilder(name, name, key.public_key(), 0x7F01, now, now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    said = {fault.partition(" ")[0] for fault in PkilintLinter().faults(bad)}
    assert {"pkix.certificate_skid_ca_missing", "pkix.basic_constraints_extension_not_critical"} <= said
    assert NoLinter().faults(bad) == ()


def test_the_certificates_of_a_new_home_please_it(ca: Ca) -> None:
    for path in (ca.home / "ca/root.pem", ca.home / "ca/issuing.pem"):
        der = x509.load_pem_x509_certificate(Path(path).read_bytes()).public_bytes(Encoding.DER)
        assert PkilintLinter().faults(der) == ()
