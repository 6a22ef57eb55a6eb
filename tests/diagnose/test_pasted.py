"""Lines as people paste them: with what a terminal, a collector, a forum or a mail made of them. And what is none."""

import json
import subprocess
import sys

import pytest

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.app.evidence import Given, gather
from handclasp.diagnose.engine import diagnose
from handclasp.diagnose.pasted import read_pasted
from handclasp.model.finding import Diagnosis, Severity
from tests.nginx_rig import NOW

HEAD = "2026/11/20 13:37:01 [info] 4242#4242: *17 "
TAIL = ', client: 203.0.113.9, server: api.test, request: "GET /v1 HTTP/1.1", host: "api.test"'
BARE = "client SSL certificate verify error: (10:certificate has expired)"
LINE = f"{HEAD}{BARE} while reading client request headers{TAIL}"
UP = f'{HEAD.replace("info", "error")}{{}} while SSL handshaking to upstream{TAIL[:-18]}, upstream: "https://10.0.0.5:443/"'

EXPIRED = {
    "as-it-is": LINE,
    "message": BARE,
    "lower-case": LINE.lower(),
    "cut": LINE[:100],
    "number-and-text": "(10:certificate has expired)",
    "variable": "FAILED:certificate has expired",
    "access-log": '203.0.113.9 - - [20/Nov/2026:13:37:01 +0000] "GET /" 400 230 "-" "-" FAILED:certificate has expired',
    "syslog": f"Nov 20 13:37:01 web1 nginx[4242]: {LINE}",
    "syslog-5424": f"<190>1 2026-11-20T13:37:01Z web1 nginx 4242 - - {LINE}",
    "compose": f"web-1  | {LINE}",
    "cri": f"2026-11-20T13:37:01.123456789Z stderr F {LINE}",
    "kubectl": f"[pod/web-7f/nginx] {LINE}",
    "docker-json": json.dumps({"log": f"{LINE}\n", "stream": "stderr"}),
    "elastic-json": json.dumps({"event": {"original": LINE}}),
    "coloured": f"\x1b[31m{LINE}\x1b[0m",
    "grep-coloured": LINE.replace("SSL certificate", "\x1b[01;31m\x1b[KSSL certificate\x1b[m\x1b[K"),
    "grep-with-name": f"/var/log/nginx/error.log:12345:{LINE}",
    "quoted": f"> {LINE}",
    "code": f"`{LINE}`",
    "bold": f"**{BARE}** while reading client request headers",
    "hard-spaces": LINE.replace(" ", "\u00a0"),
    "entities": LINE.replace('"', "&quot;"),
    "curly-quotes": LINE.replace('"', "\u201d"),
    "chinese-around": f"我的 nginx 报错：{LINE} 请问怎么解决？",
    "full-width": "client SSL certificate verify error\uff1a\uff0810:certificate has expired\uff09",
    "german-around": f'Fehlermeldung: "{BARE} while reading client request headers"',
    "broken-lines": "client SSL certificate verify error:\n   (10:certificate has expired)\n while reading client request",
}
CAUSES = {
    "remote error: tls: bad certificate": "tls-terminated-before-nginx",
    "此网站无法提供安全连接 api.test 不接受您的登录证书。 ERR_BAD_SSL_CLIENT_AUTH_CERT": "tls-terminated-before-nginx",
    "Fehlercode: SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT": "client-sent-no-cert",
    "curl: (56) OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required": "client-sent-no-cert",
    "requests.exceptions.SSLError: [SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2580)": "client-ca-not-trusted",
    "(2:unable to get issuer certificate)": "client-trust-intermediate-only",
    f"{HEAD}client SSL certificate verify error: (27:certificate not trusted){TAIL}": "depth-openssl-1.0-error-27",
    UP.format('upstream SSL certificate does not match "b.test"'): "upstream-name-mismatch",
    '400 Bad Request\nNo required SSL certificate was sent\nnginx/1.22.1': "client-sent-no-cert",
    "curl: (60) SSL certificate problem: unable to get local issuer certificate": "client-rejects-server-cert",
    "curl: (58) could not load PEM client certificate, OpenSSL error error:0909006C:PEM routines:get_name:no start line":
        "curl-client-material",
    'nginx: [emerg] unknown directive "ssl_verify_clients" in /etc/nginx/nginx.conf:12': "directive-invalid-advice",
    'nginx: [emerg] invalid value "required" in /etc/nginx/nginx.conf:12': "directive-invalid-advice",
    'nginx: [emerg] "ssl_verify_client" directive is not allowed here in /etc/nginx/a.conf:7': "directive-wrong-context",
    'nginx: [emerg] host not found in OCSP responder "ocsp.test/" in "ssl_ocsp_responder"': "client-ocsp-unreachable",
    'nginx: [emerg] SSL_CTX_load_verify_locations("/etc/nginx/ca.crt") failed (SSL: error:80000002:system library::No such file'
    ' or directory:calling fopen(/etc/nginx/ca.crt, r) error:10000080:BIO routines::no such file)': "file-missing-in-container",
    'nginx: [emerg] SSL_CTX_load_verify_locations("C:\\pki\\ca.crt") failed (SSL: error:80000002:system library::No such file'
    ' or directory:calling fopen(C:\\pki\\ca.crt, r) error:10000080:BIO routines::no such file)': "windows-bom-crlf-path",
    f"{HEAD.replace('info', 'error')}[lua] x.lua:3: SSL handshake: 20: unable to get local issuer certificate{TAIL}":
        "other-module-own-trust-store",
}  # fmt: skip
FALSE = (
    f"{HEAD}client SSL certificate verify error: (27:unable to get issuer certificate){TAIL}",
    "error 20 at 0 depth lookup: unable to get local issuer certificate",
    "verify error:num=20:unable to get local issuer certificate",
    "[ssl:error] [pid 1] [client 192.0.2.4:5] AH02039: Certificate Verification: Error (10): certificate has expired",
    "2026/11/20 13:37:01 [error] 1#1: *1 SSL_verify_client failed: certificate has expired while SSL handshaking",
)
NONE = ("asdf qwer", "js exception: Error: SSL certificate verify failed", "Active: active (running)")


def told(*lines: str) -> Diagnosis:
    return diagnose(gather(Given(lines=lines), PosixFileTree(), now=NOW, build=None)).diagnosis


@pytest.mark.parametrize("form", EXPIRED)
def test_in_whatever_form_it_says_the_same(form: str) -> None:
    first = told(EXPIRED[form]).findings[0]
    assert (first.cause, first.severity) == ("client-cert-expired", Severity.ERROR)


@pytest.mark.parametrize("text", CAUSES)
def test_leads_to_its_cause(text: str) -> None:
    assert told(text).findings[0].cause == CAUSES[text]


@pytest.mark.parametrize("text", FALSE)
def test_is_said_to_be_no_line_of_nginx(text: str) -> None:
    assert told(text).findings[0].cause == "pasted-line-not-from-nginx"


@pytest.mark.parametrize("text", NONE)
def test_what_was_not_understood_is_never_called_sound(text: str) -> None:
    diagnosis = told(text)
    assert diagnosis.findings == ()
    assert any(text in item.question.en and text in item.question.zh for item in diagnosis.could_not_tell)
    argv = [sys.executable, "-m", "handclasp", "doctor", "--line", text]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (3, "")
    assert "no line that was given tells of a handshake" in done.stderr


def test_the_fields_of_the_line_are_kept_and_so_is_what_was_pasted() -> None:
    line = read_pasted(EXPIRED["grep-coloured"])
    assert (line.client, line.server, line.number, line.time) == ("203.0.113.9", "api.test", 10, "2026/11/20 13:37:01")
    assert "\x1b" in line.raw
