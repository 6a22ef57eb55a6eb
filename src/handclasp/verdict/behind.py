"""An upstream that is a server of this same configuration: which one it is, and what it asks and answers."""

import re
from ipaddress import ip_address

from handclasp.model.nginx import EffectiveConfig, Location, OpensslSeries, TlsUpstream
from handclasp.model.verdict import Side, Verdict
from handclasp.nginxconf.select import Socket, by_name, select_socket
from handclasp.verdict.scene import Scene, meet
from handclasp.verdict.upstream import BAD_GATEWAY, HANDSHAKING

_AUTHORITY = re.compile(r"^[a-z]+://([^/?]*)([^?]*)", re.IGNORECASE)


def own_socket(config: EffectiveConfig, address: str) -> Socket | None:
    """The socket of this configuration that an upstream's address leads to; None for an address elsewhere.

    `listen 443` takes connections for every address of the machine, but only loopback is known to be the same machine.
    """
    if address.startswith("unix:"):
        path = address.rstrip(":")
        found = select_socket(config, path, 0)
        return found if found is not None and found.address == path else None
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        return None
    local = "127.0.0.1" if host == "localhost" else host
    found = select_socket(config, local, int(port))
    exact = found is not None and found.address == local.lower()
    return found if exact or _loopback(local) else None


def behind(config: EffectiveConfig, location: Location, upstream: TlsUpstream, asked: Scene) -> Scene | None:
    """The request that nginx makes of itself for `asked`; None when the upstream is elsewhere, or its Host cannot be told."""
    found = next((socket for address in upstream.addresses if (socket := own_socket(config, address))), None)
    host = sent_host(location, upstream, asked)
    if found is None or host is None:
        return None
    return meet(found, sni=sent_name(upstream), host=host, uri=_uri(location, upstream, asked))


def sent_name(upstream: TlsUpstream) -> str | None:
    """The server name that nginx sends: none by default, none for an IP address (RFC 6066); None too for one with variables."""
    name = upstream.name.value
    return name if upstream.server_name.value and name and "$" not in name and not is_address(name) else None


def is_address(name: str) -> bool:
    """Whether a name is an IP address."""
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _loopback(host: str) -> bool:
    return is_address(host) and ip_address(host.strip("[]")).is_loopback


def sent_host(location: Location, upstream: TlsUpstream, asked: Scene) -> str | None:
    """The Host header of the request: $proxy_host unless proxy_set_header says otherwise."""
    authority = _AUTHORITY.match(upstream.target.value)
    headers = location.headers.value if upstream.module == "proxy" else ()
    written = next((header.value for header in headers if header.name.lower() == "host"), "$proxy_host")
    known = {"$proxy_host": authority[1] if authority else "", "$http_host": asked.host, "$host": asked.host}
    for variable, value in known.items():
        written = written.replace(variable, value)
    return None if "$" in written or not written else written


def _uri(location: Location, upstream: TlsUpstream, asked: Scene) -> str:
    """The URI of the request: one in the target takes the place of the location's prefix."""
    found = _AUTHORITY.match(upstream.target.value)
    if not found or not found[2] or location.modifier not in {"", "=", "^~"} or not asked.uri.startswith(location.path):
        return asked.uri
    return found[2] + asked.uri[len(location.path) :]


def refusal(upstream: TlsUpstream, socket: Socket, series: OpensslSeries) -> Verdict | None:
    """Nginx's verdict on a handshake that a socket of its own breaks off, before any certificate counts; None: it does not.

    The words of the log are those of OpenSSL 1.1.1 and 3 (recorded runs); for older ones there are none here.
    """
    if not socket.listen.ssl:
        return _broken_off(series, _PLAIN, None)
    if not set(socket.default.protocols.value) & set(upstream.protocols.value):
        return _broken_off(series, _VERSION, "protocol_version")
    if by_name(socket, sent_name(upstream)).reject_handshake.value:
        return _broken_off(series, _NAME, "unrecognized_name")
    return None


_Words = tuple[str, str]
_PLAIN: _Words = ("1408F10B:SSL routines:ssl3_get_record:wrong version number", "0A00010B:SSL routines::wrong version number")
_VERSION: _Words = (
    "1409442E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:SSL alert number 70",
    "0A00042E:SSL routines::tlsv1 alert protocol version:SSL alert number 70",
)
_NAME: _Words = (
    "14094458:SSL routines:ssl3_read_bytes:tlsv1 unrecognized name:SSL alert number 112",
    "0A000458:SSL routines::tlsv1 unrecognized name:SSL alert number 112",
)


def _broken_off(series: OpensslSeries, words: _Words, alert: str | None) -> Verdict:
    known = words[1] if series.since(OpensslSeries.V3_0) else words[0] if series is OpensslSeries.V1_1_1 else None
    log = f"SSL_do_handshake() failed (SSL: error:{known}) {HANDSHAKING}" if known else None
    return Verdict(side=Side.UPSTREAM, status=502, title=BAD_GATEWAY, alert=alert, log=log)
