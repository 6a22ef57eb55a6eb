"""A scenario played on real nginx processes: files, visits, reloads. The lab's second door to the world."""

from dataclasses import dataclass, field
from typing import Protocol

from handclasp.model.nginx import NginxBuild
from handclasp.model.probe import ProbeResult, TlsVersion

PORTS = ("@PORT@", "@PORT2@", "@PORT3@", "@ORIGIN@", "@ORIGIN2@", "@CLOSED@")
"""Stand for free TCP ports in a play's files. Nobody listens on the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request over TLS. `chain` and `key` are PEM, "" for a client without certificate; `resume` names an earlier visit.

    `plain`: without TLS. `preamble` is sent before everything, such as a PROXY line. `picky`: a certificate is sent only where
    the server names an issuer of the chain. `strict` is PEM of the CAs by which the client judges the server, and leaves.
    `holds`: the connection stays open for later visits; `over` names the visit whose connection this one goes on with.
    `early`: the request goes ahead of the handshake as early data, with the session of `resume`. `quic`: HTTP/3, to the UDP
    port of the same number.
    """

    name: str
    chain: str = ""
    key: str = ""
    sni: str | None = "app.test"
    host: str = "app.test"
    path: str = "/"
    port: str = "@PORT@"
    tls: TlsVersion | None = None
    resume: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    plain: bool = False
    preamble: bytes = b""
    picky: bool = False
    strict: str = ""
    holds: bool = False
    over: str | None = None
    early: bool = False
    quic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What an earlier visit sent before nginx said anything is sent again, by somebody who saw it pass and holds no key."""

    name: str
    of: str
    port: str = "@PORT@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """So many seconds go by."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload:
    """Replace files of nginx under test; `signal` False: without telling nginx.

    `refused`: nginx will not take the new files, and goes on with the old ones.
    """

    files: dict[str, bytes]
    signal: bool = True
    refused: bool = False

    @property
    def taken(self) -> bool:
        """Whether nginx runs with the new files."""
        return self.signal and not self.refused


Act = Visit | Replay | Pause | Reload


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Files of nginx under test and, where there is one, of the origin behind it (both: nginx.conf and what it names).

    `unprivileged`: nginx under test runs as nobody; `closed` are files that it may not read then.
    """

    subject: dict[str, bytes]
    acts: tuple[Act, ...]
    origin: dict[str, bytes] = field(default_factory=dict)
    unprivileged: bool = False
    closed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What was seen: each visit's result by name, both error logs; `start`: nginx's words when it refused to start."""

    results: dict[str, ProbeResult] = field(default_factory=dict)
    log: str = ""
    origin_log: str = ""
    start: str | None = None


class Stage(Protocol):
    """Plays scenarios on one nginx build."""

    def build(self) -> NginxBuild:
        """The build under test."""
        ...

    def perform(self, play: Play) -> Performance:
        """Start, act, stop. WorldError when something hangs."""
        ...
