"""Count how well `handclasp explain` answers questions in plain words, and write docs/search.md in both languages.

Usage: .venv/bin/python tools/search_results.py      (the questions are tests/explain/questions.toml)
"""

import tomllib
from pathlib import Path

from handclasp.app.explain import explain
from handclasp.model.text import Text

ROOT = Path(__file__).resolve().parents[1]
QUESTIONS = ROOT / "tests" / "explain" / "questions.toml"
PAGES = {"en": ROOT / "docs" / "search.md", "zh": ROOT / "docs" / "zh" / "search.md"}
GROUPS = {
    "english": Text(en="English", zh="英文"),
    "typing-errors": Text(en="with typing errors", zh="含拼写错误"),
    "chinese": Text(en="Chinese", zh="中文"),
    "later-english": Text(en="English, written later", zh="英文，后写的"),
    "later-typing-errors": Text(en="with typing errors, written later", zh="含拼写错误，后写的"),
    "later-chinese": Text(en="Chinese, written later", zh="中文，后写的"),
}
ALL = Text(en="all", zh="合计")
WORDS = {
    "en": """# How well questions are answered

Written by `tools/search_results.py`; every figure is a count. The questions are in `tests/explain/questions.toml`, as people
type them, each with the causes that answer it. Those "written later" were written when the words of the catalogue were
finished; no word was chosen for them.

| questions | asked | answered first | among the first three |
|---|---|---|---|
{rows}

`handclasp explain`, `handclasp kb search` and the agents' tools share one search. The search box of the pages is a script of
its own over the same words; a test asks it the same questions in a browser.
""",
    "zh": """# 问题回答得如何

由 `tools/search_results.py` 生成；每个数字都是计数。问题在
`tests/explain/questions.toml` 中，按人们的实际输入写成，每个都附有能回答它的原因。\
“后写的”是在目录用词定稿之后写的，没有为它们挑选过任何词。

| 问题 | 数量 | 排在第一 | 排在前三 |
|---|---|---|---|
{rows}

`handclasp explain`、`handclasp kb search` 和编程智能体的工具共用同一套搜索。页面上的搜索框是针对同样词语的另一段脚本；\
测试会在浏览器中向它提出同样的问题。
""",
}
NONE = 1000


def ranks() -> dict[str, list[int]]:
    """By group, the place of the first right answer to each question, from 1."""
    groups = tomllib.loads(QUESTIONS.read_text("utf-8"))
    return {group: [_rank(asked, wanted) for asked, wanted in questions.items()] for group, questions in groups.items()}


def _rank(asked: str, wanted: list[str]) -> int:
    found = [item.cause.slug for item in explain(asked).causes]
    return next((place for place, slug in enumerate(found, 1) if slug in wanted), NONE)


def page(lang: str) -> str:
    """The text of the page in that language."""
    found = ranks()
    rows = [_row(GROUPS[group].in_language(lang), places) for group, places in found.items()]
    everything = [place for places in found.values() for place in places]
    return WORDS[lang].format(rows="\n".join((*rows, _row(ALL.in_language(lang), everything))))


def _row(name: str, places: list[int]) -> str:
    first, three = sum(place == 1 for place in places), sum(place <= 3 for place in places)
    return f"| {name} | {len(places)} | {first} | {three} |"


if __name__ == "__main__":
    for lang, file in PAGES.items():
        file.write_text(page(lang), "utf-8")
