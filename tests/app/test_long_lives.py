"""Times at the edges: lives beyond 2049 are written otherwise in DER, and nothing outlives what signed it, to the second."""

from datetime import UTC, datetime

from cryptography import x509

from tests.ca_rig import Ca, openssl, verify


def test_beyond_2049(empty: Ca) -> None:
    """From 2050 on, times are GeneralizedTime (RFC 5280 4.1.2.5)."""
    empty.run("init", "--days", "10950")
    empty.run("issue", "alice")
    empty.run("crl", "--refresh", "--days", "10000")
    verify(empty, empty.identity("alice", "certificate.pem"))
    root = x509.load_pem_x509_certificate((empty.home / "ca/root.pem").read_bytes())
    assert root.not_valid_after_utc > datetime(2050, 1, 1, tzinfo=UTC)
    for name in ("ca/root.pem", "ca/crl.pem"):
        listing = openssl("asn1parse", "-in", empty.home / name)
        assert "UTCTIME" in listing  # the beginning
        assert "GENERALIZEDTIME" in listing


def test_nothing_outlives_its_issuer(empty: Ca) -> None:
    empty.run("init", "--issuing-days", "100")
    refused = empty.run("issue", "alice", "--days", "101", expect=4)
    assert "outlive" in refused.stderr
    empty.run("issue", "alice", "--days", "100")  # some of the life of the CA has passed already: cut, not refused
    issuing, alice = (
        x509.load_pem_x509_certificate(path.read_bytes())
        for path in (empty.home / "ca/issuing.pem", empty.identity("alice", "certificate.pem"))
    )
    assert alice.not_valid_after_utc == issuing.not_valid_after_utc
    assert alice.not_valid_before_utc >= issuing.not_valid_before_utc
