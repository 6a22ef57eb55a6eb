"""One request without TLS, as a client makes it that took http:// for https://."""

import socket

from handclasp.adapters.http_answer import complete, parse, request_bytes
from handclasp.model.probe import ProbeRequest, ProbeResult

_CHUNK = 65536


def ask_plainly(request: ProbeRequest) -> ProbeResult:
    """Connect, send one request in clear, read the answer. What the network does is in the result, as of TlsProbe."""
    raw = b""
    try:
        with socket.create_connection((request.address, request.port), timeout=request.timeout) as wire:
            wire.sendall(request.preamble + request_bytes(request))
            while not complete(raw):
                data = wire.recv(_CHUNK)
                if not data:
                    break
                raw += data
    except OSError as error:
        if not raw:
            return ProbeResult(certificate_requested=False, error=error.strerror or str(error), unreachable=True)
    answer = parse(raw) if raw else None
    if answer is None:
        return ProbeResult(certificate_requested=False, error="the server closed the connection without an answer", body=raw)
    return ProbeResult(
        certificate_requested=False, status=answer.status, title=answer.title, headers=answer.headers, body=answer.body
    )
