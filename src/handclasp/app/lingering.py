"""Connections from before a reload: old workers go on with them, by the configuration of then, until something ends them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from handclasp.app.apply_state import Gear, Instance
from handclasp.app.read_config import read_config
from handclasp.nginxconf.durations import seconds_of
from handclasp.nginxconf.tree import named
from handclasp.ports.nginx import OldWorker


@dataclass(frozen=True, slots=True, kw_only=True)
class Lingering:
    """Old workers. `bound`: worker_shutdown_timeout in seconds, None: nothing ends them but their clients.

    `until`: when the last of them is ended, as far as that is known.
    """

    workers: tuple[OldWorker, ...] = ()
    bound: float | None = None
    until: datetime | None = None

    @property
    def connections(self) -> int:
        """What they hold, all together."""
        return sum(worker.connections for worker in self.workers)


NOTHING_LINGERS = Lingering()


def lingering(gear: Gear, instance: Instance) -> Lingering:
    """The old workers of this nginx, and what its configuration says about their end. Raises InputError as `read_config`."""
    workers = gear.nginx.old_workers(prefix=instance.prefix, config=instance.config)
    if not workers:
        return Lingering()
    tree = read_config(gear.files, instance.config, instance.prefix)
    said = [item.args[0] for item in named(tree.directives, "worker_shutdown_timeout") if item.args]
    bound = seconds_of(said[0]) if said else None
    since = [worker.since for worker in workers if worker.since is not None]
    ends = max(since) + timedelta(seconds=bound) if bound and since else None
    return Lingering(workers=workers, bound=bound or None, until=ends)
