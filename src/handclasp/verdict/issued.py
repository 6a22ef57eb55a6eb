"""Whether one certificate may have issued another, before any signature is looked at (X509_check_issued, X509_check_akid)."""

from handclasp.model.certificate import AuthorityKeyIdentifier, Certificate, KeyKind
from handclasp.model.nginx import OpensslSeries

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


def mismatch(subject: Certificate, issuer: Certificate, series: OpensslSeries) -> str | None:
    """Why `issuer` cannot have issued `subject`, in words; None when it may have (ossl_x509_likely_issued)."""
    if subject.issuer != issuer.subject:
        return "its name is not the issuer's name"
    if issuer.malformed_extensions or subject.malformed_extensions:
        return "an extension cannot be parsed"
    wrong = akid_mismatch(issuer, subject.authority_key_identifier)
    if wrong:
        return wrong
    if series in {OpensslSeries.V3_0, OpensslSeries.V3_5} and not _algorithm_fits(subject, issuer):
        return "its key is of another algorithm than the signature"
    return None


def self_signed(certificate: Certificate, series: OpensslSeries) -> bool:
    """EXFLAG_SS: self-issued by name, key identifiers and algorithm; the signature itself is not checked."""
    return certificate.self_issued and mismatch(certificate, certificate, series) is None


def key_usage_refuses(certificate: Certificate, *wanted: str) -> bool:
    """A keyUsage extension is there and has none of the wanted bits (ku_reject)."""
    return certificate.key_usage is not None and certificate.key_usage.isdisjoint(wanted)


def _algorithm_fits(subject: Certificate, issuer: Certificate) -> bool:
    expected = subject.signature_kind
    if expected is None or issuer.key_kind is KeyKind.OTHER:
        return False
    return expected == issuer.key_kind or (expected in _RSA and issuer.key_kind in _RSA)
