"""Lines of nginx's error log, read back into their parts; and lines that no nginx prints."""

# ruff: noqa: E501 - log lines are as long as they are

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handclasp.diagnose.log_line import INTERESTING, Doubt, LineKind, read_line
from handclasp.model.nginx import OpensslSeries
from handclasp.model.verdict import Side

HEAD = "2026/11/21 01:00:00 [{level}] 812#813: *5 "
REQUEST = ', client: 127.0.0.1, server: app.test, request: "GET /a HTTP/1.1", host: "app.test:8443"'

GENUINE = [
    ("info", "client SSL certificate verify error: (21:unable to verify the first certificate) while reading client request headers", LineKind.CLIENT_VERIFY, Side.CLIENT),
    ("info", "client SSL certificate verify error: certificate status request failed while reading client request headers", LineKind.CLIENT_OCSP, Side.CLIENT),
    ("info", "client sent no required SSL certificate while reading client request headers", LineKind.NO_CERTIFICATE, Side.CLIENT),
    ("info", "client sent plain HTTP request to HTTPS port while reading client request headers", LineKind.PLAIN_HTTP, Side.CLIENT),
    ("info", "client attempted to request the server name different from the one that was negotiated while reading client request headers", LineKind.MISDIRECTED, Side.CLIENT),
    ("info", "handshake rejected while SSL handshaking", LineKind.REJECTED, Side.CLIENT),
    ("info", "client closed connection while SSL handshaking", LineKind.CLOSED, Side.CLIENT),
    ("info", "SSL_do_handshake() failed (SSL: error:0A000418:SSL routines::tlsv1 alert unknown ca:SSL alert number 48) while SSL handshaking", LineKind.TLS_FAILURE, Side.CLIENT),
    ("error", "upstream SSL certificate verify error: (20:unable to get local issuer certificate) while SSL handshaking to upstream", LineKind.UPSTREAM_VERIFY, Side.UPSTREAM),
    ("error", 'upstream SSL certificate does not match "backend" while SSL handshaking to upstream', LineKind.UPSTREAM_NAME, Side.UPSTREAM),
    ("crit", "SSL_read() failed (SSL: error:0A00045C:SSL routines::tlsv13 alert certificate required:SSL alert number 116) while reading response header from upstream", LineKind.TLS_FAILURE, Side.UPSTREAM),
    ("error", "no live upstreams while connecting to upstream", LineKind.NO_UPSTREAM, Side.UPSTREAM),
    ("error", "no OCSP responder URL in certificate while SSL handshaking", LineKind.OCSP, Side.CLIENT),
    ("error", 'broken header: "GET / HTTP/1.1" while reading PROXY protocol', LineKind.PROXY_PROTOCOL, Side.CLIENT),
    ("info", "client sent invalid method while reading client request line", LineKind.NOT_TLS, Side.CLIENT),
    ("alert", "ignoring stale global SSL error (SSL: error:0D0C5006:asn1 encoding routines:ASN1_item_verify:EVP lib) while waiting for request", LineKind.TLS_FAILURE, None),
    ("error", "js http fetch SSL certificate verify error: (20:unable to get local issuer certificate)", LineKind.OTHER_MODULE, None),
    ("error", "lua ssl certificate verify error: (20: unable to get local issuer certificate)", LineKind.OTHER_MODULE, None),
    ("error", 'open() "/usr/share/nginx/html/x" failed (2: No such file or directory)', LineKind.OTHER, None),
]  # fmt: skip


@pytest.mark.parametrize(("level", "message", "kind", "side"), GENUINE)
def test_lines_that_nginx_prints(level: str, message: str, kind: LineKind, side: Side | None) -> None:
    line = read_line(HEAD.format(level=level) + message + REQUEST)
    assert (line.kind, line.side, line.doubt) == (kind, side, None)
    assert (line.level, line.pid, line.connection, line.time) == (level, 812, 5, "2026/11/21 01:00:00")
    assert (line.client, line.server, line.request, line.host) == ("127.0.0.1", "app.test", "GET /a HTTP/1.1", "app.test:8443")
    assert kind is LineKind.OTHER or INTERESTING.search(line.raw)
    alone = read_line(message)
    assert (alone.kind, alone.number, alone.doubt) == (
        kind if kind is not LineKind.OTHER else LineKind.UNKNOWN,
        line.number,
        None,
    )


def test_parts_of_an_upstream_line_behind_a_container_prefix() -> None:
    line = read_line(
        "web-1  | 2026/11/21 01:00:00 [error] 31#31: *7 upstream SSL certificate verify error: (20:unable to get local issuer "
        'certificate) while SSL handshaking to upstream, client: ::1, server: , request: "GET /"q", host: y HTTP/1.1", '
        'upstream: "https://10.0.0.2:8443/", host: "a.test", referrer: "https://b.test/"'
    )
    assert (line.number, line.text) == (20, "unable to get local issuer certificate")
    assert (line.context, line.upstream, line.host) == ("SSL handshaking to upstream", "https://10.0.0.2:8443/", "a.test")
    assert (line.client, line.server, line.request) == ("::1", "", 'GET /"q", host: y HTTP/1.1')


def test_stream_and_mail_lines_without_a_request() -> None:
    line = read_line(
        "2026/11/21 01:00:00 [info] 1#1: *1 client SSL certificate verify error: (10:certificate has expired), "
        "client: 127.0.0.1, server: 0.0.0.0:443"
    )
    assert (line.kind, line.number, line.server, line.request) == (LineKind.CLIENT_VERIFY, 10, "0.0.0.0:443", None)


def test_start_errors_name_their_place() -> None:
    line = read_line('nginx: [emerg] "ssl_verify_client" directive is not allowed here in /etc/nginx/conf.d/a.conf:14')
    assert (line.kind, line.file, line.row) == (LineKind.START, "/etc/nginx/conf.d/a.conf", 14)
    logged = read_line('2026/11/21 01:00:00 [emerg] 1#1: host not found in upstream "b" in /etc/nginx/nginx.conf:3')
    assert (logged.kind, logged.row) == (LineKind.START, 3)


@pytest.mark.parametrize(
    ("text", "series"),
    [
        ("client SSL certificate verify error: (18:self signed certificate)", (OpensslSeries.V1_0_2, OpensslSeries.V1_1_1)),
        (
            "client SSL certificate verify error: (79:invalid CA certificate)",
            tuple(item for item in OpensslSeries if item.since(OpensslSeries.V3_0)),
        ),
        ("client SSL certificate verify error: (23:certificate revoked)", ()),
        (
            "client SSL certificate verify error: (9:certificate is not yet valid)",
            (OpensslSeries.V1_0_2, OpensslSeries.V1_1_1, OpensslSeries.V3_0, OpensslSeries.V3_5),
        ),
        (
            "client SSL certificate verify error: (9:certificate is not yet valid or the system clock is incorrect)",
            (OpensslSeries.V3_6, OpensslSeries.V4_0),
        ),
        (
            "SSL_do_handshake() failed (SSL: error:14094418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:SSL alert number 48) while SSL handshaking",
            (OpensslSeries.V1_0_2, OpensslSeries.V1_1_1),
        ),
        (
            "SSL_do_handshake() failed (SSL: error:0A000410:SSL routines::ssl/tls alert handshake failure:SSL alert number 40) while SSL handshaking to upstream",
            (OpensslSeries.V3_5, OpensslSeries.V3_6, OpensslSeries.V4_0),
        ),
    ],
)
def test_words_tell_the_openssl_series(text: str, series: tuple[OpensslSeries, ...]) -> None:
    assert read_line(text).series == series


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("2026/11/21 01:00:00 [error] 1#1: *2 client certificate verification failed: certificate revoked", Doubt.WORDING),
        ("SSL certificate verify failed: unable to get local issuer certificate", Doubt.WORDING),
        ("2026/11/21 01:00:00 [error] 1#1: *2 proxy ssl handshake failed, client: 1.2.3.4", Doubt.WORDING),
        ("nginx: [error] client certificate is expired", Doubt.WORDING),
        ("client SSL certificate verify error: (20:certificate has expired)", Doubt.NUMBER_AND_TEXT),
        ("upstream SSL certificate verify error: (999:unable to get local issuer certificate)", Doubt.NUMBER_AND_TEXT),
        ("client SSL certificate verify error: certificate has expired", Doubt.NO_NUMBER),
        (HEAD.format(level="error") + "client SSL certificate verify error: (23:certificate revoked)" + REQUEST, Doubt.LEVEL),
        (HEAD.format(level="warn") + "client sent no required SSL certificate" + REQUEST, Doubt.LEVEL),
    ],
)
def test_lines_that_no_nginx_prints(text: str, doubt: Doubt) -> None:
    assert read_line(text).doubt is doubt


def test_words_are_no_line() -> None:
    assert read_line("my phone shows no certificate prompt").kind is LineKind.UNKNOWN


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert read_line(text).raw == text.strip()


@given(st.integers(1, 95), st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=60))
def test_a_number_is_read_whatever_the_request_holds(number: int, request: str) -> None:
    line = read_line(
        HEAD.format(level="info") + f"client SSL certificate verify error: ({number}:x) while reading client request headers, "
        f'client: 1.2.3.4, server: s, request: "{request}", host: "h"'
    )
    assert line.number == number
    assert line.client == "1.2.3.4"
