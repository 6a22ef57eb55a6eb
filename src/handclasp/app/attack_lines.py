"""An attack as command lines that a person could type against the real address."""

from collections.abc import Iterator
from shlex import quote

from handclasp.diagnose.attempt import Attack, Attempt, Between, Who

_CERTIFICATES = {Who.STRANGER: "stranger.pem", Who.CLIENT_OF: "client.pem"}
_ANY = frozenset({"*", "[::]", "0.0.0.0", ""})  # noqa: S104 - listen addresses that are read, not bound


def command_lines(attack: Attack) -> tuple[str, ...]:
    """One line for each request, and comments for what happens besides."""
    return tuple(_lines(attack))


def _lines(attack: Attack) -> Iterator[str]:
    if attack.impostor:
        targets = ", ".join(dict.fromkeys(upstream.target.value for upstream, _ in attack.serves))
        yield f"# {targets} is answered by a server with a certificate of another CA"
    if attack.revokes and attack.at_once:
        yield f"# client.pem is revoked in {attack.revokes}"
    if attack.first is None:
        line = curl(attack.request)
        yield line if attack.times == 1 else f"for n in $(seq {attack.times}); do {line}; done"
    elif attack.between is Between.UPSTREAM:
        yield curl(attack.first)
        yield curl(attack.request)
    else:
        yield _s_client(attack.first, "-sess_out session.pem")
        if attack.revokes and not attack.at_once:
            yield f"# client.pem is put into {attack.revokes}, and nginx reloads"
        yield _s_client(attack.request, "-sess_in session.pem")


def curl(attempt: Attempt) -> str:
    """One request with curl."""
    scheme, usual = ("http", 80) if attempt.plain else ("https", 443)
    address = "127.0.0.1" if attempt.address in _ANY else attempt.address
    name = address if attempt.sni is None and not attempt.plain else attempt.sni or attempt.host
    port = "" if attempt.port == usual else f":{attempt.port}"
    words = ["curl", *(() if attempt.plain else ("-k",))]
    if attempt.method != "GET":
        words += ["-X", attempt.method]
    if attempt.who in _CERTIFICATES:
        words += ["--cert", _CERTIFICATES[attempt.who]]
    if name != attempt.host:
        words += ["-H", f"Host: {attempt.host}"]
    for header, value in attempt.headers:
        words += ["-H", f"{header}: {value}"]
    return " ".join(quote(word) for word in (*words, f"{scheme}://{name}{port}{attempt.uri}"))


def _s_client(attempt: Attempt, session: str) -> str:
    """One connection with openssl s_client, which can keep a session."""
    address = "127.0.0.1" if attempt.address in _ANY else attempt.address
    words = ["openssl", "s_client", "-connect", f"{address}:{attempt.port}"]
    words += ["-servername", attempt.sni] if attempt.sni else ["-noservername"]
    words += ["-cert", _CERTIFICATES[attempt.who]] if attempt.who in _CERTIFICATES else []
    request = f"GET {attempt.uri} HTTP/1.0\\r\\nHost: {attempt.host}\\r\\n\\r\\n"
    return f"printf {quote(request)} | {' '.join(quote(word) for word in words)} -ign_eof {session}"
