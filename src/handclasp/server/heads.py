"""Whole OCSP requests, told from everything else by their octets: clients that ask often ask with the same head.

A head is read once, by httptools, and remembered with what it means. Requests that ask for anything special (100-continue, an
upgrade, a condition, chunks) and those that came in pieces are not for here: the ordinary way serves them.
"""

from typing import NamedTuple

import httptools

MAX_BODY = 256
MOST_HEADS = 4096
LONGEST_HEAD = 1024
_BEGINNINGS = (b"GET /ocsp/", b"POST /ocsp ")
_END = b"\r\n\r\n"
_SPECIAL = frozenset({b"if-none-match", b"upgrade", b"expect", b"transfer-encoding"})


class Head(NamedTuple):
    """What a request wants. `length`: octets of its body; `stays`: its connection is for further ones."""

    method: bytes
    path: bytes
    length: int
    stays: bool


class Heads:
    """The heads seen so far; a flood of others makes it forget, not grow."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}

    def read(self, data: bytes) -> tuple[Head, bytes] | None:
        """Head and body, if these octets are one plain OCSP request and nothing else."""
        start, end, body = data.partition(_END)
        head = self._known.get(start)
        if head is None:
            if not end or len(start) > LONGEST_HEAD or not start.startswith(_BEGINNINGS):
                return None
            head = _read(start + end)
            if head is None:
                return None
            if len(self._known) >= MOST_HEADS:
                self._known.clear()
            self._known[start] = head
        return (head, body) if end and len(body) == head.length else None


class _Seen:
    """What httptools reports. It knows method, version and manners of a request at the end of its headers, not later."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.url = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.method, self.version, self.stays = b"", "", False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.method, self.version = self.parser.get_method(), self.parser.get_http_version()
        self.stays = self.version == "1.1" and self.parser.should_keep_alive()


def _read(octets: bytes) -> Head | None:
    seen = _Seen()
    try:
        seen.parser.feed_data(octets)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    length = _length(seen)
    named = seen.version == "1.0" or (seen.version == "1.1" and sum(name == b"host" for name, _ in seen.fields) == 1)
    if length is None or not named:
        return None
    return Head(seen.method, seen.url, length, seen.stays)


def _length(seen: _Seen) -> int | None:
    """Octets of the body; None when this is no plain OCSP request, or its body is not a short one of the right type."""
    names = [name for name, _ in seen.fields]
    if not _SPECIAL.isdisjoint(names):
        return None
    if seen.method == b"GET" and seen.url.startswith(b"/ocsp/"):
        return None if b"content-length" in names else 0
    if seen.method != b"POST" or seen.url != b"/ocsp" or names.count(b"content-length") != 1:
        return None
    fields = dict(seen.fields)
    text = fields[b"content-length"]
    fits = fields.get(b"content-type") == b"application/ocsp-request" and text.isdigit() and len(text) < 4
    return int(text) if fits and int(text) <= MAX_BODY else None
