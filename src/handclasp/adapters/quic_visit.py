"""One request over QUIC, by `openssl s_client -quic` beside the nginx under test. For the lab; OpenSSL has it from 3.2 on."""

import contextlib
import os
import selectors
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from handclasp.adapters.http3_answer import parse, request_bytes
from handclasp.adapters.http_answer import Answer
from handclasp.model.probe import ProbeRequest, ProbeResult

_CHUNK = 65536
_NOT_SENT = b"stream recv only"
"""s_client took a stream that nginx opened for the one to write on, and sent nothing: it depends on who is quicker."""

_UNHEARD = b"read server hello"
"""Without it nobody has taken the connection: for a while after a reload the old worker may get its packets, and drops them."""

_ATTEMPT_SECONDS, _GOODBYE_SECONDS = 2.0, 1.0
_ASKED = b"read server certificate request"


@dataclass(frozen=True, slots=True)
class QuicVisitor:
    """`openssl` runs it; `outside` and `inside` are a folder as this process and as openssl see it."""

    openssl: Sequence[str]
    outside: str
    inside: str

    def ask(self, request: ProbeRequest) -> ProbeResult:
        """The answer, and the session that came with it. What never reached nginx is sent again until the time is over."""
        deadline = time.monotonic() + request.timeout
        argv, message = self._argv(request), request_bytes(request)
        while True:
            raw, words = _converse(argv, message)
            arrived = _UNHEARD in words and _NOT_SENT not in words
            if arrived or time.monotonic() > deadline:
                return self._result(parse(raw), words)

    def _argv(self, request: ProbeRequest) -> list[str]:
        self._path("out").unlink(missing_ok=True)
        return [
            *self.openssl, "s_client", "-quic", "-alpn", "h3", "-connect", f"{request.address}:{request.port}",
            "-quiet", "-no_ign_eof", "-state",
            *(["-noservername"] if request.sni is None else ["-servername", request.sni]),
            *self._identity(request), *self._session(request), "-sess_out", self._inside("out"),
        ]  # fmt: skip

    def _identity(self, request: ProbeRequest) -> list[str]:
        if request.identity is None:
            return []
        self._write("chain", request.identity.certificate_chain)
        self._write("key", request.identity.private_key)
        chain = self._inside("chain")
        return ["-cert", chain, "-key", self._inside("key"), "-cert_chain", chain]

    def _session(self, request: ProbeRequest) -> list[str]:
        if request.session is None:
            return []
        self._write("in", request.session)
        return ["-sess_in", self._inside("in")]

    def _result(self, answer: Answer | None, words: bytes) -> ProbeResult:
        saved = self._path("out")
        session = saved.read_bytes() if saved.exists() else None
        asked = _ASKED in words
        if answer is None:
            return ProbeResult(certificate_requested=asked, session=session, error="no answer over QUIC")
        return ProbeResult(
            certificate_requested=asked, session=session, status=answer.status, title=answer.title, body=answer.body
        )

    def _path(self, name: str) -> Path:
        return Path(self.outside) / f"quic-{name}.pem"

    def _inside(self, name: str) -> str:
        return f"{self.inside}/quic-{name}.pem"

    def _write(self, name: str, content: bytes) -> None:
        self._path(name).write_bytes(content)


def _converse(argv: list[str], message: bytes) -> tuple[bytes, bytes]:
    """What came on the request's stream until the answer was whole, and what s_client said."""
    raw, deadline = b"", time.monotonic() + _ATTEMPT_SECONDS
    with (
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
        selectors.DefaultSelector() as ready,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(message)
        process.stdin.flush()
        ready.register(process.stdout, selectors.EVENT_READ)
        while parse(raw) is None and ready.select(max(0.0, deadline - time.monotonic())):
            data = os.read(process.stdout.fileno(), _CHUNK)
            if not data:
                break
            raw += data
        process.stdin.close()  # it says goodbye, so that nginx need not wait for this connection
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GOODBYE_SECONDS)
        process.kill()
        return raw, process.stderr.read()
