"""One HTTP/1.1 request as bytes, and its answer read from bytes. Just enough for a probe; nothing is ever sent on."""

import html
import http.client
import io
import re
from dataclasses import dataclass

from handclasp.model.errors import InputError
from handclasp.model.probe import ProbeRequest

_MOST = 64 * 1024
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A parsed answer; `body` is decoded from chunks and cut at 64 KiB."""

    status: int
    title: str | None
    headers: tuple[tuple[str, str], ...]
    body: bytes


def request_bytes(request: ProbeRequest) -> bytes:
    """The request line with the asked Host and headers. InputError for anything that would end a line early."""
    lines = [
        f"{request.method} {request.path} HTTP/1.1",
        f"Host: {request.host}",
        "User-Agent: handclasp-probe",
        "Accept: */*",
        "Connection: close",
        *(f"{name}: {value}" for name, value in request.headers),
    ]
    for line in lines:
        if "\r" in line or "\n" in line or "\0" in line:
            raise InputError(f"a line break has no place in a request: {line!r}")
    if " " in request.path:
        raise InputError(f"a blank has no place in a path: {request.path!r}", hint="write it as %20")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def complete(raw: bytes) -> bool:
    """Whether nothing more needs to be read: the body has its announced length, or there is more of it than is kept."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    if not blank:
        return len(raw) > _MOST
    length = re.search(rb"(?mi)^content-length:\s*(\d+)\s*$", head)
    if length:
        return len(body) >= min(int(length[1]), _MOST)
    if re.search(rb"(?mi)^transfer-encoding:.*chunked", head):
        return body.endswith(b"0\r\n\r\n") or len(body) > _MOST
    return len(body) >= _MOST


def parse(raw: bytes) -> Answer | None:
    """Read an answer; None when the bytes are not HTTP. An answer that was cut short keeps what came."""
    response = http.client.HTTPResponse(_Canned(raw))  # type: ignore[arg-type]  # makefile is all it calls
    try:
        response.begin()
    except (http.client.HTTPException, ValueError):
        return None
    try:
        body = response.read(_MOST)
    except http.client.IncompleteRead as cut:
        body = cut.partial[:_MOST]
    return Answer(status=response.status, title=title_of(body), headers=tuple(response.getheaders()), body=body)


def title_of(body: bytes) -> str | None:
    """The title of a page; None for what is none."""
    found = _TITLE.search(body)
    return html.unescape(found[1].decode(errors="replace")).strip() if found else None


class _Canned:
    """Stands for the socket that http.client wants to read from."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._raw)
