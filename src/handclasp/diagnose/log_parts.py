"""A line of a big log taken apart just far enough to count it: message, server, client. Pure: bytes in.

There are two ways to the same answer. `dissect` reads one line; `BULK` reads lines of the usual form, millions of them, within
the regular expression engine. What `BULK` does not match, or cannot be sure of, is left to `dissect`.
"""

import re
from dataclasses import dataclass

from handclasp.diagnose.log_line import unwrapped

MARKS = (
    b"SSL", b"HTTPS port", b"negotiated", b"PROXY protocol", b"[emerg]", b"certificate", b"OCSP", b"client sent invalid"
)  # fmt: skip
"""What a message about TLS has in it, the most usual first."""

LONGEST = 4096
"""Most of a line that is looked at: nginx cuts its own at 2048 bytes, and what a syslog puts before them is short."""

LONGEST_KEY = 2048

# A prefix (of docker, a container runtime, syslog with its own brackets) may stand before nginx's time. Where a comma is what
# ends a part, `[^,]` runs through line feeds too: it is several times faster than `[^,\n]`, and a key that has a line feed in
# it is never believed. The bounds keep everything within LONGEST.
_HEAD_TAIL = rb"\[[a-z]{1,20}\] [0-9]{1,20}#[0-9]{1,20}: "
BULK = re.compile(
    rb"(?!\{)(?:[^[\n]{0,500}+(?<=[0-9] )|[^[\n]{0,500}+\[(?![a-z]+\] [0-9]+#)[^[\n]{0,500}+(?<=[0-9] ))"
    + _HEAD_TAIL
    + rb"\*[0-9]{1,20} ([^,]*+, client: [^,]*+, server: [^,\n]*+).*\n|.*\n"
)
"""findall gives one answer for each line: "message, client: C, server: S", or nothing when the line has another form."""

_HEAD = re.compile(rb"(?<=[0-9] )" + _HEAD_TAIL + rb"(?:\*[0-9]{1,20} )?")
_TIME = re.compile(rb"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d$")
_TELLING = re.compile(b"|".join(re.escape(mark) for mark in MARKS))
_QUOTED = re.compile(rb'"[^"]*"')
_CLIENT, _SERVER = b", client: ", b", server: "


@dataclass(frozen=True, slots=True)
class Parts:
    """`message` is without what stands between quotes: lines that differ in nothing else say the same."""

    message: bytes
    server: bytes
    client: bytes


def dissect(line: bytes) -> Parts | None:
    """The parts of one line; None when its message is not about TLS."""
    text = plain(line)
    head = _HEAD.search(text)
    message = text[head.end() :] if head else text
    end = message.find(_CLIENT)
    stem = message if end < 0 else message[:end]
    if not _TELLING.search(stem):
        return None
    return Parts(_alike(stem), _field(message, _SERVER, end), _field(message, _CLIENT, end))


def dissect_key(key: bytes) -> Parts | None:
    """The same for what `BULK` found."""
    stem, _, rest = key.partition(_CLIENT)
    if not _TELLING.search(stem):
        return None
    client, _, server = rest.partition(_SERVER)
    return Parts(_alike(stem), server.rstrip(), client)


def believable(key: bytes) -> bool:
    """Whether `BULK` stayed within one line, and within what `dissect` looks at."""
    return b"\n" not in key and len(key) <= LONGEST_KEY


def plain(line: bytes) -> bytes:
    """As much of a line as is looked at, out of the JSON that container runtimes and journals wrap lines in."""
    text = line[:LONGEST]
    return unwrapped(text.decode(errors="replace")).encode(errors="replace") if text[:1] == b"{" else text.rstrip()


def time_of(line: bytes) -> str | None:
    """The time that nginx wrote."""
    text = plain(line)
    head = _HEAD.search(text)
    found = _TIME.search(text[: head.start() - 1]) if head else None
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
