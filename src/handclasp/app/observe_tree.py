"""A server that somebody else wrote, and the few edits that watch it, close it, or leave it as it was."""

import posixpath
from collections.abc import Iterator

from handclasp.app.apply_place import Place
from handclasp.app.apply_state import Gear
from handclasp.app.observed import Observed
from handclasp.app.read_config import read_config
from handclasp.model.errors import PolicyError, UsageError
from handclasp.model.nginx import VerifyClient
from handclasp.nginxconf.edit import TextEdit, insert_into, line_of, places, remove, set_arguments, spell
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.parse import parse
from handclasp.nginxconf.render_observe import FORMAT, FORMAT_WAS_OFF
from handclasp.nginxconf.tree import Directive, named, walk

_ASKING = frozenset({"ssl_client_certificate", "ssl_verify_client", "ssl_verify_depth", "ssl_crl"})
_SESSIONS = frozenset({"ssl_session_cache", "ssl_session_tickets", "ssl_session_ticket_key", "ssl_session_timeout"})
_MOST_NAMED = 10


class ServerTree:
    """A configuration, and the server in it; edits are of the texts that its directives were read from."""

    def __init__(self, gear: Gear, place: Place, name: str) -> None:
        self.tree = read_config(gear.files, place.instance.config, place.instance.prefix)
        config = effective(self.tree, gear.nginx.build().version)
        found = {
            server.origin: server
            for server in config.servers
            if server.context == "http" and name in server.names and any(listen.ssl for listen in server.listens)
        }
        self.http = next(iter(named(self.tree.directives, "http")), None)
        inside = named(self.http.block, "server") if self.http else ()
        self.blocks = tuple(block for block in inside if block.origin in found)
        self.servers = tuple(found[block.origin] for block in self.blocks)
        if not self.blocks:
            others = sorted({each for server in config.servers for each in server.names if each})
            raise UsageError(
                f"no server with TLS has the name {name}",
                hint=f"there are: {', '.join(others[:_MOST_NAMED])}" if others else f"look at {place.instance.config}",
            )

    def included(self, path: str, *, server: bool) -> Iterator[TextEdit]:
        """Edits that include a file into the server, or else into http{}; once."""
        line = (f"include {spell(path)};",)
        if server:
            for block in self.blocks:
                yield from insert_into(block, line)
        elif self.http is not None and path not in self.tree.sources:
            yield from insert_into(self.http, line)

    def excluded(self, path: str) -> Iterator[TextEdit]:
        """Edits that take the include of a file of ours away, wherever it stands."""
        for source in self.tree.sources.values():
            for item, _ in walk(parse(source.text, source.file).directives):
                if item.name == "include" and posixpath.join(self.tree.conf_dir, "".join(item.args[:1])) == path:
                    yield from (TextEdit(source, edit.start, edit.end, edit.text) for edit in remove(item))

    def inherited_logs(self, default: str) -> tuple[tuple[str, ...], ...]:
        """What the server logs to without a word of its own; nothing when that is nowhere."""
        if any(named(block.block, "access_log") for block in self.blocks):
            return ()
        outer = named(self.http.block, "access_log") if self.http else ()
        logs = tuple(tuple(item.args) for item in outer) or ((default, "combined"),)
        return () if ("off",) in logs else logs

    def logged(self, log: str) -> Iterator[TextEdit]:
        """Locations with a log of their own, and blocks that log nothing, write ours too."""
        seen: set[Directive] = set()
        for block in self.blocks:
            for item, parents in walk(block.block):
                if item.name != "access_log" or places(self.tree, item) > 1:
                    continue
                if item.args[:1] == ("off",):
                    yield from set_arguments(item, (log, FORMAT_WAS_OFF))
                elif parents and parents[-1] not in seen:
                    seen.add(parents[-1])
                    end = item.close + 1
                    yield TextEdit(item.source, end, end, f" {line_of('access_log', (log, FORMAT))}")

    def unlogged(self, one: Observed, include: str) -> Iterator[TextEdit]:
        """The locations log as they did before."""
        for block in self.blocks:
            for item, _ in walk(block.block):
                if item.name != "access_log" or item.args[:1] != (one.log,) or item.source.file == include:
                    continue
                if item.args[1:2] == (FORMAT_WAS_OFF,):
                    yield from set_arguments(item, ("off",))
                else:
                    start = item.start
                    yield TextEdit(item.source, start - 1, item.close + 1, "")

    def without_sessions(self, include: str) -> Iterator[TextEdit]:
        """The server's own session settings go: ours are renamed with every revocation."""
        for block in self.blocks:
            for item in block.block:
                if item.name in _SESSIONS and item.source.file != include:
                    yield from remove(item)

    def refuse_asking(self, name: str) -> None:
        """PolicyError when the server asks for certificates already, or says something about it."""
        for block, server in zip(self.blocks, self.servers, strict=True):
            said = next((item for item in block.block if item.name in _ASKING), None)
            if said is not None or server.verify_client.value is not VerifyClient.OFF:
                raise PolicyError(
                    f"{name} asks for certificates already, or says how: there is nothing to observe",
                    where=said.origin if said else server.verify_client.origin or block.origin,
                    hint=f"handclasp nginx adopt {name}     looks whether it does so well",
                )

    def refuse_second_list(self, include: str) -> None:
        """PolicyError when clients of other CAs would get in through ssl_trusted_certificate."""
        for block in self.blocks:
            for item in named(block.block, "ssl_trusted_certificate"):
                if item.source.file != include:
                    raise PolicyError(
                        "this is a second list of CAs whose clients would get in, and must be this CA's",
                        where=item.origin,
                        hint="take the line away (stapled OCSP answers are then not verified: ssl_stapling_verify off)",
                    )
