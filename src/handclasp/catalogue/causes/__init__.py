"""The root causes: one TOML file each, read when asked for. `index.json` is made of them by tools/catalogue_index.py."""

import json
import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec

from handclasp.catalogue.cause import Cause, Outline

INDEX = "index.json"


@cache
def load(slug: str) -> Cause:
    """The cause of that slug. Raises KeyError when there is none."""
    return read((files(__package__) / outline(slug).area / f"{slug}.toml").read_text("utf-8"))


def outline(slug: str) -> Outline:
    """The outline of that slug. Raises KeyError when there is none."""
    return _by_slug()[slug]


@cache
def outlines() -> tuple[Outline, ...]:
    """Outlines of all causes in the order of the catalogue, from the generated index."""
    return msgspec.json.decode((files(__package__) / INDEX).read_bytes(), type=tuple[Outline, ...])


def slugs() -> tuple[str, ...]:
    """Slugs of all causes, in the order of the catalogue."""
    return tuple(_by_slug())


def read(text: str) -> Cause:
    """One TOML file as a value. Raises msgspec.ValidationError when a field is missing or of the wrong kind."""
    return msgspec.convert(tomllib.loads(text), Cause)


def compile_index() -> str:
    """What `index.json` must hold: the outlines of all TOML files, one line each, in the order of the catalogue."""
    causes = sorted((read(file.read_text("utf-8")) for file in _data_files()), key=lambda cause: (cause.order, cause.slug))
    lines = [json.dumps(_outline(cause), ensure_ascii=False) for cause in causes]
    return "[\n" + ",\n".join(lines) + "\n]\n"


@cache
def _by_slug() -> dict[str, Outline]:
    return {entry.slug: entry for entry in outlines()}


def _data_files() -> list[Traversable]:
    areas = [entry for entry in files(__package__).iterdir() if entry.is_dir()]
    return [file for area in areas for file in area.iterdir() if file.name.endswith(".toml")]


def _outline(cause: Cause) -> dict[str, Any]:
    row = _sparse(msgspec.to_builtins(cause))
    return {name: row[name] for name in Outline.__dataclass_fields__ if name in row}


def _sparse(value: Any) -> Any:
    """Without what is empty: defaults put it back."""
    if isinstance(value, dict):
        return {name: _sparse(inner) for name, inner in value.items() if inner is not False and inner not in (None, [], ())}
    if isinstance(value, list | tuple):
        return [_sparse(inner) for inner in value]
    return value
