"""Takes back what was changed in a configuration of somebody else; revocations hold all the same.

A server that reads the CRLs of the home goes on reading them: what it read before is a copy that no revocation reaches, and
going back to it would let revoked clients in again. Nor does it make sessions again that a revocation would not end.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from handclasp.app.apply import Applied, Proven
from handclasp.app.apply_edits import take_back
from handclasp.app.apply_stage import Planned
from handclasp.app.apply_state import Change, Gear, Instance
from handclasp.app.follow import followed, proof_of
from handclasp.app.home import Home
from handclasp.app.read_config import read_config
from handclasp.diagnose.rules.sessions import resumes
from handclasp.model.errors import InputError
from handclasp.model.finding import FileEdit
from handclasp.model.nginx import EffectiveConfig, TlsServer, VerifyClient
from handclasp.model.plan import ProbeStep, WriteFile
from handclasp.nginxconf.edit import TextEdit, file_edits, set_directive
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.select import sockets
from handclasp.nginxconf.tree import ConfigTree, walk
from handclasp.verdict.predict import DEFAULT_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What was done. `kept`: servers that go on reading the CRLs of the home; `sessionless`: those without sessions."""

    applied: Applied
    kept: tuple[str, ...]
    sessionless: tuple[str, ...]


def take_back_adopted(
    home: Home | None, gear: Gear, instance: Instance, crl: str, number: int | None = None, *, force: bool = False
) -> TakenBack:
    """As `apply_edits.take_back`; servers that read `crl` now still do afterwards, and revoked clients are seen to be refused.

    `home`: None when there is no CA here whose clients could knock.
    """
    keeping = _Keeping(gear, instance, crl)
    applied = take_back(
        gear, instance, number, force=force, adjust=keeping.adjusted, prover=lambda _plan: _LateProver(home, gear, instance)
    )
    kept, sessionless = (tuple(dict.fromkeys(names)) for names in (keeping.servers, keeping.sessionless))
    return TakenBack(applied=applied, kept=kept, sessionless=sessionless)


@dataclass(slots=True)
class _Keeping:
    """Former contents, with the lines that revocations rely on. `servers`, `sessionless`: where they had to be put in."""

    gear: Gear
    instance: Instance
    crl: str
    servers: list[str] = field(default_factory=list)
    sessionless: list[str] = field(default_factory=list)

    def adjusted(self, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        """The changes of a rollback, so that no server that reads the CRLs of the home ceases to."""
        files = self.gear.files
        planned = Planned(files, changes)
        if not (files.exists(self.instance.config) and planned.exists(self.instance.config)):
            return changes
        try:
            there = read_config(files, self.instance.config, self.instance.prefix)
            former = read_config(planned, self.instance.config, self.instance.prefix)
        except InputError:
            return changes  # nginx will not take it either, and says so
        return tuple(_with(changes, file_edits(self._edits(effective(there, DEFAULT_VERSION), former))))

    def _edits(self, there: EffectiveConfig, former: ConfigTree) -> Iterator[TextEdit]:
        reading = {_key(server) for server in there.servers if server.crl.value == self.crl}
        blocks = {item.source.origin(item.start): item for item, _ in walk(former.directives) if item.name == "server"}
        before = effective(former, DEFAULT_VERSION)
        for server in before.servers:
            asks = server.verify_client.value is not VerifyClient.OFF
            if asks and server.crl.value != self.crl and _key(server) in reading and server.origin in blocks:
                self.servers.append(server.label)
                yield from set_directive(blocks[server.origin], "ssl_crl", (self.crl,))
        silent = {_key(server) for server in there.servers if not resumes(server)}
        defaults = (socket.default for socket in sockets(before) if any(_key(server) in reading for server in socket.servers))
        for server in dict.fromkeys(defaults):  # the settings of the default server are those of the socket
            if resumes(server) and _key(server) in silent and server.origin in blocks:
                self.sessionless.append(server.label)
                yield from set_directive(blocks[server.origin], "ssl_session_cache", ("off",))
                yield from set_directive(blocks[server.origin], "ssl_session_tickets", ("off",))


def _key(server: TlsServer) -> tuple[object, ...]:
    return server.context, server.names, tuple((listen.address, listen.port) for listen in server.listens)


def _with(changes: tuple[Change, ...], edits: tuple[FileEdit, ...]) -> Iterator[Change]:
    texts = {os.path.realpath(edit.path): edit for edit in edits}
    for change in changes:
        edit = texts.pop(change.path, None)
        if edit is None:
            yield change
        elif edit.after != change.before and isinstance(change, WriteFile):
            yield replace(change, content=edit.after)
    for path, edit in texts.items():
        yield WriteFile(path=path, content=edit.after, mode=stat.S_IMODE(os.stat(path).st_mode), before=edit.before)  # noqa: PTH116


class _LateProver:
    """Asks the servers as they are once they are back: whoever is revoked must be refused."""

    def __init__(self, home: Home | None, gear: Gear, instance: Instance) -> None:
        self._home, self._gear, self._instance = home, gear, instance

    def before(self) -> None:
        """Nothing to save: no client leaves by a rollback."""

    def after(self, _steps: tuple[ProbeStep, ...]) -> tuple[Proven, ...]:
        """The probes of the adopted servers that are there now."""
        home = self._home
        known = [one for one in followed(home) if one.instance.config == self._instance.config] if home else []
        return tuple(proven for one in known if home for proven in proof_of(home, self._gear, one))
