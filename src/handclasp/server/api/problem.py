"""Failures as application/problem+json (RFC 9457)."""

import msgspec

from handclasp.model.errors import Bug, HandclaspError, InputError, PolicyError, UsageError, WorldError
from handclasp.server.http import Answer

_TITLES = {
    400: "The request is broken",
    401: "A client certificate of this CA is needed",
    403: "This role may not do that",
    404: "There is no such thing",
    405: "The method is not allowed here",
    408: "The request came too slowly",
    409: "Refused by policy",
    413: "The request is too large",
    415: "The body must be application/json",
    422: "The idempotency key was used for another request",
    500: "A bug in Handclasp",
    503: "The world failed",
}
_STATUS: tuple[tuple[type[HandclaspError], int], ...] = (
    (UsageError, 400),
    (InputError, 400),
    (PolicyError, 409),
    (WorldError, 503),
)


class ProblemError(Exception):
    """A failure with its HTTP status; `detail` is for people and holds no secret."""

    def __init__(self, status: int, detail: str = "", *headers: tuple[bytes, bytes]) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def problem(error: ProblemError | HandclaspError) -> Answer:
    """The answer to a failure. A message about this machine's files or a bug says no more than its kind."""
    if isinstance(error, ProblemError):
        return _answer(error.status, error.detail, error.headers)
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    inner = isinstance(error, (WorldError, Bug)) or status == 500
    return _answer(status, "see the log of the server" if inner else error.what, ())


def _answer(status: int, detail: str, headers: tuple[tuple[bytes, bytes], ...]) -> Answer:
    body = {"type": "about:blank", "title": _TITLES.get(status, "Error"), "status": status}
    if detail:
        body["detail"] = detail
    kind = (b"content-type", b"application/problem+json")
    return Answer(status=status, headers=(kind, (b"cache-control", b"no-store"), *headers), body=msgspec.json.encode(body))
