"""Plans and what came of them, for people and for programs. Private keys are named, never shown."""

import posixpath
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from handclasp.model.plan import Expect, Plan, ProbeStep, RemoveFile, WriteFile
from handclasp.model.text import Text, plural
from handclasp.nginxconf.diff import unified
from handclasp.present.columns import table
from handclasp.present.proof_words import probe_name, seen_words
from handclasp.present.visible import visible

_PUBLIC_PEM = b"-----BEGIN "


class _Proven(Protocol):
    @property
    def step(self) -> ProbeStep: ...
    @property
    def ok(self) -> bool: ...
    @property
    def seen(self) -> str: ...


class _Touched(Protocol):
    @property
    def path(self) -> str: ...


class _Entry(Protocol):
    @property
    def number(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def actor(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def about(self) -> str: ...
    @property
    def files(self) -> tuple[_Touched, ...]: ...
    @property
    def probes(self) -> int: ...
    @property
    def failed(self) -> tuple[str, ...]: ...


_NOT_PROVEN = Text(en="not proven: no nginx ran", zh="未验证：没有 nginx 在运行")
_PROVEN = Text(en="proven by {count} probe{s}", zh="{count} 项探测通过")
_FAILED = Text(en="{failed} of {count} probe{s} FAILED", zh="{count} 项探测中有 {failed} 项失败")
_AS_MEANT = Text(en="  ok  {name}: {seen}", zh="  通过  {name}：{seen}")
_NOT_AS_MEANT = Text(en="  BAD {name}: {seen}", zh="  不符  {name}：{seen}")
_EXPECTED = {
    Expect.ADMITTED: Text(en=" (must be admitted)", zh="（应放行）"),
    Expect.REFUSED: Text(en=" (must be refused)", zh="（应拒绝）"),
    Expect.CLEARED: Text(en=" (must be cleared)", zh="（应清除）"),
}
_KINDS = {
    "apply": Text(en="apply", zh="应用"),
    "revoke": Text(en="revoke", zh="吊销"),
    "rollback": Text(en="rollback", zh="回滚"),
    "edit": Text(en="edit", zh="编辑"),
    "observe": Text(en="observe", zh="观察"),
    "refresh": Text(en="refresh", zh="更新"),
}
_MOST_NAMED = 3


def history_text(entries: Iterable[_Entry], standing: int, lang: str) -> str:
    """One line per change, newest last; `standing` is marked."""
    return "\n".join(table([_history_row(entry, standing, lang) for entry in entries]))


def _history_row(entry: _Entry, standing: int, lang: str) -> tuple[str, ...]:
    mark = "*" if entry.number == standing else " "
    names = [posixpath.basename(one.path) for one in entry.files if not one.path.endswith("/written.json")]
    more = f" +{len(names) - _MOST_NAMED}" if len(names) > _MOST_NAMED else ""
    return (
        f"{mark}{entry.number}",
        f"{entry.at:%Y-%m-%d %H:%M:%S} UTC",
        visible(entry.actor),
        f"{_KINDS[str(entry.kind)].in_language(lang)} {visible(entry.about)}".strip(),
        visible(" ".join(names[:_MOST_NAMED]) + more),
        _proof(entry, lang),
    )


def _proof(entry: _Entry, lang: str) -> str:
    if not entry.probes:
        return _NOT_PROVEN.in_language(lang)
    words = _FAILED if entry.failed else _PROVEN
    return words.in_language(lang).format(count=entry.probes, s=plural(entry.probes), failed=len(entry.failed))


def plan_text(plan: Plan) -> str:
    """The whole plan: a patch for texts, one line for keys and certificates, then the probes."""
    if plan.empty:
        return "nothing to change"
    parts = [change_text(change) for change in plan.files]
    steps = (*plan.rehearsal, *plan.probes)
    probes = [f"probe: {visible(step.name)} must be {step.expect.value}" for step in steps]
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


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as fields."""
    return {
        "files": [_file(change) for change in plan.files],
        "probes": [{"name": step.name, "expect": step.expect.value} for step in (*plan.rehearsal, *plan.probes)],
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


def proven_lines(proven: Iterable[_Proven], lang: str) -> list[str]:
    """One line per probe."""
    return [_proven_line(one, lang) for one in proven]


def _proven_line(one: _Proven, lang: str) -> str:
    name, seen = probe_name(visible(one.step.name), lang), seen_words(visible(one.seen), lang)
    line = (_AS_MEANT if one.ok else _NOT_AS_MEANT).in_language(lang).format(name=name, seen=seen)
    return line if one.ok else line + _EXPECTED[one.step.expect].in_language(lang)


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
