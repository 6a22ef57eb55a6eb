"""A run of publish looks at what changed since the last one, and at everything where it cannot know that."""

import shutil
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509 import ocsp

from handclasp.adapters.fork_workers import ForkWorkers
from handclasp.adapters.page_files import PageFiles
from handclasp.adapters.system_clock import SystemClock
from handclasp.app.publish import LEDGER, Edition, Published, publish
from handclasp.app.publish_answers import answer_path
from handclasp.app.publish_ledger import Segment, merged
from handclasp.model.issuance import Intent
from tests.ca_rig import Ca
from tests.serve.test_publish_many import At, answer, answers
from tests.serve.test_serve import certificate, load, request_for

DAY = timedelta(hours=24)


class Counting(PageFiles):
    """A shelf that knows what was read and written on it."""

    def __init__(self) -> None:
        super().__init__()
        self.read_, self.wrote = 0, 0

    def read(self, path: str) -> bytes:
        self.read_ += 1
        return super().read(path)

    def write_page(self, path: str, content: bytes) -> None:
        self.wrote += 1
        super().write_page(path, content)


class Desk:
    """Publishes one CA into one folder, at a time of its own."""

    def __init__(self, ca: Ca, folder: Path) -> None:
        self.start = SystemClock().now()
        self.ca, self.folder, self.clock = ca, folder, At(self.start)

    def run(self, hours: float = 0, *, check: bool = False) -> tuple[Published, Counting]:
        self.clock.moment = self.start + timedelta(hours=hours)
        world, shelf = self.ca.world, Counting()
        world.__dict__["clock"] = self.clock
        edition = Edition(folder=str(self.folder), validity=DAY, check=check)
        done = publish(world.ca, shelf, ForkWorkers(1), edition, page=lambda _: "", watch=lambda _: nullcontext(lambda _: None))
        return done, shelf

    def path(self, name: str) -> Path:
        request = request_for(self.ca, load(certificate(self.ca, name)).serial_number)
        return self.folder / "ocsp" / answer_path(request)


@pytest.fixture
def desk(ca: Ca, tmp_path: Path) -> Desk:
    return Desk(ca, tmp_path / "pki")


def test_after_a_revocation_two_answers_are_read_and_written(desk: Desk) -> None:
    first, _ = desk.run()
    desk.ca.run("revoke", "alice")
    done, shelf = desk.run(1)
    assert (shelf.read_, shelf.wrote) == (2, 2)
    assert (done.answers, done.signed, done.until) == (first.answers, 2, first.until)
    assert answer(desk.folder, desk.ca, "alice").certificate_status is ocsp.OCSPCertStatus.REVOKED


def test_when_nothing_happened_nothing_is_read(desk: Desk) -> None:
    desk.run()
    _, shelf = desk.run(1)
    assert (shelf.read_, shelf.wrote) == (0, 0)


def test_new_certificates_are_answered_for_and_renewed_with_their_own_half_life(desk: Desk) -> None:
    first, _ = desk.run()
    desk.ca.run("issue", "carol")
    later, shelf = desk.run(8)
    assert (later.answers, later.signed, shelf.wrote) == (first.answers + 2, 2, 2)
    renewed, shelf = desk.run(12)
    assert (renewed.answers, renewed.signed) == (later.answers, first.answers)  # carol's are four hours old
    again, _ = desk.run(20)
    assert again.signed == 2


def test_whoever_comes_every_half_life_may_be_a_minute_early(desk: Desk) -> None:
    first, _ = desk.run()
    done, _ = desk.run(12 - 1 / 60)
    assert done.signed == first.answers


def test_what_somebody_changed_by_hand_is_found_when_it_is_asked_for_or_half_the_life_is_over(desk: Desk) -> None:
    desk.run()
    desk.path("alice").unlink()
    desk.path("bob").write_bytes(b"nonsense")
    assert desk.run(1)[0].signed == 0
    assert desk.run(1, check=True)[0].signed == 2
    desk.path("alice").unlink()
    desk.run(13)
    assert answer(desk.folder, desk.ca, "alice").certificate_status is ocsp.OCSPCertStatus.GOOD


def _lose_answers(desk: Desk) -> None:
    shutil.rmtree(desk.folder / "ocsp")


def _lose_ledger(desk: Desk) -> None:
    (desk.folder / LEDGER).unlink()
    desk.path("alice").unlink()


def _spoil_ledger(desk: Desk) -> None:
    (desk.folder / LEDGER).write_text("{")
    desk.path("alice").unlink()


def _exchange_responder(desk: Desk) -> None:
    (desk.ca.home / "keys" / "issuing.ocsp.pem").unlink()


def _go_back(desk: Desk) -> None:
    """The registry as it was before the last run."""
    shutil.copy(desk.ca.home / "before.sqlite", desk.ca.home / "registry.sqlite")
    desk.path("alice").unlink()


@pytest.mark.parametrize("mishap", [_lose_answers, _lose_ledger, _spoil_ledger, _exchange_responder, _go_back])
def test_everything_is_looked_at_where_the_ledger_says_nothing(desk: Desk, mishap: Callable[[Desk], None]) -> None:
    desk.run()
    shutil.copy(desk.ca.home / "registry.sqlite", desk.ca.home / "before.sqlite")
    desk.ca.run("issue", "carol")
    desk.run()
    mishap(desk)
    done, _ = desk.run(1)
    assert done.signed > 0
    assert desk.run(1, check=True)[0].signed == 0
    assert done.answers == sum(1 for _ in answers(desk.folder)) - (2 if mishap is _go_back else 0)  # carol's are left over


def test_a_clock_that_was_ahead_leaves_no_answer_that_begins_later(desk: Desk) -> None:
    desk.run()
    first, _ = desk.run(30)
    done, _ = desk.run(1)
    assert done.signed == first.answers
    assert answer(desk.folder, desk.ca, "alice").this_update_utc <= desk.start + timedelta(hours=1)


def test_an_intent_that_is_signed_later_gets_its_answers_then(desk: Desk) -> None:
    before, _ = desk.run()
    desk.ca.run("issue", "carol")
    home, bob = desk.ca.world.ca, load(certificate(desk.ca, "bob"))
    serial, der = 4711, certificate(desk.ca, "bob").read_bytes()
    with home.store.begin() as transaction:
        transaction.add_intent(
            Intent(
                serial=serial, issuer="issuing", profile="client", name="late", tbs_sha256="0" * 64,
                not_before=bob.not_valid_before_utc, not_after=bob.not_valid_after_utc, created=desk.start,
            )
        )  # fmt: skip
    assert desk.run(1)[0].signed == 2
    with home.store.begin() as transaction:
        transaction.record_handed("issuing", [(serial, der, "0" * 64)])
    done, shelf = desk.run(2)
    assert (done.signed, done.answers, shelf.wrote) == (2, before.answers + 4, 2)


def test_segments_that_end_at_nearly_the_same_time_are_one() -> None:
    start = SystemClock().now()
    rows = [Segment(("issuing", f"{number:X}"), 2, start + timedelta(minutes=number)) for number in range(24 * 60)]
    found = merged(rows, DAY)
    assert len(found) <= 24
    assert sum(one.answers for one in found) == 2 * len(rows)
    assert found[-1].upto == rows[-1].upto
    assert all(one.until <= start + timedelta(minutes=int(one.upto[1], 16)) for one in found)
