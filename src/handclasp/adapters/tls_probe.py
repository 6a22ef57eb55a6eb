"""ports.Probe with pyOpenSSL over memory BIOs: one connection, one request, and everything seen on the way."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cryptography import x509
from OpenSSL import SSL, crypto

from handclasp.adapters import saved_session
from handclasp.adapters.http_answer import complete, parse, request_bytes
from handclasp.adapters.memory_wire import Wire
from handclasp.adapters.tls_alerts import CLOSE_NOTIFY, alert_name
from handclasp.adapters.tls_client import connection, verify_text, words
from handclasp.model.probe import ProbeRequest, ProbeResult
from handclasp.pki.distinguished_name import rfc2253

_ALERT_READ = 0x4004  # SSL_CB_READ_ALERT (openssl/ssl.h)
_ASKED = b"read server certificate request"  # ends SSL_state_string_long after a CertificateRequest, in 1.1.1 to 4.0
_CHUNK = 65536


@dataclass(slots=True)
class _Seen:
    """What is noted while OpenSSL works."""

    asked: bool = False
    alerts: list[int] = field(default_factory=list)
    verify_errors: list[int] = field(default_factory=list)
    raw: bytes = b""
    connected: bool = False
    timed_out: bool = False
    shaken: bool = False
    held: bool = False
    port: int = 0
    flight: bytes = b""


class TlsProbe:
    """A TLS client that reports what it saw and enforces nothing."""

    def ask(self, request: ProbeRequest) -> ProbeResult:
        """Connect, handshake, send one request, read the answer.

        What the network or the server does is in the result (`error`, `alert`). InputError only for a request that cannot be
        made: an unreadable certificate or key, a key that does not fit, a line break in a header, a session that is none.
        """
        message = request_bytes(request)
        seen = _Seen()
        tls = connection(request, on_info=_watcher(seen), on_verify=seen.verify_errors.append)
        started = time.monotonic()
        error = _converse(tls, request, message, seen)
        return replace(_result(tls, seen, error), seconds=time.monotonic() - started)


def _watcher(seen: _Seen) -> Callable[[SSL.Connection, int, int], None]:
    def watch(tls: SSL.Connection, where: int, value: int) -> None:
        if where == _ALERT_READ:
            seen.alerts.append(value & 0xFF)
        elif tls.get_state_string().endswith(_ASKED):
            seen.asked = True

    return watch


def _converse(tls: SSL.Connection, request: ProbeRequest, message: bytes, seen: _Seen) -> str | None:
    """Handshake, ask, read; the words of what went wrong, or None."""
    try:
        with Wire(tls, request.address, request.port, request.timeout) as wire:
            seen.connected, seen.port = True, wire.local_port
            wire.before(request.preamble)
            if request.early and saved_session.allows_early_data(tls):
                seen.flight = wire.ahead(lambda: saved_session.send_early(tls, message))
            wire.do(tls.do_handshake)
            seen.shaken = True
            if request.patience is not None:
                _listen(wire, tls, request.patience, seen)
                return None
            if not seen.flight or not saved_session.resumed(tls):  # without its session, early data is thrown away
                wire.do(lambda: tls.send(message))
            while not complete(seen.raw):
                seen.raw += wire.do(lambda: tls.recv(_CHUNK))
            wire.do(tls.shutdown)
    except SSL.Error as error:
        return _tls_failure(error, seen)
    except TimeoutError:
        seen.timed_out = True
        return f"no answer within {request.timeout:g} s"
    except OSError as error:
        if not seen.connected:
            return f"{_place(request)}: {error.strerror or error}"
        return None if seen.raw else f"the server broke the connection: {error.strerror or error}"
    return None


def _listen(wire: Wire, tls: SSL.Connection, seconds: float, seen: _Seen) -> None:
    """Say nothing, and note whether the other side speaks, waits, or ends it: the last is an SSL.Error."""
    wire.within(seconds)
    with contextlib.suppress(TimeoutError):
        seen.raw = wire.do(lambda: tls.recv(_CHUNK))
    seen.held = True
    wire.within(seconds)
    wire.do(tls.shutdown)


def _tls_failure(error: SSL.Error, seen: _Seen) -> str | None:
    """A connection that was closed after an answer is no failure: not every server says goodbye."""
    if isinstance(error, (SSL.ZeroReturnError, SSL.SysCallError)):
        after = "without an answer" if seen.shaken else "during the handshake"
        return None if seen.raw else f"the server closed the connection {after}"
    return words(error) or "the server broke off the handshake"


def _place(request: ProbeRequest) -> str:
    if request.address.startswith("unix:"):
        return request.address
    return f"[{request.address}]:{request.port}" if ":" in request.address else f"{request.address}:{request.port}"


def _result(tls: SSL.Connection, seen: _Seen, error: str | None) -> ProbeResult:
    """Collected after the answer was read: TLS 1.3 tickets come after the handshake, and so does the alert of a refusal."""
    alerts = [number for number in seen.alerts if number != CLOSE_NOTIFY]
    result = ProbeResult(
        certificate_requested=seen.asked,
        advertised_cas=_advertised(tls) if seen.asked else (),
        error=error,
        held=seen.held,
        local_port=seen.port,
        unreachable=seen.timed_out or not seen.connected,
        alert=alert_name(alerts[-1]) if alerts else None,
        chain_error=verify_text(seen.verify_errors[0]) if seen.verify_errors else None,
    )
    if not seen.shaken:
        return result
    resumed = saved_session.resumed(tls)
    result = replace(
        result,
        tls=tls.get_protocol_version_name(),
        cipher=tls.get_cipher_name(),
        # A resumed handshake presents nothing: what OpenSSL shows then is its memory of the first one.
        presented_chain=() if resumed else _presented(tls),
        resumed=resumed,
        session=saved_session.save(tls),
        flight=seen.flight,
    )
    if seen.held:
        return replace(result, body=seen.raw[:_CHUNK])
    answer = parse(seen.raw) if seen.raw else None
    if answer is None:
        return result if not seen.raw else replace(result, error=error or "the answer is not HTTP", body=seen.raw[:_CHUNK])
    return replace(result, status=answer.status, title=answer.title, headers=answer.headers, body=answer.body)


def _presented(tls: SSL.Connection) -> tuple[bytes, ...]:
    chain = tls.get_peer_cert_chain() or []
    return tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in chain)


def _advertised(tls: SSL.Connection) -> tuple[str, ...]:
    try:
        names: list[x509.Name] = tls.get_client_ca_list(as_cryptography=True)
    except ValueError:
        # One name that breaks X.520's rules must not hide that a certificate was asked for.
        return ("(a name that cannot be read)",)
    return tuple(rfc2253(name.public_bytes()) for name in names)
