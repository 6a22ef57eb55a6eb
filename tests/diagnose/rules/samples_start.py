"""Configurations that nginx refuses."""

from base64 import b64decode
from collections.abc import Callable

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from handclasp.pki.read import pem_blocks
from tests.diagnose.rules.workshop import ANSWER, ASKS, TLS, Sample, Workshop
from tests.diagnose.scenes import blank_pem


def _server(lines: str, inside: str = ANSWER) -> str:
    return f"    server {{ {lines} {inside} }}"


def _der(shop: Workshop) -> bytes:
    block = pem_blocks(blank_pem(shop.draft.root).encode(), "CERTIFICATE")[0]
    return b64decode(b"".join(block.splitlines()[1:-1]))


def no_ca(shop: Workshop) -> Workshop:
    return shop.http(_server(f"{TLS} ssl_verify_client on;")).sends()


def der(shop: Workshop) -> Workshop:
    return shop.http(_server(ASKS)).put("ca.pem", _der(shop)).sends()


def empty(shop: Workshop) -> Workshop:
    return shop.http(_server(ASKS)).put("ca.pem", b"").sends()


def indented(shop: Workshop) -> Workshop:
    lines = blank_pem(shop.draft.root).splitlines()
    return shop.http(_server(ASKS)).put("ca.pem", "".join(f"    {line}\n" for line in lines)).sends()


def utf16(shop: Workshop) -> Workshop:
    return shop.http(_server(ASKS)).put("ca.pem", blank_pem(shop.draft.root).encode("utf-16")).sends()


def glued(shop: Workshop) -> Workshop:
    one = blank_pem(shop.draft.root)
    return shop.http(_server(ASKS)).put("ca.pem", one.rstrip("\n") + one).sends()


def dangling(shop: Workshop) -> Workshop:
    shop.http(_server(ASKS.replace("ca.pem", "link.pem"))).sends()
    (shop.folder / "link.pem").symlink_to("/nowhere/at/all.pem")
    return shop


def wrong_key(shop: Workshop) -> Workshop:
    return shop.http(_server(ASKS)).put("server.key", shop.draft.leaf.key.pem).sends()


def _locked(pem: bytes) -> bytes:
    return load_pem_private_key(pem, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame")
    )


def _server_key(shop: Workshop, change: Callable[[bytes], bytes], lines: str = "") -> Workshop:
    shop.http(_server(f"{ASKS} {lines}")).sends()
    return shop.put("server.key", change((shop.folder / "server.key").read_bytes()))


def locked_key(shop: Workshop) -> Workshop:
    return _server_key(shop, _locked)


def locked_key_wrong_password(shop: Workshop) -> Workshop:
    return _server_key(shop, _locked, "ssl_password_file words;").put("words", "something else\n")


def opened_key(shop: Workshop) -> Workshop:
    return _server_key(shop, _locked, "ssl_password_file words;").put("words", "something else\nopen sesame\n")


def no_key_in_file(shop: Workshop) -> Workshop:
    own = shop.folder / "server.pem"
    return _server_key(shop, lambda _: own.read_bytes())


def locked_upstream_key(shop: Workshop) -> Workshop:
    inside = (
        "location / { proxy_pass https://127.0.0.1:9443;"
        " proxy_ssl_certificate server.pem; proxy_ssl_certificate_key shut.key; }"
    )
    shop.http(_server(ASKS, inside)).sends()
    return shop.put("shut.key", _locked((shop.folder / "server.key").read_bytes()))


def marked(shop: Workshop) -> Workshop:
    shop.http(_server(ASKS)).sends()
    return shop.put("nginx.conf", b"\xef\xbb\xbf" + (shop.folder / "nginx.conf").read_bytes())


def leaf_last(shop: Workshop) -> Workshop:
    shop.http(_server(ASKS)).sends()
    own = (shop.folder / "server.pem").read_text()
    return shop.put("server.pem", blank_pem(shop.draft.root) + own)


def crl_der(shop: Workshop) -> Workshop:
    shop.draft.with_crls()
    shop.http(_server(f"{ASKS} ssl_crl crl.pem;")).sends()
    block = pem_blocks((shop.folder / "crl.pem").read_bytes(), "X509 CRL")[0]
    return shop.put("crl.pem", b64decode(b"".join(block.splitlines()[1:-1])))


def in_location(shop: Workshop) -> Workshop:
    inside = 'location / { ssl_client_certificate ca.pem; ssl_verify_client on; return 200 "in\\n"; }'
    return shop.http(_server(TLS, inside)).sends()


def twice(shop: Workshop) -> Workshop:
    shop.other_ca()
    return shop.http(_server(f"{ASKS} ssl_client_certificate other.pem;")).sends()


def require(shop: Workshop) -> Workshop:
    return shop.http(_server(ASKS.replace("client on", "client require"))).sends()


def misnamed(shop: Workshop) -> Workshop:
    return shop.http(_server(ASKS.replace("ssl_verify_client", "ssl_client_verify"))).sends()


def upstream_without_trust(shop: Workshop) -> Workshop:
    inside = "location / { proxy_pass https://127.0.0.1:9443; proxy_ssl_verify on; }"
    return shop.http(_server(TLS, inside)).sends()


def upstream_key(shop: Workshop) -> Workshop:
    inside = "location / { proxy_pass https://127.0.0.1:9443; proxy_ssl_certificate server.pem; }"
    return shop.http(_server(TLS, inside)).sends()


def sound(shop: Workshop) -> Workshop:
    return shop.http(_server(ASKS)).sends()


_EMERG = (
    '2026/11/20 10:00:00 [emerg] 7#7: SSL_CTX_load_verify_locations("/etc/nginx/ca.pem") failed '
    "(SSL: error:8000000D:system library::Permission denied:calling fopen(/etc/nginx/ca.pem, r))"
)


def logged(shop: Workshop) -> Workshop:
    return sound(shop).say(lines=(_EMERG,))


def logged_in_a_handshake(shop: Workshop) -> Workshop:
    """A worker that finds no file of the name a client asks for; the second line follows from the first."""
    missing = (
        '2026/11/20 10:00:00 [error] 7#7: *3 cannot load certificate "/pki/site.test.pem": BIO_new_file() failed (SSL:'
        " error:80000002:system library::No such file or directory:calling fopen(/pki/site.test.pem, r)"
        " error:10000080:BIO routines::no such file) while SSL handshaking, client: 192.0.2.7, server: 127.0.0.1:8443"
    )
    failed = (
        "2026/11/20 10:00:00 [info] 7#7: *3 SSL_do_handshake() failed (SSL: error:0A000179:SSL routines::cert cb error)"
        " while SSL handshaking, client: 192.0.2.7, server: 127.0.0.1:8443"
    )
    return sound(shop).say(lines=(missing, failed))


def logged_other(shop: Workshop) -> Workshop:
    line = "2026/11/20 10:00:00 [info] 7#7: *1 client sent no required SSL certificate while reading client request headers"
    return sound(shop).say(lines=(line,))


SAMPLES = (
    Sample("start", "no-ca", no_ca, "verify-on-without-ca"),
    Sample("start", "der", der, "ca-file-not-pem"),
    Sample("start", "empty", empty, "ca-file-not-pem"),
    Sample("start", "indented", indented, "ca-file-not-pem"),
    Sample("start", "utf-16", utf16, "ca-file-not-pem"),
    Sample("start", "glued", glued, "ca-bundle-silently-partial"),
    Sample("start", "dangling", dangling, "file-missing-in-container"),
    Sample("start", "wrong-key", wrong_key, "server-cert-key-mismatch"),
    Sample("start", "locked-key", locked_key, "server-cert-key-mismatch"),
    Sample("start", "locked-key-wrong-password", locked_key_wrong_password, "server-cert-key-mismatch"),
    Sample("start", "opened-key", opened_key),
    Sample("start", "no-key-in-file", no_key_in_file, "server-cert-key-mismatch"),
    Sample("start", "locked-upstream-key", locked_upstream_key, "upstream-client-key-problems"),
    Sample("start", "byte-order-mark", marked, "windows-bom-crlf-path"),
    Sample("start", "leaf-last", leaf_last, "server-cert-key-mismatch"),
    Sample("start", "crl-der", crl_der, "client-crl-file-format"),
    Sample("start", "in-location", in_location, "directive-wrong-context"),
    Sample("start", "twice", twice, "directive-invalid-advice"),
    Sample("start", "require", require, "directive-invalid-advice"),
    Sample("start", "misnamed", misnamed, "directive-invalid-advice"),
    Sample("start", "upstream-trust", upstream_without_trust, "upstream-verify-without-trust-file"),
    Sample("start", "upstream-key", upstream_key, "upstream-client-key-problems"),
    Sample("start", "der-new", der, "ca-file-not-pem", version="1.28.0", openssl="3.5.1"),
    Sample("start", "no-ca-old", no_ca, "verify-on-without-ca", version="1.18.0", openssl="1.1.1w"),
    Sample("start", "sound", sound),
    Sample("start-logged", "permission", logged, "file-permission-denied"),
    Sample("start-logged", "in-a-handshake", logged_in_a_handshake, "file-missing-in-container"),
    Sample("start-logged", "other-line", logged_other),
)
