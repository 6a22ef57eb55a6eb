"""Many answers in a folder: written by several processes, renewed one by one, cleared when they ended, whole after a kill."""

import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import ocsp

from handclasp.adapters.fork_workers import ForkWorkers
from handclasp.adapters.page_files import PageFiles
from handclasp.adapters.system_clock import SystemClock
from handclasp.app.publish import Edition, Published, publish
from handclasp.app.publish_answers import answer_path
from tests.ca_rig import Ca
from tests.serve.test_serve import certificate, load, request_for

MANY = 1_200


class At:
    """A clock that says what it is told."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def answers(folder: Path) -> Iterator[Path]:
    return (path for path in (folder / "ocsp").rglob("*") if path.is_file())


def answer(folder: Path, ca: Ca, name: str) -> ocsp.OCSPResponse:
    request = request_for(ca, load(certificate(ca, name)).serial_number)
    return ocsp.load_der_ocsp_response((folder / "ocsp" / answer_path(request)).read_bytes())


def published(ca: Ca, folder: Path, clock: At, workers: int = 1) -> Published:
    world = ca.world
    world.__dict__["clock"] = clock
    return publish(
        world.ca,
        PageFiles(),
        ForkWorkers(workers),
        Edition(folder=str(folder), validity=timedelta(hours=24)),
        page=lambda _: "<html></html>",
        watch=lambda _: nullcontext(lambda _: None),
    )


@pytest.fixture
def crowd(ca: Ca, tmp_path: Path) -> Ca:
    table = tmp_path / "crowd.csv"
    table.write_text("name\n" + "".join(f"p{number}\n" for number in range(MANY)))
    ca.run("issue", "--from", str(table), "--into", str(tmp_path / "bundles"))
    return ca


def test_killed_while_it_signs_every_file_is_whole_and_the_next_run_signs_the_others(crowd: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    for _ in range(10):  # on a busy machine it may be done before this looks again
        if killed_amid(crowd, folder):
            break
        shutil.rmtree(folder)
    else:
        pytest.fail("it was never met at work")
    left = [path for path in answers(folder) if not path.name.endswith(".new")]
    assert 0 < len(left) < 2 * MANY
    for path in left:
        assert ocsp.load_der_ocsp_response(path.read_bytes()).response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    done = crowd.json("publish", str(folder))
    assert done["answers"] >= 2 * MANY
    assert done["signed"] < done["answers"]
    again = crowd.json("publish", str(folder))
    assert (again["answers"], again["signed"], again["removed"]) == (done["answers"], 0, 0)


def killed_amid(ca: Ca, folder: Path) -> bool:
    """Whether the kill came before the end of a first run."""
    process = ca.start("publish", str(folder))
    while process.poll() is None and sum(1 for _ in answers(folder)) < 100:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode in {0, -signal.SIGKILL}, err
    return process.returncode != 0


def test_what_changed_is_signed_again_and_nothing_else(crowd: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    crowd.run("publish", str(folder))
    for words, status, reason in (
        (("revoke", "alice", "--reason", "certificateHold"), "REVOKED", "certificate_hold"),
        (("unhold", "alice"), "GOOD", None),
        (("revoke", "alice", "--reason", "certificateHold"), "REVOKED", "certificate_hold"),
        (("revoke", "alice", "--reason", "keyCompromise"), "REVOKED", "key_compromise"),
    ):
        crowd.run(*words)
        done = crowd.json("publish", str(folder))
        assert done["signed"] == 2  # one for each hash
        found = answer(folder, crowd, "alice")
        assert found.certificate_status.name == status
        assert (found.revocation_reason.name if found.revocation_reason else None) == reason


def test_what_is_no_answer_of_ours_is_signed_again(ca: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    ca.run("publish", str(folder))
    request = request_for(ca, load(certificate(ca, "alice")).serial_number)
    path = folder / "ocsp" / answer_path(request)
    whole = path.read_bytes()
    other = (folder / "ocsp" / answer_path(request_for(ca, load(certificate(ca, "bob")).serial_number))).read_bytes()
    for content in (b"", whole[:-1], whole[: len(whole) // 2], other, b"\x30\x03\x0a\x01\x06"):
        path.write_bytes(content)
        assert ca.json("publish", str(folder))["signed"] == 0  # nothing happened in the registry
        assert ca.json("publish", str(folder), "--check")["signed"] == 1
        assert answer(folder, ca, "alice").certificate_status is ocsp.OCSPCertStatus.GOOD


def test_answers_are_renewed_at_half_their_life_and_cleared_when_their_certificate_ended(ca: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    ca.run("issue", "guest", "--days", "1")
    start = SystemClock().now()
    clock = At(start)
    first = published(ca, folder, clock, workers=2)
    assert first.signed == first.answers
    clock.moment = start + timedelta(hours=11)
    assert published(ca, folder, clock).signed == 0
    clock.moment = start + timedelta(hours=13)
    assert published(ca, folder, clock).signed == first.answers
    guest = folder / "ocsp" / answer_path(request_for(ca, load(certificate(ca, "guest")).serial_number))
    assert guest.exists()
    clock.moment = start + timedelta(hours=38)
    later = published(ca, folder, clock)
    assert (later.answers, later.removed) == (first.answers - 2, 2)
    assert not guest.exists()
    folders = [path for path in (folder / "ocsp").rglob("*") if path.is_dir()]
    assert all(any(path.iterdir()) for path in folders)  # none is left empty


def test_everybody_may_read_the_folder_whatever_the_umask(ca: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    before = os.umask(0o077)
    try:
        ca.run("publish", str(folder))
    finally:
        os.umask(before)
    for path in (folder / "ocsp").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644)


def test_two_runs_at_once_wait_for_each_other_and_a_revocation_does_not(crowd: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    running = [crowd.start("publish", str(folder), "--json") for _ in range(2)]
    crowd.run("revoke", "alice")
    for process in running:
        told = process.communicate(timeout=120)
        assert process.returncode == 0, told
    crowd.run("publish", str(folder))
    assert answer(folder, crowd, "alice").certificate_status is ocsp.OCSPCertStatus.REVOKED
    left = subprocess.run(["find", folder, "-name", "*.new"], capture_output=True, check=True).stdout
    assert left == b""
