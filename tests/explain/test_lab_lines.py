"""Lines of the lab's broken runs lead to their true cause; lines that no nginx prints are called that; questions are not."""

import pytest

from handclasp.app.explain import explain
from handclasp.diagnose.explanation import Kind
from handclasp.diagnose.log_line import INTERESTING
from handclasp.lab.report import recorded
from handclasp.lab.scenario import Kind as Run

# A side effect says nothing; every run has another line beside it.
BROKEN = [
    (result.cause, result.form, result.build, lines)
    for result in recorded()
    if result.kind is Run.BROKEN and not result.good
    if (lines := [line for line in result.log if INTERESTING.search(line) and "shutdown() failed" not in line])
]


def test_a_line_of_every_broken_run_leads_to_an_entry_that_lists_the_true_cause() -> None:
    assert len(BROKEN) > 300
    lost = [
        (cause, form, build)
        for cause, form, build, lines in BROKEN
        if not any(cause in [item.cause.slug for item in explain(line).causes] for line in lines)
    ]
    assert not lost


def test_no_line_that_a_real_nginx_wrote_is_called_false() -> None:
    assert [line for *_, lines in BROKEN for line in lines if explain(line).doubt] == []


HEAD = "2026/01/05 10:00:00 [error] 1#1: *1 "


@pytest.mark.parametrize(
    "line",
    [
        "nginx: [error] SSL certificate verification failed: certificate has expired",
        HEAD + "client certificate verification failed (error 20)",
        HEAD + "ssl_client_verify failed: FAILED:certificate has expired",
        HEAD + "client certificate not trusted, client: 192.0.2.7",
        HEAD + "SSL client certificate rejected: unknown CA",
        HEAD + "upstream SSL certificate verification error: unable to get local issuer certificate",
        HEAD + "no required SSL certificate was sent by client",
        HEAD + "CRL has expired while verifying client certificate",
        HEAD + "OCSP check failed for client certificate",
        HEAD + "client SSL certificate verify error: (10:certificate has expired) while reading client request headers",
        HEAD + "client sent no required SSL certificate while reading client request headers",
        "nginx: mTLS handshake failed for client CN=foo",
        "[error] mutual TLS authentication failed: client did not present a certificate",
        "SSL_do_handshake() failed: client certificate revoked",
        "client SSL certificate verify failed: self signed certificate",
        "client SSL certificate verify error: certificate has expired",
        "client SSL certificate verify error: (99:unknown reason)",
        "upstream SSL certificate verify error: (18:certificate has expired)",
        "upstream SSL certificate verify error: hostname mismatch",
        "upstream SSL handshake failed: certificate verify failed",
        "nginx: [emerg] ssl_client_certificate verification failed",
    ],
)
def test_invented_lines_are_said_to_be_so_and_still_lead_somewhere(line: str) -> None:
    found = explain(line)
    assert found.doubt is not None
    assert [item.cause.slug for item in found.causes if item.cause.slug != "pasted-line-not-from-nginx"]


@pytest.mark.parametrize(
    "question", ["client certificate expired", "is my client certificate revoked", "client cert verify failed nginx why"]
)
def test_a_question_is_no_line(question: str) -> None:
    found = explain(question)
    assert (found.kind, found.doubt) == (Kind.WORDS, None)
