"""Words of other programs: browsers, clients, other servers. Each leads to its entry, and none is taken for nginx's."""

import tomllib
from pathlib import Path

import pytest

from handclasp.app.explain import explain
from handclasp.catalogue import symptoms
from handclasp.diagnose.explanation import Kind

ENTRIES = [entry for entry in symptoms.entries() if entry.said]
# Lines as they are pasted, with what stands around the words.
PASTED = {
    "curl: (56) OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0": (
        "client-told-certificate-required",
        "client-sent-no-cert",
    ),
    "requests.exceptions.SSLError: [SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required (_ssl.c:2580)": (
        "client-told-certificate-required",
        "client-sent-no-cert",
    ),
    'desc = "transport: authentication handshake failed: remote error: tls: certificate required"': (
        "client-told-certificate-required",
        "client-sent-no-cert",
    ),
    "火狐显示 SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT": ("client-told-certificate-required", "client-sent-no-cert"),
    "浏览器提示 net::ERR_BAD_SSL_CLIENT_AUTH_CERT": ("browser-refused-client-certificate", "tls-terminated-before-nginx"),
    "curl: (35) error:14094412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate": (
        "client-told-bad-certificate",
        "tls-terminated-before-nginx",
    ),
    "javax.net.ssl.SSLHandshakeException: Received fatal alert: bad_certificate": (
        "client-told-bad-certificate",
        "tls-terminated-before-nginx",
    ),
    "TLS error: 268436498:SSL routines:OPENSSL_internal:SSLV3_ALERT_BAD_CERTIFICATE": (
        "client-told-bad-certificate",
        "tls-terminated-before-nginx",
    ),
    "boringssl_context_handle_fatal_alert ... (-9829)": ("client-told-bad-certificate", "tls-terminated-before-nginx"),
    "schannel: failed to receive handshake (0x80090327)": ("client-told-bad-certificate", "tls-terminated-before-nginx"),
    "A fatal alert was received from the remote endpoint. The TLS protocol defined fatal alert code is 48.": (
        "client-told-unknown-ca",
        "client-ca-not-trusted",
    ),
    "schannel: SEC_E_UNTRUSTED_ROOT (0x80090325)": ("client-does-not-trust-server", "client-rejects-server-cert"),
    "FetchError: reason: unable to verify the first certificate { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }": (
        "client-does-not-trust-server",
        "client-rejects-server-cert",
    ),
    "ssl.SSLError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self signed certificate (_ssl.c:1131)": (
        "client-does-not-trust-server",
        "client-rejects-server-cert",
    ),
    "http: TLS handshake error from 192.0.2.3:51234: tls: failed to verify client certificate: "
    "x509: certificate signed by unknown authority": ("other-server-refused-client", "client-ca-not-trusted"),
    "haproxy[7]: 192.0.2.1:51000 fe/1: SSL client certificate not trusted": (
        "other-server-refused-client",
        "client-ca-not-trusted",
    ),
    "Verify return code: 21 (unable to verify the first certificate)": ("s-client-verify", "client-rejects-server-cert"),
    "Safari: 此服务器的证书无效": ("client-does-not-trust-server", "client-rejects-server-cert"),
    "security: SecKeychainItemImport: MAC verification failed during PKCS12 import (wrong password?)": (
        "pkcs12-algorithm",
        "pkcs12-algorithm-gap",
    ),
}
BEGIN = "SSL routines:"
NGINX = (
    f"SSL_do_handshake() failed (SSL: error:0A000418:{BEGIN}:tlsv1 alert unknown ca:SSL alert number 48) while SSL handshaking",
    (
        f"SSL_read() failed (SSL: error:0A00045C:{BEGIN}:tlsv13 alert certificate required:SSL alert number 116) while "
        "reading response header from upstream"
    ),
)


@pytest.mark.parametrize(("line", "wanted"), PASTED.items())
def test_a_pasted_line_leads_to_its_entry(line: str, wanted: tuple[str, str]) -> None:
    found = explain(line)
    assert found.entry is not None
    assert (found.kind, found.entry.slug, found.causes[0].cause.slug) == (Kind.OUTPUT, *wanted)
    assert found.meaning == found.entry.says
    assert found.doubt is None


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry.slug))
def test_all_words_of_an_entry_lead_to_it(entry: symptoms.SymptomEntry) -> None:
    for words in entry.said:
        assert symptoms.said_in(f"It says: {words}.") == entry, words
        assert symptoms.said_in(f"x{words}1") != entry, words


@pytest.mark.parametrize("line", NGINX)
def test_alerts_in_lines_of_nginx_are_read_as_such(line: str) -> None:
    found = explain(line)
    assert found.kind is Kind.LINE
    assert found.entry is not None
    assert not found.entry.said


@pytest.mark.parametrize("question", ["haproxy in front of nginx", "a client certificate is required for one path"])
def test_questions_are_left_to_the_search(question: str) -> None:
    assert explain(question).kind is Kind.WORDS


def test_every_row_of_the_file_is_an_entry() -> None:
    rows = tomllib.loads((Path(symptoms.__file__).parent / "client_words.toml").read_text("utf-8"))["symptoms"]
    assert {row["slug"]: tuple(row["said"]) for row in rows} == {entry.slug: entry.said for entry in ENTRIES}


@pytest.mark.parametrize("cut", ["certificate verify error: (26:unsuitable certificate pur", "(20:unable to get local iss"])
def test_an_error_whose_end_was_cut_off_is_that_error(cut: str) -> None:
    found = explain(cut)
    assert found.doubt is None
    assert found.errors
