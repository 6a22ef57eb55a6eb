"""nginx as the client of its upstream: what it shows, what it is told, whom it believes."""

from handclasp.lab import extensions as ext
from handclasp.lab.mint import PAST, Blank, name
from handclasp.model.verdict import Side
from tests.diagnose.rules.workshop import ASKS, TLS, Sample, Workshop
from tests.diagnose.scenes import blank_pem

UP = Side.UPSTREAM
VERIFIED = "proxy_ssl_verify on; proxy_ssl_trusted_certificate ca.pem; proxy_ssl_name lab.test; proxy_ssl_server_name on;"
SHOWS = "proxy_ssl_certificate proxy.pem; proxy_ssl_certificate_key proxy.key;"
_NONE_SENT = "400 No required SSL certificate was sent"
_BAD = "400 The SSL certificate error"
_BEHIND = (
    "2026/11/20 10:00:00 [info] 9#9: *1 {} while reading client request headers, client: 10.0.0.2, server: backend.internal,"
    ' request: "GET / HTTP/1.0", host: "backend"'
)
_TO_UPSTREAM = (
    "2026/11/20 10:00:00 [error] 7#7: *1 {} while {}, client: 192.0.2.7, server: site.test,"
    ' request: "GET / HTTP/1.1", upstream: "https://10.0.0.9:8443/", host: "site.test"'
)
_HANDSHAKING = "SSL handshaking to upstream"


def alert(words: str, number: int, phase: str = _HANDSHAKING, call: str = "SSL_do_handshake") -> str:
    """nginx's line about an alert from the upstream."""
    failed = f"{call}() failed (SSL: error:0A000410:SSL routines::{words}:SSL alert number {number})"
    return _TO_UPSTREAM.format(failed, phase)


def passing(shop: Workshop, more: str = "", *, target: str = "https://10.0.0.9:8443", http: str = "") -> Workshop:
    """A server that passes everything on; `more` in the location, `http` beside the server."""
    inside = f"location / {{ proxy_pass {target}; {VERIFIED} {more} }}"
    return shop.http(f"    server {{ {TLS}\n        {inside}\n    }}\n{http}")


def shown(shop: Workshop, issuer: Blank | None, *, usage: str = "clientAuth", chain: tuple[Blank, ...] = ()) -> Blank:
    """proxy.pem and proxy.key: what nginx shows its upstream."""
    own: Blank = shop.draft.end_entity(name(("CN", "front")), issuer)
    own.put("extKeyUsage", ext.extended_key_usage(usage))
    shop.put("proxy.pem", "".join(blank_pem(item) for item in (own, *chain))).put("proxy.key", own.key.pem)
    return own


def nothing_shown(shop: Workshop) -> Workshop:
    return passing(shop).sends().say(answer=_NONE_SENT)


def nothing_shown_pasted(shop: Workshop) -> Workshop:
    return passing(shop).sends().say(lines=(f"<center>{_NONE_SENT[4:]}</center>",))


def nothing_shown_logged(shop: Workshop) -> Workshop:
    return passing(shop).sends().say(lines=(_BEHIND.format("client sent no required SSL certificate"),))


def foreign_ca(shop: Workshop) -> Workshop:
    shown(shop, shop.other_ca())
    return passing(shop, SHOWS).sends().say(answer=_BAD)


def server_use(shop: Workshop) -> Workshop:
    shown(shop, shop.other_ca(), usage="serverAuth")
    return passing(shop, SHOWS).sends().say(answer=_BAD)


def expired_there(shop: Workshop) -> Workshop:
    shown(shop, shop.other_ca())
    line = _BEHIND.format("client SSL certificate verify error: (10:certificate has expired)")
    return passing(shop, SHOWS).sends().say(lines=(line,))


def shown_expired(shop: Workshop) -> Workshop:
    """Nothing was seen yet: the file says that whoever verifies will refuse it."""
    own = shown(shop, shop.other_ca())
    own.not_after = PAST
    shop.put("proxy.pem", blank_pem(own))
    return passing(shop, SHOWS).sends()


def shown_expired_and_refused(shop: Workshop) -> Workshop:
    return shown_expired(shop).say(answer=_BAD)


def leaf_alone(shop: Workshop) -> Workshop:
    root = shop.other_ca("elsewhere.pem")
    sub: Blank = shop.draft.authority(name(("O", "Elsewhere"), ("CN", "Elsewhere Sub")), root)
    shop.put("sub.pem", blank_pem(sub))
    shown(shop, sub)
    return passing(shop, SHOWS).sends().say(answer=_BAD)


def leaf_alone_unknown(shop: Workshop) -> Workshop:
    sub: Blank = shop.draft.authority(name(("O", "Elsewhere"), ("CN", "Elsewhere Issuing CA")))
    shown(shop, sub)
    return passing(shop, SHOWS).sends().say(answer=_BAD)


def front_refuses(shop: Workshop) -> Workshop:
    """The front verifies clients, and nobody knows what this one sent: the page may be its own."""
    inside = f"location / {{ proxy_pass https://10.0.0.9:8443; {VERIFIED} }}"
    made = shop.http(f"    server {{ {ASKS}\n        {inside}\n    }}\n")
    return made.sends().say(answer=_NONE_SENT)


_BACKEND = (
    "    server {{ listen 127.0.0.1:9443 ssl; server_name lab.test; ssl_certificate peer.pem; ssl_certificate_key peer.key;"
    " ssl_client_certificate front-ca.pem; ssl_verify_client on; {}"
    " location / {{ return 200; }} }}\n"
)


def _own(shop: Workshop, more: str, lines: str = "", others: str = "") -> Workshop:
    """The upstream is a server of this same configuration."""
    host = "proxy_set_header Host lab.test;"
    return passing(shop, f"{host} {more}", target="https://127.0.0.1:9443", http=_BACKEND.format(lines) + others)


def _front_ca(shop: Workshop, *, subordinate: bool = False) -> tuple[Blank, Blank]:
    root: Blank = shop.draft.authority(name(("O", "Lab"), ("CN", "Front Root")))
    sub: Blank = shop.draft.authority(name(("O", "Lab"), ("CN", "Front CA")), root) if subordinate else root
    shop.put("front-ca.pem", blank_pem(root))
    return root, sub


def own_nothing(shop: Workshop) -> Workshop:
    _front_ca(shop)
    return _own(shop, "")


def own_pair_elsewhere(shop: Workshop) -> Workshop:
    """Another location of the same server shows the right certificate."""
    root, _ = _front_ca(shop)
    shown(shop, root)
    host = "proxy_set_header Host lab.test;"
    inside = (
        f"location / {{ proxy_pass https://127.0.0.1:9443; {VERIFIED} {host} }}"
        f" location /other/ {{ proxy_pass https://127.0.0.1:9443; {VERIFIED} {host} {SHOWS} }}"
    )
    return shop.http(f"    server {{ {TLS}\n        {inside}\n    }}\n" + _BACKEND.format(""))


def own_wrong_use(shop: Workshop) -> Workshop:
    root, _ = _front_ca(shop)
    shown(shop, root, usage="serverAuth")
    return _own(shop, SHOWS)


def own_leaf_alone(shop: Workshop) -> Workshop:
    _, sub = _front_ca(shop, subordinate=True)
    shop.put("front-sub.pem", blank_pem(sub))
    shown(shop, sub)
    return _own(shop, SHOWS)


def own_right(shop: Workshop) -> Workshop:
    _, sub = _front_ca(shop, subordinate=True)
    shown(shop, sub, chain=(sub,))
    return _own(shop, SHOWS)


def required(shop: Workshop) -> Workshop:
    line = alert("tlsv13 alert certificate required", 116, "reading response header from upstream", "SSL_read")
    return passing(shop).sends().say(lines=(line,))


def handshake_failure(shop: Workshop) -> Workshop:
    return passing(shop).sends().say(lines=(alert("sslv3 alert handshake failure", 40),))


def unknown_ca(shop: Workshop) -> Workshop:
    shown(shop, shop.other_ca())
    return passing(shop, SHOWS).sends().say(lines=(alert("tlsv1 alert unknown ca", 48),))


def shown_and_silent(shop: Workshop) -> Workshop:
    shown(shop, shop.other_ca())
    return passing(shop, SHOWS).sends()


def old_default(shop: Workshop) -> Workshop:
    return passing(shop).sends().say(lines=(alert("tlsv1 alert protocol version", 70),))


def too_old_upstream(shop: Workshop) -> Workshop:
    return passing(shop, "proxy_ssl_protocols TLSv1.2 TLSv1.3;").sends().say(lines=(alert("tlsv1 alert protocol version", 70),))


def own_versions_apart(shop: Workshop) -> Workshop:
    root, _ = _front_ca(shop)
    shown(shop, root)
    return _own(shop, SHOWS + " proxy_ssl_protocols TLSv1.2;", "ssl_protocols TLSv1.3;")


def left_out(shop: Workshop) -> Workshop:
    line = _TO_UPSTREAM.format("no live upstreams", "connecting to upstream")
    return passing(shop, target="https://lab.test").say(lines=(line,))


def left_out_and_why(shop: Workshop) -> Workshop:
    first = _TO_UPSTREAM.format("upstream SSL certificate verify error: (10:certificate has expired)", _HANDSHAKING)
    line = _TO_UPSTREAM.format("no live upstreams", "connecting to upstream")
    return passing(shop, target="https://lab.test").say(lines=(first, line))


def plain(shop: Workshop) -> Workshop:
    return passing(shop).sends()


def _pair(shop: Workshop, *, swapped: bool = False) -> Blank:
    ca = shop.other_ca()
    own = shown(shop, ca)
    if swapped:
        shop.put("proxy.pem", blank_pem(ca) + blank_pem(own))
    return own


def pair_swapped(shop: Workshop) -> Workshop:
    _pair(shop, swapped=True)
    return passing(shop, SHOWS).sends()


def pair_elsewhere(shop: Workshop) -> Workshop:
    """proxy.pem is gone; the certificate of the key is in a file beside it."""
    own = _pair(shop)
    (shop.folder / "proxy.pem").unlink()
    shop.put("front.pem", blank_pem(own))
    return passing(shop, SHOWS).sends()


def pair_other_key(shop: Workshop) -> Workshop:
    """The key of another certificate; the right one is set in another location."""
    _pair(shop)
    shop.put("wrong.key", shop.draft.new_key().pem)
    wrong = SHOWS.replace("proxy.key", "wrong.key")
    inside = (
        f"location / {{ proxy_pass https://10.0.0.9:8443; {VERIFIED} {wrong} }}"
        f" location /b/ {{ proxy_pass https://10.0.0.9:8444; {VERIFIED} {SHOWS} }}"
    )
    return shop.http(f"    server {{ {TLS}\n        {inside}\n    }}\n").sends()


def pair_in_one_file(shop: Workshop) -> Workshop:
    """The key is in the file of the certificate, and no directive says so."""
    own = _pair(shop)
    shop.put("proxy.pem", blank_pem(own) + own.key.pem)
    return passing(shop, "proxy_ssl_certificate proxy.pem;").sends()


_PAIR = "upstream-client-key-problems"
_RELAYED, _CHAIN = "upstream-400-relayed", "upstream-client-cert-chain-missing"
_DEMANDS, _PROTOCOLS = "upstream-demands-cert-alert", "upstream-protocol-mismatch"
_BY_VARIABLE = "proxy_ssl_certificate $host.pem; proxy_ssl_certificate_key $host.key;"


def by_variable(shop: Workshop) -> Workshop:
    return passing(shop, _BY_VARIABLE).sends().say(answer=_NONE_SENT)


def by_variable_unread(shop: Workshop) -> Workshop:
    failed = (
        'cannot load certificate "/etc/a.pem": BIO_new_file() failed (SSL: error:8000000D:system library::Permission denied)'
    )
    return passing(shop, _BY_VARIABLE).sends().say(lines=(_TO_UPSTREAM.format(failed, "connecting to upstream"),))


def by_variable_unasked(shop: Workshop) -> Workshop:
    return passing(shop, _BY_VARIABLE).sends()


def hung_up(shop: Workshop) -> Workshop:
    line = _TO_UPSTREAM.format("peer closed connection in SSL handshake", _HANDSHAKING)
    return passing(shop).sends().say(lines=(line,))


def not_hung_up(shop: Workshop) -> Workshop:
    return passing(shop).sends()


SAMPLES = (
    Sample("upstream-variable", "unread", by_variable_unread, "upstream-variable-cert-unreadable", side=UP),
    Sample("upstream-variable", "empty", by_variable, "upstream-variable-cert-unreadable", side=UP),
    Sample("upstream-variable", "unasked", by_variable_unasked, "upstream-variable-cert-unreadable", "notice", side=UP),
    Sample("upstream-variable", "none", not_hung_up, side=UP),
    Sample("upstream-closed", "hung-up", hung_up, "upstream-peer-resets", side=UP),
    Sample("upstream-closed", "quiet", not_hung_up, side=UP),
    Sample("relayed", "none", nothing_shown, _RELAYED, side=UP),
    Sample("relayed", "none-seen-from-the-front", nothing_shown, _RELAYED),
    Sample("relayed", "none-pasted", nothing_shown_pasted, _RELAYED, side=UP),
    Sample("relayed", "none-logged-there", nothing_shown_logged, _RELAYED, side=UP),
    Sample("relayed", "other-ca", foreign_ca, _RELAYED, side=UP),
    Sample("relayed", "server-use", server_use, _RELAYED, side=UP),
    Sample("relayed", "expired-there", expired_there, _RELAYED, side=UP),
    Sample("relayed", "expired", shown_expired, _RELAYED, "warning", side=UP),
    Sample("relayed", "expired-and-refused", shown_expired_and_refused, _RELAYED, side=UP),
    Sample("relayed", "leaf-alone", leaf_alone, _CHAIN, side=UP),
    Sample("relayed", "leaf-alone-unknown", leaf_alone_unknown, _CHAIN, side=UP),
    Sample("relayed", "front-lets-in", front_refuses, _RELAYED),
    Sample("relayed", "own-none", own_nothing, _RELAYED, side=UP),
    Sample("relayed", "own-other-pair", own_pair_elsewhere, _RELAYED, side=UP),
    Sample("relayed", "own-server-use", own_wrong_use, _RELAYED, side=UP),
    Sample("relayed", "own-leaf-alone", own_leaf_alone, _CHAIN, side=UP),
    Sample("relayed", "own-right", own_right, side=UP),
    Sample("relayed", "no-page", plain, side=UP),
    Sample("start", "pair-swapped", pair_swapped, _PAIR, side=UP),
    Sample("start", "pair-elsewhere", pair_elsewhere, _PAIR, side=UP),
    Sample("start", "pair-other-key", pair_other_key, _PAIR, side=UP),
    Sample("start", "pair-in-one-file", pair_in_one_file, _PAIR, side=UP),
    Sample("start", "pair", shown_and_silent, side=UP),
    Sample("upstream-demands", "required", required, _DEMANDS, side=UP),
    Sample("upstream-demands", "handshake-failure", handshake_failure, _DEMANDS, side=UP),
    Sample("upstream-demands", "unknown-ca", unknown_ca, _DEMANDS, side=UP),
    Sample("upstream-demands", "silent", shown_and_silent, side=UP),
    Sample("upstream-protocols", "default", old_default, _PROTOCOLS, side=UP),
    Sample("upstream-protocols", "too-old", too_old_upstream, _PROTOCOLS, severity="warning", side=UP),
    Sample("upstream-protocols", "own", own_versions_apart, _PROTOCOLS, side=UP),
    Sample("upstream-protocols", "own-common", own_right, side=UP),
    Sample("upstream-down", "no-reason", left_out, "upstream-fails-over-and-hides-cause", side=UP),
    Sample("upstream-down", "reason", left_out_and_why, "upstream-fails-over-and-hides-cause", severity="notice", side=UP),
    Sample("upstream-down", "silent", plain, side=UP),
)
