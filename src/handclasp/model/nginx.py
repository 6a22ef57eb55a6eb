"""nginx as Handclasp sees it: the build, and the *effective* TLS settings of each server and upstream, with origins."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Self, TypeVar, cast

from handclasp.model.errors import InputError
from handclasp.model.nginx_steps import OPEN, Access, ErrorPage, Guard, LimitExcept, Return, Step
from handclasp.model.origin import Origin

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, order=True)
class NginxVersion:
    """Major, minor, patch."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "1.22.1" or "nginx/1.22.1 (Debian)". Raises InputError otherwise."""
        found = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
        if not found:
            raise InputError(f"{text!r} is not an nginx version", hint="write it as 1.22.1")
        return cls(*(int(part) for part in found.groups()))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


class OpensslSeries(StrEnum):
    """OpenSSL release series whose verification behaves differently (facts: depth rules, numbers, texts)."""

    V1_0_2 = "1.0.2"
    V1_1_1 = "1.1.1"
    V3_0 = "3.0"
    V3_5 = "3.5"
    V3_6 = "3.6"
    V4_0 = "4.0"

    @classmethod
    def of(cls, version: str) -> "OpensslSeries":
        """The series that stands for a full version such as "3.0.19" or "1.1.1w"; the nearest older one for others.

        So a version later than the newest known one is taken for that one; catalogue.openssl says so to people.
        """
        found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
        if not found:
            raise InputError(f"{version!r} is not an OpenSSL version", hint="write it as 3.0 or 1.1.1")
        major, minor = int(found[1]), int(found[2])
        if (major, minor) < (1, 1):
            return cls.V1_0_2
        if major < 3:
            return cls.V1_1_1
        return max((item for item in cls if item.numbers <= (major, minor)), key=lambda item: item.numbers)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its name, for comparing: (3, 5)."""
        return tuple(int(part) for part in self.value.split("."))

    def since(self, first: "OpensslSeries") -> bool:
        """Whether it is `first` or a later one."""
        return self in _SINCE[first]


_SINCE = {first: frozenset(item for item in OpensslSeries if item.numbers >= first.numbers) for first in OpensslSeries}


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxBuild:
    """One nginx binary: where it is, its version and the OpenSSL it runs with (`nginx -V`).

    `stream`: stream{} is compiled in; otherwise it may be one of `dynamic_modules`. `prefix` and `config` are what it uses
    when it is told no others, and `access_log` is where it logs requests then.
    """

    path: str
    version: NginxVersion
    openssl: str
    modules_path: str | None = None
    dynamic_modules: tuple[str, ...] = ()
    stream: bool = False
    debug: bool = False
    prefix: str | None = None
    config: str | None = None
    access_log: str | None = None

    @property
    def series(self) -> OpensslSeries:
        """The OpenSSL series that decides its verdicts."""
        return OpensslSeries.of(self.openssl)


@dataclass(frozen=True, slots=True)
class Setting(Generic[T_co]):
    """An effective value and the directive it comes from; `origin` None means nginx's default for the version."""

    value: T_co
    origin: Origin | None = None


class VerifyClient(StrEnum):
    """ssl_verify_client."""

    OFF = "off"
    ON = "on"
    OPTIONAL = "optional"
    OPTIONAL_NO_CA = "optional_no_ca"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """One listen directive. `address` as nginx groups sockets: "*", "127.0.0.1", "[::1]" or "unix:/path"."""

    address: str
    port: int
    ssl: bool = False
    default_server: bool = False
    http2: bool = False
    proxy_protocol: bool = False
    quic: bool = False
    ipv6only: bool = True
    origin: Origin | None = None

    @property
    def tls(self) -> bool:
        """Whether handshakes take place there: with `ssl` over TCP, and always over QUIC."""
        return self.ssl or self.quic


@dataclass(frozen=True, slots=True, kw_only=True)
class MapEntry:
    """One line of a map{}: what the source must be ("default", a string, "~regex"), and the value then."""

    pattern: str
    value: str
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapBlock:
    """map SOURCE $VARIABLE { ... }; `variable` is without its "$". `hostnames`: patterns may be *.a and a.*, as server_name.

    `networks`: it is a geo{}, and patterns are networks, of which the smallest counts.
    """

    context: str
    source: str
    variable: str
    entries: tuple[MapEntry, ...]
    hostnames: bool = False
    networks: bool = False
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamBlock:
    """One upstream{}. `addresses` are its servers as host:port or unix:/path.

    `by_script`: a balancer in Lua chooses the address, and the servers written down are never asked.
    `keepalive` is the number of idle connections kept, 0 for none; `keepalive_local`: they are kept apart by location.
    """

    context: str
    name: str
    addresses: tuple[str, ...]
    by_script: bool = False
    keepalive: Setting[int] = Setting(0)
    keepalive_local: bool = False
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorLog:
    """error_log FILE LEVEL; nginx's default level is error. `path` "" is the path compiled into nginx."""

    path: str
    level: str = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyHeader:
    """One proxy_set_header (grpc_set_header, uwsgi_param, fastcgi_param) as written."""

    name: str
    value: str
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsUpstream:
    """nginx as the client of an upstream: the effective proxy_ssl_* (grpc_ssl_*, uwsgi_ssl_*) of one location.

    `module` is proxy, grpc or uwsgi; `target` the argument of its *_pass. `name` is what the certificate must bear and what SNI
    would say: without a directive the host of the target, an upstream{}'s name included. `addresses` is () when the target
    holds variables. `block` is the upstream{} that the target names.
    """

    module: str
    target: Setting[str]
    addresses: tuple[str, ...]
    verify: Setting[bool]
    verify_depth: Setting[int]
    trusted_certificate: Setting[str | None]
    crl: Setting[str | None]
    name: Setting[str]
    server_name: Setting[bool]
    certificate: Setting[str | None]
    certificate_key: Setting[str | None]
    protocols: Setting[tuple[str, ...]]
    ciphers: Setting[str]
    session_reuse: Setting[bool]
    conf_commands: Setting[tuple[tuple[str, str], ...]] = Setting(())
    block: UpstreamBlock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stepping:
    """A block that does something with a request before anything else: `steps`, in order."""

    steps: tuple[Step, ...] = ()

    @property
    def guards(self) -> tuple[Guard, ...]:
        """Its own `if`s, in order."""
        return tuple(step for step in self.steps if isinstance(step, Guard))

    @property
    def returns(self) -> Return | None:
        """Its own `return`."""
        return next((step for step in self.steps if isinstance(step, Return)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location(_Stepping):
    """One location (nested ones follow as entries of their own, `parents` naming the enclosing paths).

    `modifier` is "", "=", "^~", "~", "~*" or "@" (path "@name"); "if" (path: the condition) and "limit_except" (path: the
    methods) are blocks with a *_pass of their own. A stream server has one entry with an empty path.
    `module` and `target` are those of its *_pass (proxy, grpc, uwsgi, fastcgi, scgi, memcached). `guards` are its own `if`s: a
    nested location does not have those of the outer one. `scripted`: code (Lua, njs, perl) decides here too.
    """

    modifier: str
    path: str
    parents: tuple[str, ...] = ()
    upstream: TlsUpstream | None = None
    proxied: bool = False
    headers: Setting[tuple[ProxyHeader, ...]] = Setting(())
    origin: Origin | None = None
    module: str | None = None
    target: Setting[str | None] = Setting(None)
    access: Access = OPEN
    try_files: tuple[str, ...] = ()
    error_pages: tuple[ErrorPage, ...] = ()
    internal: bool = False
    scripted: bool = False
    limit: LimitExcept | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsServer(_Stepping):
    """The effective settings of one server{} after inheritance, each with its origin.

    `listens`: `ssl`, `http2` and `proxy_protocol` are those of the socket, which all servers of one address share, so a
    `listen 443` beside another server's `listen 443 ssl` is TLS too. `guards` run before any location is chosen.
    `address_header` is the header by which anybody at all may say what $remote_addr is.
    """

    context: str
    names: tuple[str, ...]
    listens: tuple[Listen, ...]
    verify_client: Setting[VerifyClient]
    verify_depth: Setting[int]
    client_certificate: Setting[str | None]
    trusted_certificate: Setting[str | None]
    crl: Setting[str | None]
    ocsp: Setting[str]
    session_cache: Setting[str]
    session_tickets: Setting[bool]
    session_ticket_key: Setting[tuple[str, ...]]
    session_timeout: Setting[str]
    protocols: Setting[tuple[str, ...]]
    ciphers: Setting[str]
    certificates: Setting[tuple[str, ...]]
    certificate_keys: Setting[tuple[str, ...]]
    reject_handshake: Setting[bool]
    error_logs: Setting[tuple[ErrorLog, ...]]
    error_pages: tuple[ErrorPage, ...]
    conf_commands: Setting[tuple[tuple[str, str], ...]]
    locations: tuple[Location, ...]
    origin: Origin
    ocsp_responder: Setting[str | None] = Setting(None)
    resolver: Setting[str | None] = Setting(None)
    early_data: Setting[bool] = Setting(value=False)
    address_header: Setting[str | None] = Setting(None)
    merge_slashes: Setting[bool] = Setting(value=True)
    underscores_in_headers: Setting[bool] = Setting(value=False)
    ignore_invalid_headers: Setting[bool] = Setting(value=True)
    access: Access = OPEN
    scripted: bool = False

    @property
    def label(self) -> str:
        """What a person calls it: its first name, or its first listen address."""
        if self.names and self.names[0]:
            return self.names[0]
        return f"{self.listens[0].address}:{self.listens[0].port}" if self.listens else str(self.origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveConfig:
    """All servers of a configuration, http and stream, in file order, and the files it was read from.

    `derived` keeps what was worked out of it once, by name; it is no part of the value.
    """

    servers: tuple[TlsServer, ...]
    files: tuple[str, ...]
    error_logs: Setting[tuple[ErrorLog, ...]]
    pid: Setting[str | None] = Setting(None)
    upstreams: tuple[UpstreamBlock, ...] = ()
    maps: tuple[MapBlock, ...] = ()
    derived: dict[str, object] = field(default_factory=dict, init=False, compare=False, repr=False)

    def upstream_named(self, name: str) -> UpstreamBlock | None:
        """The upstream{} of a name; of equal names the first."""
        if "upstreams" not in self.derived:
            self.derived["upstreams"] = {block.name.lower(): block for block in reversed(self.upstreams)}
        return cast("dict[str, UpstreamBlock]", self.derived["upstreams"]).get(name.lower())

    def maps_of(self, variable: str) -> tuple[MapBlock, ...]:
        """The maps that set a variable, in file order."""
        if "maps" not in self.derived:
            found: dict[str, tuple[MapBlock, ...]] = {}
            for block in self.maps:
                found[block.variable] = (*found.get(block.variable, ()), block)
            self.derived["maps"] = found
        return cast("dict[str, tuple[MapBlock, ...]]", self.derived["maps"]).get(variable, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFault:
    """One thing for which nginx refuses to start (`nginx -t` fails).

    `message`: nginx's own words after "[emerg] PID#TID: ", with the place where nginx names one. `origin`: where to look.
    `directive`: the directive at fault.
    """

    message: str
    origin: Origin
    directive: str
