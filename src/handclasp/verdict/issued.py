"""Whether one certificate may have issued another, before any signature is looked at (X509_check_issued, X509_check_akid)."""

from handclasp.catalogue.openssl_releases import ML_DSA_KNOWN
from handclasp.model.certificate import ML_DSA, AuthorityKeyIdentifier, Certificate, KeyKind
from handclasp.model.nginx import OpensslSeries

# The extensions that OpenSSL decodes for every certificate (x509v3_cache_extensions): one that cannot be spoils it.
_CACHED = frozenset({
    "2.5.29.19", "1.3.6.1.5.5.7.1.14", "2.5.29.15", "2.5.29.37", "2.16.840.1.113730.1.1", "2.5.29.14", "2.5.29.35",
    "2.5.29.17", "2.5.29.30", "2.5.29.31", "1.3.6.1.5.5.7.1.7", "1.3.6.1.5.5.7.1.8",
})  # fmt: skip
_RSA = {KeyKind.RSA, KeyKind.RSA_PSS}


def akid_mismatch(issuer: Certificate, akid: AuthorityKeyIdentifier | None) -> str | None:
    """Why an authority key identifier does not name `issuer`, in words; None when it does or says nothing."""
    if akid is None:
        return None
    if akid.key_identifier and issuer.subject_key_identifier and akid.key_identifier != issuer.subject_key_identifier:
        return "the authority key identifier names another key"
    if akid.serial is not None and akid.serial != issuer.serial:
        return "the authority key identifier names another serial number"
    if akid.issuer is not None and akid.issuer != issuer.issuer:
        return "the authority key identifier names another issuer's issuer"
    return None


def invalid(certificate: Certificate, series: OpensslSeries) -> bool:
    """EXFLAG_INVALID: an extension cannot be decoded or contradicts itself; such a certificate never finds its issuer."""
    if not _CACHED.isdisjoint(certificate.malformed_extensions):
        return True
    constraints = certificate.basic_constraints
    is_ca = constraints is not None and constraints.ca
    limit = constraints.path_len_constraint if constraints is not None else None
    if limit is not None and (limit < 0 or (not is_ca and _path_length_without_ca(limit, series))):
        return True
    if certificate.proxy and (is_ca or certificate.subject_alt_name is not None):
        return True
    if not series.since(OpensslSeries.V3_0):
        return False
    nameless = any(point.names is None and not point.issuers for point in certificate.distribution_points)
    return certificate.key_usage == frozenset() or nameless


def _path_length_without_ca(limit: int, series: OpensslSeries) -> bool:
    """Whether a path length beside CA:FALSE spoils the certificate: any did in 1.0.2, any but 0 in 1.1.1, none since."""
    return series is OpensslSeries.V1_0_2 or (series is OpensslSeries.V1_1_1 and limit != 0)


def mismatch(subject: Certificate, issuer: Certificate, series: OpensslSeries) -> str | None:
    """Why `issuer` cannot have issued `subject`, in words; None when it may have (ossl_x509_likely_issued)."""
    if subject.issuer != issuer.subject:
        return "its name is not the issuer's name"
    if invalid(issuer, series) or invalid(subject, series):
        return "an extension cannot be parsed"
    wrong = akid_mismatch(issuer, subject.authority_key_identifier)
    if wrong:
        return wrong
    if series is not OpensslSeries.V1_0_2 and not _algorithm_fits(subject, issuer, series):
        return "its key is of another algorithm than the signature"
    return None


def self_signed(certificate: Certificate, series: OpensslSeries) -> bool:
    """X509_self_signed: self-issued by name, key identifiers and algorithm; the signature itself is not checked."""
    return certificate.self_issued and mismatch(certificate, certificate, series) is None


def flagged_self_signed(certificate: Certificate, series: OpensslSeries) -> bool:
    """EXFLAG_SS since 1.1.1: as `self_signed`, but for a certificate whose extensions cannot be parsed too."""
    named = certificate.self_issued and akid_mismatch(certificate, certificate.authority_key_identifier) is None
    return named and _algorithm_fits(certificate, certificate, series)


def key_usage_refuses(certificate: Certificate, *wanted: str) -> bool:
    """A keyUsage extension is there and has none of the wanted bits (ku_reject)."""
    return certificate.key_usage is not None and certificate.key_usage.isdisjoint(wanted)


def _algorithm_fits(subject: Certificate, issuer: Certificate, series: OpensslSeries) -> bool:
    expected = subject.signature_kind
    if expected is None or issuer.key_kind is KeyKind.OTHER:
        return False
    if issuer.key_kind in ML_DSA and not series.since(ML_DSA_KNOWN):
        return False
    return expected == issuer.key_kind or (expected in _RSA and issuer.key_kind in _RSA)
