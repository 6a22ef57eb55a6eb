"""Which configuration this machine's nginx uses: read from the titles of running masters, else from what was compiled in."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from handclasp.adapters import nginx_binary, processes
from handclasp.model.errors import WorldError

MASTER = "nginx: master process "


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalNginx:
    """The main configuration file and the prefix of an nginx; `pid` None: it does not run. `others` run with these files."""

    config: str
    prefix: str
    pid: int | None = None
    others: tuple[str, ...] = ()


def find_local(path: str | None = None) -> LocalNginx:
    """The running nginx with the lowest process id, else the installed one. Nothing is started or signalled.

    Raises:
        WorldError: none runs here and none is installed.
    """
    running = [found for found in _running(path) if os.path.exists(found.config)]
    if not running:
        defaults = nginx_binary.defaults(nginx_binary.find(path))
        return LocalNginx(config=defaults.config, prefix=defaults.prefix)
    others = dict.fromkeys(found.config for found in running if found.config != running[0].config)
    return replace(running[0], others=tuple(others))


def prefix_in_use(config: str, path: str | None) -> str | None:
    """The prefix of the nginx that was started with this configuration file, by its absolute path; None: none runs so.

    `path`: as for `find_local`.
    """
    return next((found.prefix for found in _running(path, os.path.basename(config)) if found.config == config), None)


def _running(path: str | None, named: str = "") -> Iterator[LocalNginx]:
    """Those that run here, or those of them whose title has this in it."""
    for pid in sorted(processes.pids()):
        title = processes.title(pid)
        if title.startswith(MASTER) and named in title and processes.in_our_pid_namespace(pid):
            words = title.removeprefix(MASTER).split(" ")
            try:
                defaults = nginx_binary.defaults(nginx_binary.find(path or _binary(pid, words[0])))
            except WorldError:
                continue
            yield of_title(words, defaults, pid)


def of_title(words: list[str], defaults: nginx_binary.Defaults, pid: int) -> LocalNginx:
    """What the arguments of a master say; `-p` and `-c` may stand with or without a space (ngx_get_options).

    A relative prefix is below the folder that it was started in, which a master does not leave; a relative configuration
    below the prefix.
    """
    prefix = _absolute(_option(words, "-p") or defaults.prefix, pid)
    config = os.path.normpath(os.path.join(prefix, _option(words, "-c") or defaults.config))
    return LocalNginx(config=config, prefix=prefix, pid=pid)


def files_in_use(pid: int, title: str, own: nginx_binary.Defaults) -> tuple[str, str]:
    """Prefix and main configuration file of a master. `own`: what holds where the file that runs cannot be asked."""
    words = title.removeprefix(MASTER).split(" ")
    said = _option(words, "-p"), _option(words, "-c")
    defaults = own if all(said) else _compiled_in(_binary(pid, words[0])) or own
    found = of_title(words, defaults, pid)
    return found.prefix, found.config


@lru_cache(maxsize=64)
def _compiled_in(binary: str) -> nginx_binary.Defaults | None:
    """Another nginx may run beside this one, told nothing either: its files are not ours."""
    try:
        return nginx_binary.defaults(nginx_binary.find(binary))
    except WorldError:
        return None


def _absolute(path: str, pid: int) -> str:
    if not os.path.isabs(path):
        with contextlib.suppress(OSError):
            path = os.path.join(os.readlink(f"/proc/{pid}/cwd"), path)
    return os.path.normpath(path)


def _option(words: list[str], name: str) -> str | None:
    for word, following in zip(words, (*words[1:], ""), strict=True):
        if word.startswith(name):
            return word[2:] or following or None
    return None


def _binary(pid: int, named: str) -> str:
    """The file that runs; what the title names when we may not look."""
    try:
        return os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    except OSError:
        return named
