"""The name of what was seen, under which the lab's runs are counted: "client 21", "no-certificate", "title 502 Bad Gateway"."""

from handclasp.diagnose.log_line import LineKind, LogLine
from handclasp.model.verdict import Side

_TELLING = frozenset(
    {LineKind.NO_CERTIFICATE, LineKind.UPSTREAM_NAME, LineKind.MISDIRECTED, LineKind.PLAIN_HTTP, LineKind.CLIENT_OCSP}
)


def of_error(side: Side, number: int) -> str:
    """The sign of a verification error that nginx reports."""
    return f"{side.value} {number}"


def of_title(title: str) -> str:
    """The sign of an error page."""
    return f"title {title}"


def of_line(line: LogLine) -> str | None:
    """The sign of a log line; None when its kind says too little to be counted."""
    if line.number is not None and line.side is not None:
        return of_error(line.side, line.number)
    return line.kind.value if line.kind in _TELLING else None
