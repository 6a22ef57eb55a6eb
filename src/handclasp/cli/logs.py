"""Error logs as blocks of bytes: plain, gzipped, or standard input; never a whole log in memory."""

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from handclasp.model.errors import InputError

_BLOCK = 1 << 20
_GZIP = b"\x1f\x8b"


def blocks(path: str) -> Iterator[bytes]:
    """The content of a log, "-" for standard input; what is gzipped is unpacked, whatever it is called.

    Raises:
        InputError: it cannot be read.
    """
    try:
        if path == "-":
            yield from _pieces(sys.stdin.buffer)
            return
        with Path(path).open("rb") as handle:
            packed = handle.read(2) == _GZIP
            handle.seek(0)
            if not packed:
                yield from _pieces(handle)
                return
            with gzip.open(handle) as unpacked:
                yield from _pieces(cast("BinaryIO", unpacked))
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read: {reason}", where=path, hint="give an error log, plain or gzipped") from error


def _pieces(handle: BinaryIO) -> Iterator[bytes]:
    while piece := handle.read(_BLOCK):
        yield piece
