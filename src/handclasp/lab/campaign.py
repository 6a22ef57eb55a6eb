"""Many random cases on one build, and what differed."""

from dataclasses import dataclass, replace

from handclasp.lab.differential import Disagreement, compare
from handclasp.lab.fuzz import cases
from handclasp.lab.kept import Kept, Seen
from handclasp.lab.results import build_id
from handclasp.lab.runner import run
from handclasp.ports.bench import Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """`kept` holds the cases that differ, with what was seen, fit for a file of kept cases."""

    build: str
    cases: int
    disagreements: tuple[Disagreement, ...]
    kept: tuple[Kept, ...]


def campaign(seed: int, count: int, bench: Bench) -> Campaign:
    """Forge, run, compare. Raises WorldError when nginx cannot be run."""
    build = bench.build()
    found: list[tuple[Disagreement, Kept]] = []
    for case, outcome in run(list(cases(seed, count)), bench):
        wrong = compare(case, outcome, build)
        if wrong:
            seen = Seen(nginx=str(build.version), openssl=build.openssl, outcome=replace(outcome, line=None))
            found.append((wrong, Kept(case=replace(case, key=""), seen=(seen,), why=f"seed {seed}: {wrong.said}")))
    return Campaign(
        build=build_id(build),
        cases=count,
        disagreements=tuple(wrong for wrong, _ in found),
        kept=tuple(kept for _, kept in found),
    )
