"""The linter is independent of the builder: what the builder makes is clean, and each departure is named."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from handclasp.catalogue.profiles import CLIENT, END_ENTITY_PROFILES, ISSUING, PROFILES, ROOT
from handclasp.model.certificate import GeneralName
from handclasp.model.issuance import IssuanceRequest
from handclasp.pki import lint, tbs
from handclasp.pki.serials import serial_from
from handclasp.pki.signing import SigningKey, digest_for
from handclasp.pki.subject_key import SubjectKey

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
SAN = {"email": GeneralName(kind="email", value="a@b.test"), "dns": GeneralName(kind="dns", value="a.test")}


def root() -> tuple[tbs.Issuer, SigningKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    alone = tbs.Issuer(public_key=key.public_key())
    request = IssuanceRequest(name="Root", profile=ROOT.name)
    content = tbs.build(ROOT, request, public_key=key.public_key(), issuer=alone, serial=serial_from(b"\x11" * 20), now=NOW)
    assert tuple(lint.faults_of(content.preview, ROOT, request, alone)) == ()
    return tbs.Issuer(public_key=key.public_key(), certificate=tbs.sign(content, key, alone)), key


ISSUER, CA_KEY = root()


@pytest.mark.parametrize("name", [*END_ENTITY_PROFILES, ISSUING.name])
def test_what_the_builder_makes_is_clean(name: str) -> None:
    profile = PROFILES[name]
    kind = "dns" if "dns" in profile.san_kinds else "email"
    names = (SAN[kind],) if profile.san_kinds else ()
    request = IssuanceRequest(name="alice", profile=name, subject_alt_names=names, key_type=profile.key_types[0])
    content = tbs.build(profile, request, public_key=KEY.public_key(), issuer=ISSUER, serial=serial_from(b"\x22" * 20), now=NOW)
    assert tuple(lint.faults_of(content.preview, profile, request, ISSUER)) == ()


REQUEST = IssuanceRequest(name="alice", profile=CLIENT.name, subject_alt_names=(SAN["dns"],))
NO_USAGE = dict.fromkeys(tbs.KEY_USAGE_BITS.values(), False)


def clean() -> dict[str, object]:
    assert ISSUER.certificate is not None
    identifier = ISSUER.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return {
        "serial": serial_from(b"\x33" * 20), "cn": "alice", "issuer": ISSUER.certificate.subject,
        "start": NOW - timedelta(hours=1), "end": NOW + timedelta(days=90), "key": KEY.public_key(),
        "basic": (x509.BasicConstraints(ca=False, path_length=None), True),
        "usage": (x509.KeyUsage(**NO_USAGE | {"digital_signature": True}), True),
        "ski": (x509.SubjectKeyIdentifier.from_public_key(KEY.public_key()), False),
        "aki": (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
        "eku": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        "san": (x509.SubjectAlternativeName([x509.DNSName("a.test")]), False),
    }  # fmt: skip


def made(**changes: object) -> x509.Certificate:
    fields: dict[str, object] = clean() | changes
    builder = x509.CertificateBuilder(
        issuer_name=fields["issuer"],  # type: ignore[arg-type]
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(fields["cn"]))]),
        public_key=fields["key"],  # type: ignore[arg-type]
        serial_number=fields["serial"],  # type: ignore[arg-type]
        not_valid_before=fields["start"],  # type: ignore[arg-type]
        not_valid_after=fields["end"],  # type: ignore[arg-type]
    )
    for name in ("basic", "usage", "ski", "aki", "eku", "san", "extra"):
        found = fields.get(name)
        if isinstance(found, tuple):
            builder = builder.add_extension(found[0], critical=found[1])
    return builder.sign(CA_KEY, digest_for(CA_KEY.public_key()))


P521 = ec.generate_private_key(ec.SECP521R1()).public_key()
DEPARTURES: list[tuple[dict[str, object], str]] = [
    ({"serial": 5}, "serial has 3 bits"),
    ({"cn": "mallory"}, "common names are"),
    ({"issuer": x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ROOT")])}, "byte for byte"),
    ({"end": NOW + timedelta(days=365 * 6)}, "lifetime is over"),
    ({"start": NOW - timedelta(days=3)}, "starts before its issuer"),
    ({"key": P521, "ski": (x509.SubjectKeyIdentifier.from_public_key(P521), False)}, "curve secp521r1"),
    ({"basic": None}, "extension 2.5.29.19 is missing"),
    ({"basic": (x509.BasicConstraints(ca=True, path_length=None), True)}, "basic constraints differ"),
    ({"basic": (x509.BasicConstraints(ca=False, path_length=None), False)}, "wrong criticality"),
    ({"usage": (x509.KeyUsage(**NO_USAGE | {"key_cert_sign": True}), True)}, "key usage differs"),
    ({"eku": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)}, "extended key usage differs"),
    ({"eku": None}, "extension 2.5.29.37 is missing"),
    ({"san": (x509.SubjectAlternativeName([x509.DNSName("b.test")]), False)}, "subject alternative names are"),
    ({"ski": (x509.SubjectKeyIdentifier(b"0" * 20), False)}, "subject key identifier is not"),
    ({"aki": (x509.AuthorityKeyIdentifier(b"0" * 20, None, None), False)}, "authority key identifier is not"),
    ({"extra": (x509.OCSPNoCheck(), False)}, "is not in the profile"),
]


@pytest.mark.parametrize(("changes", "fault"), DEPARTURES, ids=[fault for _, fault in DEPARTURES])
def test_each_departure_is_named(changes: dict[str, object], fault: str) -> None:
    faults = tuple(lint.faults_of(made(**changes), CLIENT, REQUEST, ISSUER))
    assert any(fault in found for found in faults), faults


def test_the_untouched_one_is_clean() -> None:
    assert tuple(lint.faults_of(made(), CLIENT, REQUEST, ISSUER)) == ()


PLAIN = IssuanceRequest(name="alice", profile=CLIENT.name)


@pytest.mark.parametrize(("changes", "fault"), DEPARTURES, ids=[fault for _, fault in DEPARTURES])
def test_a_judge_that_has_seen_sound_ones_names_each_departure(changes: dict[str, object], fault: str) -> None:
    judge = lint.Judge(CLIENT, ISSUER)
    assert [tuple(judge.faults(made(san=None), PLAIN)) for _ in range(2)] == [(), ()]
    departed = made(**{"san": None} | changes)
    wanted = "extension 2.5.29.17 is not in the profile" if "san" in changes else fault
    for _ in range(2):
        faults = tuple(judge.faults(departed, PLAIN))
        assert any(wanted in found for found in faults), faults
    assert tuple(judge.faults(made(san=None), PLAIN)) == ()


def test_names_that_were_asked_for_are_missed_where_others_had_none() -> None:
    judge = lint.Judge(CLIENT, ISSUER)
    assert tuple(judge.faults(made(san=None), PLAIN)) == ()
    assert tuple(judge.faults(made(san=None), REQUEST)) == (
        "extension 2.5.29.17 is missing",
        "subject alternative names are [], not [('dns', 'a.test')]",
    )


def test_another_key_than_the_one_to_be_certified_is_a_fault() -> None:
    judge = lint.Judge(CLIENT, ISSUER)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    identified = (x509.SubjectKeyIdentifier.from_public_key(other), False)
    swapped = made(san=None, key=other, ski=identified)
    assert tuple(judge.faults(swapped, PLAIN)) == ()
    assert "certifies another key" in tuple(judge.faults(swapped, PLAIN, SubjectKey.of(KEY.public_key())))
