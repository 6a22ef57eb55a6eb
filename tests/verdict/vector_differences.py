"""Where nginx (OpenSSL as nginx sets it up) and NIST's expectation part, each with its reason; the page that says so."""

from tests.verdict.vectors import (
    Raised,
    Trial,
    pkits_certificates,
    pkits_chains,
    pkits_lists,
    pkits_unread,
    said,
    series,
)

POLICIES = (
    "nginx never switches on X509_V_FLAG_POLICY_CHECK: certificate policies, their mappings and constraints are not looked at, "
    "critical or not. Whoever relies on policies must check them behind nginx."
)
DELTA_ALONE = (
    "nginx never switches on X509_V_FLAG_USE_DELTAS, and OpenSSL before 3.0.22, 3.5.8 and 3.6.4 takes a delta CRL for a "
    "complete one. "
    "Without its base it should not count."
)
DELTA_HIDES = (
    "Of two lists of one CA the newer counts: the delta CRL, taken for a complete one, hides the base that revokes the "
    "certificate."
)
DELTA_STALE = "The complete list has run out; the delta CRL, taken for a complete one, stands in for it."
OTHER_KEY = (
    "The CRL is signed by another key of the CA, held in a certificate that is not on the path. OpenSSL looks for it only with "
    "X509_V_FLAG_EXTENDED_CRL_SUPPORT, which nginx never switches on."
)
INDIRECT = "An indirect CRL counts only with X509_V_FLAG_EXTENDED_CRL_SUPPORT, which nginx never switches on."
REASONS = "CRLs for some reasons only count with X509_V_FLAG_EXTENDED_CRL_SUPPORT, which nginx never switches on."
WEAK = "DSA with 1024 bits and SHA-1 is below security level 2, Debian's default. At level 0 it is accepted, as expected."

REASON_OF = {
    "InvalidMappingFromanyPolicyTest7EE": POLICIES,
    "InvalidMappingToanyPolicyTest8EE": POLICIES,
    "InvalidPolicyMappingTest2EE": POLICIES,
    "InvalidPolicyMappingTest4EE": POLICIES,
    "InvalidPolicyMappingTest10EE": POLICIES,
    "InvalidSelfIssuedinhibitAnyPolicyTest8EE": POLICIES,
    "InvalidSelfIssuedinhibitAnyPolicyTest10EE": POLICIES,
    "InvalidSelfIssuedinhibitPolicyMappingTest8EE": POLICIES,
    "InvalidSelfIssuedinhibitPolicyMappingTest9EE": POLICIES,
    "InvalidSelfIssuedinhibitPolicyMappingTest10EE": POLICIES,
    "InvalidSelfIssuedinhibitPolicyMappingTest11EE": POLICIES,
    "InvalidSelfIssuedrequireExplicitPolicyTest7EE": POLICIES,
    "InvalidSelfIssuedrequireExplicitPolicyTest8EE": POLICIES,
    "InvalidinhibitAnyPolicyTest1EE": POLICIES,
    "InvalidinhibitAnyPolicyTest4EE": POLICIES,
    "InvalidinhibitAnyPolicyTest5EE": POLICIES,
    "InvalidinhibitAnyPolicyTest6EE": POLICIES,
    "InvalidinhibitPolicyMappingTest1EE": POLICIES,
    "InvalidinhibitPolicyMappingTest3EE": POLICIES,
    "InvalidinhibitPolicyMappingTest5EE": POLICIES,
    "InvalidinhibitPolicyMappingTest6EE": POLICIES,
    "InvalidrequireExplicitPolicyTest3EE": POLICIES,
    "InvalidrequireExplicitPolicyTest5EE": POLICIES,
    "InvaliddeltaCRLIndicatorNoBaseTest1EE": DELTA_ALONE,
    "InvaliddeltaCRLTest3EE": DELTA_HIDES,
    "InvaliddeltaCRLTest10EE": DELTA_STALE,
    "ValidBasicSelfIssuedCRLSigningKeyTest6EE": OTHER_KEY,
    "ValidBasicSelfIssuedNewWithOldTest4EE": OTHER_KEY,
    "ValidSeparateCertificateandCRLKeysTest19EE": OTHER_KEY,
    "ValidIDPwithindirectCRLTest22EE": INDIRECT,
    "ValidIDPwithindirectCRLTest24EE": INDIRECT,
    "ValidIDPwithindirectCRLTest25EE": INDIRECT,
    "ValidcRLIssuerTest28EE": INDIRECT,
    "ValidcRLIssuerTest29EE": INDIRECT,
    "ValidcRLIssuerTest30EE": INDIRECT,
    "ValidcRLIssuerTest33EE": INDIRECT,
    "ValidonlySomeReasonsTest18EE": REASONS,
    "ValidonlySomeReasonsTest19EE": REASONS,
    "ValidDSASignaturesTest4EE": WEAK,
}
UNREAD = {
    "DSAParametersInheritedCACert": "a DSA key without parameters of its own: the Python library does not read it",
    "ValidDSAParameterInheritanceTest5EE": "issued by the one above, with the same kind of key",
}
NOT_FOR_OPENSSL = {
    "invalid_utf8_common_name.pem": "a name that says UTF-8 and is not: OpenSSL does not load the file, the model reads it",
    "name_attribute_unsupported_tag.pem": "a name of a string type that does not exist: OpenSSL does not load the file",
}
"""No verdict to compare: such a certificate never gets as far as verification."""


def unexpected() -> dict[str, Raised]:
    """The PKITS tests that end otherwise than their name says, with all errors the model foresees at nginx."""
    root = pkits_certificates()["TrustAnchorRootCertificate"]
    found = {}
    for name, chain in pkits_chains().items():
        errors = said(Trial(name=name, presented=chain, trust=(root,), crls=pkits_lists(chain)), series())
        if (name.startswith("Invalid") and not errors) or (name.startswith("Valid") and errors):
            found[name] = errors
    return found


def page(pkits: int, odd: int, openssl: str) -> str:
    """The page, with how many trials were made, and with which openssl."""
    rows = [
        f"| {name.removesuffix('EE')} | {_words(errors)} | {REASON_OF.get(name, '**not explained**')} |"
        for name, errors in sorted(unexpected().items())
    ]
    unread = [f"- `{name}`: {UNREAD.get(name, '**not explained**')}." for name in pkits_unread()]
    unloaded = [f"- `{name}`: {why}." for name, why in NOT_FOR_OPENSSL.items()]
    return "\n".join((
        "# The verdict model, `openssl verify`, and NIST's expectations",
        "",
        "Written by `tools/verdict_differences.py`, checked by `tests/verdict/test_vectors.py`. Vectors: NIST's Public Key",
        "Interoperability Test Suite (PKITS) and the certificates of the package `cryptography_vectors`, most of them odd.",
        "",
        "## Model against openssl",
        "",
        f"`openssl verify` ({openssl}) with nginx's settings: a purpose, one CA file, every certificate of the path checked",
        "against CRLs or none, security levels 0 and 2, depths 1 and 9. It shows errors up to the first that it does not go on",
        "after; up to there number and depth of every one must be the model's.",
        "",
        "| | trials | differ |",
        "|---|---|---|",
        f"| PKITS: {len(pkits_chains())} paths under 4 settings | {pkits} | 0 |",
        f"| other certificates, each trusted or not, on both sides | {odd} | 0 |",
        "",
        "Not compared:",
        "",
        *unread,
        *unloaded,
        "",
        "## nginx against NIST",
        "",
        "Where nginx, and so the model, answers otherwise than PKITS expects of a full implementation of RFC 5280. Setting:",
        "CRLs, level 2, depth 9. These are properties of OpenSSL as nginx uses it; nothing can be configured about them.",
        "",
        "| test | errors (number@depth) | why |",
        "|---|---|---|",
        *rows,
        "",
    ))  # fmt: skip


def _words(errors: Raised) -> str:
    return " ".join(f"{number}@{depth}" for number, depth in errors) or "accepted"
