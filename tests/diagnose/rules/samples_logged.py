"""Log lines beside a configuration: they agree, they tell of something older, or of something else."""

from handclasp.lab.mint import PAST
from tests.diagnose.rules.samples_placement import server
from tests.diagnose.rules.workshop import ANSWER, ASKS, Sample, Workshop

_INFO = "2026/11/20 10:00:00 [info] 7#7: *1 {}, client: 192.0.2.7, server: {}{}"


def line(message: str, of: str = "site.test", request: str = "") -> str:
    return _INFO.format(message, of, f', request: "{request}", host: "{of}"' if request else "")


def refused(number: int, text: str, of: str = "site.test") -> str:
    return line(f"client SSL certificate verify error: ({number}:{text}) while reading client request headers", of)


UNKNOWN_CA = (21, "unable to verify the first certificate")
REVOKED = (23, "certificate revoked")


def _given(shop: Workshop, *lines: str, known: bool = True) -> Workshop:
    made = shop.http(server(ASKS, ANSWER)).say(lines=lines)
    return made.sends() if known else made


def older_ca(shop: Workshop) -> Workshop:
    return _given(shop, refused(*UNKNOWN_CA))


def older_crl(shop: Workshop) -> Workshop:
    return _given(shop, refused(*REVOKED))


def loaded_before(shop: Workshop) -> Workshop:
    """The CA file is newer than the nginx that runs: the line is about the one before it, and the client is not to blame."""
    return older_ca(shop).changed("ca.pem")


def agrees(shop: Workshop) -> Workshop:
    shop.scene.trust = [shop.scene.draft.authority(shop.draft.root.subject.replace(b"Lab Root", b"Bad Root"))]
    return _given(shop, refused(*UNKNOWN_CA))


def other_server(shop: Workshop) -> Workshop:
    return _given(shop, refused(*UNKNOWN_CA, of="elsewhere.test"))


def nothing_logged(shop: Workshop) -> Workshop:
    return _given(shop)


def alone(shop: Workshop) -> Workshop:
    return _given(shop, refused(*UNKNOWN_CA), known=False)


def expired_root(shop: Workshop) -> Workshop:
    """Nobody says who the client is, and the root in nginx's own file has expired: it is more than likely."""
    shop.draft.root.not_after = PAST
    return _given(shop, refused(10, "certificate has expired"), known=False)


def too_deep(shop: Workshop) -> Workshop:
    """Both intermediates are in the file, with the root: 2 is no missing root."""
    shop.scene.trust = shop.draft.tiers[1:]
    return _given(shop, refused(2, "unable to get issuer certificate"), known=False)


def false_line(shop: Workshop) -> Workshop:
    return _given(shop, "nginx: client certificate verification failed: 21")


def plain_http(shop: Workshop) -> Workshop:
    return _given(shop, line("client sent plain HTTP request to HTTPS port while reading client request headers"))


def proxy_line(shop: Workshop) -> Workshop:
    return _given(shop, _INFO.format('broken header: "" while reading PROXY protocol', "127.0.0.1:8443", ""))


def preflight(shop: Workshop) -> Workshop:
    message = "client sent no required SSL certificate while reading client request headers"
    return _given(shop, line(message, request="OPTIONS /api HTTP/1.1"))


def closed(shop: Workshop) -> Workshop:
    return _given(shop, line("client closed connection while SSL handshaking"))


def nobody_to_ask(shop: Workshop) -> Workshop:
    return shop.http(server(f"{ASKS} ssl_ocsp on;")).sends()


def somebody_to_ask(shop: Workshop) -> Workshop:
    return shop.http(server(f"{ASKS} ssl_ocsp leaf; ssl_ocsp_responder http://127.0.0.1/;")).sends()


SAMPLES = (
    Sample("ocsp", "nobody-named", nobody_to_ask, "client-ocsp-unreachable"),
    Sample("ocsp", "named", somebody_to_ask),
    Sample("logged-unlike", "ca", older_ca, "ca-changed-without-reload"),
    Sample("logged-unlike", "crl", older_crl, "client-crl-changed-without-reload"),
    Sample("logged-unlike", "other-server", other_server),
    Sample("logged-unlike", "nothing", nothing_logged),
    Sample("logged-alone", "unknown-ca", alone, "client-ca-not-trusted"),
    Sample("logged-alone", "expired-root", expired_root, "client-ca-expired"),
    Sample("logged-alone", "too-deep", too_deep, "client-verify-depth-too-small", intermediates=2),
    Sample("logged-alone", "nothing", nothing_logged),
    Sample("logged-others", "false", false_line, "pasted-line-not-from-nginx"),
    Sample("logged-others", "plain-http", plain_http, "plain-http-to-https-port"),
    Sample("logged-others", "proxy-protocol", proxy_line, "proxy-protocol-mismatch"),
    Sample("logged-others", "preflight", preflight, "cors-preflight-has-no-cert", severity="warning"),
    Sample("logged-others", "closed", closed),
)
