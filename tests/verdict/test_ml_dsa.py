"""Certificates with keys of FIPS 204 (ML-DSA), as nginx judged them: 1.26.3 and 1.30.6 know them, older OpenSSL does not.

Measured with s_client of OpenSSL 3.6.5 against nginx of all four builds of the lab.
"""

from random import Random

import pytest

from handclasp.lab.case import der
from handclasp.lab.differential import predicted
from handclasp.lab.draft import Draft, healthy, minted
from handclasp.model.certificate import KeyKind
from handclasp.model.nginx import NginxBuild, NginxVersion
from handclasp.model.verdict import Side
from handclasp.pki.read import certificate_from_der
from tests.verdict.memory_judge import judge

OLD = [NginxBuild(path="nginx", version=NginxVersion(1, 18, 0), openssl="1.1.1w", debug=True),
       NginxBuild(path="nginx", version=NginxVersion(1, 22, 1), openssl="3.0.19", debug=True)]  # fmt: skip
NEW = [NginxBuild(path="nginx", version=NginxVersion(1, 26, 3), openssl="3.5.7", debug=True),
       NginxBuild(path="nginx", version=NginxVersion(1, 30, 6), openssl="3.6.5", debug=True)]  # fmt: skip


def drafted(*kinds: str) -> Draft:
    """A hierarchy whose keys are of these kinds, the leaf's first."""
    made = healthy(Random(3), Side.CLIENT, len(kinds) - 2)
    for tier, kind in zip(made.tiers, kinds, strict=True):
        tier.key = made.new_key(kind)
    return made


@pytest.mark.parametrize("build", NEW, ids=lambda build: build.openssl)
@pytest.mark.parametrize(
    "kinds", [("mldsa44", "mldsa65"), ("mldsa65", "p256"), ("p256", "mldsa44"), ("p256", "mldsa65", "mldsa44")]
)
def test_they_are_good_from_openssl_3_5_on(build: NginxBuild, kinds: tuple[str, ...]) -> None:
    case = minted(drafted(*kinds))
    assert predicted(case, build).verify == "SUCCESS"
    # pyOpenSSL has no way to use such a private key itself.
    assert kinds[0] != "p256" or judge(case) == ()


@pytest.mark.parametrize("build", OLD, ids=lambda build: build.openssl)
def test_before_it_such_a_client_sends_nothing(build: NginxBuild) -> None:
    assert predicted(minted(drafted("mldsa65", "p256")), build).title == "400 No required SSL certificate was sent"


@pytest.mark.parametrize("build", OLD, ids=lambda build: build.openssl)
def test_before_it_such_a_ca_issued_nothing(build: NginxBuild) -> None:
    verdict = predicted(minted(drafted("p256", "mldsa65")), build)
    assert [(error.number, error.depth) for error in verdict.errors] == [(20, 0), (21, 0)]


def test_a_signature_of_another_key_is_seen() -> None:
    made = drafted("p256", "mldsa65")
    made.leaf.signer = made.new_key("mldsa65")
    verdict = predicted(minted(made), NEW[0])
    assert [(error.number, error.depth) for error in verdict.errors] == [(7, 0)]
    assert [error.number for error in judge(minted(made)) or ()] == [7]


def test_their_strength_counts() -> None:
    made = drafted("mldsa44", "mldsa65")
    made.security_level = 3
    assert predicted(minted(made), NEW[0]).errors == ()
    made.security_level = 4
    assert predicted(minted(made), NEW[0]).errors[0].number == 66


def test_what_they_are_is_shown() -> None:
    leaf = certificate_from_der(der(minted(drafted("mldsa65", "p256")).presented[0]))
    assert (leaf.key_kind, leaf.key_bits) == (KeyKind.ML_DSA_65, 8 * 1952)
