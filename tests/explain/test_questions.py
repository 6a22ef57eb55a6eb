"""Plain questions: how many are answered first and among the first three; the page that says so is current."""

import importlib.util
import tomllib
from pathlib import Path

import pytest

from handclasp.catalogue import causes

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("search_results", ROOT / "tools" / "search_results.py")
assert spec is not None
assert spec.loader is not None
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)
QUESTIONS: dict[str, dict[str, list[str]]] = tomllib.loads(tool.QUESTIONS.read_text("utf-8"))
RANKS: dict[str, list[int]] = tool.ranks()


def test_there_are_many_questions_and_every_answer_is_a_cause() -> None:
    asked = [(question, wanted) for group in QUESTIONS.values() for question, wanted in group.items()]
    assert len(asked) >= 120
    for question, wanted in asked:
        assert set(wanted) <= set(causes.slugs()), question
    assert set(QUESTIONS) == set(tool.GROUPS)


def test_most_are_answered_first_and_nearly_all_among_the_first_three() -> None:
    places = [place for group in RANKS.values() for place in group]
    assert sum(place == 1 for place in places) >= 0.8 * len(places)
    assert sum(place <= 3 for place in places) >= 0.95 * len(places)


def test_questions_that_no_word_was_chosen_for_are_answered_too() -> None:
    places = [place for group, found in RANKS.items() if group.startswith("later") for place in found]
    assert sum(place <= 3 for place in places) >= 0.9 * len(places)


@pytest.mark.parametrize("lang", tool.PAGES)
def test_the_page_of_the_results_is_current(lang: str) -> None:
    assert tool.PAGES[lang].read_text("utf-8") == tool.page(lang), "run tools/search_results.py"
