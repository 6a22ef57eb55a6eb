"""The model against a second judge that knows nothing of nginx: the OpenSSL that the Python library ships, which is newer.

Three differences are known, and nothing else may differ:
- OpenSSL 4.0 asks for no CRL of a self-signed certificate at the top of the path;
- OpenSSL 4.0 no longer takes a delta CRL for a complete one;
- the Python library clears the error after each callback, so that a weak leaf key (66) is not raised again instead of the
  error of path building, as it is in nginx.
"""

from cryptography import x509
from OpenSSL import SSL

from handclasp.lab.case import Case, Raised, der
from handclasp.lab.differential import predicted
from handclasp.lab.fuzz import cases
from handclasp.model.certificate import Certificate
from handclasp.model.nginx import NginxBuild, NginxVersion
from handclasp.model.verdict import Verdict
from handclasp.pki.read import crl_from_der
from handclasp.verdict.issued import mismatch
from tests.verdict.memory_judge import judge

NEWEST = NginxBuild(path="nginx", version=NginxVersion(1, 26, 3), openssl="3.5.7", debug=True)
OF_CRLS = {3, 8, 11, 12, 23, 35, 36, 44, 54}
WEAK_KEY = 66


def test_model_and_openssl_in_memory_agree_but_for_known_differences() -> None:
    assert int(SSL.SSLeay_version(0).split()[1].split(b".")[0]) >= 4, "the known differences are those of OpenSSL 4"
    compared = topmost = 0
    for case in cases(97, 700):
        if not case.presented or misfiled(case) or misspelt(case) or with_delta(case):
            continue
        verdict, seen = predicted(case, NEWEST), judge(case)
        said = tuple(Raised(error.number, error.depth) for error in verdict.errors)
        if [error.number for error in said].count(WEAK_KEY) > 1:
            continue
        expected = tuple(error for error in said if not on_top(error, verdict))
        topmost += expected != said
        assert seen == expected, case.labels
        compared += 1
    assert compared > 500
    assert topmost > 0


def misfiled(case: Case) -> bool:
    """A CRL in the file of the CAs or the reverse: what nginx makes of it is nginx's doing."""
    return any("CRL" in text for text in case.store) or any("CERTIFICATE" in text for text in case.crls or ())


def misspelt(case: Case) -> bool:
    """A certificate that OpenSSL takes and the Python library, through which the judge is fed, does not."""
    try:
        for text in case.presented:
            x509.load_der_x509_certificate(der(text))
    except ValueError:
        return True
    return False


def with_delta(case: Case) -> bool:
    return any(crl_from_der(der(text)).delta_base is not None for text in case.crls or ())


def on_top(error: Raised, verdict: Verdict) -> bool:
    top = verdict.path[-1]
    return error.number in OF_CRLS and error.depth == top.depth and seems_self_signed(top.certificate)


def seems_self_signed(certificate: Certificate) -> bool:
    """By names, key identifiers and algorithm; a certificate that cannot be parsed counts too."""
    return mismatch(certificate, certificate, NEWEST.series) in {None, "an extension cannot be parsed"}
