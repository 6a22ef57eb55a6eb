"""One HTTP/3 request as bytes, and its answer read from bytes (RFC 9114, RFC 9204). Just enough for the lab.

No dynamic table, and Huffman-coded values are passed over: nginx codes neither the status nor the length, and nothing else is
read here.
"""

from handclasp.adapters.http_answer import Answer, title_of
from handclasp.model.errors import InputError
from handclasp.model.probe import ProbeRequest

_DATA, _HEADERS = 0, 1
_NO_DYNAMIC_TABLE = b"\0\0"
_GET, _HTTPS = b"\xd1", b"\xd7"
_AUTHORITY, _PATH, _CONTENT_LENGTH = 0, 1, 4
# The static table holds these statuses whole; where one is written out, any of the indexes says that it is a status.
_STATUSES = {
    24: 103, 25: 200, 26: 304, 27: 404, 28: 503,
    63: 100, 64: 204, 65: 206, 66: 302, 67: 400, 68: 403, 69: 421, 70: 425, 71: 500,
}  # fmt: skip


def request_bytes(request: ProbeRequest) -> bytes:
    """One HEADERS frame. InputError for what the lab never asks for over HTTP/3."""
    if request.method != "GET" or request.headers:
        raise InputError("over HTTP/3 a plain GET is all that is asked here")
    fields = _NO_DYNAMIC_TABLE + _GET + _HTTPS + _named(_AUTHORITY, request.host) + _named(_PATH, request.path)
    return bytes((_HEADERS,)) + _length(len(fields)) + fields


def parse(raw: bytes) -> Answer | None:
    """The answer on a request's stream; None while it is not whole."""
    status, wanted, body, rest = None, None, b"", raw
    try:
        while rest:
            kind, rest = _variable(rest)
            size, rest = _variable(rest)
            content, rest = rest[:size], rest[size:]
            if len(content) < size:
                return None
            if kind == _HEADERS:
                status, wanted = _fields(content)
            elif kind == _DATA:
                body += content
    except IndexError:
        return None
    if status is None or len(body) < (wanted or 0):
        return None
    return Answer(status=status, title=title_of(body), headers=(), body=body)


def _fields(block: bytes) -> tuple[int | None, int | None]:
    """The status and the announced length, of indexed fields and of literals, whose names may stand in the static table."""
    status, length, rest = None, None, block[len(_NO_DYNAMIC_TABLE) :]
    while rest:
        value, name = None, None
        if rest[0] & 0x80:
            name, rest = _prefixed(rest, 6)
            value = str(_STATUSES.get(name, "")).encode()
        elif rest[0] & 0x40:
            name, rest = _prefixed(rest, 4)
            value, rest = _text(rest, 7)
        else:
            _, rest = _text(rest, 3)
            _, rest = _text(rest, 7)
        if name in _STATUSES and value:
            status = int(value)
        elif name == _CONTENT_LENGTH and value:
            length = int(value)
    return status, length


def _named(index: int, value: str) -> bytes:
    """A literal with a name of the static table: 01, never to be indexed 0, static 1, then the index in four bits."""
    return bytes((0x50 | index,)) + _short(len(value.encode())) + value.encode()


def _short(number: int) -> bytes:
    """An integer of seven bits, as in front of every value (RFC 7541 5.1)."""
    return bytes((number,)) if number < 0x7F else bytes((0x7F, 0x80 | (number - 0x7F) & 0x7F, (number - 0x7F) >> 7))


def _length(number: int) -> bytes:
    """A variable-length integer of QUIC (RFC 9000 16), below 16384."""
    return bytes((number,)) if number < 0x40 else (0x4000 | number).to_bytes(2, "big")


def _variable(raw: bytes) -> tuple[int, bytes]:
    size = 1 << (raw[0] >> 6)
    if len(raw) < size:
        raise IndexError(size)
    return int.from_bytes(raw[:size], "big") & ((1 << (8 * size - 2)) - 1), raw[size:]


def _prefixed(raw: bytes, bits: int) -> tuple[int, bytes]:
    """An integer that begins in the last bits of an octet (RFC 7541 5.1)."""
    full = (1 << bits) - 1
    number, rest, shift, more = raw[0] & full, raw[1:], 0, raw[0] & full == full
    while more:
        number += (rest[0] & 0x7F) << shift
        more, rest, shift = bool(rest[0] & 0x80), rest[1:], shift + 7
    return number, rest


def _text(raw: bytes, bits: int) -> tuple[bytes | None, bytes]:
    """A string after its length; None for its value where it is Huffman-coded."""
    coded = bool(raw[0] & (1 << bits))
    size, rest = _prefixed(raw, bits)
    return (None if coded else rest[:size]), rest[size:]
