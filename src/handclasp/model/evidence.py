"""Everything a diagnosis may look at, as one value that can be saved and read back."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from handclasp.model.nginx import NginxBuild
from handclasp.model.verdict import Side

GONE = "redacted"
"""What stands in saved evidence in the place of a text that may be a secret."""
NO_KEY = "no readable private key: no PEM block of one"
ENCRYPTED = "the private key is encrypted"
"""Reasons in `Evidence.unreadable` that nginx minds too. An encrypted key that a password at hand opened is also in `keys`."""


class Wish(StrEnum):
    """What should become of the client in question."""

    ADMITTED = "admitted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The request in question, as the client made it. Its URI is `Evidence.location`.

    `plain`: http://, without TLS. `sni` None: no server name was sent. `port` None: that of the server it names.
    """

    method: str = "GET"
    plain: bool = False
    sni: str | None = None
    host: str = ""
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One handshake with a live address and what came of it.

    `certificate`: the client in question sent its own. `sni`: a server name was sent. `asked`: the server asked for a
    certificate, and `advertised` are the CA names it gave (RFC 4514). `error` says why there was no answer. `server` is
    what the answer calls its server; "" when it does not say, None when there was no answer.
    """

    url: str
    certificate: bool
    sni: bool
    asked: bool
    tls: str | None = None
    status: int | None = None
    title: str | None = None
    alert: str | None = None
    error: str | None = None
    advertised: tuple[str, ...] = ()
    server: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Facts gathered by the shell; nothing in `diagnose` reads anything else.

    `files` maps absolute paths (configuration, certificates, CRLs; never private keys) to their bytes; a path that could not
    be read maps to None and its reason is in `unreadable`. `root` is the main configuration file, or the dump. `presented`
    is PEM as the client would send it, leaf first; None: not given, b"": the client sends none. `upstream_chain` is what the
    upstream presents, PEM, if it was given or probed. `keys` maps private key paths of the configuration to the DER
    SubjectPublicKeyInfo they hold, so that mismatches can be found without carrying the key. `answer` is what the visitor was
    shown, as the title of a page has it ("400 No required SSL certificate was sent", or "200"); None: nobody said.
    `request` is what the visitor asked; None: what a well-behaved client of `server` asks. `wish` is what should become of it:
    a refused client is no fault where refusing it was the point.
    `seen` are handshakes with a live address. `loaded` is when the running nginx last read its files, and `changed` when each
    file was last written; both are unknown unless that nginx runs on this machine.
    """

    at: datetime
    root: str | None = None
    prefix: str = "/etc/nginx"
    files: dict[str, bytes | None] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    build: NginxBuild | None = None
    engine: str | None = None
    nginx_version: str | None = None
    security_level: int | None = None
    side: Side = Side.CLIENT
    server: str | None = None
    location: str = "/"
    presented: bytes | None = None
    upstream_chain: bytes | None = None
    log_lines: tuple[str, ...] = ()
    answer: str | None = None
    request: Request | None = None
    wish: Wish = Wish.ADMITTED
    candidates: dict[str, bytes] = field(default_factory=dict)
    seen: tuple[Seen, ...] = ()
    loaded: datetime | None = None
    changed: dict[str, datetime] = field(default_factory=dict)
