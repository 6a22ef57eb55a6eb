"""What nginx refuses while it reads: unknown and misplaced directives, wrong numbers of arguments, duplicates, bad values."""

import re
from collections.abc import Iterator

from handclasp.catalogue import directives as catalogue
from handclasp.catalogue import stock_directives as stock
from handclasp.catalogue.directives import DirectiveSpec, Inherit, Value
from handclasp.model.nginx import NginxVersion, StartFault
from handclasp.nginxconf.fault_arguments import CHECKED, argument_fault
from handclasp.nginxconf.fault_balancing import BalancingFaults
from handclasp.nginxconf.fault_files import StartFiles
from handclasp.nginxconf.fault_layout import LayoutFaults
from handclasp.nginxconf.fault_listens import ListenFaults
from handclasp.nginxconf.fault_logs import LogFaults
from handclasp.nginxconf.fault_rows import TABLES, row_faults
from handclasp.nginxconf.fault_values import value_fault, zone
from handclasp.nginxconf.fault_variables import broken_variable
from handclasp.nginxconf.fault_zones import ZoneFaults, limited
from handclasp.nginxconf.tree import ConfigTree, Directive
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
_REPEATABLE = frozenset({"ssl_session_cache"})
# Where what Debian's builds can do was measured; of mail they hold less than others.
_MEASURED = frozenset(
    {
        catalogue.MAIN, catalogue.EVENTS, catalogue.HTTP, catalogue.SERVER, catalogue.LOCATION, catalogue.UPSTREAM,
        catalogue.SERVER_IF, catalogue.LOCATION_IF, catalogue.LIMIT_EXCEPT, catalogue.STREAM, catalogue.STREAM_SERVER,
        catalogue.STREAM_UPSTREAM,
    }
)  # fmt: skip
STREAM_VIRTUAL_SERVERS = NginxVersion(1, 25, 5)
"""From here on stream servers have names, and a server without a certificate is looked at like one of http."""

_NAME = re.compile(r"[^\W\d]\w*")
_OWN_MODULES = ("ngx_stream_module", "ngx_mail_module")

_HTTP = frozenset(
    (catalogue.HTTP, catalogue.SERVER, catalogue.SERVER_IF, catalogue.LOCATION, catalogue.LOCATION_IF, catalogue.LIMIT_EXCEPT)
)

_UPSTREAMS = frozenset({catalogue.UPSTREAM, catalogue.STREAM_UPSTREAM})
_WITH_TABLES = frozenset({catalogue.HTTP, catalogue.STREAM})
# Of the directives with several arguments that Handclasp does not interpret.
_ONCE = frozenset(
    {*(f"{name}_buffers" for name in ("proxy", "fastcgi", "uwsgi", "scgi", "gzip", "gunzip", "output", "large_client_header")),
     "try_files", "keepalive_timeout", "open_file_cache", "limit_req_status", "limit_conn_status"}
)  # fmt: skip

_SWITCHED_OFF = frozenset({"proxy_redirect", "proxy_cookie_domain", "proxy_cookie_path", "proxy_cookie_flags"})


class DirectiveFaults:
    """The walk over directives in the order of reading; the state is what one directive leaves for later ones."""

    def __init__(self, known: StartFiles, tree: ConfigTree) -> None:
        self.known = known
        self.folder = tree.conf_dir
        self.version = _triple(known.version)
        self.zones: dict[str, int] = {}
        self.listening = {catalogue.SERVER: ListenFaults(), catalogue.STREAM_SERVER: ListenFaults()}
        self.foreign = False  # a module that does not come with nginx was loaded
        self.rows: dict[str, tuple[DirectiveSpec, ...]] = {}
        self.layout = LayoutFaults()
        self.declared = ZoneFaults(tree.prefix)
        self.logs = {catalogue.HTTP: LogFaults("combined"), catalogue.STREAM: LogFaults()}
        self.balancing = BalancingFaults(self.version, catalogue.UPSTREAM)
        self.modules: set[str] = set()

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
        if words is None and (item.args or context == catalogue.UPSTREAM):
            words = self._arguments(item, context, seen)
        if words:
            yield placed(words, item)
        if item.name == "load_module":
            yield from self._loaded(item, words)
        if item.children is None:
            if words := self.layout.simple(item, context):
                yield placed(words, item)
        elif inner := _INSIDE.get((context, item.name)):
            yield from self._inside(item, context, inner)
        elif not words and item.name in TABLES and context in _WITH_TABLES:
            yield from (_at(*found) for found in row_faults(item, self.version))

    def _loaded(self, item: Directive, words: str | None) -> Iterator[StartFault]:
        module = item.args[0].rpartition("/")[2].removesuffix(".so") if item.args else ""
        if module in self.modules and not words:
            yield placed(f'module "{module}" is already loaded', item)
        self.modules.add(module)
        self.foreign = self.foreign or module not in _OWN_MODULES

    def _inside(self, item: Directive, context: str, inner: str) -> Iterator[StartFault]:
        """A block of directives."""
        if words := self.layout.opening(item, context):
            yield placed(words, item)
        if item.name == "upstream":
            self.balancing = BalancingFaults(self.version, inner)
        yield from self.block(item.block, inner)
        yield from self.layout.closing(item, context)

    def _arguments(self, item: Directive, context: str, seen: set[str]) -> str | None:
        """What is wrong with the arguments of a directive that may stand here with so many, as far as that is known."""
        name, args = item.values[0], item.values[1:]
        if context in _UPSTREAMS:
            return self.balancing.one(item)
        if name not in CHECKED:
            return broken_variable(name, args)
        if name == "proxy_redirect" and args == ("default",) and "proxy_pass" not in seen:
            return '"proxy_redirect default" should be placed after the "proxy_pass" directive'
        module = catalogue.STREAM if context.startswith(catalogue.STREAM) else catalogue.HTTP
        if zone := limited(item):
            if f"{name} {zone}" in seen:
                return f'"{name}" directive is duplicate'
            seen.add(f"{name} {zone}")
        return (
            argument_fault(name, args, context, self.version)
            or (self.declared.one(item) if context in _HTTP else None)
            or self.logs[module].one(name, args)
            or broken_variable(name, args)
        )

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
        if stock.of_another_module(name) and context not in here:
            return None
        if context not in here:
            return f'"{name}" directive is not allowed here'
        taken = here[context].takes(len(item.args))
        return _ending(item, block=here[context].block) or (
            None if taken else f'invalid number of arguments in "{name}" directive'
        )

    def _measured(self, item: Directive, context: str, seen: set[str]) -> str | None:
        """What is wrong with the value of a directive that Handclasp does not interpret, as far as that was measured."""
        known = stock.values().get((item.name, stock.group_of(context)))
        if self.version > stock.NEWEST or item.children is not None:
            return None
        if item.name in _SWITCHED_OFF:
            return _off_and_on(item, seen)
        if item.name in seen and (item.name in _ONCE or (known is not None and known.once)):
            return f'"{item.name}" directive is duplicate'
        seen.add(item.name)
        if known is None:
            return None
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
        if stock.of_another_module(name) and _NAME.fullmatch(name):
            return False
        if name.startswith("ssl_") or "_ssl_" in name:
            return True
        if context in _MEASURED and not _NAME.fullmatch(name):
            return True
        return context in _MEASURED and not self.foreign and self.version <= stock.NEWEST

    def _once(self, item: Directive, spec: DirectiveSpec, seen: set[str]) -> str | None:
        if spec.repeat or spec.value is Value.MASK or item.name in _REPEATABLE or spec.inherit is Inherit.LIST:
            return None
        if item.name in seen:
            return f'"{item.name}" directive is duplicate'
        seen.add(item.name)
        return None

    def _later(self, item: Directive, sockets: set[tuple[str, int]], context: str) -> str | None:
        """What depends on directives before this one, or on files that are read at once."""
        if item.name == "listen" and context in self.listening:
            alone = context == catalogue.STREAM_SERVER and self.known.version < STREAM_VIRTUAL_SERVERS
            return self.layout.stream_listen(item) if alone else self.listening[context].one(item.args, sockets)
        if item.name.endswith("ssl_password_file"):
            path = item.args[0] if item.args[0].startswith("/") else f"{self.folder}/{item.args[0]}"
            return f'open() "{path}" failed (2: No such file or directory)' if self.known.missing(path) else None
        if item.name in {"ssl_session_cache", "ssl_ocsp_cache"}:
            return next((words for text in item.args if (words := self._zone(text))), None)
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


def _off_and_on(item: Directive, seen: set[str]) -> str | None:
    """Lists that "off" stands for instead of."""
    off = item.args == ("off",)
    beside = {item.name, f"{item.name} off"} if off else {f"{item.name} off"}
    twice = bool(beside & seen)
    seen.add(f"{item.name} off" if off else item.name)
    return f'"{item.name}" directive is duplicate' if twice else None


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


def _at(words: str, item: Directive, offset: int) -> StartFault:
    message = f"{words} in {item.source.file}:{item.source.line(offset)}"
    return StartFault(message=message, origin=item.origin, directive=item.name)


def _triple(version: NginxVersion) -> tuple[int, int, int]:
    return version.major, version.minor, version.patch
