"""Who reached a service that gets bytes: no status says so, but nginx's own note of the connection does."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from handclasp.app.apply_state import Gear
from handclasp.app.site import logs_of
from handclasp.model.intent import SiteIntent
from handclasp.model.probe import ProbeResult
from handclasp.nginxconf.render_words import server_name

PATIENCE = 0.5
"""Seconds that a probe waits to be cut off: nginx does so at once, in the same turn in which it ends the handshake."""

_TURNS = 20
_PAUSE_SECONDS = 0.1
_MOST_BYTES = 256 * 1024
_OLDEST = timedelta(seconds=10)


class _Line(msgspec.Struct, frozen=True):
    """The fields of a stream site's log that matter here. An upstream is named only when the client was let through to it."""

    time: datetime
    port: str
    status: str
    upstream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamWitness:
    """Reads the logs of stream sites in a folder, by the client's port."""

    gear: Gear
    folder: str

    def judged(self, site: SiteIntent, seen: ProbeResult) -> ProbeResult:
        """The result with `held` as nginx has it, and 502 as status where the service itself did not answer.

        Where the log cannot be read (a container's, of which nothing is seen here) what came over the wire counts: a client
        that is cut off while the service is down looks refused then.
        """
        path = logs_of(self.folder, server_name(site.server_names[0]))[1]
        if not seen.local_port or seen.tls is None or not self.gear.files.exists(path):
            return seen  # without a handshake nobody was let in, and no site has noted it
        for _ in range(_TURNS):
            line = self._line(path, str(seen.local_port))
            if line is not None:
                # Bytes that came back are proof enough against any note.
                let_in = bool(line.upstream) or bool(seen.body)
                return replace(seen, held=let_in, status=int(line.status) if let_in else None)
            self.gear.pause(_PAUSE_SECONDS)
        return seen

    def _line(self, path: str, port: str) -> _Line | None:
        since = self.gear.clock.now() - _OLDEST
        for raw in reversed(self.gear.files.tail(path, _MOST_BYTES).splitlines()):
            try:
                line = msgspec.json.decode(raw, type=_Line)
            except msgspec.DecodeError:
                continue  # a line that the limit, or a full disk, cut in two
            if line.time < since:
                return None
            if line.port == port:
                return line
        return None
