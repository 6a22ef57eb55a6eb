"""Write docs/verdict-differences.md anew: where nginx parts from NIST's expectations, and that the model parts from neither.

The figures are those of tests/verdict/test_vectors.py, which fails when model and openssl differ, or this page is not current.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.verdict.vector_differences import page  # noqa: E402
from tests.verdict.vectors import odd_trials, pkits_trials, version  # noqa: E402

text = page(len(list(pkits_trials())), len(list(odd_trials())), version())
(ROOT / "docs" / "verdict-differences.md").write_text(text, "utf-8")
print("docs/verdict-differences.md")
