"""Which causes are named for a clue, and in which order."""

import pytest

from handclasp.catalogue import causes
from handclasp.catalogue.verify_errors import by_symbol
from handclasp.diagnose.candidates import Candidate, Clue, candidates, pattern
from handclasp.diagnose.log_line import read_line
from handclasp.model.nginx import NginxVersion, OpensslSeries
from handclasp.model.verdict import Side


def slugs(found: tuple[Candidate, ...]) -> list[str]:
    assert [candidate.rank for candidate in found] == list(range(1, len(found) + 1))
    return [candidate.cause for candidate in found]


def test_the_most_frequent_faults_come_first() -> None:
    found = candidates(Clue(number=21, side=Side.CLIENT))
    assert slugs(found)[:2] == ["client-ca-not-trusted", "client-intermediate-missing"]
    assert (found[0].runs, found[0].of) == (4, 4)
    assert "4 of 4" in found[0].why.en
    assert found[0].check == causes.load("client-ca-not-trusted").tell_apart


def test_the_side_of_a_line_narrows() -> None:
    assert all(slug.startswith("client-") for slug in slugs(candidates(Clue(number=2, side=Side.CLIENT)))[:2])
    upstream = slugs(candidates(Clue(number=20, side=Side.UPSTREAM)))
    assert upstream[0] == "upstream-ca-not-trusted"
    assert "client-verify-depth-too-small" not in upstream


@pytest.mark.parametrize(
    ("number", "series", "version", "named", "not_named"),
    [
        (22, OpensslSeries.V1_1_1, None, "client-verify-depth-too-small", "client-ca-not-trusted"),
        (2, OpensslSeries.V3_0, None, "client-verify-depth-too-small", "client-ca-not-trusted"),
        (2, OpensslSeries.V1_1_1, None, "client-trust-intermediate-only", "client-verify-depth-too-small"),
        (20, None, NginxVersion(1, 18, 0), "upstream-missing-intermediate", "upstream-name-mismatch"),
        (20, None, NginxVersion(1, 22, 1), "upstream-ca-not-trusted", "upstream-missing-intermediate"),
    ],
)
def test_versions_narrow(
    number: int, series: OpensslSeries | None, version: NginxVersion | None, named: str, not_named: str
) -> None:
    found = candidates(Clue(number=number), version, series)
    assert named in slugs(found)
    assert not_named not in slugs(found)
    assert not any(candidate.other_versions for candidate in found)


def test_a_number_these_versions_never_show_is_said_to_be_of_others() -> None:
    found = candidates(Clue(number=22), None, OpensslSeries.V3_0)
    assert "client-verify-depth-too-small" in slugs(found)
    assert all(candidate.other_versions for candidate in found)


def test_a_page_without_a_line_points_at_the_log_level_first() -> None:
    assert slugs(candidates(Clue(title="400 the SSL certificate error")))[0] == "error-log-level-hides-reason"
    assert slugs(candidates(Clue(title="400 No required SSL certificate was sent")))[0] == "client-sent-no-cert"


def test_a_message_is_matched_by_its_words() -> None:
    line = read_line('upstream SSL certificate does not match "backend" while SSL handshaking to upstream')
    assert slugs(candidates(Clue.of_line(line)))[0] == "upstream-name-mismatch"
    assert candidates(Clue(message="nothing of the kind")) == ()


def test_a_pattern_leaves_room_for_values_only() -> None:
    log = 'cannot load certificate "{path}": BIO_new_file() failed (SSL: …No such file'
    assert pattern(log).search('cannot load certificate "/a.pem": BIO_new_file() failed (SSL: error:80000002:x:No such file')
    assert not pattern(log).search("cannot load certificate: BIO_new_file() failed (SSL: No such file")


_MASKED_BY_CRLS = ("ca-not-trusted", "self-signed", "trust-intermediate-only", "verify-depth-too-small")


_RAISED = (
    "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK", "CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID", "CERT_REJECTED", "CERT_REVOKED",
    "CERT_SIGNATURE_FAILURE", "CRL_HAS_EXPIRED", "CRL_NOT_YET_VALID", "CRL_SIGNATURE_FAILURE", "DEPTH_ZERO_SELF_SIGNED_CERT",
    "DIFFERENT_CRL_SCOPE", "EE_KEY_TOO_SMALL", "INVALID_CA", "INVALID_PURPOSE", "KEYUSAGE_NO_CERTSIGN", "KEYUSAGE_NO_CRL_SIGN",
    "PATH_LENGTH_EXCEEDED", "PERMITTED_VIOLATION", "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_GET_CRL",
    "UNABLE_TO_GET_ISSUER_CERT", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNHANDLED_CRITICAL_CRL_EXTENSION", "UNHANDLED_CRITICAL_EXTENSION",
)  # fmt: skip


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("symbol", _RAISED)
def test_nothing_that_openssl_says_of_a_peer_is_without_a_cause(symbol: str, side: Side) -> None:
    for row in by_symbol(symbol):
        if row.series.since(OpensslSeries.V1_1_1):
            assert candidates(Clue(number=row.number, side=side)), row


@pytest.mark.parametrize("side", Side)
def test_a_missing_list_may_hide_a_path_that_leads_nowhere(side: Side) -> None:
    """With ssl_crl the last error of an incomplete path is 3."""
    found = slugs(candidates(Clue(number=3, side=side)))
    assert {f"{side.value}-{rest}" for rest in _MASKED_BY_CRLS} <= set(found)
