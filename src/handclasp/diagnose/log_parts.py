"""A line of a big log taken apart just far enough to count it: message, server, client. Pure: bytes in.

There are two ways to the same answer. `dissect` reads one line; `BULK` reads lines of the usual form, millions of them, within
the regular expression engine. What `BULK` does not match, or cannot be sure of, is left to `dissect`.
"""

import re
from dataclasses import dataclass

from handclasp.diagnose.log_wrapping import LONGEST, unwrapped

MARKS = (
    b"SSL", b"HTTPS port", b"negotiated", b"PROXY protocol", b"[emerg]", b"certificate", b"OCSP", b"client sent invalid"
)  # fmt: skip
"""What a message about TLS has in it, the most usual first."""

_LONGEST_KEY = 2048

_HEAD_TAIL = rb"\[[a-z]{1,20}+\] [0-9]{1,20}+#[0-9]{1,20}+: "
_CLIENT, _SERVER = b", client: ", b", server: "


def _in_bulk(part: bytes) -> re.Pattern[bytes]:
    """A pattern whose findall gives one answer for each line: what `split_key` splits, or nothing when its form is another.

    A prefix (of docker, a container runtime, syslog with its own brackets) may stand before nginx's time; most lines begin
    with that time, for which `.` will do: no head fits into it. The bounds keep everything within LONGEST.
    """
    return re.compile(
        rb"(?:[0-9].../../.. ..:..:.[0-9] |(?!\{)[^[\n]{0,500}+(?<=[0-9] )"
        rb"|(?!\{)[^[\n]{0,500}+\[(?![a-z]+\] [0-9]+#)[^[\n]{0,500}+(?<=[0-9] ))"
        + _HEAD_TAIL
        + rb"\*[0-9]{1,20}+ ("
        + part
        + _CLIENT
        + part
        + _SERVER
        + rb"[^,\n]{0,700}+)(?=[,\n]).*\n|.*\n"
    )


BULK = _in_bulk(rb"[^,]*+")
"""`[^,]` runs through line feeds too, but is several times faster than `[^,\n]`: what it found has to be `believable`."""

BULK_SURE = _in_bulk(rb"[^,\n]{0,700}+")
"""What stays within the line: for logs where messages without a comma, as of closed connections, lead the other astray."""

_HEAD = re.compile(rb"(?<=[0-9] )" + _HEAD_TAIL + rb"(?:\*[0-9]{1,20} )?")
_TIME = re.compile(rb"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d$")
_TELLING = re.compile(b"|".join(re.escape(mark) for mark in MARKS))
_QUOTED = re.compile(rb'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Parts:
    """`message` is without what stands between quotes: lines that differ in nothing else say the same."""

    message: bytes
    server: bytes
    client: bytes


def dissect(line: bytes) -> Parts | None:
    """The parts of one line; None when its message is not about TLS."""
    text = plain(line)
    if not any(mark in text for mark in MARKS):
        return None
    head = _HEAD.search(text)
    message = text[head.end() :] if head else text
    end = message.find(_CLIENT)
    stem = message if end < 0 else message[:end]
    said = message_of(stem)
    return None if said is None else Parts(said, _field(message, _SERVER, end), _field(message, _CLIENT, end))


def split_key(key: bytes) -> tuple[bytes, bytes, bytes]:
    """Of what `BULK` found: what the message is in, the server and the client."""
    stem, _, rest = key.partition(_CLIENT)
    client, _, server = rest.partition(_SERVER)
    return stem, server.rstrip(), client.rstrip()


def message_of(stem: bytes) -> bytes | None:
    """The message, as in `Parts`; None when it is not about TLS."""
    return _alike(stem) if _TELLING.search(stem) else None


def believable(keys: list[bytes]) -> bool:
    """Whether `BULK` stayed within one line, and within what `dissect` looks at."""
    return b"\n" not in b"".join(keys) and max(map(len, keys), default=0) <= _LONGEST_KEY


def plain(line: bytes) -> bytes:
    """As much of a line as is looked at, out of the JSON that container runtimes and journals wrap lines in."""
    text = line[:LONGEST]
    return unwrapped(text.decode(errors="replace")).encode(errors="replace") if text[:1] == b"{" else text.rstrip()


def time_of(line: bytes) -> str | None:
    """The time that nginx wrote."""
    text = plain(line)
    head = _HEAD.search(text)
    return time_in(text[: head.start() - 1]) if head else None


def time_in(before: bytes) -> str | None:
    """The same, of what stands before the level."""
    found = _TIME.search(before)
    return found[0].decode() if found else None


def _alike(stem: bytes) -> bytes:
    return _QUOTED.sub(b'"..."', stem) if b'"' in stem else stem


def _field(message: bytes, name: bytes, start: int) -> bytes:
    at = message.find(name, start) if start >= 0 else -1
    if at < 0:
        return b""
    begin = at + len(name)
    end = message.find(b",", begin)
    return message[begin : end if end >= 0 else len(message)].rstrip()
