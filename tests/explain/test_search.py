"""Questions as people ask them, from both languages, and the cause that must be among the first five."""

import pytest

from handclasp.app.explain import explain
from handclasp.catalogue import causes
from handclasp.catalogue.search import search

QUESTIONS = [
    ("Home Assistant app shows 400 but Chrome on the same phone works", "client-app-has-no-mtls"),
    ("websocket in Safari gets 400", "client-helper-connection-no-cert"),
    ("clients stopped working after OpenSSL upgrade, key too small", "client-cert-weak-key"),
    ("CRL updated but revoked client still gets in", "revoked-client-resumes-session"),
    ("nginx ignores new CRL file", "client-crl-changed-without-reload"),
    ("only OPTIONS requests fail", "cors-preflight-has-no-cert"),
    ("p12 import wrong password on iPhone", "pkcs12-algorithm-gap"),
    ("behind cloudflare all visitors get No required certificate", "cdn-origin-pull-not-enabled"),
    ("load balancer terminates tls", "tls-terminated-before-nginx"),
    ("health check gets 400", "health-check-has-no-cert"),
    ("nginx wont start key values mismatch", "server-cert-key-mismatch"),
    ("how to verify client only for one location", "directive-wrong-context"),
    ("IP address in proxy_pass does not match", "upstream-name-mismatch"),
    ("Let's Encrypt new chain two intermediates upstream", "upstream-verify-depth-too-small"),
    ("backend gets 421", "upstream-host-vs-sni-421"),
    ("selinux permission denied", "selinux-or-apparmor-denies"),
    ("docker symlink no such file", "file-missing-in-container"),
    ("clock skew not yet valid", "client-cert-not-yet-valid"),
    ("fingerprint does not match map sha256", "authz-fingerprint-format"),
    ("403 with valid certificate", "authz-dn-format"),
    ("header X-SSL-Cert spoof", "header-spoofable"),
    ("anybody gets in without certificate", "optional-not-enforced"),
    ("java client sends no certificate", "client-filtered-by-ca-list"),
    ("firefox asks no certificate after cancel", "client-picker-cancelled-cached"),
    ("smart card handshake fails", "client-key-unusable"),
    ("手机应用不支持客户端证书", "client-app-has-no-mtls"),
    ("吊销后仍能访问", "revoked-client-resumes-session"),
    ("深度不够", "client-verify-depth-too-small"),
    ("上游自签名证书", "upstream-self-signed"),
    ("根证书缺失", "client-trust-intermediate-only"),
    ("重新加载后 CRL 没生效", "client-crl-changed-without-reload"),
    ("证书密钥太短", "client-cert-weak-key"),
    ("没有发送证书", "client-sent-no-cert"),
    ("请求头伪造", "header-spoofable"),
    ("健康检查 400", "health-check-has-no-cert"),
    ("预检请求失败", "cors-preflight-has-no-cert"),
    ("明文请求发送到 HTTPS 端口", "plain-http-to-https-port"),
    ("双向认证 日志 没有 原因", "error-log-level-hides-reason"),
    ("上游要求客户端证书", "upstream-demands-cert-alert"),
    ("名称不匹配", "upstream-name-mismatch"),
    ("过期", "client-cert-expired"),
    ("expired", "client-cert-expired"),
    ("revoked", "client-cert-revoked"),
    ("depth", "client-verify-depth-too-small"),
    ("intermediate", "client-intermediate-missing"),
    ("ssl_verify_depth", "client-verify-depth-too-small"),
    ("proxy_ssl_name", "upstream-name-mismatch"),
    ("ssl_crl", "client-crl-missing-for-a-level"),
    ("optional_no_ca", "optional-semantics"),
    ("$ssl_client_s_dn", "authz-dn-format"),
]


@pytest.mark.parametrize(("asked", "cause"), QUESTIONS)
def test_questions(asked: str, cause: str) -> None:
    assert cause in [item.cause.slug for item in explain(asked).causes[:5]]


def test_most_questions_are_answered_by_the_first_cause() -> None:
    right = [explain(asked).causes[0].cause.slug == cause for asked, cause in QUESTIONS]
    assert sum(right) >= len(right) * 0.9


def test_a_typing_error_in_any_long_word_still_finds_the_cause() -> None:
    for outline in causes.outlines():
        words = outline.title.en.split()
        spoiled = [word[: len(word) // 2] + word[len(word) // 2 + 1 :] if len(word) > 6 else word for word in words]
        found = [hit.slug for hit in search(" ".join(spoiled))]
        assert outline.slug in found, (spoiled, found)


def test_scores_fall_and_stay_positive() -> None:
    scores = [hit.score for hit in search("client certificate expired", limit=20)]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0
