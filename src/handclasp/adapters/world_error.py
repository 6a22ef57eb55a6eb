"""Failures of the operating system, told as every other failure: what could not be done, where, why, and what helps."""

import errno

from handclasp.model.errors import HandclaspError, WorldError

_ADVICE = {
    errno.ENOSPC: "free some space on that file system; nothing was half-written",
    errno.EDQUOT: "raise the quota or free some space; nothing was half-written",
    errno.EROFS: "the file system is mounted read-only; remount it or choose another place with --home",
    errno.EACCES: "run as the user who owns it, or give this user the right",
    errno.EPERM: "run as the user who owns it, or give this user the right",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n)",
}


def world_error(path: str, what: str, error: OSError) -> HandclaspError:
    """A failure of the operating system as one message: what could not be done, where, why, and what helps."""
    advice = _ADVICE.get(error.errno or 0)
    return WorldError(f"{what}: {error.strerror or error}", where=path, hint=advice)
