"""One registry in PostgreSQL, several hosts: two homes that share it, each with its own `serve`; a database that goes away."""

import contextlib
import json
import os
import shutil
import signal
import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.x509 import ocsp

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.adapters.sql_move import Move
from handclasp.adapters.sql_store import SqlStore
from handclasp.app.crashpoint import VARIABLE
from handclasp.model.errors import HandclaspError, WorldError
from handclasp.wiring import World
from tests.ca_rig import PASSPHRASE, Ca, fresh
from tests.postgres_rig import Cluster, cluster
from tests.serve.api_rig import api_of, csr
from tests.serve.serve_rig import ask, curl, serving, status
from tests.serve.test_serve import certificate, load, post, request_for

NOW = datetime(2026, 1, 1, tzinfo=UTC)


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
    ca.run("store", "migrate", url)  # what it left there is its own
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
    made.run("systemd", "-o", str(tmp_path / "units"), "--user", "root")
    assert "AF_INET" in (tmp_path / "units" / "handclasp-renew.service").read_text()
    other = fresh(tmp_path / "two")
    assert "registry there already" in other.run("init", "--store", url, expect=4).stderr
    other.run("init")
    assert "has a registry already" in other.run("init", "--store", postgres.url(), expect=2).stderr


def test_what_a_database_has_for_people_changes_no_text_and_no_time(postgres: Cluster, tmp_path: Path) -> None:
    """Encodings and forms of times that whole databases are given; one whose letters are too few is not begun with."""
    url, made = postgres.url(), fresh(tmp_path / "one")
    name = postgres.sql(url, "SELECT current_database()").strip()
    for setting in ("datestyle", "'SQL, DMY'"), ("timezone", "'Asia/Shanghai'"), ("client_encoding", "'SQL_ASCII'"):
        postgres.sql(url, f"ALTER DATABASE {name} SET {' = '.join(setting)}")
    made.run("init", "--store", url)
    made.run("issue", "张三")
    (one,) = made.json("list")["certificates"]
    begins = load(certificate(made, "张三")).not_valid_before_utc
    assert (one["name"], datetime.fromisoformat(one["not_before"])) == ("张三", begins)
    made.run("audit")
    narrow = postgres.url("ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    assert "keeps text in LATIN1" in fresh(tmp_path / "two").run("init", "--store", narrow, expect=4).stderr


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


def killed_at(point: str | None, files: Path, to: str) -> int:
    """Move a registry in a process that dies there: what it ended with."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    move = Move(
        files=PosixFileTree(),
        registry=str(files / "registry.sqlite"),
        pointer=str(files / "registry.url"),
        crashed=lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == point else None,
        now=NOW,
        actor="me",
    )
    try:
        move.back() if to == "sqlite" else move.out(to)
    except HandclaspError as error:
        os._exit(int(error.exit_code))
    except BaseException:  # noqa: BLE001 - nothing of the test may run on in the child
        os._exit(99)
    os._exit(0)


def in_use(files: Path, url: str) -> list[str]:
    """The registries that take a change now."""
    found = []
    for where, opened in ((files / "registry.sqlite", SqlStore.sqlite), (url, SqlStore.postgresql)):
        if isinstance(where, Path) and not where.exists():
            continue
        with contextlib.suppress(WorldError):
            store = opened(str(where))
            with store.begin() as transaction:
                transaction.set_value("touched", str(where))
            if store.last_audit_event() is not None:
                found.append("sqlite" if isinstance(where, Path) else url)
            store.close()
    return found


@pytest.mark.parametrize("way", ["out", "back"])
def test_killed_in_a_move_at_most_one_registry_is_in_use_and_the_same_command_ends_it(
    postgres: Cluster, tmp_path: Path, way: str
) -> None:
    steps = {"out": ("copied", "marked", "pointed", "arrived"), "back": ("copied", "marked", "written", "unpointed")}[way]
    for step in steps:
        url, files = postgres.url(), tmp_path / step
        files.mkdir()
        store = SqlStore.sqlite(str(files / "registry.sqlite"))
        with store.begin() as transaction:
            transaction.audit(at=NOW, actor="me", action="made", subject="it", details={})
        store.close()
        if way == "back":
            assert killed_at(None, files, url) == 0
        to, other = (url, "sqlite") if way == "out" else ("sqlite", url)
        assert killed_at(f"store.{step}-{way}", files, to) == -signal.SIGKILL
        left = in_use(files, url)
        assert left == {"copied": [other], "arrived": [url]}.get(step, []), step
        if not left:
            assert killed_at(None, files, other) in {4, 5}, step  # the way back is not open halfway
        assert killed_at(None, files, to) == 0, step
        assert in_use(files, url) == [to], step
        assert killed_at(None, files, to) == 2, step


def test_a_registry_that_was_left_is_refused_by_every_host_until_it_is_reopened(
    ca: Ca, postgres: Cluster, tmp_path: Path
) -> None:
    url = postgres.url()
    ca.run("store", "migrate", url)
    there = second_host(ca, tmp_path / "second")
    request = request_for(ca, load(certificate(ca, "alice")).serial_number)
    with serving(there) as served:
        assert ocsp.load_der_ocsp_response(post(served, request, tmp_path)).certificate_status.name == "GOOD"
        ca.run("store", "migrate", "sqlite")
        ca.run("revoke", "alice")
        answer = ocsp.load_der_ocsp_response(post(served, request, tmp_path))
        assert answer.response_status is ocsp.OCSPResponseStatus.TRY_LATER
        assert status(f"{served.url}/ready") == 503
        assert status(f"{served.url}/crl/issuing.crl") == 503
        for command in (("list",), ("revoke", "alice")):
            said = there.run(*command, expect=5).stderr
            assert "moved to" in said
            assert "handclasp store migrate" in said
        assert "not moved away" in ca.run("store", "reopen", expect=2).stderr
        number = ca.json("crl")["crls"][-1]["number"]
        there.run("store", "reopen")
        assert "signs nothing yet" in there.run("crl", "--refresh", expect=4).stderr
        there.run("restore", "--crl", str(ca.home / "ca" / "crl.pem"))
        there.run("crl", "--refresh")
        assert there.json("crl")["crls"][-1]["number"] > number
        answer = ocsp.load_der_ocsp_response(post(served, request, tmp_path))
        assert answer.certificate_status.name == "REVOKED"
    there.run("audit")
    assert "registry there already" in ca.run("store", "migrate", url, expect=4).stderr


def test_a_serve_that_has_the_file_open_hears_of_a_move_that_was_cut_off(ca: Ca, postgres: Cluster, tmp_path: Path) -> None:
    request = request_for(ca, load(certificate(ca, "alice")).serial_number)
    with serving(ca) as served:
        assert ocsp.load_der_ocsp_response(post(served, request, tmp_path)).certificate_status.name == "GOOD"
        assert killed_at("store.marked-out", ca.home, postgres.url()) == -signal.SIGKILL
        answer = ocsp.load_der_ocsp_response(post(served, request, tmp_path))
        assert answer.response_status is ocsp.OCSPResponseStatus.TRY_LATER
        ca.run("store", "reopen")
        ca.run("restore", "--nothing-since")
        assert ocsp.load_der_ocsp_response(post(served, request, tmp_path)).certificate_status.name == "GOOD"
