"""Files of ours that somebody changed by hand: noticed, shown from both sides, never overwritten unasked, and kept."""

import posixpath
from dataclasses import dataclass

import msgspec

from handclasp.app.apply_place import Place
from handclasp.app.apply_state import Change, Gear, now
from handclasp.model.errors import PolicyError
from handclasp.model.plan import WriteFile
from handclasp.nginxconf.diff import unified

_SECRET = 0o600
_MOST_LINES = 60
_WIDEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One file: what we wrote, what is there (None: it was removed)."""

    path: str
    written: bytes
    there: bytes | None


def drifted(gear: Gear, place: Place) -> tuple[Drift, ...]:
    """The configuration files of ours that are no longer as the last apply left them."""
    note = _note(place)
    if not gear.files.exists(note):
        return ()
    try:
        written = msgspec.json.decode(gear.files.read(note), type=dict[str, str])
    except msgspec.DecodeError:
        return ()  # without the note nothing can be told; the next apply writes it anew
    found = ((path, text.encode(), now(gear.files, path)) for path, text in written.items())
    return tuple(Drift(path=path, written=text, there=there) for path, text, there in found if there != text)


def noted(gear: Gear, place: Place, files: dict[str, tuple[bytes, int]]) -> Change | None:
    """The change that notes what this apply writes; None when the note says so already."""
    texts = {path: content.decode() for path, (content, _) in files.items() if path.endswith((".conf", ".stream"))}
    content = msgspec.json.encode(texts)
    there = now(gear.files, _note(place))
    return None if there == content else WriteFile(path=_note(place), content=content, mode=_SECRET, before=there)


def refuse(drifts: tuple[Drift, ...], wanted: dict[str, tuple[bytes, int]]) -> None:
    """PolicyError for the first file that is about to be overwritten, with their change and ours."""
    for drift in drifts:
        ours = wanted.get(drift.path, (b"", 0))[0]
        if drift.there == ours:
            continue
        theirs = unified(drift.path, drift.written, drift.there or b"")
        change = unified(drift.path, drift.written, ours) or "(none)\n"
        shown = f"changed by hand:\n{_short(theirs)}what Handclasp would change:\n{_short(change)}"
        raise PolicyError(
            "was changed by hand since Handclasp wrote it; nothing was applied",
            where=drift.path,
            hint=f"{shown}say it in handclasp.toml instead, or take --force: your version is kept in {_kept(drift.path)}",
        )


def copies(gear: Gear, drifts: tuple[Drift, ...], wanted: dict[str, tuple[bytes, int]]) -> tuple[Change, ...]:
    """What keeps the versions that are about to be overwritten."""
    lost = [drift for drift in drifts if drift.there is not None and wanted.get(drift.path, (None, 0))[0] != drift.there]
    return tuple(
        WriteFile(path=_kept(drift.path), content=drift.there or b"", mode=_SECRET, before=now(gear.files, _kept(drift.path)))
        for drift in lost
    )


def _note(place: Place) -> str:
    return posixpath.join(place.instance.notes, "written.json")


def _kept(path: str) -> str:
    """Beside the file, under a name that no include takes."""
    folder, name = posixpath.split(path)
    return posixpath.join(folder, f".{name}.by-hand")


def _short(text: str) -> str:
    lines = [f"{''.join(c if c.isprintable() else ' ' for c in line[:_WIDEST])}\n" for line in text.splitlines()]
    return "".join(lines[:_MOST_LINES]) + ("...\n" if len(lines) > _MOST_LINES else "")
