"""Which server and location are in question when nobody names one: nginx's own lines say it."""

from dataclasses import replace

from handclasp.diagnose.log_line import LineKind, LogLine
from handclasp.diagnose.pasted import read_pasted
from handclasp.model.evidence import Evidence
from handclasp.verdict.predict import Stage

_SILENT = frozenset({LineKind.START, LineKind.OTHER, LineKind.OTHER_MODULE, LineKind.UNKNOWN})
_ANYWHERE = "/"


def pointed(evidence: Evidence) -> Evidence:
    """The evidence about the server and the URI of the first line on TLS that names a server of this configuration.

    Unchanged where a server or a request was named, or no line tells.

    Raises:
        InputError: the configuration cannot be parsed.
    """
    if evidence.server or evidence.request or evidence.root is None or not evidence.log_lines:
        return evidence
    servers = Stage(evidence).config.servers
    known = {name.lower(): name for server in servers for name in (server.label, *server.names)}
    for line in map(read_pasted, evidence.log_lines):
        named = known.get((line.server or "").lower())
        if named and line.kind not in _SILENT and line.doubt is None:
            location = _uri(line) if evidence.location == _ANYWHERE else evidence.location
            return replace(evidence, server=named, location=location)
    return evidence


def _uri(line: LogLine) -> str:
    """The path that was asked for: of the request line `METHOD URI PROTOCOL`."""
    parts = (line.request or "").strip('"').split(" ")
    uri = parts[1].partition("?")[0] if len(parts) > 1 else ""
    return uri if uri.startswith("/") else _ANYWHERE
