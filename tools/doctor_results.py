"""Run the doctor on every recorded set-up of the lab and write what came out to docs/lab.md.

Usage: .venv/bin/python tools/doctor_results.py [--prove]      (--prove: remedies are tried on this machine's nginx)
"""

import argparse
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from handclasp.app.doctor import examine
from handclasp.app.evidence import certificate_paths, written_paths
from handclasp.catalogue.builds import BUILDS, Build
from handclasp.diagnose.candidates import Clue, candidates
from handclasp.diagnose.log_line import LineKind, read_line
from handclasp.lab.exhibit import Exhibit, exhibit
from handclasp.lab.report import recorded
from handclasp.lab.results import Result
from handclasp.lab.scenario import Kind, Variant
from handclasp.lab.scenarios import scenarios
from handclasp.model.evidence import Evidence
from handclasp.model.finding import Diagnosis, Severity
from handclasp.verdict.predict import Stage
from handclasp.wiring import World

ROOT = Path(__file__).resolve().parents[1]
_SEVERAL = {"client-mask-expired-hides-untrusted", "upstream-mask-several-faults", "error-log-level-hides-reason"}


def main() -> int:
    """Write docs/lab.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prove", action="store_true")
    prove = parser.parse_args().prove
    counts: dict[str, Counter[str]] = {}
    misses: dict[str, list[str]] = {}
    for build in (item for item in BUILDS.values() if item.lab):
        counts[build.id] = _one_build(build, misses, prove=prove)
    (ROOT / "docs" / "lab.md").write_text(_page(counts, misses), "utf-8")
    print("docs/lab.md")
    return 0


def _one_build(build: Build, misses: dict[str, list[str]], *, prove: bool) -> Counter[str]:
    world, results, found = World("/nonexistent"), recorded(), Counter[str]()
    own = world.nginx.build()
    local = (own.series, own.version.minor) == (build.series, build.nginx.minor)
    for scenario in scenarios().values():
        for variant in scenario.variants():
            here = scenario.runs_on(variant.form, build.id)
            if variant.kind is Kind.DEAD_END or variant.form in scenario.look_alikes or not here:
                continue
            shown = exhibit(variant, results, build.id)
            evidence = _with_gaps(
                replace(shown.evidence(at=world.clock.now()), engine=str(build.series), nginx_version=str(build.nginx)),
                next((item.title for item in results if _same(item, variant, build)), None),
            )
            tools = world.sandbox_tools if prove and local and variant.kind is Kind.BROKEN else None
            diagnosis = examine(evidence, tools).diagnosis
            _count(variant, diagnosis, found, misses, build.id)
            if variant.kind is Kind.BROKEN:
                _from_the_line(variant, shown, build, found)
    return found


def _same(result: Result, variant: Variant, build: Build) -> bool:
    """Whether a recorded result is that of a variant on a build."""
    made = (result.cause, result.form, result.kind, result.change, result.build)
    return made == (variant.scenario.cause, variant.form, variant.kind, variant.change, build.id)


def _with_gaps(evidence: Evidence, title: str | None) -> Evidence:
    """The evidence as it is gathered from a machine: the page that was shown, and the files that are named and not there."""
    evidence = replace(evidence, answer=title)
    stage = Stage(evidence)
    named = certificate_paths(stage.config) | written_paths(stage.tree)
    absent = sorted(path for path in named if path not in evidence.files)
    return replace(
        evidence,
        files={**evidence.files, **dict.fromkeys(absent)},
        unreadable=dict.fromkeys(absent, "cannot be read: No such file or directory"),
    )


def _count(variant: Variant, diagnosis: Diagnosis, found: Counter[str], misses: dict[str, list[str]], build: str) -> None:
    errors = [item.cause for item in diagnosis.findings if item.severity is Severity.ERROR]
    if variant.kind is not Kind.BROKEN:
        found["sound"] += 1
        found["sound, error told"] += bool(errors) and variant.scenario.cause not in _SEVERAL
        return
    told = [item.cause for item in diagnosis.findings]
    cause = variant.scenario.cause
    found["broken"] += 1
    found["named"] += cause in told
    right = bool(told) and (told[0] == cause or (cause in _SEVERAL and cause in told))
    found["first"] += right
    if not right:
        misses.setdefault(f"{variant.label}: {', '.join(told) or 'nothing'}", []).append(build)
    remedies = [item for finding in diagnosis.findings[:1] for item in finding.remedies if item.proof]
    found["tried"] += bool(remedies)
    found["proved"] += any(item.proof.proved for item in remedies if item.proof)


def _from_the_line(variant: Variant, shown: Exhibit, build: Build, found: Counter[str]) -> None:
    lines = [line for text in shown.log if (line := read_line(text)).kind not in {LineKind.OTHER, LineKind.UNKNOWN}]
    if not lines:
        return
    ranked = candidates(Clue.of_line(lines[-1]), build.nginx, build.series)
    causes = [item.cause for item in ranked]
    found["line"] += 1
    found["line, listed"] += variant.scenario.cause in causes
    found["line, first"] += bool(causes) and causes[0] == variant.scenario.cause


def _page(counts: dict[str, Counter[str]], misses: dict[str, list[str]]) -> str:
    head = "| | " + " | ".join(counts) + " |\n|---|" + "---|" * len(counts)
    rows = [
        ("broken set-ups, with configuration and certificates", "broken", None),
        ("their cause told first", "first", "broken"),
        ("their cause told at all", "named", "broken"),
        ("first remedy tried on a real nginx", "tried", None),
        ("and proven", "proved", "tried"),
        ("sound set-ups (controls, and after the remedy)", "sound", None),
        ("an error told of them", "sound, error told", "sound"),
        ("log lines alone", "line", None),
        ("the cause among those listed", "line, listed", "line"),
        ("the cause listed first", "line, first", "line"),
    ]
    body = "\n".join(
        "| " + " | ".join([label, *(_cell(count, key, of) for count in counts.values())]) + " |" for label, key, of in rows
    )
    listed = "\n".join(f"- {item} ({', '.join(builds)})" for item, builds in misses.items()) or "None."
    return f"""# The doctor on the lab's set-ups

Written by `tools/doctor_results.py --prove`; every figure is a count of runs. The set-ups are those of `handclasp lab`, their
log lines those recorded on each build. Remedies are tried only on the build of the machine that wrote this page.

{head}
{body}

A line alone often fits several causes; "listed first" has a ceiling below all of them.

## Not told first

{listed}
"""


def _cell(count: Counter[str], key: str, of: str | None) -> str:
    if of is None:
        return str(count[key])
    return f"{count[key]} of {count[of]}" if count[of] else "-"


if __name__ == "__main__":
    sys.exit(main())
