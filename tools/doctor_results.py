"""Run the doctor on every recorded set-up of the lab and write what came out to docs/lab.md.

Usage: .venv/bin/python tools/doctor_results.py [--prove] $(sh tools/lab_roots.sh)

--prove: remedies are tried, on this machine's nginx and on that of each --root (a root file system; needs root).
"""

import argparse
import re
import sys
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from handclasp.app.doctor import examine
from handclasp.app.evidence import certificate_paths, written_paths
from handclasp.catalogue.builds import BUILDS, Build
from handclasp.diagnose.candidates import Clue, candidates
from handclasp.diagnose.log_line import LineKind, read_line
from handclasp.lab.exhibit import Exhibit, exhibit
from handclasp.lab.report import recorded
from handclasp.lab.results import build_id
from handclasp.lab.scenario import Kind, Variant
from handclasp.lab.scenarios import scenarios
from handclasp.model.evidence import Evidence
from handclasp.model.finding import Diagnosis, Severity
from handclasp.verdict.predict import Stage
from handclasp.wiring import World

ROOT = Path(__file__).resolve().parents[1]
_ROWS = (
    ("broken set-ups, with configuration, certificates and log", "broken", None),
    ("their cause told first", "first", "broken"),
    ("their cause told at all", "named", "broken"),
    ("of these, set-ups that have further causes beside it by their nature", "several", None),
    ("first remedy tried on a real nginx", "tried", None),
    ("and proven", "proved", "tried"),
    ("sound set-ups (controls, and after the remedy)", "sound", None),
    ("an error told of them", "false", "sound"),
    ("log lines alone", "line", None),
    ("the cause among those listed", "line, listed", "line"),
    ("the cause listed first", "line, first", "line"),
    ("the most that any fixed answer to each line could get (the ceiling)", "line, ceiling", "line"),
)


@dataclass
class Tally:
    """What came out on one build. `lines`: for each line without its values, how often each cause was behind it."""

    counts: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    lines: dict[Clue, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def main() -> int:
    """Write docs/lab.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prove", action="store_true")
    parser.add_argument("--root", action="append", default=[], type=Path)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="handclasp-results-") as folder:
        worlds = _worlds(given.root, Path(folder)) if given.prove else {}
        builds = [build for build in BUILDS.values() if build.lab]
        with ThreadPoolExecutor(len(builds)) as threads:  # each waits for its nginx most of the time
            found = threads.map(lambda build: _one_build(build, worlds.get(build.id)), builds)
            tallies = {build.id: tally for build, tally in zip(builds, found, strict=True)}
    (ROOT / "docs" / "lab.md").write_text(_page(tallies), "utf-8")
    print("docs/lab.md")
    return 0


def _worlds(roots: list[Path], folder: Path) -> dict[str, World]:
    """The machines on which remedies can be tried, by build: this one, and a root file system that sees this one's /tmp."""
    found = [World("/nonexistent")]
    for root in roots:
        script = folder / root.name
        inside = 'mount --bind /tmp "$0/tmp" && exec chroot "$0" /usr/sbin/nginx "$@"'
        script.write_text(f"#!/bin/sh\nexec unshare -m sh -c '{inside}' '{root}' \"$@\"\n", "utf-8")
        script.chmod(0o700)
        found.append(World("/nonexistent", nginx_path=str(script)))
    return {build_id(world.nginx.build()): world for world in found}


def _one_build(build: Build, prover: World | None) -> Tally:
    world, results, tally = World("/nonexistent"), recorded(), Tally()
    for scenario in scenarios().values():
        for variant in scenario.variants():
            here = scenario.runs_on(variant.form, build.id, variant.change)
            if variant.kind is Kind.DEAD_END or variant.form in scenario.look_alikes or not here:
                continue
            shown = exhibit(variant, results, build.id)
            evidence = _with_gaps(
                replace(shown.evidence(at=world.clock.now()), engine=str(build.series), nginx_version=str(build.nginx))
            )
            tools = prover.sandbox_tools if prover and variant.kind is Kind.BROKEN else None
            _count(variant, examine(evidence, tools).diagnosis, tally)
            if variant.kind is Kind.BROKEN:
                _from_the_line(variant, shown, build, tally)
    tally.counts["line, ceiling"] = sum(max(causes.values()) for causes in tally.lines.values())
    return tally


def _with_gaps(evidence: Evidence) -> Evidence:
    """The evidence as it is gathered from a machine: with the files that are named and not there."""
    stage = Stage(evidence)
    named = certificate_paths(stage.config) | written_paths(stage.tree)
    absent = sorted(path for path in named if path not in evidence.files)
    return replace(
        evidence,
        files={**evidence.files, **dict.fromkeys(absent)},
        unreadable={**evidence.unreadable, **dict.fromkeys(absent, "cannot be read: No such file or directory")},
    )


def _count(variant: Variant, diagnosis: Diagnosis, tally: Tally) -> None:
    cause, *beside = variant.scenario.true_causes(variant.form)
    counts = tally.counts
    if variant.kind is not Kind.BROKEN:
        errors = [item.cause for item in diagnosis.findings if item.severity is Severity.ERROR and item.cause not in beside]
        counts["sound"] += 1
        counts["false"] += bool(errors)
        if errors:
            tally.false.append(f"{variant.label}: {', '.join(errors)}")
        return
    told = [item.cause for item in diagnosis.findings]
    counts["broken"] += 1
    counts["named"] += cause in told
    counts["several"] += bool(beside)
    right = cause in told and told[0] in {cause, *beside}
    counts["first"] += right
    if not right:
        tally.misses.append(f"{variant.label}: {', '.join(told) or 'nothing'}")
    remedies = [item for finding in diagnosis.findings[:1] for item in finding.remedies if item.proof]
    proved = any(item.proof.proved for item in remedies if item.proof)
    counts["tried"] += bool(remedies)
    counts["proved"] += proved
    if remedies and not proved:
        tally.unproven.append(f"{variant.label}: {remedies[0].id}")


def _from_the_line(variant: Variant, shown: Exhibit, build: Build, tally: Tally) -> None:
    lines = [line for text in shown.log if (line := read_line(text)).kind not in {LineKind.OTHER, LineKind.UNKNOWN}]
    if not lines:
        return
    clue = Clue.of_line(lines[-1])
    ranked = [item.cause for item in candidates(clue, build.nginx, build.series)]
    true = variant.scenario.true_causes(variant.form)
    tally.counts["line"] += 1
    tally.counts["line, listed"] += variant.scenario.cause in ranked
    tally.counts["line, first"] += ranked[:1] != [] and ranked[0] in true
    tally.lines[replace(clue, message=re.sub(r'"[^"]*"', '"…"', clue.message) if clue.message else None)].update(true)


def _page(tallies: dict[str, Tally]) -> str:
    head = "| | " + " | ".join(tallies) + " |\n|---|" + "---|" * len(tallies)
    body = "\n".join(
        "| " + " | ".join([label, *(_cell(tally.counts, key, of) for tally in tallies.values())]) + " |"
        for label, key, of in _ROWS
    )
    return f"""# The doctor on the lab's set-ups

Written by `tools/doctor_results.py --prove`; every figure is a count of runs. The set-ups are those of `handclasp lab`, their
log lines and pages those recorded on each build. Remedies are tried on a sandboxed copy under that build's nginx.

{head}
{body}

A set-up about faults that hide each other has those faults too, and so has one about a line that is not logged; its scenario
names them (`beside`). There any of its causes may come first, and its own must be told.

A line alone often fits several causes. The ceiling is what the best fixed answer to each line, values left out, would get on
these very runs.

## Not told first

{_listed({build: tally.misses for build, tally in tallies.items()})}

## Tried and not proven

{_listed({build: tally.unproven for build, tally in tallies.items()})}

## An error told of a sound set-up

{_listed({build: tally.false for build, tally in tallies.items()})}
"""


def _listed(items: dict[str, list[str]]) -> str:
    found: dict[str, list[str]] = {}
    for build, texts in items.items():
        for text in texts:
            found.setdefault(text, []).append(build)
    return "\n".join(f"- {text} ({', '.join(builds)})" for text, builds in found.items()) or "None."


def _cell(count: Counter[str], key: str, of: str | None) -> str:
    if of is None:
        return str(count[key])
    return f"{count[key]} of {count[of]}" if count[of] else "-"


if __name__ == "__main__":
    sys.exit(main())
