"""A plan in a file: looked at today, applied tomorrow, exactly so or not at all. It names contents by their hashes."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from handclasp.app.apply_certificates import identity_of, lacks_certificate
from handclasp.app.apply_place import Place, file_name
from handclasp.app.apply_state import Change
from handclasp.app.home import Home
from handclasp.app.site import SiteOrder
from handclasp.model.errors import InputError, PolicyError
from handclasp.model.plan import Plan, RemoveFile

_MOST_NAMED = 20


class SavedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file; hashes are SHA-256 in hex. `before` None: not there. `after` None: removed, or issued by the apply itself."""

    path: str
    mode: int
    action: Literal["create", "replace", "remove", "issue"]
    before: str | None
    after: str | None


class SavedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What was planned, for which nginx. `config_dir` None: the private one of the home."""

    schema: Literal["handclasp/nginx-saved-plan/1"]
    made: datetime
    actor: str
    config: str
    config_dir: str | None
    force: bool
    sites: tuple[SiteOrder, ...]
    issues: tuple[str, ...]
    files: tuple[SavedFile, ...]


def saved(home: Home, place: Place, orders: tuple[SiteOrder, ...], plan: Plan, *, force: bool) -> bytes:
    """The file of a plan."""
    lacking = [order for order in orders if lacks_certificate(home, order)]
    document = SavedPlan(
        schema="handclasp/nginx-saved-plan/1",
        made=home.clock.now(),
        actor=home.actor,
        config=place.instance.config,
        config_dir=None if place.own else place.instance.folder,
        force=force,
        sites=orders,
        issues=tuple(identity_of(order) for order in lacking),
        files=_files(plan, place, lacking),
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def read_saved(content: bytes, path: str) -> SavedPlan:
    """What `saved` wrote. InputError when it is anything else."""
    try:
        return msgspec.json.decode(content, type=SavedPlan)
    except msgspec.DecodeError as error:
        raise InputError(f"is not a saved plan: {error}", where=path, hint="handclasp nginx plan --save FILE") from error


def refuse_moved(home: Home, place: Place, orders: tuple[SiteOrder, ...], plan: Plan, wanted: SavedPlan) -> None:
    """PolicyError unless the plan of this moment is the saved one, file for file."""
    lacking = [order for order in orders if lacks_certificate(home, order)]
    moved = tuple(_differences(wanted.files, _files(plan, place, lacking)))
    if moved:
        raise PolicyError(
            f"the world moved since the plan of {wanted.made:%Y-%m-%d %H:%M:%S} UTC: {moved[0]}; nothing was applied",
            where=wanted.config,
            hint="\n".join((*moved[1:_MOST_NAMED], "look at a new one: handclasp nginx plan --save FILE")),
        )


def _differences(then: tuple[SavedFile, ...], today: tuple[SavedFile, ...]) -> Iterator[str]:
    planned, wanted = {one.path: one for one in then}, {one.path: one for one in today}
    for path, one in planned.items():
        other = wanted.get(path)
        if other is None:
            yield f"{path} needs no change any more"
        elif other.before != one.before:
            yield f"{path} is not what it was"
        elif (other.action, other.after, other.mode) != (one.action, one.after, one.mode):
            yield f"{path} would now become something else"
    yield from (f"{path} was not in the plan" for path in wanted if path not in planned)


def _files(plan: Plan, place: Place, lacking: list[SiteOrder]) -> tuple[SavedFile, ...]:
    issued = {f"{place.pki}/{file_name(order)}.{kind}" for order in lacking for kind in ("key", "pem")}
    return tuple(_file(change, issued) for change in plan.files)


def _file(change: Change, issued: set[str]) -> SavedFile:
    before = None if change.before is None else _hash(change.before)
    if isinstance(change, RemoveFile):
        return SavedFile(path=change.path, mode=0, action="remove", before=before, after=None)
    if change.path in issued:
        return SavedFile(path=change.path, mode=change.mode, action="issue", before=before, after=None)
    action: Literal["create", "replace"] = "create" if before is None else "replace"
    return SavedFile(path=change.path, mode=change.mode, action=action, before=before, after=_hash(change.content))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
