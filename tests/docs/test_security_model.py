"""docs/security-model.md: every test that it names is there."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "security-model.md").read_text("utf-8")


def test_every_promise_names_tests_that_exist() -> None:
    promises = [line for line in PAGE.splitlines() if line.startswith("| ") and "::test_" in line]
    assert len(promises) >= 20
    for line in promises:
        for path, name in re.findall(r"`([\w/]+\.py)::(test_\w+)`", line):
            tree = ast.parse((TESTS / path).read_text("utf-8"))
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{path}::{name}"
