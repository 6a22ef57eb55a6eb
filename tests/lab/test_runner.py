"""The runner against a real nginx, on cases whose outcome is known from nginx's documentation and a look at its log."""

from dataclasses import replace
from random import Random

import pytest

from handclasp.adapters.lab_bench import LabBench
from handclasp.lab import mint
from handclasp.lab.case import Case, Outcome, Raised
from handclasp.lab.defects import Defect, placement, revocation
from handclasp.lab.draft import Draft, healthy, minted
from handclasp.lab.runner import run
from handclasp.model.errors import WorldError
from handclasp.model.verdict import Side


def made(side: Side, intermediates: int, *defects: Defect) -> Case:
    draft = healthy(Random(7), side, intermediates)
    for defect in defects:
        defect(draft)
    return minted(draft)


def leaf_expired(draft: Draft) -> None:
    draft.leaf.not_after = mint.PAST


def shallow(draft: Draft) -> None:
    draft.depth = 1


def leaf_revoked(draft: Draft) -> None:
    crl = next(crl for crl in draft.with_crls() if crl.issuer is draft.leaf.issuer)
    crl.revoked.append((draft.leaf.serial, 1, ()))


KNOWN: list[tuple[tuple[Defect, ...], int, tuple[tuple[int, int], ...]]] = [
    ((), 200, ()),
    ((placement.leaf_alone,), 400, ((20, 0), (21, 0))),
    ((placement.only_intermediates_trusted,), 400, ((2, 2),)),
    ((placement.root_not_trusted, placement.root_sent), 400, ((22, 3), (19, 3))),
    ((shallow,), 400, ((22, 2), (20, 2))),
    ((leaf_expired,), 400, ((10, 0),)),
    ((leaf_revoked,), 400, ((23, 0),)),
    ((leaf_revoked, leaf_expired), 400, ((23, 0), (10, 0))),
    ((revocation.sound,), 200, ()),
]


@pytest.fixture(scope="module")
def outcomes() -> list[tuple[Case, Outcome]]:
    cases = [made(side, 2, *defects) for side in Side for defects, _, _ in KNOWN]
    return list(run(cases, LabBench()))


def test_known_cases_of_both_sides_end_as_known(outcomes: list[tuple[Case, Outcome]]) -> None:
    assert len(outcomes) == 2 * len(KNOWN)
    for (case, outcome), (_, status, errors) in zip(outcomes, KNOWN * 2, strict=True):
        expected = 502 if case.side is Side.UPSTREAM and status == 400 else status
        assert (outcome.status, outcome.errors) == (expected, tuple(Raised(*error) for error in errors))


def test_the_reported_error_is_the_last_one_and_carries_its_text(outcomes: list[tuple[Case, Outcome]]) -> None:
    refused = [(case, outcome) for case, outcome in outcomes if outcome.errors]
    assert refused
    for case, outcome in refused:
        assert outcome.errors is not None
        assert outcome.reported == outcome.errors[-1].number
        assert outcome.line is not None
        assert outcome.line.startswith(f"{case.side} SSL certificate verify error: ({outcome.reported}:{outcome.text})")
        assert outcome.verify == (f"FAILED:{outcome.text}" if case.side is Side.CLIENT else None)


def test_a_client_without_certificate_is_told_so() -> None:
    ((_, outcome),) = run([made(Side.CLIENT, 1, placement.nothing_sent)], LabBench())
    assert (outcome.status, outcome.title, outcome.verify) == (400, "400 No required SSL certificate was sent", "NONE")


def test_a_case_that_nginx_cannot_load_is_set_aside_and_the_others_run() -> None:
    good = made(Side.CLIENT, 1)
    broken = replace(good, store=("no certificate at all\n",))
    outcomes = dict(run([good, broken], LabBench()))
    assert outcomes[good].status == 200
    assert outcomes[broken].start is not None
    assert "c1.pem" in (outcomes[broken].start or "")


def test_a_missing_root_file_system_is_named() -> None:
    with pytest.raises(WorldError, match="nginx"):
        LabBench(root="/nowhere/at/all").build()
