"""Configurations of many kinds: every visit's status is foreseen, and `nginx check` tells what must be told beforehand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from handclasp.adapters.lab_stage import LabStage
from handclasp.app.nginx_status import nginx_check
from handclasp.lab import mint, setup
from handclasp.lab.case import pem
from handclasp.lab.exhibit import exhibit
from handclasp.lab.mint import PAST, BlankCrl, name
from handclasp.lab.scenario import Kind, Scenario, Variant
from handclasp.lab.setup import CLIENT, Setup, pems
from handclasp.model.evidence import Evidence
from handclasp.model.finding import Severity
from handclasp.ports.stage import Visit
from handclasp.verdict.predict import predict
from tests.verdict.configurations import ASKS, CONFIGURATIONS, GUEST, Configuration

AT = datetime(2030, 1, 1, tzinfo=UTC)
_MAIN = """\
worker_processes 1;
error_log logs/error.log info;
events {{ worker_connections 512; }}
http {{
    access_log off;
{}}}
"""


def _end(made: Setup) -> None:
    made.leaf.not_after = PAST


def _lists(made: Setup, *, levels: int, over: bool = False, revoked: bool = False) -> None:
    lists = [BlankCrl(issuer=tier, number=2) for tier in made.draft.tiers[1:]][:levels]
    if over:
        for one in lists:
            one.next_update = PAST
    if revoked:
        lists[0].revoked.append((made.leaf.serial, 1, ()))
    made.files["ca.crl"] = "".join(pem(mint.crl(one), "X509 CRL") for one in lists).encode()


DAMAGES: dict[str, Callable[[Setup], None]] = {
    "": lambda made: _lists(made, levels=9),
    "ended": _end,
    "revoked": lambda made: _lists(made, levels=9, revoked=True),
    "crl-of-issuing": lambda made: _lists(made, levels=1),
    "crl-over": lambda made: _lists(made, levels=9, over=True),
}


def made_of(given: Configuration) -> Setup:
    made = setup.client(given.intermediates)
    other = made.draft.authority(name(("O", "Other"), ("CN", "Other CA")))
    guest = made.draft.end_entity(name(("O", "Lab"), ("CN", "guest")), other)
    for damage in ("", *given.damage.split(",")):
        DAMAGES[damage](made)
    made.files |= {
        "other-ca.pem": pems([other]).encode(),
        "both.pem": pems([made.root, other]).encode(),
        "inter.pem": pems(made.intermediates or [made.root]).encode(),
        "leaf.pem": pems([made.leaf]).encode(),
        "asks.conf": ASKS.encode(),
    }
    made.config = _MAIN.format(given.http)
    made.visits = []
    for number, visit in enumerate(given.visits):
        who, fields = visit if isinstance(visit, tuple) else (visit, {})
        act = made.visit(who, **fields)
        if who == GUEST:
            act = replace(act, chain=pems([guest]), key=guest.key.pem)
        made.visits.append(replace(act, name=f"{CLIENT}-{number}-{who}"))
    return made


def evidence(made: Setup, act: Visit, stage: LabStage) -> Evidence:
    made.visits = [act]
    scenario = Scenario(cause="-", broken={"-": lambda: made}, control={})
    return exhibit(Variant(scenario, Kind.BROKEN, "-", None, lambda: made)).evidence(at=AT, build=stage.build(), with_log=False)


@pytest.mark.parametrize("given", CONFIGURATIONS, ids=lambda given: given.name)
def test_every_answer_is_foreseen_and_what_is_wrong_is_told(given: Configuration) -> None:
    made, stage = made_of(given), LabStage()
    acts = [act for act in made.visits or [] if isinstance(act, Visit)]
    seen = stage.perform(made.play())
    assert seen.start is None
    for act in acts:
        verdict = predict(evidence(made, act, stage))
        foreseen = {verdict.status, *(one.status for one in verdict.otherwise if given.unknown)}
        assert seen.results[act.name].status in foreseen, (act.name, act.sni, act.host, act.path)
    found = nginx_check(replace(evidence(made, acts[0], stage), presented=None)).findings
    assert set(given.told) <= {one.cause for one in found}
    if given.quiet:
        assert not [one.cause for one in found if one.severity is not Severity.NOTICE]
