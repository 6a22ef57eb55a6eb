"""What the JSON configurations of step-ca and cfssl say: where the list of what was issued is, and what requests may choose."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_READ = "sqlite3"


class Elsewhere(NamedTuple):
    """A list of certificates that is not read. `program`: step-ca or cfssl; `kind`: of database, empty: it keeps none."""

    where: str
    program: str
    kind: str


def elsewhere(configs: Mapping[str, bytes]) -> Iterator[Elsewhere]:
    """Databases that the configurations name and that are not read, by path of the configuration."""
    for path, found in _objects(configs):
        if "root" in found and "authority" in found:  # step-ca's ca.json; without db it was made with --no-db
            database = found.get("db")
            yield Elsewhere(path, "step-ca", str(database.get("type", "")) if isinstance(database, dict) else "")
        elif "driver" in found and "data_source" in found and found["driver"] != _READ:
            yield Elsewhere(path, "cfssl", str(found["driver"]))


def copying(configs: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Profiles of cfssl that give a request the extensions it asks for: path of the configuration, and name of the profile."""
    for path, found in _objects(configs):
        signing = found.get("signing")
        if isinstance(signing, dict):
            profiles = signing.get("profiles")
            named = {"default": signing.get("default")} | (profiles if isinstance(profiles, dict) else {})
            yield from (
                (path, str(name)) for name, one in named.items() if isinstance(one, dict) and one.get("copy_extensions")
            )


def _objects(configs: Mapping[str, bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, content in configs.items():
        if path.endswith(".json"):
            try:
                found = json.loads(content)
            except (ValueError, RecursionError):
                continue  # other programs' files lie there too
            if isinstance(found, dict):
                yield path, found
