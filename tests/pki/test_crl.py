"""Our CRL writer against the library's builder, and OpenSSL as the judge."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from handclasp.catalogue.profiles import ROOT
from handclasp.model.certificate import RevokedEntry
from handclasp.model.errors import Bug, PolicyError
from handclasp.model.issuance import IssuanceRequest, KeyType
from handclasp.pki import tbs
from handclasp.pki.crl import build_crl, crl_times
from handclasp.pki.crl_entries import serials
from handclasp.pki.serials import serial_from
from handclasp.pki.signing import SigningKey, algorithm_identifier, digest_for, stand_in

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
REASONS = {
    None: None, "unspecified": None, "keyCompromise": x509.ReasonFlags.key_compromise,
    "cACompromise": x509.ReasonFlags.ca_compromise,
    "affiliationChanged": x509.ReasonFlags.affiliation_changed, "superseded": x509.ReasonFlags.superseded,
    "cessationOfOperation": x509.ReasonFlags.cessation_of_operation, "certificateHold": x509.ReasonFlags.certificate_hold,
    "privilegeWithdrawn": x509.ReasonFlags.privilege_withdrawn,
}  # fmt: skip


def authority(kind: KeyType) -> tuple[x509.Certificate, SigningKey]:
    from handclasp.adapters.key_files import generate_key

    key = generate_key(kind)
    issuer = tbs.Issuer(public_key=key.public_key())
    request = IssuanceRequest(name="Test Root CA", profile=ROOT.name, key_type=kind)
    content = tbs.build(ROOT, request, public_key=key.public_key(), issuer=issuer, serial=serial_from(b"\x55" * 20), now=NOW)
    return tbs.sign(content, key, issuer), key


EC = authority(KeyType.EC_P256)
ENTRIES = st.builds(
    RevokedEntry,
    serial=st.integers(1, (1 << 159) - 1),
    revocation_date=st.integers(0, 3_155_760_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    reason=st.sampled_from(list(REASONS)),
)


def by_the_library(entries: list[RevokedEntry], number: int) -> bytes:
    certificate, key = EC
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificate.subject)
        .last_update(NOW)
        .next_update(NOW + timedelta(days=1))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for entry in sorted(entries, key=lambda one: one.serial):
        revoked = x509.RevokedCertificateBuilder().serial_number(entry.serial).revocation_date(entry.revocation_date)
        flag = REASONS[entry.reason]
        if flag is not None:
            revoked = revoked.add_extension(x509.CRLReason(flag), critical=False)
        builder = builder.add_revoked_certificate(revoked.build())
    return builder.sign(key, digest_for(key.public_key())).tbs_certlist_bytes


@settings(max_examples=60, deadline=None)
@given(st.lists(ENTRIES, max_size=8, unique_by=lambda entry: entry.serial), st.integers(1, 1 << 62))
def test_the_content_is_byte_for_byte_what_the_library_writes(entries: list[RevokedEntry], number: int) -> None:
    listed = sorted(entries, key=lambda one: one.serial)
    made = build_crl(*EC, listed, number=number, this_update=NOW, next_update=NOW + timedelta(days=1))
    assert x509.load_der_x509_crl(made).tbs_certlist_bytes == by_the_library(entries, number)
    assert list(serials(made)) == [one.serial for one in listed]


@pytest.mark.parametrize("kind", [KeyType.EC_P256, KeyType.EC_P384, KeyType.RSA_3072, KeyType.ED25519])
def test_openssl_verifies_it(kind: KeyType, tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    certificate, key = authority(kind)
    entries = [RevokedEntry(serial=7, revocation_date=NOW, reason="keyCompromise")]
    made = build_crl(certificate, key, entries, number=3, this_update=NOW, next_update=NOW + timedelta(days=1))
    (folder / "crl.der").write_bytes(made)
    (folder / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    said = subprocess.run(
        ["openssl", "crl", "-inform", "DER", "-in", folder / "crl.der", "-CAfile", folder / "ca.pem", "-noout", "-text"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "verify OK" in said.stderr
    assert "Key Compromise" in said.stdout


def test_a_hundred_thousand_entries_take_no_minute() -> None:
    entries = [RevokedEntry(serial=(1 << 158) + number, revocation_date=NOW, reason="superseded") for number in range(100_000)]
    made = build_crl(*EC, entries, number=1, this_update=NOW, next_update=NOW + timedelta(days=1))
    assert len(x509.load_der_x509_crl(made)) == 100_000


def test_a_foreign_key_is_refused() -> None:
    with pytest.raises(Bug, match="does not belong"):
        build_crl(EC[0], authority(KeyType.EC_P256)[1], [], number=1, this_update=NOW, next_update=NOW)


def test_times_never_go_back() -> None:
    day = timedelta(days=1)
    this_update, next_update = crl_times(NOW, day, None)
    assert (this_update, next_update) == (NOW - timedelta(hours=1), NOW + day)
    assert crl_times(NOW, day, NOW - timedelta(minutes=5))[0] == NOW - timedelta(minutes=5)
    with pytest.raises(PolicyError, match="last CRL is of"):
        crl_times(NOW, day, NOW + timedelta(seconds=1))


@pytest.mark.parametrize("kind", list(KeyType))
def test_a_stand_in_signs_with_the_same_algorithm(kind: KeyType) -> None:
    from handclasp.adapters.key_files import generate_key

    key = generate_key(kind).public_key()
    assert algorithm_identifier(stand_in(key).public_key()) == algorithm_identifier(key)
