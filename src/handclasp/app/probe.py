"""Asks a live server: does it want a client certificate, whose, and what does it answer with and without one."""

import ipaddress
import posixpath
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from handclasp.model.errors import UsageError, WorldError
from handclasp.model.near import did_you_mean
from handclasp.model.probe import ClientIdentity, ProbeRequest, ProbeResult, TlsVersion
from handclasp.pki.names import identity_name
from handclasp.ports.files import FileTree
from handclasp.ports.probe import Probe

REFUSALS = frozenset({400, 403, 421, 495, 496, 497})
"""Statuses by which nginx turns a client away before the site is reached (400, 495-497), or the site does (403, 421)."""

_EXAMPLE = "handclasp probe https://api.example.com/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL taken apart. `host` is ASCII (an IDN in its xn-- form), an IPv6 address without brackets."""

    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header: with brackets and port where needed."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 443 else f"{host}:{self.port}"

    @property
    def sni(self) -> str | None:
        """The server name to send; None for an IP address (RFC 6066 section 3)."""
        return None if is_address(self.host) else self.host.rstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOrder:
    """What a person asks for. `connect` goes elsewhere than the URL says; `sni` "" sends none, None: the URL's host."""

    url: str
    connect: str | None = None
    sni: str | None = None
    tls: TlsVersion | None = None
    identity: ClientIdentity | None = None
    session: bytes | None = None
    trusted: bytes | None = None
    timeout: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What was seen. `anonymous`: without a client certificate; `identified`: with the given one, if one was given."""

    url: str
    address: str
    port: int
    sni: str | None
    anonymous: ProbeResult | None
    identified: ProbeResult | None

    @property
    def client(self) -> ProbeResult:
        """The answer to the client that was asked about: with the certificate if there was one."""
        chosen = self.identified or self.anonymous
        if chosen is None:
            raise WorldError("nothing was asked", where=self.url)
        return chosen

    @property
    def requested(self) -> bool:
        """Whether the server asked for a certificate in any handshake (a resumed one never asks)."""
        return any(seen is not None and seen.certificate_requested for seen in (self.anonymous, self.identified))

    @property
    def refused(self) -> bool:
        """Whether the client was turned away."""
        return refused(self.client)


def refused(seen: ProbeResult) -> bool:
    """No HTTP answer at all (alert, closed), or one that turns the client away."""
    return seen.status is None or seen.status in REFUSALS


def probe(door: Probe, order: ProbeOrder) -> Probed:
    """One handshake without a client certificate and, if one is given, one with it.

    With a saved session only the client that holds it is asked: its handshake is the one that may be resumed.

    Raises:
        UsageError: the URL or --connect cannot be understood.
        InputError: certificate, key, CA file or session cannot be used.
        WorldError: nobody answers there.
    """
    target = target_of(order.url)
    address, port = endpoint(order.connect) if order.connect else (target.host, target.port)
    sni = target.sni if order.sni is None else (ascii_host(order.sni) if order.sni else None)
    request = ProbeRequest(
        address=address,
        port=port,
        sni=sni,
        host=target.authority,
        path=target.path,
        tls=order.tls,
        trusted=order.trusted,
        timeout=order.timeout,
    )
    alone = None if order.identity and order.session else ask(door, replace(request, session=order.session))
    known = ask(door, replace(request, identity=order.identity, session=order.session)) if order.identity else None
    return Probed(url=order.url, address=address, port=port, sni=sni, anonymous=alone, identified=known)


def ask(door: Probe, request: ProbeRequest) -> ProbeResult:
    """One question; WorldError when the network, not the server, is what failed."""
    seen = door.ask(request)
    if seen.unreachable:
        raise WorldError(
            f"nobody answers there: {seen.error}",
            hint="is the server running, and is this the right host and port? --connect HOST:PORT goes elsewhere",
        )
    return seen


def presented_by(door: Probe, address: str, *, sni: str | None = None, timeout: float = 5.0) -> tuple[bytes, ...]:
    """The chain (DER, leaf first) that a TLS server such as an upstream presents; `address` is HOST:PORT.

    Raises:
        UsageError: the address cannot be understood.
        WorldError: nobody answers there, or what answers does not speak TLS.
    """
    host, port = endpoint(address)
    name = sni if sni is not None else (None if is_address(host) else host)
    seen = ask(door, ProbeRequest(address=host, port=port, sni=name or None, host=name or address, timeout=timeout))
    if not seen.presented_chain:
        raise WorldError(f"no certificate was presented: {seen.alert or seen.error}", where=address)
    return seen.presented_chain


def home_identity(files: FileTree, folder: str, name: str) -> ClientIdentity:
    """Certificate chain and key of an identity of this home; `folder` holds one folder per identity.

    Raises:
        UsageError: the name is none, or its key is not here.
    """
    place = posixpath.join(folder, identity_name(name))
    chain, key = f"{place}/chain.pem", f"{place}/key.pem"
    for path in (chain, key):
        if not files.exists(path):
            whole = (posixpath.basename(posixpath.dirname(each)) for each in files.glob(f"{folder}/*/key.pem"))
            hint = did_you_mean(name, whole, "handclasp list")
            raise UsageError(f"{name} has no {posixpath.basename(path)} in this home", where=path, hint=hint)
    return ClientIdentity(certificate_chain=files.read(chain), private_key=files.read(key))


def target_of(url: str) -> Target:
    """A URL, with or without "https://" before it, as host, port and path. UsageError names what is wrong with it."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise UsageError(f"{url!r} is not a URL: {error}", hint=_EXAMPLE) from error
    if parts.scheme != "https":
        raise UsageError(f"{parts.scheme}:// has no handshake to look at", hint=_EXAMPLE)
    if not host or parts.username is not None:
        raise UsageError(f"{url!r} names no host" if not host else "a URL with a user in it is not asked", hint=_EXAMPLE)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise UsageError(f"the path {path!r} has characters that a request line cannot carry", hint="write them as %XX")
    return Target(host=ascii_host(host), port=port or 443, path=path)


def endpoint(text: str) -> tuple[str, int]:
    """HOST:PORT, [IPV6]:PORT, HOST, or unix:/PATH. UsageError otherwise."""
    if text.startswith("unix:"):
        return text, 0
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{text!r} is not HOST:PORT: {error}", hint="for example 127.0.0.1:8443 or [::1]:8443") from error
    if not host or parts.path or parts.query or parts.username is not None:
        raise UsageError(f"{text!r} is not HOST:PORT", hint="for example 127.0.0.1:8443 or [::1]:8443")
    return ascii_host(host), port or 443


def ascii_host(host: str) -> str:
    """A host name as it goes over the wire (RFC 5890 A-labels); addresses unchanged. UsageError when it is none."""
    if is_address(host):
        return host
    try:
        return host.encode("ascii" if host.isascii() else "idna").decode()
    except UnicodeError as error:
        raise UsageError(f"{host!r} is not a host name: {error}", hint="write it in its xn-- form") from error


def is_address(host: str) -> bool:
    """Whether this is an IP address (a zone such as %eth0 included)."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
