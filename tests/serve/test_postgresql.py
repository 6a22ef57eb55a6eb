"""One registry in PostgreSQL, several hosts: two homes that share it, each with its own `serve`; a database that goes away."""

import json
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.x509 import ocsp

from handclasp.app.crashpoint import VARIABLE
from handclasp.wiring import World
from tests.ca_rig import PASSPHRASE, Ca, fresh
from tests.postgres_rig import Cluster, cluster
from tests.serve.api_rig import api_of, csr
from tests.serve.serve_rig import ask, curl, serving, status
from tests.serve.test_serve import certificate, load, post, request_for


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


def second_host(ca: Ca, folder: Path) -> Ca:
    """Another machine's home: keys, CA files and the pointer, as an administrator would copy them."""
    folder.mkdir()
    passphrase = folder / "passphrase"
    passphrase.write_text(PASSPHRASE + "\n")
    passphrase.chmod(0o600)
    home = folder / "home"
    home.mkdir(mode=0o700)
    for part in ("keys", "ca"):
        shutil.copytree(ca.home / part, home / part)
    shutil.copy(ca.home / "registry.url", home / "registry.url")
    return Ca(home=home, passphrase=passphrase)


def test_a_home_works_on_postgresql_and_moves_back(ca: Ca, postgres: Cluster, tmp_path: Path) -> None:
    url = postgres.url()
    before = ca.json("list")["certificates"]
    assert "password" in ca.run("store", "migrate", url.replace("nobody@", "nobody:secret@"), expect=4).stderr
    ca.run("store", "migrate", url)
    assert not (ca.home / "registry.sqlite").exists()
    assert ca.json("store", "show")["kind"] == "postgresql"
    assert ca.json("list")["certificates"] == before
    ca.run("issue", "carol")
    ca.run("renew", "carol")
    ca.run("revoke", "carol")
    ca.run("crl", "--refresh")
    ca.run("audit")
    ca.run("status")
    ca.run("init")
    backup = tmp_path / "backup"
    ca.run("backup", str(backup))
    assert "registry there already" in refused_second_move(ca, url, tmp_path)
    after = ca.json("list")["certificates"]
    ca.run("store", "migrate", "sqlite")
    assert ca.json("store", "show")["kind"] == "sqlite"
    assert ca.json("list")["certificates"] == after
    ca.run("audit")


def refused_second_move(ca: Ca, url: str, folder: Path) -> str:
    other = Ca(home=folder / "other", passphrase=ca.passphrase)
    other.run("init")
    said = other.run("store", "migrate", url, expect=4).stderr
    assert (other.home / "registry.sqlite").exists()
    other.run("audit")
    return said


def test_a_ca_is_made_in_a_database_at_once(postgres: Cluster, tmp_path: Path) -> None:
    url, made = postgres.url(), fresh(tmp_path / "one")
    assert "password" in made.run("init", "--store", url.replace("nobody@", "nobody:secret@"), expect=4).stderr
    assert "database server" in made.run("init", "--store", url + "_nowhere", expect=5).stderr
    made.run("init", "--store", url)
    made.run("init", "--store", url)
    made.run("issue", "alice")
    assert made.json("store", "show")["kind"] == "postgresql"
    assert not (made.home / "registry.sqlite").exists()
    made.run("audit")
    other = fresh(tmp_path / "two")
    assert "registry there already" in other.run("init", "--store", url, expect=4).stderr
    other.run("init")
    assert "has a registry already" in other.run("init", "--store", postgres.url(), expect=2).stderr


def test_two_hosts_see_a_revocation_at_once(ca: Ca, postgres: Cluster, tmp_path: Path) -> None:
    ca.run("store", "migrate", postgres.url())
    there = second_host(ca, tmp_path / "second")
    with ExitStack() as stack:
        ours, theirs = stack.enter_context(serving(ca)), stack.enter_context(serving(there))
        alice = certificate(ca, "alice")
        for served in (ours, theirs):
            assert "alice/certificate.pem: good" in ask(ca, served.url, alice)
        there.run("revoke", "alice")
        for served in (ours, theirs):
            assert "alice/certificate.pem: revoked" in ask(ca, served.url, alice)
        assert curl(f"{ours.url}/crl/issuing.crl") == curl(f"{theirs.url}/crl/issuing.crl")


def test_an_idempotency_key_holds_on_every_host(ca: Ca, postgres: Cluster, tmp_path: Path) -> None:
    ca.run("issue", "desk")
    (ca.home / "roles.toml").write_text('"desk" = "operator"\n')
    ca.run("store", "migrate", postgres.url())
    there = second_host(ca, tmp_path / "second")
    shutil.copy(ca.home / "roles.toml", there.home / "roles.toml")
    for file in ("chain.pem", "key.pem"):
        path = there.identity("app.test", file)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ca.identity("app.test", file), path)
    body, key = {"name": "carol", "csr": csr(tmp_path, "carol")}, "Idempotency-Key: one"
    with api_of(ca) as ours, api_of(there) as theirs:
        first = ours.ask("desk", "POST", "/certificates", body, key)
        assert first.status == 201
        assert replace(theirs, ca=ca).ask("desk", "POST", "/certificates", body, key) == first
    assert len(ca.json("show", "carol")["certificates"]) == 1


def test_two_hosts_issue_and_publish_at_the_same_time(ca: Ca, postgres: Cluster, tmp_path: Path) -> None:
    ca.run("store", "migrate", postgres.url())
    there = second_host(ca, tmp_path / "second")
    failed: list[BaseException] = []

    def work(host: Ca, letter: str) -> None:
        try:
            for number in range(3):
                host.run("issue", f"{letter}{number}")
                host.run("crl", "--refresh")
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test fails by it
            failed.append(error)

    threads = [threading.Thread(target=work, args=(host, letter)) for host, letter in ((ca, "x"), (there, "y"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    store = World(str(ca.home)).store
    names = [record.name for record in store.certificates()]
    assert sorted(name for name in names if name[0] in "xy" and name[1:].isdecimal()) == [
        f"{letter}{number}" for letter in "xy" for number in range(3)
    ]
    signed = [int(event.details["number"]) for event in store.audit_events() if event.action == "crl-signed"]
    own = [event for event in store.audit_events() if event.action == "crl-signed" and event.subject == "issuing"]
    numbers = [int(event.details["number"]) for event in own]
    assert numbers == sorted(set(numbers))
    assert len(signed) >= 12
    ca.run("audit")


@pytest.mark.parametrize("point", ["issue.key-staged", "issue.signed", "issue.recorded", "export.archived"])
def test_what_died_on_one_host_is_not_completed_on_another_without_its_key(
    ca: Ca, postgres: Cluster, tmp_path: Path, point: str
) -> None:
    ca.run("store", "migrate", postgres.url())
    there = second_host(ca, tmp_path / "second")
    ca.run("issue", "dora", env={VARIABLE: point}, expect=-signal.SIGKILL)
    done = there.json("issue", "dora")
    assert (done["resumed"], "key.pem" in done["files"]) == (False, True)
    recorded = point not in {"issue.key-staged", "issue.signed"}
    states = [(one["status"], one["reason"]) for one in there.json("show", "dora")["certificates"]]
    assert states == [("revoked", "cessationOfOperation") if recorded else ("abandoned", None), ("good", None)]
    why = [event for event in there.json("audit", "--events")["events"] if event["action"] == "abandoned"]
    assert not recorded or "another host" in why[-1]["details"]["why"]
    ca.run("rekey", "dora", expect=4)  # its key is over there
    ca.run("revoke", "dora")
    ca.run("issue", "dora")
    assert not list(ca.identity("dora").glob(".key-*"))
    ca.run("audit")


def test_a_database_that_goes_away_means_try_later_and_never_good(ca: Ca, tmp_path: Path) -> None:
    with cluster() as server:
        ca.run("store", "migrate", server.url())
        with serving(ca) as served:
            request = request_for(ca, load(certificate(ca, "alice")).serial_number)
            assert ocsp.load_der_ocsp_response(post(served, request, tmp_path)).certificate_status.name == "GOOD"
            server.stop("immediate")
            answer = ocsp.load_der_ocsp_response(post(served, request, tmp_path))
            assert answer.response_status is ocsp.OCSPResponseStatus.TRY_LATER
            assert status(f"{served.url}/health") == 200
            assert status(f"{served.url}/ready") == 503
            assert "cannot be reached" in ca.run("list", expect=5).stderr.replace("can be reached", "cannot be reached")
            server.start()
            answer = ocsp.load_der_ocsp_response(post(served, request, tmp_path))
            assert answer.certificate_status.name == "GOOD"
            assert json.loads(curl(f"{served.url}/ready"))["ready"] is True


def test_a_job_that_is_cut_off_writes_nothing_more(ca: Ca, postgres: Cluster) -> None:
    """The session that holds the lock is the one that writes: another host may go on, and this one cannot."""
    from handclasp.adapters.sql_store import SqlStore
    from handclasp.model.errors import WorldError

    url = postgres.url()
    ca.run("store", "migrate", url)
    ours, theirs = SqlStore.postgresql(url), SqlStore.postgresql(url)

    def cut_off_job() -> None:
        with ours.exclusive():
            killed = postgres.sql(
                url,
                "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            )
            assert killed.strip() == "1"
            with theirs.exclusive(), theirs.begin() as transaction:
                transaction.set_value("who", "theirs")
            with ours.begin() as transaction:
                transaction.set_value("who", "ours")

    with pytest.raises(WorldError):
        cut_off_job()
    assert theirs.value("who") == "theirs"


@pytest.mark.parametrize("point", ["store.copied-out", "store.pointed-out", "store.copied-back", "store.written-back"])
def test_killed_in_a_move_exactly_one_registry_is_in_use(ca: Ca, postgres: Cluster, point: str) -> None:
    url = postgres.url()
    before = ca.json("list")["certificates"]
    back = point.endswith("back")
    if back:
        ca.run("store", "migrate", url)
    to = "sqlite" if back else url
    process = ca.start("store", "migrate", to, env={VARIABLE: point})
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert ca.json("list")["certificates"] == before
    moved = point == "store.pointed-out"
    assert ca.json("store", "show")["kind"] == ("postgresql" if moved or back else "sqlite")
    ca.run("audit")
    if back:
        ca.run("store", "migrate", "sqlite")
        assert ca.json("list")["certificates"] == before
