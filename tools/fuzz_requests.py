"""Fuzz what a requester sends: names, alternative names and certification requests, judged by the laws of tests/pki/hostile.py.

Usage: python tools/fuzz_requests.py [--cases N] [--seed N]

The same seed draws the same cases; the first that breaks a law is shown with its number, and the run fails.
"""

import argparse
import sys
import warnings
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.pki.hostile import judges, keys


def main() -> int:
    """Judge all of them; 1 when one broke a law."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", message="Attribute's length must be", category=UserWarning)
    for what, judge in judges(keys()).items():
        answers: Counter[str] = Counter()
        for case in range(chosen.cases):
            try:
                answers[judge(Random(f"{chosen.seed}/{what}/{case}"))] += 1  # noqa: S311 - it has to come out the same again
            except Exception:
                print(f"{what}: case {case} of seed {chosen.seed} breaks a law", flush=True)
                raise
        print(f"{what}: {answers['allowed']} allowed, {answers['refused']} refused, none broke a law", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
