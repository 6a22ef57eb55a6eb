"""The registry fails at any write, processes change it at once, requests are hostile, secrets are looked for."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from handclasp.model.errors import HandclaspError
from handclasp.pki.audit_chain import chain_faults
from handclasp.pki.csr import read_csr
from tests.ca_rig import PASSPHRASE, Ca, assert_consistent, copied, openssl

WRITES = {
    "issue": ("certificate INSERT", "certificate UPDATE", "audit_event INSERT"),
    "renew": ("certificate INSERT", "certificate UPDATE", "audit_event INSERT"),
    "revoke": ("certificate UPDATE", "audit_event INSERT", "setting UPDATE", "crl INSERT", "crl DELETE", "crl_counter UPDATE"),
    "crl": ("crl INSERT", "crl DELETE", "crl_counter UPDATE", "audit_event INSERT"),
    "fleet": ("certificate INSERT", "certificate UPDATE", "audit_event INSERT"),
}


def words_of(command: str, folder: Path) -> list[str]:
    table = folder / "devices.csv"
    table.write_text("name\nd1\nd2\nd3\n")
    return {
        "issue": ["issue", "bob"],
        "renew": ["renew", "alice"],
        "revoke": ["revoke", "alice"],
        "crl": ["crl", "--refresh"],
        "fleet": ["issue", "--from", str(table), "--into", str(folder / "fleet")],
    }[command]


def execute(ca: Ca, *statements: str) -> None:
    with sqlite3.connect(ca.home / "registry.sqlite") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def assert_sound(ca: Ca) -> None:
    """As assert_consistent, where somebody is revoked: nothing half-made, the log whole, every CRL its CA's."""
    assert not [path for path in ca.home.rglob(".*") if path.is_file()]
    store = ca.world.store
    assert store.pending() == store.unexported() == ()
    assert chain_faults(store.audit_events()) == ()
    openssl("crl", "-in", ca.home / "ca" / "crl.pem", "-CAfile", ca.home / "ca" / "bundle.pem", "-noout")


@pytest.mark.parametrize(
    ("command", "write", "turn"),
    [
        *((command, write, 1) for command, writes in WRITES.items() for write in writes),
        ("issue", "audit_event INSERT", 2),
        ("fleet", "certificate INSERT", 2),
        ("revoke", "crl INSERT", 2),
    ],
)
def test_the_registry_fails_at_a_write(ca: Ca, tmp_path: Path, command: str, write: str, turn: int) -> None:
    ca.run("issue", "alice")
    table, operation = write.split()
    words = words_of(command, tmp_path)
    # The counter lives in the same transaction as what is refused: a refusal takes it back, and counting goes on from before.
    execute(
        ca,
        "CREATE TABLE fire (n INTEGER)",
        "INSERT INTO fire VALUES (0)",
        f"CREATE TRIGGER fire_now BEFORE {operation} ON {table} BEGIN "
        f"UPDATE fire SET n = n + 1; SELECT RAISE(ABORT, 'the disk caught fire') WHERE (SELECT n FROM fire) = {turn}; END",
    )
    process = ca.start(*words)
    _, err = process.communicate(timeout=60)
    execute(ca, "DROP TRIGGER fire_now", "DROP TABLE fire")
    if process.returncode != 0:  # otherwise there are not so many such writes
        assert process.returncode in {1, 5}, err
        assert "the disk caught fire" in err
    else:
        assert turn == 2
    again = ca.start(*words)
    _, err = again.communicate(timeout=60)
    assert again.returncode in {0, 1, 4}, err
    ca.run("crl", "--refresh")
    assert_sound(ca) if command == "revoke" else assert_consistent(ca)
    names = {record.name: record.state for record in ca.world.store.certificates() if record.certificate}
    wanted = {"issue": "bob", "fleet": "d3"}.get(command, "alice")
    assert names[wanted] == ("revoked" if command == "revoke" else "issued")


@pytest.mark.parametrize(
    "words",
    [
        ["export", "alice", "--for", "windows", "-o", "stick", "--password-file", "password"],
        ["ca", "export", "issuing", "stick"],
    ],
    ids=["export", "ca-export"],
)
def test_of_what_goes_elsewhere_nothing_stays_when_it_is_not_whole(ca: Ca, tmp_path: Path, words: list[str]) -> None:
    ca.run("issue", "alice")
    execute(
        ca,
        "CREATE TRIGGER fire_now BEFORE INSERT ON audit_event WHEN NEW.action IN ('exported', 'authority-exported') "
        "BEGIN SELECT RAISE(ABORT, 'the disk caught fire'); END",
    )
    assert "the disk caught fire" in ca.run(*words, cwd=tmp_path, expect=5).stderr
    assert not [path for path in (tmp_path / "stick").rglob("*") if path.is_file()]
    assert not (tmp_path / "password").exists()
    execute(ca, "DROP TRIGGER fire_now")
    ca.run(*words, cwd=tmp_path)


RENEW = [
    "issue.intent-durable",
    "issue.key-staged",
    "issue.signed",
    "issue.recorded",
    "export.archived",
    "export.files-written",
]


@pytest.mark.parametrize("point", RENEW)
@pytest.mark.parametrize("command", ["renew", "rekey"])
def test_a_renewal_that_dies_keeps_the_device_in(ca: Ca, command: str, point: str) -> None:
    ca.run("issue", "alice")
    before = x509.load_pem_x509_certificate(ca.identity("alice", "certificate.pem").read_bytes())
    ca.run(command, "alice", env={"HANDCLASP_CRASHPOINT": point}, expect=-signal.SIGKILL)
    record = ca.world.store.find("issuing", before.serial_number)
    assert record is not None
    assert record.state == "issued"
    ca.run(command, "alice")
    assert_consistent(ca)


WORKER = """
import subprocess, sys
job, number = sys.argv[1:]
base = [sys.executable, "-m", "handclasp"]
def run(*words):
    subprocess.run([*base, *words, "-q"], check=True, stdout=subprocess.DEVNULL)
for turn in range(3):
    if job == "crl":
        run("crl", "--refresh")
    else:
        run("issue", f"{job}-{number}-{turn}")
        if job == "revoke":
            run("revoke", f"{job}-{number}-{turn}")
"""


def test_issuing_revoking_and_publishing_at_once(ca: Ca) -> None:
    before = {one["authority"]: one["number"] for one in ca.json("crl")["crls"]}
    env = ca._env()
    jobs = [("issue", "1"), ("revoke", "1"), ("revoke", "2"), ("crl", "1")]
    processes = [subprocess.Popen([sys.executable, "-c", WORKER, *job], env=env) for job in jobs]
    assert [process.wait(timeout=180) for process in processes] == [0] * len(jobs)
    assert_sound(ca)
    store = ca.world.store
    assert chain_faults(store.audit_events()) == ()
    revoked = {record.serial for record in store.certificates() if record.state == "revoked"}
    assert len(revoked) == 6
    der = store.latest_crl("issuing")
    assert der is not None
    assert {entry.serial_number for entry in x509.load_der_x509_crl(der)} == revoked
    numbers = [
        int(one.details["number"]) for one in store.audit_events() if one.action == "crl-signed" and one.subject == "root"
    ]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] > before["root"]


def requests() -> Iterator[Path]:
    yield from sorted((Path(cryptography_vectors.__file__).parent / "x509" / "requests").iterdir())


@pytest.mark.parametrize("path", list(requests()), ids=lambda path: path.name)
def test_requests_of_the_vectors_are_read_or_refused(path: Path) -> None:
    try:
        found = read_csr(path.read_bytes(), where=path.name)
    except HandclaspError as refusal:
        assert refusal.exit_code in {3, 4}
        return
    assert found.public_key is not None


SEED = (Path(cryptography_vectors.__file__).parent / "x509" / "requests" / "san_rsa_sha1.der").read_bytes()


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(SEED) - 1), st.integers(0, 255)), min_size=1, max_size=6), st.integers(0, len(SEED))
)
def test_damaged_requests_are_read_or_refused(changes: list[tuple[int, int]], end: int) -> None:
    damaged = bytearray(SEED)
    for place, value in changes:
        damaged[place] = value
    for content in (bytes(damaged), bytes(damaged[:end])):
        try:
            read_csr(content, where="damaged")
        except HandclaspError as refusal:
            assert refusal.exit_code in {3, 4}


SPY = """
import pathlib, subprocess, sys, time
words = sys.argv[1:]
child = subprocess.Popen([sys.executable, "-m", "handclasp", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
seen = set()
while child.poll() is None:
    for name in ("cmdline", "environ"):
        try:
            seen.add(pathlib.Path(f"/proc/{child.pid}/{name}").read_bytes())
        except OSError:
            pass
    time.sleep(0.005)
sys.stdout.buffer.write(child.stdout.read() + b"".join(seen))
sys.exit(child.returncode)
"""


def test_secrets_are_nowhere_but_in_their_files(template: Ca, tmp_path: Path) -> None:
    ca = copied(template, tmp_path / "ca")
    (tmp_path / "tmp").mkdir()
    env = ca._env() | {"TMPDIR": str(tmp_path / "tmp")}
    told = b""
    for words in (
        ["issue", "alice"],
        ["renew", "alice"],
        ["rekey", "alice"],
        ["crl", "--refresh"],
        ["revoke", "alice"],
        ["list", "-v"],
    ):
        done = subprocess.run([sys.executable, "-c", SPY, *words], env=env, capture_output=True, check=True, timeout=120)
        assert done.stdout.count(b"handclasp") > 0
        told += done.stdout + done.stderr
    password = ca.identity("alice", "p12-password.txt").read_text().strip()
    for secret in (PASSPHRASE, password, "PRIVATE KEY"):
        assert secret.encode() not in told, secret
    assert list((tmp_path / "tmp").iterdir()) == []
    for path in ca.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert PASSPHRASE.encode() not in content, path
            if password.encode() in content or b"PRIVATE KEY" in content:
                assert path.stat().st_mode & 0o077 == 0, path
                assert password.encode() not in content or path.name == "p12-password.txt", path
