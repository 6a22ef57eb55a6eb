"""The little of ASGI (https://asgi.readthedocs.io) that the plain routes need: one answer, one bounded body."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_SECONDS = 10.0
"""A client that needs longer to send its request is let go."""

_DRAINED = 1024 * 1024  # so much of a body that is too large is read and dropped, so that its sender gets to read the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""


class TooLargeError(Exception):
    """The body has more bytes than this route takes."""


class ClientGoneError(Exception):
    """The client hung up, or was too slow, before its request was whole."""


def plain(status: int, text: str, *headers: tuple[bytes, bytes]) -> Answer:
    """A short text."""
    kind = (b"content-type", b"text/plain; charset=utf-8")
    return Answer(status=status, headers=(kind, (b"cache-control", b"no-store"), *headers), body=text.encode())


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of that (lower-case) name."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


async def body_of(receive: Receive, limit: int) -> bytes:
    """The whole request body.

    Raises:
        TooLargeError: it is longer than `limit`.
        ClientGoneError: see there.
    """
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise ClientGoneError
                part = message.get("body", b"")
                size += len(part)
                if size <= limit:
                    parts.append(part)
                elif size > limit + _DRAINED:
                    raise TooLargeError
                if not message.get("more_body", False):
                    break
    except TimeoutError:
        raise ClientGoneError from None
    if size > limit:
        raise TooLargeError
    return b"".join(parts)


async def respond(send: Send, answer: Answer, *, head: bool = False) -> None:
    """Send it; `head`: headers alone."""
    length = (b"content-length", str(len(answer.body)).encode())
    await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, length]})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})


def has_already(known: bytes | None, etag: bytes) -> bool:
    """Whether If-None-Match names what there is (RFC 9110 13.1.2): the tag, weak or in a list, or `*` for whatever it is."""
    tags = [tag.strip().removeprefix(b"W/") for tag in (known or b"").split(b",")]
    return etag in tags or tags == [b"*"]
