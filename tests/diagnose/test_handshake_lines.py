"""Handshakes that failed, by OpenSSL's reason alone: on which side, and for what."""

import json

import pytest

from handclasp.cli import main

TO_CLIENT = "SSL_do_handshake() failed (SSL: {}) while SSL handshaking, client: 192.0.2.7, server: 0.0.0.0:443"
TO_UPSTREAM = (
    "SSL_do_handshake() failed (SSL: {}) while SSL handshaking to upstream, client: 192.0.2.7, server: site.test,"
    ' request: "GET / HTTP/1.1", upstream: "https://192.0.2.8:8443/", host: "site.test"'
)
FROM_UPSTREAM = TO_UPSTREAM.replace("SSL_do_handshake", "SSL_read").replace(
    "SSL handshaking to upstream", "reading response header from upstream"
)
EXPIRED = "error:0A000415:SSL routines::sslv3 alert certificate expired:SSL alert number 45"
UNKNOWN = "error:0A000416:SSL routines::ssl/tls alert certificate unknown:SSL alert number 46"
REVOKED = "error:0A000414:SSL routines::sslv3 alert certificate revoked:SSL alert number 44"
LINES = (
    (TO_CLIENT, "error:0A000065:SSL routines::no suitable key share", "tls-no-shared-cipher"),
    (TO_CLIENT, "error:0A00006C:SSL routines::bad key share", "tls-no-shared-cipher"),
    (TO_CLIENT, "error:141CF06C:SSL routines:tls_parse_ctos_key_share:bad key share", "tls-no-shared-cipher"),
    (TO_CLIENT, "error:0A00018C:SSL routines::version too low", "tls-version-mismatch"),
    (TO_CLIENT, "error:0A000175:SSL routines::inappropriate fallback", "tls-version-mismatch"),
    (TO_CLIENT, "error:0A000172:SSL routines::wrong signature type", "client-signature-algorithms-restricted"),
    (TO_CLIENT, "error:0A00007B:SSL routines::bad signature", "client-key-unusable"),
    (TO_CLIENT, "error:0A00009C:SSL routines::http request", "plain-http-to-https-port"),
    (TO_CLIENT, EXPIRED, "client-rejects-server-cert"),
    (TO_UPSTREAM, EXPIRED, "upstream-demands-cert-alert"),
    (TO_UPSTREAM, UNKNOWN, "upstream-demands-cert-alert"),
    (FROM_UPSTREAM, REVOKED, "upstream-demands-cert-alert"),
    (TO_UPSTREAM, "error:0A000152:SSL routines::unsafe legacy renegotiation disabled", "upstream-protocol-mismatch"),
    (TO_UPSTREAM, "error:0A000102:SSL routines::unsupported protocol", "upstream-protocol-mismatch"),
    (TO_UPSTREAM, "error:0A00018A:SSL routines::dh key too small", "upstream-weak-certificate"),
    (TO_UPSTREAM, "error:0A0000C6:SSL routines::packet length too long", "upstream-is-plain-http"),
    (TO_UPSTREAM, "error:0A000438:SSL routines::tlsv1 alert internal error:SSL alert number 80", "upstream-sni-not-sent"),
    (TO_UPSTREAM, "error:0A000126:SSL routines::unexpected eof while reading", "upstream-peer-resets"),
)  # fmt: skip


@pytest.mark.parametrize(("form", "reason", "cause"), LINES, ids=[f"{cause}-{reason[6:14]}" for _, reason, cause in LINES])
def test_the_reason_leads_to_its_cause(form: str, reason: str, cause: str, capsys: pytest.CaptureFixture[str]) -> None:
    level = "info" if form is TO_CLIENT else "error"
    assert main(["doctor", "--json", "--line", f"2026/11/20 10:00:00 [{level}] 7#7: *1 {form.format(reason)}"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["cause"] == cause


@pytest.mark.parametrize(
    ("lang", "told"), [("en", "no known cause: unexpected message"), ("zh", "没有已知原因：unexpected message")]
)
def test_a_reason_that_nobody_knows_is_told_as_one(lang: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = TO_CLIENT.format("error:0A0000F4:SSL routines::unexpected message")
    assert main(["doctor", "--lang", lang, "--line", line]) == 3
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("48:excluded subtree violation", "client-name-constraints"),
        ("51:unsupported name constraint type", "client-name-constraints"),
        ("53:unsupported or invalid name syntax", "client-name-constraints"),
        ("40:proxy certificates not allowed, please set the appropriate flag", "client-issuer-not-a-ca"),
        ("72:proxy subject name violation", "client-issuer-not-a-ca"),
    ],
)
def test_rarer_verification_errors_have_their_cause(error: str, cause: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = f"client SSL certificate verify error: ({error}) while reading client request headers"
    assert main(["doctor", "--json", "--line", line]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["cause"] == cause
