"""Words in large blocks of bytes by the C library's strstr, which looks at many bytes at once where Python looks at each."""

import ctypes
from collections.abc import Callable

_libc = ctypes.CDLL(None)
_strstr = _libc.strstr
_strstr.restype = ctypes.c_void_p
_strstr.argtypes = (ctypes.c_void_p, ctypes.c_char_p)


def searcher(block: bytes) -> Callable[[bytes, int], int]:
    """As `block.find`. A block that holds a zero byte, where strstr would stop, is searched by Python."""
    if b"\0" in block:
        return block.find
    address = ctypes.cast(ctypes.c_char_p(block), ctypes.c_void_p).value or 0

    def find(word: bytes, start: int) -> int:
        # Python ends every bytes object with a zero byte of its own; `block` lives as long as this function.
        found = _strstr(address + min(start, len(block)), word)
        return found - address if found is not None else -1

    return find
