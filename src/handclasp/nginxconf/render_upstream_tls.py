"""nginx as the client of an upstream: the parts of its URL, and the lines that verify it."""

from urllib.parse import urlsplit

from handclasp.model.errors import PolicyError
from handclasp.model.intent import DepthFrom, UpstreamIntent
from handclasp.nginxconf import render_words as words

SECURE = frozenset({"https", "grpcs", "tls"})
"""Schemes that speak TLS."""

_PORTS = {"http": 80, "https": 443, "grpc": 80, "grpcs": 443, "tcp": 0, "tls": 0}


_DEPTHS = {
    DepthFrom.GIVEN: "# The number of CAs between the upstream and its root, as it was given.",
    DepthFrom.PRESENTED: "# The number of CAs between the upstream and its root, counted in the chain that it presents.",
    DepthFrom.TRUSTED: "# The number of CAs below the root in the trust file, at least one: the upstream could not be asked.",
    None: "# One CA between the upstream and its root: nobody counted them.",
}


def upstream_tls(upstream: UpstreamIntent, host: str, module: str = "proxy") -> list[str]:
    """The lines that verify an upstream, and name nginx to it. `module`: "proxy" (http and stream) or "grpc".

    Raises:
        PolicyError: nothing to verify with, no name to compare, or half of a certificate.
    """
    if upstream.trusted_certificate is None:
        raise PolicyError(
            f"{upstream.url} is TLS, but no CA is given to verify it with: anybody on the way could answer",
            hint="give --upstream-ca FILE (ca in handclasp.toml), a PEM file with the upstream's root",
        )
    if words.is_ip(upstream.name or host):
        raise PolicyError(
            f"{upstream.url} names an IP address, and nginx compares certificates with DNS names only",
            hint="give the name that is in the upstream's certificate: --upstream-name NAME (name in handclasp.toml)",
        )
    depth = 1 if upstream.verify_depth is None else upstream.verify_depth
    if depth < 0:
        raise PolicyError("the upstream's verify depth is negative")
    return [
        "# None of this is on by itself: without it any certificate would do.",
        f"{module}_ssl_verify on;",
        f"{module}_ssl_trusted_certificate {words.path(upstream.trusted_certificate, 'the upstream CA file')};",
        _DEPTHS[upstream.depth_from if upstream.verify_depth is not None else None],
        f"{module}_ssl_verify_depth {max(1, depth)};",
        f"{module}_ssl_name {words.host(upstream.name or host, 'the upstream name')};",
        f"{module}_ssl_server_name on;",
        f"{module}_ssl_protocols TLSv1.2 TLSv1.3;",
        "# A resumed session is not verified again.",
        f"{module}_ssl_session_reuse off;",
        *_client_certificate(upstream, module),
    ]


def _client_certificate(upstream: UpstreamIntent, module: str) -> list[str]:
    lines = []
    if upstream.crl is not None:
        lines.append(f"{module}_ssl_crl {words.path(upstream.crl, 'the upstream CRL file')};")
    if (upstream.certificate is None) != (upstream.certificate_key is None):
        raise PolicyError("a certificate for the upstream needs its key, and the key its certificate")
    if upstream.certificate is not None and upstream.certificate_key is not None:
        lines += [
            "# With this nginx tells the upstream who it is.",
            f"{module}_ssl_certificate {words.path(upstream.certificate, 'the certificate for the upstream')};",
            f"{module}_ssl_certificate_key {words.path(upstream.certificate_key, 'the key for the upstream')};",
        ]
    return lines


_UNIX = "://unix:"

_ALSO = (
    "no path, no query, no user. The schemes: http, https, grpc, grpcs; tcp and tls for anything else, such as a database:\n"
    "tcp://127.0.0.1:5432, with its port. A socket of this machine: http://unix:/run/app.sock"
)


def server_of(url: str) -> str:
    """What the `server` of an upstream{} names. PolicyError as `parts`."""
    _, host, port = parts(url)
    return words.word(host, "the upstream's socket") if port == 0 else f"{host}:{port}"


def parts(url: str) -> tuple[str, str, int]:
    """Scheme, host as nginx writes it, port. Of scheme://unix:/path the host is unix:/path, and the port 0.

    Raises:
        PolicyError: it is of neither form.
    """
    if _UNIX in url:
        return _unix(url)
    refusal = PolicyError(f"the upstream {url[:120]!r} is not of the form http://host:port or https://host:port", hint=_ALSO)
    try:
        split = urlsplit(url)
        usual = _PORTS[split.scheme]
        port = usual if split.port is None else split.port
    except (ValueError, KeyError):
        raise refusal from None
    if not split.hostname or split.path not in {"", "/"} or split.query or split.fragment or "@" in split.netloc:
        raise refusal
    if port == 0 or "?" in url or "#" in url:
        raise refusal
    if ":" in split.hostname:
        return split.scheme, words.listen(split.hostname, port).rpartition(":")[0], port
    return split.scheme, words.host(split.hostname, "the upstream's host"), port


def _unix(url: str) -> tuple[str, str, int]:
    """A socket of this machine: bytes to it cross no network, and there is no name that TLS could compare."""
    scheme, _, path = url.partition(_UNIX)
    if scheme not in _PORTS or not path.startswith("/") or ":" in path:
        raise PolicyError(f"the upstream {url[:120]!r} is no socket", hint="for example http://unix:/run/app.sock")
    if scheme in SECURE:
        plain = "tcp" if scheme == "tls" else scheme.removesuffix("s")
        raise PolicyError(
            f"{url[:120]} is a socket of this machine, where nobody listens in", hint=f"write {plain}://unix:{path}"
        )
    words.path(path, "the upstream's socket")
    return scheme, f"unix:{path}", 0
