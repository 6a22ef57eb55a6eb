"""Which TLS versions nginx speaks when nobody says (ssl_protocols, proxy_ssl_protocols)."""

from handclasp.model.nginx import NginxVersion

OWN_PROTOCOLS = NginxVersion(1, 29, 2)
"""Until here the versions of an address's default server hold for every server on it; ciphers are always a server's own."""

_SINCE = (
    (NginxVersion(1, 27, 3), ("TLSv1.2", "TLSv1.3")),
    (NginxVersion(1, 23, 4), ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")),
    (NginxVersion(1, 9, 1), ("TLSv1", "TLSv1.1", "TLSv1.2")),
)
_OLDEST = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2")


def default_protocols(version: NginxVersion) -> tuple[str, ...]:
    """The default of a version, the same towards clients and upstreams."""
    return next((protocols for since, protocols in _SINCE if version >= since), _OLDEST)
