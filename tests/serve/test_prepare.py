"""Answers that are kept: signed ahead of the questions, the newest first; none longer than its responder's certificate."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handclasp.app.answer_ocsp import OcspDesk
from handclasp.app.ocsp_responders import responders
from handclasp.model.ocsp import OcspError, Status
from handclasp.pki.ocsp_request import cert_id, write_request
from tests.ca_rig import Ca


def test_the_newest_first_and_no_more_than_are_kept(ca: Ca) -> None:
    home = ca.world.ca
    found = responders(home)
    issuing = next(one for one in found if one.authority.label == "issuing")
    newest = [record.serial for record in home.store.issued("issuing")]
    gone = [one.serial for one in home.store.revocations("issuing")]
    assert len(newest) > 2
    assert gone

    small = OcspDesk(home, [issuing], capacity=4)
    for _ in range(2):  # the second round finds them young enough, and the desk full
        assert list(small.prepare()) == newest[:2]
    known = [small.quick(write_request(cert_id(issuing.issuer, serial).encoded)) for serial in newest]
    assert [one is not None for one in known] == [True, True] + [False] * (len(newest) - 2)

    large = OcspDesk(home, [issuing])
    assert list(large.prepare()) == newest + gone
    answers = [large.quick(write_request(cert_id(issuing.issuer, serial).encoded)) for serial in newest + gone]
    statuses = [one.statuses[0] for one in answers if one is not None]
    assert statuses == [Status.GOOD] * len(newest) + [Status.REVOKED] * len(gone)


@dataclass
class Standing:
    """A clock that stands."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def test_no_answer_is_given_when_its_responder_has_ended(ca: Ca) -> None:
    home = ca.world.ca
    issuing = next(one for one in responders(home) if one.authority.label == "issuing")
    assert issuing.until is not None
    clock = Standing(home.clock.now())
    desk = OcspDesk(replace(home, clock=clock), [issuing], validity=timedelta(days=300))
    request = write_request(cert_id(issuing.issuer, next(home.store.issued("issuing")).serial).encoded)
    assert desk.answer(request).next_update == issuing.until
    assert desk.quick(request) is not None
    clock.at = issuing.until
    assert desk.quick(request) is None
    assert desk.answer(request).error is OcspError.TRY_LATER


def test_a_clock_that_was_ahead_leaves_no_answer_that_begins_later(ca: Ca) -> None:
    home = ca.world.ca
    issuing = next(one for one in responders(home) if one.authority.label == "issuing")
    clock = Standing(home.clock.now())
    desk = OcspDesk(replace(home, clock=clock), [issuing])
    request = write_request(cert_id(issuing.issuer, next(home.store.issued("issuing")).serial).encoded)
    right, clock.at = clock.at, clock.at + timedelta(days=1)
    assert desk.answer(request).this_update == clock.at.replace(microsecond=0)
    assert desk.quick(request) is not None
    clock.at = right
    assert desk.quick(request) is None
    assert desk.answer(request).this_update == right.replace(microsecond=0)
