"""What a person wants of a site, before any nginx text exists."""

from dataclasses import dataclass
from enum import StrEnum

EVERYWHERE = "any"
"""In `free_from`: every address."""

STREAM_SCHEMES = frozenset({"tcp", "tls"})
"""Schemes of an upstream that gets bytes."""

GRPC_SCHEMES = frozenset({"grpc", "grpcs"})
"""Schemes of an upstream that is called by gRPC."""

OWN_TLS = "own"
"""The TLS policy that a person writes out."""


class DepthFrom(StrEnum):
    """Where the depth of an upstream's verification comes from: a person, the chain it presents, or its trust file alone."""

    GIVEN = "given"
    PRESENTED = "presented"
    TRUSTED = "trusted"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamIntent:
    """Where requests go. `url`: http, https, grpc or grpcs://host:port; tcp or tls://host:port make a site of stream{}.

    For https, grpcs and tls nginx verifies the upstream: `trusted_certificate` is the path of a PEM file with its root (and
    intermediates), `name` the DNS name that must be in its certificate (default: the host of `url`), `verify_depth` the
    intermediates (None: not counted yet; `depth_from` who counted), `chain` a file with the chain that it presents, where it
    cannot be asked, `crl` a file with a CRL for each of its CAs. `certificate` and `certificate_key` are what nginx shows of
    itself.
    `websocket`: connections may be upgraded to WebSocket. `client_cert`: the client's certificate is passed on in the header
    Client-Cert (RFC 9440).
    """

    url: str
    trusted_certificate: str | None = None
    name: str | None = None
    verify_depth: int | None = None
    depth_from: DepthFrom = DepthFrom.GIVEN
    chain: str | None = None
    crl: str | None = None
    certificate: str | None = None
    certificate_key: str | None = None
    websocket: bool = False
    client_cert: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PathIntent:
    """What holds for a path and all below it; the longest path that fits decides.

    `allow` None: every client of the CA. `free_from`: networks in CIDR form, or "any", that need no certificate here.
    """

    path: str
    allow: tuple[str, ...] | None = None
    free_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RateIntent:
    """How many requests are taken, as nginx writes it ("10r/s", "30r/m"), and how many more at once.

    `rate` is for each address that shows no certificate; a verified certificate, and nothing else, is exempt from it.
    `clients` is for each certificate; None: no limit.
    """

    rate: str | None = None
    burst: int = 20
    clients: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspIntent:
    """Ask an OCSP responder about each client, besides the CRLs. `check`: "leaf", or "on" for the intermediates too.

    `responder` is an http:// URL; None: the one in the certificate, for whose name a `resolver` (an address) is needed.
    """

    check: str = "leaf"
    responder: str | None = None
    resolver: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCaIntent:
    """Whose clients may enter at all. `label`: a CA of the home, with those below it and its successors.

    `file`: a PEM file with CAs from elsewhere, their roots included; `crl`: one with a CRL of each. Only clients whose
    certificate was issued by a CA in the file enter: what else hangs from the same root does not.
    """

    label: str | None = None
    file: str | None = None
    crl: str | None = None

    @property
    def shown(self) -> str:
        """As the person named it."""
        return self.label or self.file or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteIntent:
    """One site behind client certificates.

    `listen` are (address, port) pairs, address "*" for any. `upstream` None answers 200 with a short text (for trying out).
    `client_ca` None: all CAs of the home.
    `allow` None: every client of the CA; otherwise names of identities, all others get 403. `free_from` are networks that need
    no certificate. `paths` may say otherwise for parts of the site. `tls` is a name of catalogue.tls_policies, or "own": then
    `protocols` and `ciphers` say it (OpenSSL's names).
    """

    server_names: tuple[str, ...]
    listen: tuple[tuple[str, int], ...]
    upstream: UpstreamIntent | None = None
    allow: tuple[str, ...] | None = None
    free_from: tuple[str, ...] = ()
    paths: tuple[PathIntent, ...] = ()
    rate: RateIntent | None = None
    ocsp: OcspIntent | None = None
    client_ca: ClientCaIntent | None = None
    tls: str = "intermediate"
    protocols: tuple[str, ...] = ()
    ciphers: tuple[str, ...] = ()

    @property
    def stream(self) -> bool:
        """Whether it passes bytes on, in stream{}, and not requests."""
        return self.upstream is not None and self.upstream.url.partition("://")[0] in STREAM_SCHEMES

    @property
    def grpc(self) -> bool:
        """Whether its upstream is called by gRPC."""
        return self.upstream is not None and self.upstream.url.partition("://")[0] in GRPC_SCHEMES

    @property
    def zones(self) -> tuple[PathIntent, ...]:
        """The site as a whole, then its paths."""
        return (PathIntent(path="/", allow=self.allow, free_from=self.free_from), *self.paths)

    @property
    def listed(self) -> tuple[str, ...] | None:
        """Everybody on any list; None: there is no list."""
        lists = [zone.allow for zone in self.zones if zone.allow is not None]
        return tuple(dict.fromkeys(name for names in lists for name in names)) if lists else None

    @property
    def zoned(self) -> bool:
        """Whether more than one question decides who enters: then the answer comes from a table of nginx."""
        return bool(self.paths) or bool(self.free_from)

    @property
    def optional(self) -> bool:
        """Whether some request is answered without a certificate."""
        return any(zone.free_from for zone in self.zones)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedCertificate:
    """One certificate that may enter, as nginx shows it: issuer DN (RFC 2253, $ssl_client_i_dn) and serial (upper-case hex)."""

    identity: str
    issuer_dn: str
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteMaterial:
    """The files and facts that rendering needs besides the intent. Paths are as nginx will open them.

    `verify_depth` is the number of intermediates (OpenSSL >= 1.1.0). `session_epoch` changes with every revocation: it is part
    of the session cache zone's name, so that no session made before a revocation can be resumed after it.
    `issuers` are the CAs whose clients may enter, as $ssl_client_i_dn has them; empty: every CA of the bundle. `session_mark`
    keeps the sessions of sites with other CAs in other zones. `crl` None: revocation is asked by OCSP alone.
    """

    certificate: str
    certificate_key: str
    client_certificate: str
    crl: str | None
    verify_depth: int
    session_epoch: int
    error_log: str
    access_log: str
    admitted: tuple[AdmittedCertificate, ...] = ()
    issuers: tuple[str, ...] = ()
    session_mark: str = ""
