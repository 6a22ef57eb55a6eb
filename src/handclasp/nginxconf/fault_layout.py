"""What nginx refuses because of where things stand to each other: locations in locations, names given twice, empty blocks."""

from collections.abc import Iterable, Iterator

from handclasp.catalogue import directives as catalogue
from handclasp.catalogue import stock_directives as stock
from handclasp.model.nginx import EffectiveConfig, NginxVersion, StartFault
from handclasp.nginxconf.effective_location import location_name
from handclasp.nginxconf.fault_rows import valid_wildcard
from handclasp.nginxconf.listen import split_address
from handclasp.nginxconf.select import sockets
from handclasp.nginxconf.tree import Directive, named

_TOP_BLOCKS = frozenset({"events", "http", "stream", "mail"})
_NAMELESS = frozenset({catalogue.LOCATION_IF, catalogue.LIMIT_EXCEPT})
_PATTERNS = frozenset({"~", "~*"})
_SCHEMES = ("http://", "https://")
_NO_URI = (
    '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location,'
    ' or inside "if" statement, or inside "limit_except" block'
)
_ENDINGS = frozenset({"proxy_pass", "return", "pass"})


class LayoutFaults:
    """What is around the directive that is being read, and what was named before it."""

    def __init__(self) -> None:
        self.around: list[tuple[str, str]] = []
        self.upstreams: set[tuple[str, str]] = set()
        self.sockets: set[tuple[str, int, bool]] = set()
        self.begun = False

    def simple(self, item: Directive, context: str) -> str | None:
        """A directive without a block."""
        if item.name == "load_module":
            return '"load_module" directive is specified too late' if self.begun else None
        if item.name == "proxy_pass" and context in {catalogue.LOCATION, *_NAMELESS}:
            return self._proxy_pass("".join(item.args[:1]), context)
        return None

    def stream_listen(self, item: Directive) -> str | None:
        """A listen of stream{} before 1.25.5: each address belongs to one server."""
        address, port, _ = split_address("".join(item.args[:1]))
        socket = address, port, "udp" in item.args
        if socket in self.sockets:
            shown = f"{'0.0.0.0' if address == '*' else address}:{port}" if port else address  # noqa: S104 - nginx's words
            return f'duplicate "{shown}" address and port pair'
        self.sockets.add(socket)
        return None

    def opening(self, item: Directive, context: str) -> str | None:
        """A block, before its first directive; `closing` must follow."""
        if item.name == "location":
            words = self._location(item)
            self.around.append(location_name(item.args))
            return words
        if item.name in _TOP_BLOCKS and context == catalogue.MAIN:
            self.begun = True
        if item.name == "upstream":
            name = context, "".join(item.args[:1]).lower()
            if name in self.upstreams:
                return f'duplicate upstream "{"".join(item.args[:1])}"'
            self.upstreams.add(name)
        return None

    def closing(self, item: Directive, context: str) -> Iterator[StartFault]:
        """A block, after its last directive."""
        if item.name == "location":
            self.around.pop()
        elif item.name == "upstream" and not any(named(item.block, "server")):
            line = item.source.line(item.close)
            message = f"no servers are inside upstream in {item.source.file}:{line}"
            yield StartFault(message=message, origin=item.origin, directive="upstream")
        elif item.name == "server" and context == catalogue.STREAM and not any(named(item.block, "listen")):
            message = f'no "listen" is defined for server in {item.source.file}:{item.reported_line}'
            yield StartFault(message=message, origin=item.origin, directive="server")

    def _location(self, item: Directive) -> str | None:
        """ngx_http_core_location, of one inside another."""
        if not self.around:
            return None
        modifier, path = location_name(item.args)
        outer_modifier, outer = self.around[-1]
        if outer_modifier == "=":
            return f'location "{path}" cannot be inside the exact location "{outer}"'
        if outer_modifier == "@":
            return f'location "{path}" cannot be inside the named location "{outer}"'
        if modifier == "@":
            return f'named location "{path}" can be on the server level only'
        if modifier not in _PATTERNS and not path.startswith(outer):
            return f'location "{path}" is outside location "{outer}"'
        return None

    def _proxy_pass(self, target: str, context: str) -> str | None:
        if "$" in target:
            return None
        scheme = next((one for one in _SCHEMES if target.lower().startswith(one)), None)
        if scheme is None:
            return "invalid URL prefix"
        rest = target[len(scheme) :]
        has_uri = ":" in rest[5:] if rest.startswith("unix:") else "/" in rest or "?" in rest
        unfit = context in _NAMELESS or (bool(self.around) and self.around[-1][0] in {*_PATTERNS, "@"})
        return _NO_URI if has_uri and unfit else None


def twice(servers: Iterable[Directive]) -> Iterator[StartFault]:
    """Locations of one name beside each other (ngx_http_join_exact_locations)."""
    for server in servers:
        inner = tuple(named(server.block, "location"))
        yield from twice(inner)
        seen: set[tuple[bool, str]] = set()
        for item in inner:
            modifier, path = location_name(item.args)
            if modifier in {*_PATTERNS, "@"}:
                continue
            if (modifier == "=", path) in seen:
                message = f'duplicate location "{path}" in {item.source.file}:{item.reported_line}'
                yield StartFault(message=message, origin=item.origin, directive="location")
            seen.add((modifier == "=", path))


STREAM_MAY_DO_NOTHING = NginxVersion(1, 27, 1)
"""From here on a server of stream{} need not say what becomes of a connection: it is closed."""


def unhandled(servers: Iterable[Directive]) -> Iterator[StartFault]:
    """Servers of stream{} that do nothing with a connection, as far as all they say is known."""
    for server in servers:
        names = {item.name for item in server.block}
        known = all(catalogue.specs(name) or name in stock.table() for name in names)
        if known and not names & _ENDINGS:
            message = f"no handler for server in {server.source.file}:{server.reported_line}"
            yield StartFault(message=message, origin=server.origin, directive="server")


def unfit_names(config: EffectiveConfig) -> Iterator[StartFault]:
    """Names with asterisks in the middle, where several servers share an address: alone on it, nobody looks them up."""
    for socket in sockets(config):
        if socket.context != "http" or len(socket.servers) < 2:
            continue
        address = "0.0.0.0" if socket.address == "*" else socket.address  # noqa: S104 - nginx's words
        shown = f"{address}:{socket.port}" if socket.port else address
        for server in socket.servers:
            for name in server.names:
                if not name.startswith("~") and not valid_wildcard(name):
                    message = f'invalid server name or wildcard "{name}" on {shown}'
                    yield StartFault(message=message, origin=server.origin, directive="server_name")
