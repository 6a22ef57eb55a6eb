"""TLS versions, cipher suites and signature algorithms towards clients."""

from handclasp.lab import extensions as ext
from handclasp.lab.mint import Blank, name
from handclasp.model.verdict import Side
from handclasp.pki.throwaway import key
from tests.diagnose.rules import samples_upstream as upstream
from tests.diagnose.rules.workshop import ANSWER, ASKS, Sample, Workshop
from tests.diagnose.scenes import blank_pem

_LINE = (
    "2026/11/20 10:00:00 [info] 7#7: *1 SSL_do_handshake() failed (SSL: error:0A000102:SSL routines::{}) while SSL handshaking,"
    " client: 192.0.2.7, server: 127.0.0.1:8443"
)
OLD, NO_CIPHER = _LINE.format("unsupported protocol"), _LINE.format("no shared cipher")
UNSIGNED = _LINE.format("no suitable signature algorithm")
NO_CERTIFICATE = (
    "2026/11/20 10:00:00 [info] 7#7: *1 client sent no required SSL certificate while reading client request headers,"
    " client: 192.0.2.7, server: site.test"
)
_ECDSA = "ssl_conf_command ClientSignatureAlgorithms ECDSA+SHA256:ECDSA+SHA384;"


def _asks(shop: Workshop, lines: str = "") -> Workshop:
    return shop.http(f"    server {{ {ASKS} {lines}\n        {ANSWER}\n    }}\n").sends()


def only_13(shop: Workshop) -> Workshop:
    return _asks(shop, "ssl_protocols TLSv1.3;").say(lines=(OLD,))


def _beside(shop: Workshop, version: str, default: str, named: str) -> Workshop:
    other = f"listen 127.0.0.1:8443 ssl default_server; server_name other.test; ssl_protocols {default};"
    servers = f"    server {{ {other} }}\n    server {{ {ASKS} ssl_protocols {named};\n        {ANSWER}\n    }}\n"
    return shop.http(servers).sends().say(lines=(OLD,), server="site.test", nginx_version=version)


def default_only_13(shop: Workshop) -> Workshop:
    return _beside(shop, "1.26.3", "TLSv1.3", "TLSv1.2 TLSv1.3")


def named_only_13(shop: Workshop) -> Workshop:
    return _beside(shop, "1.30.6", "TLSv1.2 TLSv1.3", "TLSv1.3")


def old_alone(shop: Workshop) -> Workshop:
    return _asks(shop, "ssl_protocols TLSv1 TLSv1.1;")


def old_beside_new(shop: Workshop) -> Workshop:
    return _asks(shop, "ssl_protocols TLSv1.1 TLSv1.2;").say(lines=(UNSIGNED,))


def new_alone(shop: Workshop) -> Workshop:
    return _asks(shop, "ssl_protocols TLSv1.2 TLSv1.3;")


def rsa_suites(shop: Workshop) -> Workshop:
    return _asks(shop, "ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384:AES256-GCM-SHA384;").say(lines=(NO_CIPHER,))


def rsa_suites_12(shop: Workshop) -> Workshop:
    return _asks(shop, "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384;")


def rsa_suites_13(shop: Workshop) -> Workshop:
    return _asks(shop, "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384;")


def both_suites(shop: Workshop) -> Workshop:
    return _asks(shop, "ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384;")


def _own(shop: Workshop, kind: str, *usages: str) -> Workshop:
    """The server's certificate, for a key of this kind, with this keyUsage."""
    own: Blank = shop.draft.end_entity(name(("CN", "site.test")), shop.draft.root)
    own.put("extKeyUsage", ext.extended_key_usage("serverAuth"))
    own.key = key(kind, 11)
    own.put("keyUsage", ext.key_usage(*usages), critical=True)
    return shop.put("own.pem", blank_pem(own)).put("own.key", own.key.pem)


_OWN = "listen 127.0.0.1:8443 ssl; server_name site.test; ssl_certificate own.pem; ssl_certificate_key own.key;"


def _mute(shop: Workshop, kind: str, *usages: str, lines: str = "") -> Workshop:
    asks = f"{_OWN} ssl_client_certificate ca.pem; ssl_verify_client on; {lines}"
    return _own(shop, kind, *usages).http(f"    server {{ {asks}\n        {ANSWER}\n    }}\n").sends()


def ec_that_may_not_sign(shop: Workshop) -> Workshop:
    return _mute(shop, "p256", "keyEncipherment", lines="ssl_protocols TLSv1.2 TLSv1.3;").say(lines=(NO_CIPHER,))


def ec_for_agreement(shop: Workshop) -> Workshop:
    return _mute(shop, "p256", "keyAgreement")


def ec_that_may_sign(shop: Workshop) -> Workshop:
    return _mute(shop, "p256", "digitalSignature", "keyEncipherment")


def ec_over_13(shop: Workshop) -> Workshop:
    return _mute(shop, "p256", "keyEncipherment", lines="ssl_protocols TLSv1.3;")


def rsa_that_may_not_sign(shop: Workshop) -> Workshop:
    return _mute(shop, "rsa2048", "keyEncipherment")


def ml_dsa(shop: Workshop) -> Workshop:
    shop.draft.leaf.key = key("mldsa65", 3)
    return _asks(shop)


def _rsa(shop: Workshop) -> Workshop:
    leaf: Blank = shop.draft.leaf
    leaf.key = key("rsa2048", 3)
    return shop


def rsa_client(shop: Workshop) -> Workshop:
    return _asks(_rsa(shop), _ECDSA)


def ec_client_free(shop: Workshop) -> Workshop:
    return _asks(shop)


def unknown_client(shop: Workshop) -> Workshop:
    made = _asks(shop, _ECDSA).say(lines=(NO_CERTIFICATE,))
    return made.say(client_certificate=None)


def ec_client(shop: Workshop) -> Workshop:
    return _asks(shop, _ECDSA)


def rsa_welcome(shop: Workshop) -> Workshop:
    return _asks(_rsa(shop), "ssl_conf_command ClientSignatureAlgorithms ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256;")


def big_chain(shop: Workshop) -> Workshop:
    names = [("dns", f"device-{number:05}.of-the-lab.test") for number in range(4000)]
    shop.draft.leaf.put("subjectAltName", ext.general_names(*names))
    return _asks(shop)


def _another_kind(shop: Workshop, file: str) -> Workshop:
    return shop.put(file, key("rsa2048", 5).pem)


def pair_of_two_kinds(shop: Workshop) -> Workshop:
    return _another_kind(_asks(shop).say(lines=(NO_CIPHER,)), "server.key")


def pair_crossed(shop: Workshop) -> Workshop:
    """The key of another kind, and after it the right one: OpenSSL keeps both."""
    both = (
        "ssl_certificate server.pem; ssl_certificate server.pem; ssl_certificate_key rsa.key; ssl_certificate_key server.key;"
    )
    return _another_kind(_asks(shop, both), "rsa.key")


def shown_of_two_kinds(shop: Workshop) -> Workshop:
    upstream.shown(shop, shop.other_ca())
    return _another_kind(upstream.passing(shop, upstream.SHOWS).sends(), "proxy.key")


def shown_well(shop: Workshop) -> Workshop:
    upstream.shown(shop, shop.other_ca())
    return upstream.passing(shop, upstream.SHOWS).sends()


SAMPLES = (
    Sample("server-pair", "two-kinds", pair_of_two_kinds, "server-cert-key-mismatch"),
    Sample("server-pair", "crossed", pair_crossed),
    Sample("server-pair", "one-pair", ec_client),
    Sample("upstream-pair", "two-kinds", shown_of_two_kinds, "upstream-client-key-problems", side=Side.UPSTREAM),
    Sample("upstream-pair", "one-pair", shown_well, side=Side.UPSTREAM),
    Sample("chain-size", "big", big_chain, "client-cert-too-large-chain"),
    Sample("chain-size", "small", ec_client_free),
    Sample("tls-versions", "only-13", only_13, "tls-version-mismatch"),
    Sample("tls-versions", "default-only-13", default_only_13, "tls-version-mismatch"),
    Sample("tls-versions", "named-only-13", named_only_13, "tls-version-mismatch"),
    Sample("tls-versions", "no-line", ec_client),
    Sample("tls-old-versions", "old-alone", old_alone, "tls-version-mismatch"),
    Sample("tls-old-versions", "old-beside-new", old_beside_new, "tls-version-mismatch"),
    Sample("tls-old-versions", "no-old", new_alone),
    Sample("tls-old-versions", "no-line", ec_client),
    Sample("tls-old-versions", "openssl-1.1.1", old_alone, version="1.18.0", openssl="1.1.1w"),
    Sample("tls-ciphers", "rsa-for-ec", rsa_suites, "tls-no-shared-cipher"),
    Sample("tls-ciphers", "rsa-for-ec-tls12", rsa_suites_12, "tls-no-shared-cipher"),
    Sample("tls-ciphers", "rsa-for-ec-tls13", rsa_suites_13, "tls-no-shared-cipher", severity="warning"),
    Sample("tls-ciphers", "both", both_suites),
    Sample("tls-ciphers", "may-not-sign", ec_that_may_not_sign, "tls-no-shared-cipher"),
    Sample("tls-ciphers", "agrees-alone", ec_for_agreement, "tls-no-shared-cipher"),
    Sample("tls-ciphers", "may-sign", ec_that_may_sign),
    Sample("tls-ciphers", "may-not-sign-tls13", ec_over_13),
    Sample("tls-ciphers", "rsa-may-not-sign", rsa_that_may_not_sign),
    Sample("client-signatures", "rsa", rsa_client, "client-signature-algorithms-restricted"),
    Sample("client-signatures", "unknown", unknown_client, "client-signature-algorithms-restricted"),
    Sample("client-signatures", "ec", ec_client),
    Sample("client-signatures", "rsa-listed", rsa_welcome),
    Sample("client-signatures", "ml-dsa-before-3.5", ml_dsa, "client-signature-algorithms-restricted"),
    Sample("client-signatures", "ml-dsa-from-3.5", ml_dsa, version="1.26.3", openssl="3.5.7"),
)
