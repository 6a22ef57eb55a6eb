"""What a request, or the words of a line, give away about the cause, as data."""

import re

from handclasp.diagnose.log_line import LineKind, LogLine
from handclasp.diagnose.start_words import cause_of_line

_OF_REQUEST: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^OPTIONS "), "cors-preflight-has-no-cert"),
    (re.compile(r" HTTP/3\.0$"), "http3-client-cert"),
    (
        re.compile(r"^\S+ /\S*?(?:health|status|ping|ready|alive|probe|heartbeat)[\w./-]*(?:[ ?]|$)", re.IGNORECASE),
        "health-check-has-no-cert",
    ),
)
"""Requests by which somebody asks who never sends a certificate."""

_OF_WORDS: tuple[tuple[LineKind, re.Pattern[str], str], ...] = (
    (LineKind.HEADER, re.compile(r'invalid header line: "[A-Za-z0-9-]*_[\w-]*:'), "header-underscore-dropped"),
    (LineKind.OCSP, re.compile(r"^(?!.*, certificate: \")"), "client-ocsp-unreachable"),
    (LineKind.OTHER_MODULE, re.compile(""), "other-module-own-trust-store"),
    (LineKind.MISDIRECTED, re.compile(r'request: "[^"]* HTTP/1\.[01]"'), "request-by-ip-or-without-sni"),
    (LineKind.MISDIRECTED, re.compile(r'request: "[^"]* HTTP/[23]'), "http2-connection-reuse-421"),
)
"""Lines whose kind has several causes, and whose own words tell which."""


def by_request(line: LogLine) -> str | None:
    """A cause that the request itself gives away, for a client that sent no certificate."""
    return of_request(line.request) if line.kind is LineKind.NO_CERTIFICATE and line.request else None


def of_request(request: str) -> str | None:
    """A cause of a missing certificate that a request line gives away."""
    return next((cause for pattern, cause in _OF_REQUEST if pattern.search(request)), None)


def by_words(line: LogLine) -> str | None:
    """A cause that the words of the line give away."""
    if line.kind is LineKind.START:
        return None if line.context and "upstream" in line.context else cause_of_line(line.message)
    return next((cause for kind, words, cause in _OF_WORDS if line.kind is kind and words.search(line.raw)), None)
