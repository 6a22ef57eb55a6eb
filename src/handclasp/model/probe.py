"""A handshake to make and what was seen of it."""

from dataclasses import dataclass
from enum import StrEnum


class TlsVersion(StrEnum):
    """TLS protocol versions as nginx writes them in ssl_protocols."""

    TLS1_2 = "TLSv1.2"
    TLS1_3 = "TLSv1.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIdentity:
    """What a client holds: PEM of its certificate and the chain it sends, leaf first, and its private key (PEM, clear)."""

    certificate_chain: bytes
    private_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest:
    """One connection and, unless it has `patience`, one HTTP/1.1 request on it.

    `sni` None sends no server name; `host` is the Host header. `session` resumes what an earlier result returned.
    `patience`: no request is made; so many seconds are waited for what the server does after the handshake.
    `preamble` is sent before the handshake (a PROXY line). `trusted` is PEM of the CAs that should sign nginx's certificate;
    None reports the chain without judging it; `strict` breaks the handshake off when it is not good.
    `early`: the request goes ahead of the handshake, with `session`, where that allows early data.
    """

    address: str
    port: int
    sni: str | None
    host: str
    path: str = "/"
    identity: ClientIdentity | None = None
    tls: TlsVersion | None = None
    session: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    preamble: bytes = b""
    trusted: bytes | None = None
    strict: bool = False
    timeout: float = 5.0
    patience: float | None = None
    early: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What was seen. `status` None: no HTTP answer (`error` and `alert` say what came instead).

    `session` is an opaque saved TLS session (None when the server gave none); `advertised_cas` are RFC 4514 names from the
    CertificateRequest; `presented_chain` is DER, leaf first; `body` is the start of the answer, at most 64 KiB.
    `held`: with `patience`, the server spoke (`body`) or kept the connection. `local_port` is the client's.
    `flight` is what was sent before the server spoke, when the request was `early`.
    `unreachable`: nobody there, no such name, or no answer in time: the network's failure, no refusal.
    """

    certificate_requested: bool
    advertised_cas: tuple[str, ...] = ()
    tls: str | None = None
    cipher: str | None = None
    presented_chain: tuple[bytes, ...] = ()
    chain_error: str | None = None
    resumed: bool = False
    session: bytes | None = None
    status: int | None = None
    title: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    error: str | None = None
    alert: str | None = None
    unreachable: bool = False
    seconds: float = 0.0
    held: bool = False
    local_port: int = 0
    flight: bytes = b""
