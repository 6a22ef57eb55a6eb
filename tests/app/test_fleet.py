"""A fleet at once: everything judged, everything recorded, and whole after a kill at any step."""

import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handclasp.adapters.fork_workers import ForkWorkers
from handclasp.app.fleet import issue_fleet
from handclasp.app.fleet_archive import END, member
from handclasp.app.issue import IssueOrder
from handclasp.model.errors import WorldError
from handclasp.model.issuance import IssuanceRequest, KeyType, Profile
from handclasp.pki import tbs
from handclasp.pki.alt_names import subject_alt_name
from handclasp.pki.serials import serial_from
from handclasp.pki.tbs_template import template_of
from tests.ca_rig import Ca, openssl

POINTS = ["fleet.intents-durable", "fleet.signed", "fleet.archived", "fleet.recorded"]


def table(folder: Path, count: int, *, start: int = 0) -> str:
    path = folder / "devices.csv"
    path.write_text("name,san\n" + "".join(f"device-{n},dns:d{n}.test\n" for n in range(start, start + count)))
    return str(path)


def unpacked(folder: Path, target: Path) -> Path:
    for archive in sorted(folder.glob("*.tar")):
        assert archive.stat().st_mode & 0o777 == 0o600
        with tarfile.open(archive) as opened:
            opened.extractall(target, filter="data")
    return target


def assert_whole(ca: Ca, target: Path, names: set[str], *, names_in_san: bool = True) -> None:
    store = ca.world.store
    good = {record.name: record for record in store.certificates() if record.state == "issued" and record.profile == "client"}
    assert set(good) == names
    assert store.pending() == store.unexported() == ()
    for name in sorted(names)[:3]:
        chain, key = target / name / "chain.pem", target / name / "key.pem"
        assert key.stat().st_mode & 0o777 == 0o600
        assert openssl("pkey", "-in", key, "-pubout") == openssl("x509", "-in", chain, "-noout", "-pubkey")
        crl, bundle = ca.home / "ca/crl.pem", ca.home / "ca/bundle.pem"
        openssl("verify", "-x509_strict", "-crl_check_all", "-CRLfile", crl, "-CAfile", bundle, "-purpose", "sslclient", chain)
        assert not names_in_san or f"DNS:d{name.partition('-')[2]}.test" in openssl(
            "x509", "-in", chain, "-noout", "-ext", "subjectAltName"
        )
    ca.run("audit")


def test_a_fleet_goes_into_archives(ca: Ca, tmp_path: Path) -> None:
    out = tmp_path / "fleet"
    done = ca.json("issue", "--from", table(tmp_path, 30), "--into", str(out))
    assert done["issued"] == 30
    assert not (ca.home / "identities").exists()
    assert_whole(ca, unpacked(out, tmp_path / "all"), {f"device-{n}" for n in range(30)})
    again = ca.json("issue", "--from", table(tmp_path, 20, start=20), "--into", str(out), expect=1)
    assert again["issued"] == 10
    assert len(again["skipped"]) == 10
    ca.run("revoke", "device-3")
    assert ca.json("show", "device-3")["certificates"][0]["status"] == "revoked"
    ca.run("renew", "device-4")


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_it_goes_on(ca: Ca, tmp_path: Path, point: str) -> None:
    out, people = tmp_path / "fleet", table(tmp_path, 12)
    ca.run("issue", "--from", people, "--into", str(out), env={"HANDCLASP_CRASHPOINT": point}, expect=-signal.SIGKILL)
    ca.run("issue", "--from", people, "--into", str(out), expect=1 if point == "fleet.recorded" else 0)
    assert_whole(ca, unpacked(out, tmp_path / "all"), {f"device-{n}" for n in range(12)})


def test_who_is_not_allowed_is_named_and_the_others_go_on(ca: Ca, tmp_path: Path) -> None:
    ca.run("ca", "add", "narrow", "--for", "client", "--permit", "dns:d1.test")
    done = ca.json("issue", "--from", table(tmp_path, 3), "--into", str(tmp_path / "fleet"), expect=1)
    assert done["issued"] == 1
    assert [one["name"] for one in done["skipped"]] == ["device-0", "device-2"]
    assert all("d1.test" in one["why"] for one in done["skipped"])
    records = [one for one in ca.world.store.certificates() if one.profile == "client"]
    assert [(one.name, one.state) for one in records] == [("device-1", "issued")]


def test_names_that_are_alike_in_one_fleet_get_one_certificate(ca: Ca, tmp_path: Path) -> None:
    home = ca.world.ca
    orders = [IssueOrder(name=name) for name in ("alice", "bob", "Alice", "alice", "carl")]
    done = list(issue_fleet(home, orders, ForkWorkers(1), folder=str(tmp_path / "fleet")))
    assert [one.issued for one in done] == [3]
    assert [name for name, _ in done[0].skipped] == ["Alice", "alice"]


def test_batches_under_way_know_of_each_other(ca: Ca, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handclasp.app.fleet.BATCH", 3)
    orders = [IssueOrder(name=f"n{number % 8}") for number in range(16)]
    done = list(issue_fleet(ca.world.ca, orders, ForkWorkers(2), folder=str(tmp_path / "fleet")))
    assert sum(one.issued for one in done) == 8
    assert sum(len(one.skipped) for one in done) == 8
    assert_whole(ca, unpacked(tmp_path / "fleet", tmp_path / "all"), {f"n{number}" for number in range(8)}, names_in_san=False)


def test_a_killed_worker_is_told_and_workers_end_with_their_parent(ca: Ca, tmp_path: Path) -> None:
    script = tmp_path / "fleet.py"
    script.write_text(STUCK)
    words = [sys.executable, str(script), str(ca.home), str(ca.passphrase), str(tmp_path / "out")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    workers = [int(word) for word in process.stdout.readline().split()]
    process.kill()
    process.wait(timeout=120)
    process.stdout.close()
    deadline = time.monotonic() + 120
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline, workers
        time.sleep(0.05)
    with pytest.raises(WorldError, match="worker process was killed"), ForkWorkers(2).crew(0) as crew:
        crew.submit(suicide, 1)()


def suicide(_context: int, _item: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


STUCK = """
import itertools, multiprocessing, sys
from handclasp.adapters.fork_workers import ForkWorkers
from handclasp.app.fleet import issue_fleet
from handclasp.app.issue import IssueOrder
from handclasp.wiring import World
home, passphrase, folder = sys.argv[1:]
orders = (IssueOrder(name=f"n{number}") for number in itertools.count())
for batch in issue_fleet(World(home, passphrase_file=passphrase).ca, orders, ForkWorkers(2), folder=folder):
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
"""


NAMES = st.characters(blacklist_categories=["Cs", "Cc"])


@settings(max_examples=60, deadline=None)
@given(name=st.text(NAMES, max_size=150).map(lambda text: f"a{text}z"), content=st.binary(max_size=1500))
def test_members_are_what_the_library_reads(name: str, content: bytes) -> None:
    archive = io.BytesIO(member(name, content, mode=0o600, moment=1_800_000_000) + END)
    with tarfile.open(fileobj=archive) as opened:
        (found,) = opened.getmembers()
        assert (found.name, found.mode, found.mtime, found.isreg()) == (name, 0o600, 1_800_000_000, True)
        read = opened.extractfile(found)
        assert read is not None
        assert read.read() == content


names = st.lists(
    st.sampled_from(["dns:a.test", "dns:*.b.test", "ip:192.0.2.7", "ip:2001:db8::1", "email:a@b.test"]), max_size=4, unique=True
)


@settings(max_examples=60, deadline=None)
@given(
    sans=st.tuples(names, names),
    kinds=st.tuples(st.sampled_from([KeyType.EC_P256, KeyType.EC_P384, KeyType.ED25519]), st.sampled_from(list(KeyType)[:2])),
    common=st.text(st.sampled_from("abcxyz-张é"), min_size=1, max_size=30),
    organization=st.none() | st.just("Example 公司"),
    serial=st.binary(min_size=20, max_size=20),
)
def test_filled_templates_are_what_the_library_builds(
    shared: tuple[tbs.Issuer, Profile, object], sans: tuple[list[str], list[str]], kinds: tuple[KeyType, KeyType],
    common: str, organization: str | None, serial: bytes,
) -> None:  # fmt: skip
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from handclasp.adapters.key_files import generate_key

    issuer, profile, _ = shared
    assert issuer.certificate is not None
    if bool(sans[0]) != bool(sans[1]):
        sans = (sans[0] or ["dns:x.test"], sans[1] or ["dns:y.test"])
    requests = [
        IssuanceRequest(
            name=name,
            profile="client",
            key_type=kind,
            subject_alt_names=tuple(subject_alt_name(text) for text in some),
            organization=unit,
        )
        for name, kind, some, unit in (("first", kinds[0], sans[0], None), (common, kinds[1], sans[1], organization))
    ]
    built = []
    moments = [issuer.certificate.not_valid_before_utc + timedelta(days=2, seconds=later) for later in (0, 86_401)]
    for request, now in zip(requests, moments, strict=True):
        key = generate_key(request.key_type).public_key()
        number = serial_from(serial)
        built.append((tbs.build(profile, request, public_key=key, issuer=issuer, serial=number, now=now), key))
    spki = built[1][1].public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    filled = template_of(built[0][0]).fill(
        requests[1], spki=spki, serial=serial_from(serial), validity=tbs.validity(profile, None, issuer, moments[1])
    )
    assert filled == built[1][0].content


@pytest.fixture(scope="session")
def shared(template: Ca) -> tuple[tbs.Issuer, Profile, object]:
    from handclasp.app.authority import issuer_of
    from handclasp.catalogue.profiles import CLIENT

    home = template.world.ca
    return issuer_of(home, home.issuing()), CLIENT, home
