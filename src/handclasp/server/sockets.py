"""The sockets that the server listens on."""

import contextlib
import grp
import os
import socket
import stat
from collections.abc import Iterator

from handclasp.model.errors import UsageError, WorldError

BACKLOG = 1024


def address(text: str) -> tuple[str, int]:
    """HOST:PORT as typed; IPv6 in brackets. UsageError when it is none."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"{text!r} is no address to listen on", hint="write --listen 127.0.0.1:8555, or [::1]:8555")
    return host, int(port)


@contextlib.contextmanager
def tcp_socket(where: tuple[str, int]) -> Iterator[socket.socket]:
    """Listens on an address; WorldError when that cannot be."""
    family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(where)
            listening.listen(BACKLOG)
        except OSError as error:
            raise WorldError(
                f"cannot listen there: {error.strerror or error}",
                where=f"{where[0]}:{where[1]}",
                hint="choose another with --listen, or port 0 for a free one",
            ) from error
        yield listening


@contextlib.contextmanager
def proxy_socket(path: str, group: str | None) -> Iterator[socket.socket]:
    """Listens on a Unix socket that only its owner, and `group`, may open: whoever can, is believed about client certificates.

    A socket that an earlier run left is replaced; anything else in the way is not, nor one that somebody listens on. WorldError
    when that cannot be.
    """
    members = _group(group) if group is not None else None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening, contextlib.ExitStack() as made:
        before = os.umask(0o177)
        try:
            _clear(path)
            listening.bind(path)
            made.callback(_remove, path, os.lstat(path))
            if members is not None:
                os.chown(path, -1, members)
                os.chmod(path, 0o660)  # noqa: PTH101 - beside the other calls of os
            listening.listen(BACKLOG)
        except OSError as error:
            hint = "its folder must be there, and be writable; or choose another --api-socket"
            raise WorldError(f"no socket can be made there: {error.strerror or error}", where=path, hint=hint) from error
        finally:
            os.umask(before)
        yield listening


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise UsageError(
            f"there is no group {name}", hint="getent group     shows them; Debian's nginx is in www-data"
        ) from error


def _remove(path: str, mine: os.stat_result) -> None:
    """Take our socket away, unless somebody who came later has theirs there."""
    with contextlib.suppress(OSError):
        if os.path.samestat(os.lstat(path), mine):
            os.unlink(path)  # noqa: PTH108 - beside the other calls of os


def _clear(path: str) -> None:
    """Take away the socket that a killed run left."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(0)
        try:
            asking.connect(path)
        except BlockingIOError:
            pass  # as many wait there already as may
        except ConnectionRefusedError:
            os.unlink(path)  # noqa: PTH108 - beside the other calls of os
            return
    raise WorldError("another process listens there", where=path, hint="stop it, or choose another --api-socket")
