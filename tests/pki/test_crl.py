"""Our CRL writer against the library's builder, and OpenSSL as the judge."""

import re
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from itertools import cycle
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from handclasp.catalogue.profiles import ROOT
from handclasp.model.certificate import RevokedEntry
from handclasp.model.errors import Bug, PolicyError
from handclasp.model.issuance import IssuanceRequest, KeyType
from handclasp.model.octets import PART, Held, whole
from handclasp.pki import tbs
from handclasp.pki.crl import build_crl, crl_times, write_crl
from handclasp.pki.crl_entries import Serials, in_order, serials
from handclasp.pki.crl_rows import rows
from handclasp.pki.read import crl_from_der, crl_from_octets
from handclasp.pki.serials import serial_from
from handclasp.pki.signature import signed_by
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
    revocation_date=st.one_of(
        st.integers(0, 2_524_607_999),  # UTCTime
        st.integers(0, 3_155_760_000),  # beyond it too
        st.just(1_700_000_000),
    ).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
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


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.builds(
            datetime.fromtimestamp,
            st.integers(-631_152_000 + 86_400, 2_524_607_999 - 86_400),  # UTCTime: 1950 to 2049
            st.sampled_from([UTC, UTC, UTC, timezone(timedelta(hours=5, minutes=45))]),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_entries_at_once_are_what_each_is_by_itself(dates: list[datetime]) -> None:
    entries = [
        RevokedEntry(number << 60, date, reason) for number, (date, reason) in enumerate(zip(dates, REASONS, strict=False), 1)
    ]
    assert rows(entries, after=0) == b"".join(rows([one], after=0) for one in entries)
    assert [one.revocation_date_utc for one in x509.load_der_x509_crl(crl_of(entries))] == [
        date.astimezone(UTC).replace(microsecond=0) for date in dates
    ]


def crl_of(entries: list[RevokedEntry]) -> bytes:
    return build_crl(*EC, entries, number=1, this_update=NOW, next_update=NOW + timedelta(days=1))


@pytest.mark.parametrize("kind", [KeyType.EC_P256, KeyType.EC_P384, KeyType.RSA_3072, KeyType.ED25519])
def test_openssl_verifies_it(kind: KeyType, tmp_path: object) -> None:
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


@settings(max_examples=15, deadline=None)
@given(st.lists(ENTRIES, max_size=40, unique_by=lambda entry: entry.serial), st.integers(1, 1 << 62))
def test_openssl_reads_what_was_put_in(entries: list[RevokedEntry], number: int) -> None:
    listed = sorted(entries, key=lambda one: one.serial)
    made = build_crl(*EC, listed, number=number, this_update=NOW, next_update=NOW + timedelta(days=1))
    with tempfile.TemporaryDirectory() as folder:
        crl, ca = Path(folder, "crl.der"), Path(folder, "ca.pem")
        crl.write_bytes(made)
        ca.write_bytes(EC[0].public_bytes(Encoding.PEM))
        words: list[str | Path] = [
            "openssl",
            "crl",
            "-inform",
            "DER",
            "-in",
            crl,
            "-CAfile",
            ca,
            "-noout",
            "-text",
            "-crlnumber",
        ]
        said = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "verify OK" in said.stderr
    assert [int(one, 16) for one in re.findall(r"Serial Number: ([0-9A-F]+)", said.stdout)] == [one.serial for one in listed]
    assert int(re.findall(r"crlNumber=(?:0x)?([0-9A-F]+)", said.stdout)[0], 16) == number
    times = [datetime.strptime(one, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
             for one in re.findall(r"Revocation Date: (.*)", said.stdout)]  # fmt: skip
    assert times == [one.revocation_date for one in listed]


LONG = [
    RevokedEntry(serial=(turn + 1) << (turn % 150), revocation_date=NOW - timedelta(seconds=turn % 977), reason=reason)
    for turn, reason in zip(range(9_000), cycle(REASONS), strict=False)
]
LONG = sorted({one.serial: one for one in LONG}.values(), key=lambda one: one.serial)


@pytest.mark.parametrize("kind", [KeyType.EC_P256, KeyType.EC_P384, KeyType.RSA_3072, KeyType.ED25519])
def test_a_long_one_says_the_same_whether_it_is_in_memory_or_not(kind: KeyType) -> None:
    certificate, key = authority(kind)
    times = (NOW, NOW + timedelta(days=1))
    made = write_crl(certificate, key, iter(LONG), Held(), number=7, times=times)
    assert len(made) > PART  # it is read in several parts, and entries lie across their borders
    held, left = crl_from_der(whole(made)), crl_from_octets(made)
    assert x509.load_der_x509_crl(whole(made)).is_signature_valid(key.public_key())
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert signed_by(held, spki)
    assert signed_by(left, spki)
    assert dict(held.revoked.items()) == dict(left.revoked.items()) == {one.serial: known(one) for one in LONG}
    for name in ("issuer", "this_update", "next_update", "crl_number", "authority_key_identifier", "critical_entries"):
        assert getattr(held, name) == getattr(left, name)
    for one in (LONG[0], LONG[len(LONG) // 2], LONG[-1]):
        assert left.revoked[one.serial] == known(one)
    assert (1 << 158) + 1 not in left.revoked
    assert list(serials(made)) == [one.serial for one in LONG]
    assert len(left.revoked) == len(LONG)


def test_a_long_one_with_one_octet_changed_verifies_no_more() -> None:
    certificate, key = EC
    made = bytearray(build_crl(certificate, key, LONG, number=7, this_update=NOW, next_update=NOW + timedelta(days=1)))
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert signed_by(crl_from_octets(Held(bytes(made))), spki)
    serial = LONG[len(LONG) // 2].serial
    made[made.index(b"%b\x17" % serial.to_bytes(serial.bit_length() // 8 + 1, "big")) + serial.bit_length() // 8] ^= 1
    assert serial not in set(serials(bytes(made)))
    assert not signed_by(crl_from_octets(Held(bytes(made))), spki)
    assert not signed_by(crl_from_octets(Held(bytes(made))), b"no key")


def known(entry: RevokedEntry) -> RevokedEntry:
    """As a CRL tells it: unspecified is not written."""
    return entry._replace(reason=None) if entry.reason == "unspecified" else entry


@pytest.mark.parametrize("cut", [1, 5, 70, 1000, PART])
def test_what_is_cut_off_is_no_crl(cut: int) -> None:
    made = build_crl(*EC, LONG, number=7, this_update=NOW, next_update=NOW + timedelta(days=1))
    with pytest.raises(ValueError, match="truncated"):
        list(serials(made[:-cut]))


def test_entries_of_another_form_are_no_crl() -> None:
    made = bytearray(build_crl(*EC, LONG, number=7, this_update=NOW, next_update=NOW + timedelta(days=1)))
    made[made.index(b"\x17\x0d", len(made) // 2) + 2] = 0x41  # a letter in a date
    for read in (crl_from_der, lambda der: crl_from_octets(Held(der))):
        with pytest.raises(ValueError, match="revoked_certificates"):
            read(bytes(made))


def test_critical_extensions_of_one_entry_among_many_are_seen() -> None:
    certificate, key = EC
    builder = x509.CertificateRevocationListBuilder(certificate.subject, NOW, NOW + timedelta(days=1))
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    plain = [x509.RevokedCertificateBuilder(number, NOW).build() for number in range(1 << 158, (1 << 158) + 8_000)]
    listed = [*plain, x509.RevokedCertificateBuilder(3, NOW).add_extension(odd, critical=True).build()]
    builder._revoked_certificates = listed  # add_revoked_certificate copies all of them, each time
    der = builder.sign(key, digest_for(key.public_key())).public_bytes(Encoding.DER)
    found = crl_from_octets(Held(der))
    assert found.body is not None
    assert found.critical_entries
    assert crl_from_der(der).critical_entries
    assert list(in_order(Serials(Held(der)))) == [3, *range(1 << 158, (1 << 158) + 8_000)]


@pytest.mark.parametrize(
    "entries",
    [[7, 7], [9, 7], [1 << 1000]],
)
def test_what_cannot_stand_in_a_list_is_refused(entries: list[int]) -> None:
    listed = [RevokedEntry(serial=serial, revocation_date=NOW) for serial in entries]
    with pytest.raises(Bug, match="cannot stand here"):
        build_crl(*EC, listed, number=1, this_update=NOW, next_update=NOW + timedelta(days=1))
    with pytest.raises(Bug, match="removeFromCRL"):
        build_crl(*EC, [RevokedEntry(7, NOW, "removeFromCRL")], number=1, this_update=NOW, next_update=NOW)


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
