"""What nginx refuses while it reads: unknown and misplaced directives, wrong numbers of arguments, duplicates, bad values."""

from collections.abc import Iterator

from handclasp.catalogue import directives as catalogue
from handclasp.catalogue import stock_directives as stock
from handclasp.catalogue.directives import DirectiveSpec, Inherit, Value
from handclasp.model.nginx import NginxVersion, StartFault
from handclasp.nginxconf.fault_arguments import argument_fault
from handclasp.nginxconf.fault_files import StartFiles
from handclasp.nginxconf.fault_layout import LayoutFaults
from handclasp.nginxconf.fault_values import value_fault, zone
from handclasp.nginxconf.fault_zones import ZoneFaults
from handclasp.nginxconf.listen import split_address
from handclasp.nginxconf.tree import Directive
from handclasp.nginxconf.value_kinds import refusal

_INSIDE = {
    (catalogue.MAIN, "events"): catalogue.EVENTS,
    (catalogue.MAIN, "http"): catalogue.HTTP,
    (catalogue.MAIN, "stream"): catalogue.STREAM,
    (catalogue.MAIN, "mail"): catalogue.MAIL,
    (catalogue.HTTP, "server"): catalogue.SERVER,
    (catalogue.HTTP, "upstream"): catalogue.UPSTREAM,
    (catalogue.SERVER, "location"): catalogue.LOCATION,
    (catalogue.SERVER, "if"): catalogue.SERVER_IF,
    (catalogue.LOCATION, "location"): catalogue.LOCATION,
    (catalogue.LOCATION, "if"): catalogue.LOCATION_IF,
    (catalogue.LOCATION, "limit_except"): catalogue.LIMIT_EXCEPT,
    (catalogue.STREAM, "server"): catalogue.STREAM_SERVER,
    (catalogue.STREAM, "upstream"): catalogue.STREAM_UPSTREAM,
    (catalogue.MAIL, "server"): catalogue.MAIL_SERVER,
}
# Their handlers add to what stands already instead of refusing it.
_REPEATABLE = frozenset({"ssl_session_cache", "limit_except", "worker_processes"})
# What Debian's builds, which were measured, can do: of stream and mail they hold less than others.
_MEASURED = frozenset(
    {
        catalogue.MAIN, catalogue.EVENTS, catalogue.HTTP, catalogue.SERVER, catalogue.LOCATION, catalogue.UPSTREAM,
        catalogue.SERVER_IF, catalogue.LOCATION_IF, catalogue.LIMIT_EXCEPT,
    }
)  # fmt: skip
STREAM_VIRTUAL_SERVERS = NginxVersion(1, 25, 5)
"""From here on stream servers have names, and a server without a certificate is looked at like one of http."""

_OWN_MODULES = ("ngx_stream_module", "ngx_mail_module")

_HTTP = frozenset(
    (catalogue.HTTP, catalogue.SERVER, catalogue.SERVER_IF, catalogue.LOCATION, catalogue.LOCATION_IF, catalogue.LIMIT_EXCEPT)
)


class DirectiveFaults:
    """The walk over directives in the order of reading; the state is what one directive leaves for later ones."""

    def __init__(self, known: StartFiles) -> None:
        self.known = known
        self.version = _triple(known.version)
        self.zones: dict[str, int] = {}
        self.defaults: set[tuple[str, int]] = set()
        self.foreign = False  # a module that does not come with nginx was loaded
        self.rows: dict[str, tuple[DirectiveSpec, ...]] = {}
        self.layout = LayoutFaults()
        self.declared = ZoneFaults()

    def block(self, directives: tuple[Directive, ...], context: str) -> Iterator[StartFault]:
        """Faults of the directives of one block and of the blocks in it."""
        seen: set[str] = set()
        sockets: set[tuple[str, int]] = set()
        for item in directives:
            yield from self.one(item, context, seen, sockets)

    def one(self, item: Directive, context: str, seen: set[str], sockets: set[tuple[str, int]]) -> Iterator[StartFault]:
        """Faults of one directive, and of its block."""
        spec, words = self._spec(item, context)
        if spec is not None:
            words = (
                words
                or self._once(item, spec, seen)
                or value_fault(item, spec, context, self.version)
                or self._later(item, sockets, context)
            )
        elif words is None:
            words = self._measured(item, context, seen)
        if words is None and context in _HTTP:
            words = argument_fault(item.name, item.args) or self.declared.one(item)
        if words:
            yield placed(words, item)
        if item.name == "load_module" and not any(each in " ".join(item.args) for each in _OWN_MODULES):
            self.foreign = True
        inner = _INSIDE.get((context, item.name))
        if inner and item.children is not None:
            if words := self.layout.opening(item, context):
                yield placed(words, item)
            yield from self.block(item.children, inner)
            yield from self.layout.closing(item, context)
        elif words := self.layout.simple(item, context):
            yield placed(words, item)

    def _spec(self, item: Directive, context: str) -> tuple[DirectiveSpec | None, str | None]:
        """The row that applies here, or why none does: nginx's own search (ngx_conf_handler)."""
        name = item.name
        rows = self.rows.get(name)
        if rows is None:
            rows = self.rows[name] = tuple(row for row in catalogue.specs(name) if row.exists_in(self.version))
        if not rows:
            return None, self._elsewhere(item, context)
        spec = next((row for row in rows if context in row.contexts), None)
        if spec is None:
            return None, f'"{name}" directive is not allowed here'
        if words := _ending(item, block=spec.block):
            return None, words
        fewest, most = spec.arguments
        if len(item.args) < fewest or (most is not None and len(item.args) > most):
            return None, f'invalid number of arguments in "{name}" directive'
        return spec, None

    def _elsewhere(self, item: Directive, context: str) -> str | None:
        """What is wrong with a directive that Handclasp does not interpret in this version."""
        name = item.name
        places = stock.table().get(name)
        if places is None or catalogue.specs(name):
            return f'unknown directive "{name}"' if self._unknown(name, context) else None
        if context not in _MEASURED or self.version > stock.NEWEST:
            return None
        here = {where: place for where, place in places.items() if place.lacking < self.version}
        if not here:
            return f'unknown directive "{name}"'
        if context not in here:
            return f'"{name}" directive is not allowed here'
        taken = here[context].takes(len(item.args))
        return _ending(item, block=here[context].block) or (
            None if taken else f'invalid number of arguments in "{name}" directive'
        )

    def _measured(self, item: Directive, context: str, seen: set[str]) -> str | None:
        """What is wrong with the value of a directive that Handclasp does not interpret, as far as that was measured."""
        known = stock.values().get((item.name, stock.group_of(context)))
        if known is None or self.version > stock.NEWEST or item.children is not None:
            return None
        if known.once and item.name in seen:
            return f'"{item.name}" directive is duplicate'
        seen.add(item.name)
        if len(item.args) != 1 and not known.kind.startswith("choice"):
            return None
        return next((words for value in item.args if (words := refusal(known.kind, item.name, value))), None)

    def _unknown(self, name: str, context: str) -> bool:
        """Names that this version lacks, TLS names that no nginx has, and slips of the pen.

        What may come from a module that does not come with nginx, or from an nginx newer than any that was measured, is not
        called unknown.
        """
        if catalogue.specs(name) or name in catalogue.MISTAKES or stock.meant(name):
            return True
        if (name.startswith("ssl_") or "_ssl_" in name) and "_by_" not in name:
            return True
        strange = self.foreign or stock.of_another_module(name) or self.version > stock.NEWEST
        return context in _MEASURED and not strange

    def _once(self, item: Directive, spec: DirectiveSpec, seen: set[str]) -> str | None:
        if spec.repeat or spec.value is Value.MASK or item.name in _REPEATABLE or spec.inherit is Inherit.LIST:
            return None
        if item.name in seen:
            return f'"{item.name}" directive is duplicate'
        seen.add(item.name)
        return None

    def _later(self, item: Directive, sockets: set[tuple[str, int]], context: str) -> str | None:
        """What depends on directives before this one, or on files that are read at once."""
        if item.name == "listen" and context == catalogue.SERVER:
            return self._listen(item, sockets)
        if item.name == "listen" and context == catalogue.STREAM_SERVER and self.known.version < STREAM_VIRTUAL_SERVERS:
            return self.layout.stream_listen(item)
        if item.name in {"ssl_session_cache", "ssl_ocsp_cache"}:
            return next((words for text in item.args if (words := self._zone(text))), None)
        return None

    def _listen(self, item: Directive, sockets: set[tuple[str, int]]) -> str | None:
        address, port, _ = split_address(item.args[0])
        shown = f"{'0.0.0.0' if address == '*' else address}:{port}" if port else address  # noqa: S104 - nginx's words
        options = set(item.args[1:])
        if "quic" in options and self.version < (1, 25, 0):
            return 'invalid parameter "quic"'
        # Datagrams and connections of one address are two sockets.
        socket = (f"{address} quic" if "quic" in options else address, port)
        if socket in sockets:
            return f"a duplicate listen {shown}"
        sockets.add(socket)
        if not options & {"default", "default_server"}:
            return None
        if socket in self.defaults:
            return f"a duplicate default server for {shown}"
        self.defaults.add(socket)
        return None

    def _zone(self, text: str) -> str | None:
        shared = zone(text)
        if shared is None:
            return None
        name, size = shared
        before = self.zones.setdefault(name, size)
        if before == size:
            return None
        return f'the size {size} of shared memory zone "{name}" conflicts with already declared size {before}'


def _ending(item: Directive, *, block: bool) -> str | None:
    """What is wrong with the end of a directive that must open a block, or must not."""
    if block and item.children is None and item.body is None:
        return f'directive "{item.name}" has no opening "{{"'
    if not block and item.children is not None:
        return f'directive "{item.name}" is not terminated by ";"'
    return None


def placed(words: str, item: Directive) -> StartFault:
    """A fault whose message ends with the place, as ngx_conf_log_error writes it."""
    message = f"{words} in {item.source.file}:{item.reported_line}"
    return StartFault(message=message, origin=item.origin, directive=item.name)


def _triple(version: NginxVersion) -> tuple[int, int, int]:
    return version.major, version.minor, version.patch
