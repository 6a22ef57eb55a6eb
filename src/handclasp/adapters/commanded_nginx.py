"""An nginx that is reached by commands of its owner: in a container, or under a supervisor that has its own way to reload."""

import shutil
import time
from functools import cached_property

from handclasp.adapters import nginx_binary, processes
from handclasp.adapters.local_nginx import MASTER
from handclasp.adapters.nginx_process import NginxProcess
from handclasp.adapters.nginx_words import refused
from handclasp.model.control import NginxControl
from handclasp.model.errors import WorldError
from handclasp.model.nginx import NginxBuild

_SECONDS = 60.0
_NO_NUMBER = 'invalid PID number ""'
_TURNS = 20
_PAUSE_SECONDS = 0.1


class CommandedNginx(NginxProcess):
    """ports.Nginx by the commands of a `NginxControl`; what it does not say is done as for any nginx of this machine."""

    def __init__(self, path: str | None, control: NginxControl) -> None:
        super().__init__(path)
        self._control = control

    @cached_property
    def _build(self) -> NginxBuild:
        return nginx_binary.describe_argv(self._command) if self._command else nginx_binary.describe(self.path)

    def start(self, *, prefix: str, config: str) -> None:
        """Not ours to do: WorldError."""
        raise WorldError(f"this nginx is started by those who run it, not by Handclasp (prefix {prefix})", where=config)

    def stop(self, *, prefix: str, config: str) -> None:
        """Not ours to do: WorldError."""
        raise WorldError(f"this nginx is stopped by those who run it, not by Handclasp (prefix {prefix})", where=config)

    def running(self, *, prefix: str, config: str) -> bool:
        """Whether its master is seen here, or its commands can be run at all."""
        if self._master(prefix, config) is not None:
            return True
        if self._control.pid_file is not None:
            return False
        if self._command:
            return nginx_binary.run([*self._command, "-V"], seconds=_SECONDS).returncode == 0
        return bool(self._control.reload)

    def reload(self, *, prefix: str, config: str) -> None:
        """Test, then run the owner's command. Where the master can be seen its new workers are waited for.

        Raises:
            WorldError: the test or the command fails, with its words.
        """
        if not self._control.foreign:
            super().reload(prefix=prefix, config=config)
            return
        tested = self.test(prefix=prefix, config=config)
        if not tested.ok:
            raise refused("nginx does not accept the configuration", tested.output, config)
        master = self._master(prefix, config)
        if master is None:
            self._run_reload(prefix, config)
            return
        self.renew(master, config, lambda: self._run_reload(prefix, config))

    def _run_reload(self, prefix: str, config: str) -> None:
        argv = list(self._control.reload) or [*self._argv(prefix, config), "-s", "reload"]
        for turns_left in reversed(range(_TURNS)):
            ran = nginx_binary.run(argv, seconds=_SECONDS)
            said = f"{ran.stderr}{ran.stdout}".strip()
            # A master that has just been started opens its PID file before it writes it.
            if not ran.returncode or _NO_NUMBER not in said or not turns_left:
                break
            time.sleep(_PAUSE_SECONDS)
        if ran.returncode:
            raise refused(f"the reload command failed (exit status {ran.returncode}): {' '.join(argv)}", said, config)

    def _argv(self, prefix: str, config: str) -> list[str]:
        argv = super()._argv(prefix, config) if not self._command else ["-p", prefix, "-c", config]
        return [*self._command, *argv]

    @cached_property
    def _command(self) -> list[str]:
        """The owner's words for that binary; [] for the one of this machine. WorldError when the program is not here."""
        words = list(self._control.command)
        if words and shutil.which(words[0]) is None:
            raise WorldError(f"there is no program {words[0]}", hint="the command of this nginx is a list of arguments")
        return words

    def _master(self, prefix: str, config: str) -> int | None:
        if self._control.pid_file is None:
            return None if self._command else super()._master(prefix, config)
        try:
            with open(self._control.pid_file, encoding="ascii", errors="replace") as file:
                pid = int(file.read(32).strip())
        except (OSError, ValueError):
            return None
        return pid if processes.title(pid).startswith(MASTER) else None
