"""What must be declared before it is used, or at all: limits' zones, caches' zones."""

from collections.abc import Iterator

from handclasp.model.nginx import StartFault
from handclasp.nginxconf.tree import Directive, inside

_USES = {"limit_req_zone": "limit_req", "limit_conn_zone": "limit_conn"}
_ZONES_OF = {"limit_req": "limit_req_zone", "limit_conn": "limit_conn_zone"}
_CACHES = ("proxy", "fastcgi", "uwsgi", "scgi")
_CACHE_PATHS = frozenset(f"{module}_cache_path" for module in _CACHES)


class ZoneFaults:
    """What was declared so far in http{}, while directives are read in order."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.zones: dict[str, tuple[str, str]] = {}
        self.paths: dict[str, str] = {}
        self.caches: set[str] = set()

    def one(self, item: Directive) -> str | None:
        """What nginx says of a directive because of those before it."""
        if item.name in _USES:
            return self._declared(item)
        if item.name in _ZONES_OF:
            return self._used(item)
        if item.name in _CACHE_PATHS:
            return self._cached(item)
        return None

    def _declared(self, item: Directive) -> str | None:
        name, use, key = _zone_of(item), _USES[item.name], item.args[0]
        known = self.zones.get(name)
        if known is None:
            self.zones[name] = use, key
            return None
        return _different(name) if known[0] != use else f'{item.name} "{name}" is already bound to key "{known[1]}"'

    def _cached(self, item: Directive) -> str | None:
        """A folder or a zone that another cache has already."""
        path = item.args[0] if item.args[0].startswith("/") else f"{self.prefix.rstrip('/')}/{item.args[0]}"
        path, place = path.rstrip("/"), f"{item.source.file}:{item.reported_line}"
        if path in self.paths:
            return f'the same path name "{path}" used in {self.paths[path]} and'
        self.paths[path] = place
        zones = set(_keys_zones(item))
        twice = next(iter(zones & self.caches), None)
        self.caches |= zones
        return f'duplicate zone "{twice}"' if twice is not None else None

    def _used(self, item: Directive) -> str | None:
        name = limited(item)
        known = self.zones.get(name)
        return _different(name) if known and known[0] != item.name else None


def undeclared_caches(http: Directive) -> Iterator[StartFault]:
    """Caches whose zone nobody declares; nginx says so at the end of http{}."""
    caches = [item for item in inside(http) if item.values[0].endswith(("_cache", "_cache_path"))]
    for module in _CACHES if caches else ():
        declared = {name for item in caches if item.name == f"{module}_cache_path" for name in _keys_zones(item)}
        for item in caches:
            name = "".join(item.args[:1])
            if item.name == f"{module}_cache" and name != "off" and "$" not in name and name not in declared:
                place = f"{http.source.file}:{http.source.line(http.close)}"
                words = f'"{item.name}" zone "{name}" is unknown in {place}'
                yield StartFault(message=words, origin=item.origin, directive=item.name)


def undeclared_limits(module: Directive) -> Iterator[StartFault]:
    """Limits whose zone nobody declares; nginx says so when it makes its zones, last of all and without a place."""
    limits = [item for item in inside(module) if item.values[0] in _ZONES_OF or item.values[0] in _USES]
    for use, declaring in _ZONES_OF.items():
        declared = {_zone_of(item) for item in limits if item.name == declaring}
        for item in limits:
            name = limited(item) if item.name == use else ""
            if name and name not in declared:
                words = f'zero size shared memory zone "{name}"'
                yield StartFault(message=words, origin=item.origin, directive=item.name)


def limited(item: Directive) -> str:
    """The zone that a limit counts in; "" for other directives."""
    if item.values[0] not in _ZONES_OF:
        return ""
    return _zone_of(item) if item.values[0] == "limit_req" else "".join(item.args[:1])


def _zone_of(item: Directive) -> str:
    found = next((word for word in item.args if word.startswith("zone=")), "")
    return found.removeprefix("zone=").partition(":")[0]


def _keys_zones(item: Directive) -> Iterator[str]:
    for word in item.args:
        if word.startswith("keys_zone="):
            yield word.removeprefix("keys_zone=").partition(":")[0]


def _different(name: str) -> str:
    return f'the shared memory zone "{name}" is already declared for a different use'
