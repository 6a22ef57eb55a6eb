"""What the certificates of a path may be used for: critical extensions, CA-ness, purpose, path length.

x509_vfy.c:check_extensions and v3_purp.c. OpenSSL checks from the leaf up, one certificate at a time.
"""

from collections.abc import Callable

from handclasp.model.certificate import Certificate
from handclasp.model.nginx import OpensslSeries
from handclasp.model.verdict import Side
from handclasp.verdict.issued import invalid, key_usage_refuses, self_signed
from handclasp.verdict.question import Chain, Findings, Question

_CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
_SERVER_AUTHS = {"1.3.6.1.5.5.7.3.1", "2.16.840.1.113730.4.1", "1.3.6.1.4.1.311.10.3.3"}
_NETSCAPE_CAS = ("ssl_ca", "smime_ca", "object_ca")
_PROXY_CERT_INFO = "1.3.6.1.5.5.7.1.14"

# X509_supported_extension
KNOWN_CRITICAL = frozenset({
    "2.16.840.1.113730.1.1", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.32", "2.5.29.31", "2.5.29.37",
    "1.3.6.1.5.5.7.1.7", "1.3.6.1.5.5.7.1.8", "2.5.29.36", _PROXY_CERT_INFO, "2.5.29.30", "2.5.29.33", "2.5.29.54",
})  # fmt: skip
_KNOWN_SINCE_3 = frozenset({"1.3.6.1.5.5.7.48.1.5"})


def check(question: Question, findings: Findings, chain: Chain) -> None:
    """Raise 34, 40, 24 or 79, 26 and 25 as OpenSSL does. 1.0.2 looks only at what the peer sent."""
    old = question.series is OpensslSeries.V1_0_2
    certificates = chain.certificates[: chain.untrusted] if old else chain.certificates
    above, proxies, below_is_proxy = 0, 0, False
    for depth, certificate in enumerate(certificates):
        if _unknown_critical(certificate, question):
            findings.error("UNHANDLED_CRITICAL_EXTENSION", depth, certificate)
        if certificate.proxy:
            findings.error("PROXY_CERTIFICATES_NOT_ALLOWED", depth, certificate)
        # What stands above a proxy certificate must be an end entity or a proxy itself (RFC 3820 3.4).
        must_be_ca = depth > 0 and not below_is_proxy
        if below_is_proxy and ca_kind(certificate, question.series):
            findings.error("INVALID_NON_CA", depth, certificate)
        if must_be_ca and not _acceptable_ca(question, certificate, top=depth + 1 == len(certificates)):
            findings.error("INVALID_CA", depth, certificate)
        stored = depth >= chain.untrusted
        if not (stored and certificate in question.store.vouched) and (
            (stored and certificate in question.store.refused) or not _fit(question, certificate, must_be_ca=must_be_ca)
        ):
            findings.error("INVALID_PURPOSE", depth, certificate)
        limit = _path_length(certificate)
        if depth > 1 and limit is not None and above > limit + proxies:
            findings.error("PATH_LENGTH_EXCEEDED", depth, certificate)
        if depth > 0 and not certificate.self_issued:
            above += 1
        below_is_proxy = certificate.proxy
        proxies += certificate.proxy


def ca_kind(certificate: Certificate, series: OpensslSeries) -> int:
    """X509_check_ca: 0 no CA or unparsable, 1 by basicConstraints, 3 a version 1 root, 4 by keyUsage, 5 by nsCertType."""
    if invalid(certificate, series) or key_usage_refuses(certificate, "key_cert_sign"):
        return 0
    if certificate.basic_constraints is not None:
        return int(certificate.basic_constraints.ca)
    if certificate.version == 1 and self_signed(certificate, series):
        return 3
    if certificate.key_usage is not None:
        return 4
    netscape = certificate.netscape_cert_type
    return 5 if netscape is not None and not netscape.isdisjoint(_NETSCAPE_CAS) else 0


def _unknown_critical(certificate: Certificate, question: Question) -> bool:
    known = KNOWN_CRITICAL | _KNOWN_SINCE_3 if question.modern else KNOWN_CRITICAL
    return any(oid not in known for oid in certificate.critical_extensions)


def _acceptable_ca(question: Question, certificate: Certificate, *, top: bool) -> bool:
    kind = ca_kind(certificate, question.series)
    strict = question.series is not OpensslSeries.V1_0_2 and not top
    return kind == 1 if strict else kind != 0


def _fit(question: Question, certificate: Certificate, *, must_be_ca: bool) -> bool:
    """X509_check_purpose, which an unparsable certificate passes: it answers "internal error", and only strict mode minds."""
    return invalid(certificate, question.series) or _PURPOSES[question.side](certificate, question.series, must_be_ca)


def _path_length(certificate: Certificate) -> int | None:
    limit = certificate.basic_constraints.path_len_constraint if certificate.basic_constraints else None
    return None if limit is None or limit < 0 else limit


def _client(certificate: Certificate, series: OpensslSeries, is_ca: bool) -> bool:  # noqa: FBT001 - one signature for all
    usage = certificate.extended_key_usage
    if usage is not None and _CLIENT_AUTH not in usage:
        return False
    if is_ca:
        return _tls_ca(certificate, series)
    return not key_usage_refuses(certificate, "digital_signature", "key_agreement") and _netscape(certificate, "ssl_client")


def _server(certificate: Certificate, series: OpensslSeries, is_ca: bool) -> bool:  # noqa: FBT001 - one signature for all
    usage = certificate.extended_key_usage
    if usage is not None and usage.isdisjoint(_SERVER_AUTHS):
        return False
    if is_ca:
        return _tls_ca(certificate, series)
    allowed = not key_usage_refuses(certificate, "digital_signature", "key_encipherment", "key_agreement")
    return allowed and _netscape(certificate, "ssl_server")


def _tls_ca(certificate: Certificate, series: OpensslSeries) -> bool:
    kind = ca_kind(certificate, series)
    return kind not in {0, 5} or (kind == 5 and _netscape(certificate, "ssl_ca"))


def _netscape(certificate: Certificate, bit: str) -> bool:
    return certificate.netscape_cert_type is None or bit in certificate.netscape_cert_type


_PURPOSES: dict[Side, Callable[[Certificate, OpensslSeries, bool], bool]] = {Side.CLIENT: _client, Side.UPSTREAM: _server}
