"""Who reached a service that gets bytes: no status says so, but nginx's own note of the connection does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from handclasp.app.apply_state import Gear
from handclasp.app.site import SiteOrder, logs_of
from handclasp.app.site_log import awaited
from handclasp.model.intent import SiteIntent
from handclasp.model.probe import ProbeResult
from handclasp.nginxconf.render_words import server_name

PATIENCE = 0.5
"""Seconds that a probe waits to be cut off: nginx does so at once, in the same turn in which it ends the handshake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamWitness:
    """Reads the logs of stream sites in a folder, by the client's port. `others`: sites, by name, whose logs are elsewhere."""

    gear: Gear
    folder: str
    others: Mapping[str, str] = field(default_factory=dict)

    def judged(self, site: SiteIntent, seen: ProbeResult) -> ProbeResult:
        """The result with `held` as nginx has it, and 502 as status where the service itself did not answer.

        Where the log cannot be read (a container's, of which nothing is seen here) what came over the wire counts: a client
        that is cut off while the service is down looks refused then.
        """
        name = site.server_names[0]
        path = logs_of(self.others.get(name, self.folder), server_name(name))[1]
        if not seen.local_port or seen.tls is None or not self.gear.files.exists(path):
            return seen  # without a handshake nobody was let in, and no site has noted it
        port = str(seen.local_port)
        note = awaited(self.gear, path, lambda note: note.port == port)
        if note is None:
            return seen
        # Bytes that came back are proof enough against any note.
        let_in = bool(note.upstream) or bool(seen.body)
        return replace(seen, held=let_in, status=int(note.status) if let_in else None)


def other_logs(orders: Iterable[SiteOrder]) -> dict[str, str]:
    """The folders of sites whose logs are not where the nginx that serves them has its own."""
    return {order.intent.server_names[0]: order.logs for order in orders if order.logs is not None}
