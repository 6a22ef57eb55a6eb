"""Plans and what came of them, for people and for programs. Private keys are named, never shown."""

from collections.abc import Iterable
from typing import Any, Protocol

from handclasp.model.plan import Plan, ProbeStep, RemoveFile, WriteFile
from handclasp.nginxconf.diff import unified
from handclasp.present.visible import visible

_PUBLIC_PEM = b"-----BEGIN "


class _Proven(Protocol):
    @property
    def step(self) -> ProbeStep: ...
    @property
    def ok(self) -> bool: ...
    @property
    def seen(self) -> str: ...


class _Effect(Protocol):
    @property
    def authorities(self) -> tuple[int, int]: ...
    @property
    def revoked(self) -> tuple[int, int]: ...
    @property
    def newly_revoked(self) -> int: ...
    @property
    def unrevoked(self) -> int: ...
    @property
    def seen(self) -> int: ...
    @property
    def refused(self) -> tuple[tuple[str, str], ...]: ...


def plan_text(plan: Plan) -> str:
    """The whole plan: a patch for texts, one line for keys and certificates, then the probes."""
    if plan.empty:
        return "nothing to change"
    parts = [change_text(change) for change in plan.files]
    probes = [f"probe: {visible(step.name)} must be {step.expect.value}" for step in plan.probes]
    return "\n".join([*parts, *probes])


def change_text(change: WriteFile | RemoveFile) -> str:
    """One file: its patch, or its size where the content is a key or PEM."""
    if isinstance(change, RemoveFile):
        return f"remove {change.path} ({len(change.before)} bytes)"
    verb = "create" if change.before is None else "replace"
    if change.mode & 0o077 == 0:
        return f"{verb} {change.path} (mode {change.mode:04o}, a secret of {len(change.content)} bytes)"
    if change.content.startswith(_PUBLIC_PEM):
        return f"{verb} {change.path} (PEM, {change.content.count(_PUBLIC_PEM)} blocks)"
    return unified(change.path, change.before, change.content).rstrip("\n")


def effect_text(effect: _Effect, days: int) -> str:
    """What it means, in three lines, and one for each client that would be refused."""
    authorities, revoked = effect.authorities, effect.revoked
    lines = [
        f"CAs trusted: {authorities[0]} -> {authorities[1]}",
        f"revoked: {revoked[0]} -> {revoked[1]} (+{effect.newly_revoked} -{effect.unrevoked})",
        f"clients let in during the last {days} days that would now be refused: {len(effect.refused)} of {effect.seen}",
    ]
    return "\n".join([*lines, *(f"  {visible(name)}: {visible(why)}" for name, why in effect.refused)])


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as fields."""
    return {
        "files": [_file(change) for change in plan.files],
        "probes": [{"name": step.name, "expect": step.expect.value} for step in plan.probes],
        "reload": plan.reload,
    }


def _file(change: WriteFile | RemoveFile) -> dict[str, Any]:
    if isinstance(change, RemoveFile):
        return {"path": change.path, "action": "remove", "mode": None, "diff": None}
    shown = change.mode & 0o077 and not change.content.startswith(_PUBLIC_PEM)
    return {
        "path": change.path,
        "action": "create" if change.before is None else "replace",
        "mode": f"{change.mode:04o}",
        "diff": unified(change.path, change.before, change.content) if shown else None,
    }


def proven_lines(proven: Iterable[_Proven]) -> list[str]:
    """One line per probe."""
    return [
        f"  {'ok ' if one.ok else 'BAD'} {visible(one.step.name)}: {visible(one.seen)}"
        + ("" if one.ok else f" (must be {one.step.expect.value})")
        for one in proven
    ]


def proven_json(proven: Iterable[_Proven]) -> list[dict[str, Any]]:
    """Each probe with what it saw."""
    return [
        {
            "name": one.step.name,
            "expect": one.step.expect.value,
            "site": one.step.site,
            "who": one.step.who.value,
            "tls": one.step.tls.value if one.step.tls else None,
            "sni": one.step.sni,
            "resumed": one.step.resumed,
            "ok": one.ok,
            "seen": one.seen,
        }
        for one in proven
    ]
