"""doctor --fix: the remedies as one patch, and, when asked to, carried out on the files and the nginx that were named."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handclasp.cli.frame import Frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from handclasp.app.apply import Applied
    from handclasp.app.apply_state import Instance
    from handclasp.app.fix import Fixing, Step
    from handclasp.app.proven import Proven
    from handclasp.diagnose.concern import Concerns
    from handclasp.model.evidence import Evidence
    from handclasp.model.finding import Diagnosis
    from handclasp.wiring import World


def target(world: "World", options: dict[str, Any], *, saved: str | None) -> "Instance":
    """The nginx to change. UsageError unless its main configuration file was named, and is on this machine."""
    from handclasp.app.read_config import read_config_files
    from handclasp.model.errors import UsageError

    config = options["config"]
    if saved or options["chroot"] or config is None:
        raise UsageError("--apply changes files: name the configuration on this machine", hint="--config /etc/nginx/nginx.conf")
    if config not in read_config_files(world.files, config, options["prefix"]).tree.sources:
        raise UsageError(f"{config} is a dump of a configuration, not its main file", hint="--config /etc/nginx/nginx.conf")
    return world.instance(config, options["prefix"])


@dataclass(frozen=True, slots=True)
class Fixed:
    """For the document, and what the doctor says of the files as they are now."""

    fields: dict[str, Any]
    left: "Diagnosis"
    fixing: "Fixing"


def fix_it(
    frame: Frame,
    world: "World",
    evidence: "Evidence",
    first: "Proven",
    *,
    key: bytes | None,
    prove: bool,
    agreed: "Callable[[str], bool]",
    instance: "Instance | None",
    taken: "tuple[Evidence, tuple[Step, ...]] | None" = None,
    concerns: "Concerns | None" = None,
) -> Fixed:
    """Collect the remedies, and with an `instance` carry them out: tested, switched, reloaded and knocked at; or put back.

    `taken`: steps that come before the remedies, and the files as they were before those. `concerns`: which findings matter.
    """
    from handclasp.app.apply_edits import apply_edits
    from handclasp.app.doctor import examine
    from handclasp.app.fix import fixes, knocks
    from handclasp.app.sides import side_asked
    from handclasp.model.probe import ClientIdentity

    tools = world.sandbox_tools if prove and evidence.root else None
    fixing = fixes(
        evidence,
        first,
        lambda now: examine(now, tools, client_key=key, side=side_asked(now), concerns=concerns),
        lambda step: agreed(step.remedy.id),
    )
    if taken is not None:
        fixing = fixing.after(*taken)
    done = None
    if instance and fixing.edits:
        sent = evidence.presented
        client = ClientIdentity(certificate_chain=sent, private_key=key) if sent and key else None
        done = apply_edits(world.gear, instance, fixing.edits, knocks(fixing, client))
    if not frame.json:
        report_fix(frame, fixing, done)
    return Fixed(fix_fields(frame, fixing, done), fixing.left if done else first.diagnosis, fixing)


def report_fix(frame: Frame, fixing: "Fixing", applied: "Applied | None") -> None:
    """What would be done, or was."""
    from handclasp.nginxconf.diff import patch
    from handclasp.present.plan_text import proven_lines
    from handclasp.present.visible import visible

    frame.out("")
    for number, step in enumerate(fixing.steps, 1):
        frame.out(
            f"Fix {number}: {visible(step.remedy.title.in_language(frame.lang))}  ({step.finding.cause}, {step.remedy.id})"
        )
        frame.out(f"  why: {visible(step.finding.summary.in_language(frame.lang))}")
    if fixing.edits and applied is None:
        frame.out("\n".join(visible(line) for line in patch(fixing.edits).splitlines()))
        frame.hint("next: the same with --apply     tested, reloaded, and put back if that is not good")
    if not fixing.edits:
        frame.out("There is no remedy that can be applied by itself.")
    for step in fixing.waiting:
        frame.hint(f"also possible, after a look: --agree {step.remedy.id}     {step.remedy.title.in_language(frame.lang)}")
    if applied is not None:
        frame.out(_headline(applied))
        for line in proven_lines(applied.proven, frame.lang):
            frame.out(line)
        if applied.plan.files:
            frame.hint("to take it back: handclasp nginx rollback --config FILE")


def fix_fields(frame: Frame, fixing: "Fixing", applied: "Applied | None") -> dict[str, Any]:
    """The same for programs."""
    from handclasp.nginxconf.diff import patch
    from handclasp.present.plan_text import proven_json

    return {
        "steps": [_step(step, frame.lang) for step in fixing.steps],
        "waiting": [_step(step, frame.lang) for step in fixing.waiting],
        "patch": patch(fixing.edits),
        "files": [edit.path for edit in fixing.edits],
        "left": [finding.cause for finding in fixing.left.findings],
        "applied": applied is not None,
        "reloaded": applied is not None and applied.reloaded,
        "proof": proven_json(applied.proven) if applied else [],
    }


def _step(step: "Step", lang: str) -> dict[str, str]:
    return {
        "cause": step.finding.cause,
        "remedy": step.remedy.id,
        "title": step.remedy.title.in_language(lang),
        "why": step.finding.summary.in_language(lang),
    }


def _headline(applied: "Applied") -> str:
    if applied.plan.empty:
        return "Nothing to change."
    return "Applied: nginx was reloaded." if applied.reloaded else "Applied to the files; nginx does not run with them."
