"""The desk of a process that lasts: what is handed over is durable, whoever waits together is served together."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from handclasp.app.desk import Handed, IssueDesk
from handclasp.app.home import Home
from handclasp.app.issue import IssueOrder
from handclasp.model.errors import Bug, HandclaspError, PolicyError, UsageError
from handclasp.pki.csr import read_csr
from handclasp.ports.keys import KeyStore
from tests.app.spoilt_key import spoilt
from tests.ca_rig import Ca, openssl
from tests.waiting import eventually


def lasting(ca: Ca) -> Home:
    world = ca.world
    world.lasting = True
    return world.ca


def csr(folder: Path, name: str) -> bytes:
    key = folder / f"{name}.key"
    if not key.exists():
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", folder / f"{name}.csr")
    return (folder / f"{name}.csr").read_bytes()


def together(jobs: list[Callable[[], Handed]]) -> list[Handed | HandclaspError]:
    """All at the same moment."""
    ready = threading.Barrier(len(jobs))

    def one(job: Callable[[], Handed]) -> Handed | HandclaspError:
        ready.wait()
        try:
            return job()
        except HandclaspError as refusal:
            return refusal

    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(one, jobs))


def test_what_is_handed_over_is_whole_and_on_record(ca: Ca, tmp_path: Path) -> None:
    desk = IssueDesk(lasting(ca))
    made = desk.issue(IssueOrder(name="alice", subject_alt_names=("email:alice@example.test",)), actor="bob (api)")
    (tmp_path / "chain.pem").write_bytes(made.chain)
    crl, bundle = ca.home / "ca/crl.pem", ca.home / "ca/bundle.pem"
    openssl("verify", "-x509_strict", "-crl_check_all", "-CRLfile", crl, "-CAfile", bundle, tmp_path / "chain.pem")
    assert made.key is not None
    certificate = x509.load_pem_x509_certificate(made.chain)
    assert load_pem_private_key(made.key, None).public_key() == certificate.public_key()
    store = ca.world.store
    assert store.find("issuing", certificate.serial_number) == made.record
    assert store.pending() == store.unexported() == ()
    assert not (ca.home / "identities").exists()
    said = [(one.actor, one.action) for one in store.audit_events() if one.subject == "alice"]
    assert said == [("bob (api)", "intent"), ("bob (api)", "issued")]
    ca.run("audit")
    ca.run("renew", "alice")


def test_the_same_certificate_as_the_command_makes(ca: Ca, tmp_path: Path) -> None:
    """One template: but for serial, key and moment nothing differs."""
    ca.run("issue", "one", "--san", "email:x@example.test", "--organization", "Ö")
    order = IssueOrder(name="two", subject_alt_names=("email:x@example.test",), organization="Ö")
    (tmp_path / "two.pem").write_bytes(IssueDesk(lasting(ca)).issue(order).chain)
    fields = [
        openssl("x509", "-in", path, "-noout", "-text", "-certopt", "no_serial,no_pubkey,no_sigdump,no_validity").splitlines()
        for path in (ca.identity("one", "certificate.pem"), tmp_path / "two.pem")
    ]
    own = [[line for line in one if "CN" not in line and line.strip().count(":") != 19] for one in fields]
    assert own[0] == own[1]


def test_those_who_wait_together(ca: Ca, tmp_path: Path) -> None:
    """Good, refused and alike: each gets its own answer, and two of one name, or of one key, never both a certificate."""
    desk = IssueDesk(lasting(ca))
    desk.issue(IssueOrder(name="first"))
    shared, wide = read_csr(csr(tmp_path, "shared"), where="csr"), "server"
    orders = [
        *(IssueOrder(name=f"n{number}") for number in range(8)),
        IssueOrder(name="Twin"),
        IssueOrder(name="twin"),
        IssueOrder(name="first"),
        IssueOrder(name="key-a", wishes=shared),
        IssueOrder(name="key-b", wishes=shared),
        IssueOrder(name="nameless", profile=wide),
        IssueOrder(name="api.example.test", profile=wide),
    ]
    done = together([lambda order=order: desk.issue(order) for order in orders])  # type: ignore[misc]
    good = {one.record.name for one in done if isinstance(one, Handed)}
    assert good >= {f"n{number}" for number in range(8)} | {"api.example.test"}
    assert len(good & {"Twin", "twin"}) == len(good & {"key-a", "key-b"}) == 1
    assert not good & {"first", "nameless"}
    assert all(isinstance(one, Handed | PolicyError) for one in done)
    store = ca.world.store
    assert {one.name for one in store.certificates() if one.profile in ("client", "server")} == good | {"first"}
    assert store.pending() == ()
    ca.run("audit")


def test_who_came_while_one_was_served_is_served_together(ca: Ca) -> None:
    desk = IssueDesk(lasting(ca))
    names = [f"n{number}" for number in range(6)]
    with ThreadPoolExecutor(len(names)) as threads:
        with ca.world.ca.changing("something else"):
            done = [threads.submit(desk.issue, IssueOrder(name=names[0]))]
            eventually(lambda: desk.serving and not desk.waiting)
            done += [threads.submit(desk.issue, IssueOrder(name=name)) for name in names[1:]]
            eventually(lambda: desk.waiting == 5)
        assert {one.result().record.name for one in done} == set(names)
    events = [one.action for one in ca.world.store.audit_events() if one.subject in names]
    assert events == ["intent", "issued", *["intent"] * 5, *["issued"] * 5]
    assert not desk.serving


def test_one_who_is_interrupted_holds_up_nobody(ca: Ca) -> None:
    desk, main = IssueDesk(lasting(ca)), threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        eventually(lambda: desk.waiting == 1)
        signal.pthread_kill(main, signal.SIGINT)

    with ThreadPoolExecutor(2) as threads:
        with ca.world.ca.changing("something else"):
            first = threads.submit(desk.issue, IssueOrder(name="first"))
            eventually(lambda: desk.serving and not desk.waiting)
            threads.submit(interrupt)
            with pytest.raises(KeyboardInterrupt):
                desk.issue(IssueOrder(name="interrupted"))
        assert first.result().record.name == "first"
    assert desk.issue(IssueOrder(name="later")).record.name == "later"
    assert not ca.world.store.certificates(name="interrupted")


def test_what_others_changed_is_seen(ca: Ca) -> None:
    """The desk keeps what it read; a CA, a revocation or a certificate of another process is known at once."""
    desk = IssueDesk(lasting(ca))
    desk.issue(IssueOrder(name="before"))
    ca.run("issue", "alice")
    with pytest.raises(PolicyError, match="alice has a certificate"):
        desk.issue(IssueOrder(name="alice"))
    ca.run("ca", "add", "narrow", "--for", "client", "--permit", "dns:d1.test")
    assert desk.issue(IssueOrder(name="after", subject_alt_names=("dns:d1.test",))).record.issuer == "narrow"
    with pytest.raises(PolicyError, match=r"d1\.test"):
        desk.issue(IssueOrder(name="outside", subject_alt_names=("dns:d2.test",)))
    ca.run("revoke", "alice")
    assert desk.issue(IssueOrder(name="alice", subject_alt_names=("dns:d1.test",))).record.name == "alice"


def test_refusals_leave_nothing(ca: Ca, tmp_path: Path) -> None:
    home = lasting(ca)
    desk = IssueDesk(home)
    wishes = read_csr(csr(tmp_path, "mallory"), where="csr")
    stolen = desk.issue(IssueOrder(name="mallory", wishes=wishes))
    assert stolen.key is None
    ca.run("revoke", "mallory", "--reason", "keyCompromise")
    before = len(home.store.certificates())
    for order, kind in (
        (IssueOrder(name="mallory", wishes=wishes), PolicyError),
        (IssueOrder(name="../up"), UsageError),
        (IssueOrder(name="x", profile="none"), UsageError),
        (IssueOrder(name="x", profile="server"), PolicyError),
    ):
        with pytest.raises(kind):
            desk.issue(order)
    assert len(home.store.certificates()) == before


@pytest.mark.parametrize("point", ["issue.intent-durable", "issue.signed", "issue.recorded"])
def test_killed_anywhere_nothing_is_lost(ca: Ca, point: str) -> None:
    words = [sys.executable, "-c", KILLED, str(ca.home), str(ca.passphrase)]
    environment = os.environ | {"HANDCLASP_CRASHPOINT": f"{point}:2"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    IssueDesk(lasting(ca)).issue(IssueOrder(name="later"))
    states = {one.name: one.state for one in ca.world.store.certificates() if one.profile == "client"}
    assert states == {"n0": "issued", "n1": "issued" if point == "issue.recorded" else "abandoned", "later": "issued"}
    assert ca.world.store.pending() == ()
    ca.run("revoke", "n1")
    ca.run("audit")


def test_a_registry_that_fails_is_told_and_the_desk_goes_on(ca: Ca) -> None:
    home = lasting(ca)
    desk = IssueDesk(home)
    desk.issue(IssueOrder(name="before"))
    trigger = "CREATE TRIGGER full BEFORE UPDATE ON certificate BEGIN SELECT RAISE(FAIL, 'disk is full'); END"
    sql(ca, trigger)
    failed = together([lambda name=name: desk.issue(IssueOrder(name=name)) for name in ("a", "b", "c")])  # type: ignore[misc]
    assert all(isinstance(one, HandclaspError) and "disk is full" in str(one) for one in failed)
    sql(ca, "DROP TRIGGER full")
    desk.issue(IssueOrder(name="after"))
    states = {one.name: one.state for one in home.store.certificates() if one.profile == "client"}
    assert states.pop("before") == states.pop("after") == "issued"
    assert set(states.values()) == {"abandoned"}  # one group or three: an intent stands for those who came as far


def test_a_signature_that_does_not_verify_is_never_recorded(ca: Ca) -> None:
    """A token that signs something else: the rows are written meanwhile, and none of them stays."""
    home = lasting(ca)
    assert IssueDesk(home).issue(IssueOrder(name="before")).record.name == "before"
    forging: Any = Forging(home.keys)
    desk = IssueDesk(dataclasses.replace(home, keys=forging))
    failed = together([lambda name=name: desk.issue(IssueOrder(name=name)) for name in ("a", "b", "c")])  # type: ignore[misc]
    assert all(isinstance(one, Bug) and "does not verify" in str(one) for one in failed)
    assert all(one.certificate is None for one in home.store.certificates() if one.name in "abc")
    IssueDesk(home).issue(IssueOrder(name="after"))
    states = {one.name: one.state for one in home.store.certificates() if one.profile == "client"}
    assert (states.pop("before"), states.pop("after")) == ("issued", "issued")
    assert set(states.values()) == {"abandoned"}
    assert "issued" not in {one.action for one in home.store.audit_events() if one.subject in "abc"}
    ca.run("audit")


class Forging:
    """The keys of a home whose CA signs something else than it was asked to, as a broken token would."""

    def __init__(self, real: KeyStore) -> None:
        self._real = real

    def open(self, label: str) -> Any:
        """The key of that name, spoilt."""
        return spoilt(self._real.open(label), b"!")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def sql(ca: Ca, statement: str) -> None:
    import sqlite3

    connection = sqlite3.connect(ca.home / "registry.sqlite")
    connection.execute(statement)
    connection.close()


KILLED = """
import sys
from handclasp.app.desk import IssueDesk
from handclasp.app.issue import IssueOrder
from handclasp.wiring import World
desk = IssueDesk(World(sys.argv[1], passphrase_file=sys.argv[2], lasting=True).ca)
for number in range(3):
    desk.issue(IssueOrder(name=f"n{number}"))
"""
