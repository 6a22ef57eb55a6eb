"""TLS versions, cipher suites and signature algorithms towards clients."""

from handclasp.lab import extensions as ext
from handclasp.lab.mint import Blank
from handclasp.pki.throwaway import key
from tests.diagnose.rules.workshop import ANSWER, ASKS, Sample, Workshop

_LINE = (
    "2026/11/20 10:00:00 [info] 7#7: *1 SSL_do_handshake() failed (SSL: error:0A000102:SSL routines::{}) while SSL handshaking,"
    " client: 192.0.2.7, server: 127.0.0.1:8443"
)
OLD, NO_CIPHER = _LINE.format("unsupported protocol"), _LINE.format("no shared cipher")
NO_CERTIFICATE = (
    "2026/11/20 10:00:00 [info] 7#7: *1 client sent no required SSL certificate while reading client request headers,"
    " client: 192.0.2.7, server: site.test"
)
_ECDSA = "ssl_conf_command ClientSignatureAlgorithms ECDSA+SHA256:ECDSA+SHA384;"


def _asks(shop: Workshop, lines: str = "") -> Workshop:
    return shop.http(f"    server {{ {ASKS} {lines}\n        {ANSWER}\n    }}\n").sends()


def only_13(shop: Workshop) -> Workshop:
    return _asks(shop, "ssl_protocols TLSv1.3;").say(lines=(OLD,))


def rsa_suites(shop: Workshop) -> Workshop:
    return _asks(shop, "ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384:AES256-GCM-SHA384;").say(lines=(NO_CIPHER,))


def rsa_suites_12(shop: Workshop) -> Workshop:
    return _asks(shop, "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384;")


def rsa_suites_13(shop: Workshop) -> Workshop:
    return _asks(shop, "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384;")


def both_suites(shop: Workshop) -> Workshop:
    return _asks(shop, "ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384;")


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


SAMPLES = (
    Sample("chain-size", "big", big_chain, "client-cert-too-large-chain"),
    Sample("chain-size", "small", ec_client_free),
    Sample("tls-versions", "only-13", only_13, "tls-version-mismatch"),
    Sample("tls-versions", "no-line", ec_client),
    Sample("tls-ciphers", "rsa-for-ec", rsa_suites, "tls-no-shared-cipher"),
    Sample("tls-ciphers", "rsa-for-ec-tls12", rsa_suites_12, "tls-no-shared-cipher"),
    Sample("tls-ciphers", "rsa-for-ec-tls13", rsa_suites_13, "tls-no-shared-cipher", severity="warning"),
    Sample("tls-ciphers", "both", both_suites),
    Sample("client-signatures", "rsa", rsa_client, "client-signature-algorithms-restricted"),
    Sample("client-signatures", "unknown", unknown_client, "client-signature-algorithms-restricted"),
    Sample("client-signatures", "ec", ec_client),
    Sample("client-signatures", "rsa-listed", rsa_welcome),
)
