"""A configuration seen from its listen addresses: who asks whom for a certificate, and what the backends are told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from handclasp.model.finding import Finding, Generated
from handclasp.model.nginx import StartFault
from handclasp.model.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityStatus:
    """One certificate of a trust file; with `error` alone, a file that could not be read."""

    path: str
    subject: str = ""
    not_after: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlStatus:
    """One CRL; `next_update` None: it never ends. `expired`: every client of this CA is refused."""

    path: str
    issuer: str = ""
    next_update: datetime | None = None
    revoked: int = 0
    expired: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TowardsBackend:
    """nginx as the client of a backend that speaks TLS.

    `verified`: its certificate must bear `name` and come from `authorities`. `shows` is the subject of nginx's own certificate,
    or its path where it cannot be read; None: nginx shows none.
    """

    verified: bool
    name: str
    authorities: tuple[AuthorityStatus, ...] = ()
    crls: tuple[CrlStatus, ...] = ()
    shows: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendStatus:
    """One location that passes requests on, and the headers that tell the backend who the client is.

    `tls` None: the way to it is not encrypted, or not by nginx.
    """

    location: str
    target: str
    headers: tuple[tuple[str, str], ...]
    origin: Origin | None = None
    tls: TowardsBackend | None = None


class Enters(StrEnum):
    """Who may enter: every client of the CAs, those on a list, anybody at all, or whoever a condition lets in.

    UNDECIDED: code has a say there, or a variable that is set on the way.
    """

    CLIENTS = "clients"
    LISTED = "listed"
    ANYBODY = "anybody"
    CONDITION = "condition"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRule:
    """Who may enter a path and what is below it. `networks`: from there no certificate is needed.

    `names` are those of the list, or the values of the map that a condition asks.
    """

    path: str
    enters: Enters
    names: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    condition: str | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """One server{} behind a listen address. `asks` is the value of ssl_verify_client."""

    label: str
    names: tuple[str, ...]
    default: bool
    asks: str
    depth: int
    authorities: tuple[AuthorityStatus, ...]
    crls: tuple[CrlStatus, ...]
    ocsp: str
    rejects_handshake: bool
    backends: tuple[BackendStatus, ...]
    origin: Origin
    enters: tuple[EntryRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketStatus:
    """One listen address. `without_sni` is the server that a handshake without SNI, or with an unknown name, reaches."""

    context: str
    address: str
    port: int
    tls: bool
    quic: bool
    without_sni: str
    without_sni_asks: str
    without_sni_rejected: bool
    servers: tuple[ServerStatus, ...]


class EndKind(StrEnum):
    """What ends: a certificate of nginx's own, a CA that signs clients, or a CRL; and the same towards a backend."""

    CERTIFICATE = "certificate"
    AUTHORITY = "authority"
    CRL = "crl"
    SHOWN = "shown-to-backend"
    BACKEND_AUTHORITY = "backend-authority"
    BACKEND_CRL = "backend-crl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """What ends next, and for which servers. An ended CRL or CA refuses every client of it, an ended certificate everybody."""

    kind: EndKind
    name: str
    path: str
    at: datetime
    servers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxStatus:
    """All listen addresses, as nginx `nginx_version` would take them, judged at `at`. `deadlines`: the first comes first.

    `refused` is what nginx says of these files when it will not take them, so that it goes on with those of before.
    """

    config: str
    nginx_version: str
    at: datetime
    sockets: tuple[SocketStatus, ...]
    deadlines: tuple[Deadline, ...] = ()
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxCheck:
    """Whether nginx would start with a configuration, and why not; and what is unsafe or broken in it all the same.

    `generated`: the files of faults that a program writes.
    """

    config: str
    nginx_version: str
    openssl_series: str
    servers: int
    files: tuple[str, ...]
    faults: tuple[StartFault, ...]
    findings: tuple[Finding, ...] = ()
    generated: tuple[Generated, ...] = ()
