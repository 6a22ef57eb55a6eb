"""The model against a second judge that knows nothing of nginx: the OpenSSL that the Python library ships, which is newer.

One difference is known, and nothing else may differ: the Python library clears the error after each callback, so that a weak
leaf key (66) is not raised again instead of the error of path building, as it is in nginx.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from OpenSSL import SSL, crypto

from handclasp.lab import mint
from handclasp.lab.case import Case, Raised, der
from handclasp.lab.differential import predicted
from handclasp.lab.fuzz import cases
from handclasp.model.certificate import TrustAnchors
from handclasp.model.nginx import NginxBuild, NginxVersion, OpensslSeries
from handclasp.model.verdict import Side
from handclasp.pki.lenient import quiet
from handclasp.pki.read import certificate_from_der
from handclasp.pki.throwaway import key
from handclasp.verdict.question import Question
from tests.verdict.memory_judge import judge

END = datetime(2040, 1, 1, tzinfo=UTC)
SHIPPED = SSL.SSLeay_version(0).decode().split()[1]
NEWEST = NginxBuild(path="nginx", version=NginxVersion(1, 26, 3), openssl=SHIPPED, debug=True)
OLDER = NginxBuild(path="nginx", version=NginxVersion(1, 26, 3), openssl="3.5.7", debug=True)
WEAK_KEY = 66


def test_model_and_openssl_in_memory_agree_but_for_the_known_difference() -> None:
    assert NEWEST.series is OpensslSeries.V4_0, f"the library ships {SHIPPED}"
    compared = unlike_older = 0
    for case in cases(97, 700):
        if not case.presented or misfiled(case) or misspelt(case):
            continue
        said = raised(case, NEWEST)
        if [error.number for error in said].count(WEAK_KEY) > 1:
            continue
        assert judge(case) == said, case.labels
        unlike_older += raised(case, OLDER) != said
        compared += 1
    assert compared > 500
    assert unlike_older > 0, "nothing here tells 4.0 from 3.5"


@pytest.mark.parametrize(("late", "valid"), [(0, True), (1, False)])
def test_the_last_second_of_a_certificate_counts_from_4_0_on(late: int, *, valid: bool) -> None:
    made = mint.Blank(subject=mint.name(("CN", "alone")), key=key("p256", 1), serial=1, digest="sha256", not_after=END)
    alone = crypto.X509.from_cryptography(x509.load_der_x509_certificate(mint.certificate(made)))
    at = END + timedelta(seconds=late)
    store = crypto.X509Store()
    store.add_cert(alone)
    store.set_time(at)
    context = crypto.X509StoreContext(store, alone)
    if valid:
        context.verify_certificate()
    else:
        with pytest.raises(crypto.X509StoreContextError, match="certificate has expired"):
            context.verify_certificate()
    ours = certificate_from_der(mint.certificate(made))
    question = Question(
        presented=(ours,), store=TrustAnchors((ours,)), crls=None, depth=9, side=Side.UPSTREAM, at=at,
        series=OpensslSeries.V4_0, security_level=1,
    )  # fmt: skip
    assert question.current(ours) is valid
    assert replace(question, series=OpensslSeries.V3_6).current(ours) is False


def raised(case: Case, build: NginxBuild) -> tuple[Raised, ...]:
    return tuple(Raised(error.number, error.depth) for error in predicted(case, build).errors)


def misfiled(case: Case) -> bool:
    """A CRL in the file of the CAs or the reverse: what nginx makes of it is nginx's doing."""
    return any("CRL" in text for text in case.store) or any("CERTIFICATE" in text for text in case.crls or ())


def misspelt(case: Case) -> bool:
    """A certificate or CRL that OpenSSL takes and the Python library, through which the judge is fed, does not."""
    try:
        with quiet():
            for text in case.presented:
                x509.load_der_x509_certificate(der(text))
            for text in case.crls or ():
                x509.load_der_x509_crl(der(text))
    except ValueError:
        return True
    return False
