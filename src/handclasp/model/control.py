"""How an nginx is reached that is not simply this machine's: in a container, under a supervisor, with its files elsewhere."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxControl:
    """Commands are lists of arguments, run without a shell.

    `command` runs that nginx binary ("docker", "exec", "web", "nginx"): it is given -t, -V and -s reload. `reload` is run
    instead of a signal. `pid_file` names the master where its title does not. `mounts` are pairs of a folder as that nginx sees
    it and the same folder here. `probe_at`: where the sites are asked from here, when not at the address they listen on.
    """

    command: tuple[str, ...] = ()
    reload: tuple[str, ...] = ()
    pid_file: str | None = None
    mounts: tuple[tuple[str, str], ...] = ()
    probe_at: tuple[str, int] | None = None

    @property
    def foreign(self) -> bool:
        """Whether workers cannot be watched, so that only answers tell when a reload has come into force."""
        return bool(self.command or self.reload)


PLAIN = NginxControl()
