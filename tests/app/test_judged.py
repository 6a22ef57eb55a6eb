"""What is signed for the CA itself was judged twice, and what either judge refuses leaves nothing behind."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.adapters.fork_workers import ForkWorkers
from handclasp.adapters.pkilint_linter import NoLinter, PkilintLinter, linter
from handclasp.app import press
from handclasp.app.delegates import make
from handclasp.app.fleet import issue_fleet
from handclasp.app.home import Home
from handclasp.app.issue import IssueOrder, issue
from handclasp.app.ocsp_responders import RESPONDERS
from handclasp.app.profile_file import read_profile
from handclasp.app.rollover import RolloverOrder, rollover
from handclasp.catalogue.profiles import END_ENTITY_PROFILES
from handclasp.model.certificate import GeneralName
from handclasp.model.errors import PolicyError
from handclasp.model.issuance import IssuanceRequest, KeyType
from handclasp.pki import tbs
from tests.ca_rig import Ca
from tests.pki.hostile import NOW, keys


class Recording:
    """The real linter, and what it was shown."""

    def __init__(self, said: tuple[str, ...] = (), name: str = "pkilint 1") -> None:
        self.name = name
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


def issued(home: Home, judge: Recording, name: str, **order: Any) -> bytes:
    """Issue, as a process does that knows of this CA only what the registry holds."""
    press._presses.clear()
    made = issue(replace(home, linter=judge), IssueOrder(name=name, **order))
    return made.certificate.tbs_certificate_bytes


def test_the_first_identity_of_each_shape_is_shown_as_it_is_signed(home: Home) -> None:
    judge = Recording()
    made = [
        issued(home, judge, "alice"),
        issued(home, judge, "bob"),  # the shape of alice
        issued(home, judge, "nas", subject_alt_names=("dns:nas", "dns:nas.lan")),
        issued(home, judge, "printer", subject_alt_names=("dns:printer",)),  # the shape of nas
        issued(home, judge, "pay", subject_alt_names=("uri:spiffe://x.test/pay", "dns:localhost")),
        issued(home, judge, "old", key_type=KeyType.RSA_2048),
        issued(home, judge, "carol", organization="Example"),
        issued(home, judge, "web", profile="server", subject_alt_names=("dns:*.web.test",)),
    ]
    assert [content(der) for der in judge.shown] == [made[n] for n in (0, 2, 4, 5, 6, 7)]
    newer = Recording(name="pkilint 2")
    assert [issued(home, newer, "dora")] == [content(der) for der in newer.shown]


def test_a_shape_that_is_refused_signs_nothing(home: Home, tmp_path: Path) -> None:
    events = home.store.last_audit_event()
    strict = Recording(("something.is_wrong",))
    for name in ("alice", "bob"):
        with pytest.raises(PolicyError, match=r"something\.is_wrong"):
            issued(home, strict, name)
    rows = [IssueOrder(name=name) for name in ("carol", "dora")]
    batches = list(issue_fleet(replace(home, linter=strict), rows, ForkWorkers(2), folder=str(tmp_path / "out")))
    assert [(one.issued, [name for name, _ in one.skipped]) for one in batches] == [(0, ["carol", "dora"])]
    assert (home.store.pending(), home.store.last_audit_event()) == ((), events)


def test_a_fleet_shows_one_of_each_shape_and_remembers_it(home: Home, tmp_path: Path) -> None:
    judge = Recording()
    press._presses.clear()
    rows = [IssueOrder(name=f"n{number}", organization=("A", None)[number % 2]) for number in range(6)]
    (batch,) = issue_fleet(replace(home, linter=judge), rows, ForkWorkers(2), folder=str(tmp_path / "out"))
    assert (batch.issued, len(judge.shown)) == (6, 2)
    issued(home, judge, "alice")
    assert len(judge.shown) == 2


def test_names_of_a_home_network_are_no_fault(ca: Ca) -> None:
    ca.run("ca", "addresses", "--crl", "http://nas:8080/crl/{label}.crl")
    ca.run("ca", "add", "lan", "--permit", "dns:lan", "--permit", "uri:lan", "--permit", "email:nas")


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


KEYS = dict(zip((KeyType.EC_P256, KeyType.EC_P384, KeyType.ED25519, KeyType.RSA_2048), keys().good, strict=True))
USAGES = ("clientAuth", "serverAuth", "emailProtection")
NAMES = {
    "dns": GeneralName(kind="dns", value="a.test"),
    "ip": GeneralName(kind="ip", value="192.0.2.7"),
    "email": GeneralName(kind="email", value="a@b.test"),
    "upn": GeneralName(kind="upn", value="a@b.test"),
}


@pytest.mark.parametrize("base", END_ENTITY_PROFILES)
def test_profiles_that_a_person_writes_please_it_too(base: str) -> None:
    issuer = keys().issuer
    judged = 0
    for count in range(1, len(USAGES) + 1):
        for usages in combinations(USAGES, count):
            text = f'base = "{base}"\nextended_key_usage = {list(usages)}\nsan_kinds = {list(NAMES)}\n'
            profile = read_profile(text.encode(), name="own", where="own.toml")
            for kind in set(profile.key_types) & set(KEYS):
                request = IssuanceRequest(name="alice", profile="own", subject_alt_names=tuple(NAMES.values()), key_type=kind)
                made = tbs.build(
                    profile, request, public_key=KEYS[kind].public_key(), issuer=issuer, serial=(1 << 158) + judged, now=NOW
                )
                assert PkilintLinter().faults(made.preview.public_bytes(Encoding.DER)) == (), (base, usages, kind)
                judged += 1
    assert judged >= 7
