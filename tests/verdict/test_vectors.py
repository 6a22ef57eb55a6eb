"""The model against `openssl verify` on NIST's PKITS and on odd certificates; the differences from NIST's expectations."""

import re
from pathlib import Path

from tests.verdict.vector_differences import NOT_FOR_OPENSSL, REASON_OF, UNREAD, page, unexpected
from tests.verdict.vectors import compared, odd_trials, pkits_chains, pkits_trials, pkits_unread

PAGE = Path(__file__).resolve().parents[2] / "docs" / "verdict-differences.md"


def test_pkits_ends_in_openssl_as_the_model_says(tmp_path: Path) -> None:
    found = compared(list(pkits_trials()), tmp_path)
    assert len(pkits_chains()) > 220
    wrong = [f"{trial.name} ({trial.setting}): model {model}, openssl {seen}" for trial, model, seen in found if model != seen]
    assert not wrong, "\n".join(wrong)
    numbers = {number for _, model, _ in found for number, _ in model}
    assert len(numbers) > 18, numbers


def test_odd_certificates_end_in_openssl_as_the_model_says(tmp_path: Path) -> None:
    found = compared(list(odd_trials()), tmp_path)
    assert len(found) > 900
    wrong = [f"{trial.name} ({trial.setting}): model {model}, openssl {seen}" for trial, model, seen in found if model != seen]
    assert {line.partition(" ")[0] for line in wrong} == set(NOT_FOR_OPENSSL), "\n".join(wrong)
    unloaded = {trial.name for trial, _, seen in found if seen is None}
    assert unloaded == set(NOT_FOR_OPENSSL)


def test_every_difference_from_nist_is_explained_and_every_explanation_needed() -> None:
    assert set(unexpected()) == set(REASON_OF)
    assert set(pkits_unread()) == set(UNREAD)


def test_the_page_says_what_was_found() -> None:
    """The openssl of the machine that wrote it may be another one than here."""
    written = PAGE.read_text("utf-8")
    openssl = re.search(r"^`openssl verify` \((.*)\) with", written, re.MULTILINE)
    assert openssl
    assert written == page(len(list(pkits_trials())), len(list(odd_trials())), openssl[1])
