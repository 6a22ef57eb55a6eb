"""The plan for a large CA is what tools/scale.py writes from what it saved, and the simulated year is the same each time."""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAVED: dict[str, Any] = json.loads((ROOT / "docs/benchmarks/scale.json").read_text("utf-8"))


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "tools"), *sys.path])


def test_the_page_is_what_the_tool_writes() -> None:
    page = import_module("scale_page").page(SAVED)
    assert (ROOT / "docs/scale.md").read_text("utf-8") == page


def test_the_year_is_the_same_each_time() -> None:
    year = import_module("scale_year")
    given = year.Assumptions(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in SAVED["assumptions"].items()}
    )
    assert given == year.Assumptions()
    assert json.loads(json.dumps(year.simulate(given))) == SAVED["year"]


def test_the_year_adds_up() -> None:
    given, year = SAVED["assumptions"], SAVED["year"]
    renewals = given["certificates"] * 365 / given["renewed_after_days"]
    assert year["issues"] == pytest.approx(renewals, rel=0.02)
    gone = given["certificates"] * (given["revoked_a_year"] + given["incident_share"])
    assert year["revocations"] == pytest.approx(gone, rel=0.02)
    left = given["lifetime_days"] - given["renewed_after_days"] / 2  # how long a revocation stays listed, on the average
    assert year["listed_usual"] == pytest.approx(given["certificates"] * given["revoked_a_year"] / 365 * left, rel=0.05)
    assert year["polls"]["a_second"] == pytest.approx(given["hosts"] / given["poll_seconds"], rel=0.02)
    assert all(day["signatures"] <= day["questions"] for day in year["ocsp"])
