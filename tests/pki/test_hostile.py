"""Hostile names and requests keep the laws of tests/pki/hostile.py; `make fuzz` goes through ten thousand of each."""

from random import Random

import pytest

from handclasp.model.errors import UsageError
from handclasp.pki.alt_names import subject_alt_name
from tests.pki.hostile import CORPUS, KINDS, Keys, judges, keys

CASES = 1000
pytestmark = pytest.mark.filterwarnings("ignore:Attribute's length must be:UserWarning")


@pytest.fixture(scope="module")
def known() -> Keys:
    return keys()


@pytest.mark.parametrize("what", ["names", "alternative names", "requests"])
def test_hostile_input_is_refused_or_harmless(known: Keys, what: str) -> None:
    judge = judges(known)[what]
    answers = [judge(Random(f"1/{what}/{case}")) for case in range(CASES)]
    assert {"allowed", "refused"} == set(answers)  # otherwise the generator tests nothing


def test_every_word_of_the_corpus_as_every_kind_of_name() -> None:
    for text in CORPUS:
        for kind in KINDS:
            try:
                subject_alt_name(kind + text)
            except UsageError as refusal:
                assert refusal.hint


@pytest.mark.parametrize("text", ["fe80::1%eth0", "ip:fe80::1%25eth0", "ip:::1%"])
def test_an_address_with_a_scope(text: str) -> None:
    with pytest.raises(UsageError, match="one machine only"):
        subject_alt_name(text)
