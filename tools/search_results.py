"""Count how well `handclasp explain` answers questions in plain words, and write docs/search.md.

Usage: .venv/bin/python tools/search_results.py      (the questions are tests/explain/questions.toml)
"""

import tomllib
from pathlib import Path

from handclasp.app.explain import explain

ROOT = Path(__file__).resolve().parents[1]
QUESTIONS = ROOT / "tests" / "explain" / "questions.toml"
PAGE = ROOT / "docs" / "search.md"
GROUPS = {
    "english": "English",
    "typing-errors": "with typing errors",
    "chinese": "Chinese",
    "later-english": "English, written later",
    "later-typing-errors": "with typing errors, written later",
    "later-chinese": "Chinese, written later",
}
NONE = 1000


def ranks() -> dict[str, list[int]]:
    """By group, the place of the first right answer to each question, from 1."""
    groups = tomllib.loads(QUESTIONS.read_text("utf-8"))
    return {group: [_rank(asked, wanted) for asked, wanted in questions.items()] for group, questions in groups.items()}


def _rank(asked: str, wanted: list[str]) -> int:
    found = [item.cause.slug for item in explain(asked).causes]
    return next((place for place, slug in enumerate(found, 1) if slug in wanted), NONE)


def page() -> str:
    """The text of docs/search.md."""
    found = ranks()
    rows = [_row(GROUPS[group], places) for group, places in found.items()]
    everything = [place for places in found.values() for place in places]
    return f"""# How well questions are answered

Written by `tools/search_results.py`; every figure is a count. The questions are in `tests/explain/questions.toml`, as people
type them, each with the causes that answer it. Those "written later" were written when the words of the catalogue were
finished; no word was chosen for them.

| questions | asked | answered first | among the first three |
|---|---|---|---|
{chr(10).join(rows)}
{_row("all", everything)}

`handclasp explain`, `handclasp kb search` and the agents' tools share one search. The search box of the pages is a script of
its own over the same words; a test asks it the same questions in a browser.
"""


def _row(name: str, places: list[int]) -> str:
    first, three = sum(place == 1 for place in places), sum(place <= 3 for place in places)
    return f"| {name} | {len(places)} | {first} | {three} |"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
