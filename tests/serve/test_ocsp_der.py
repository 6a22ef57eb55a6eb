"""OCSP in DER: what we write is what `cryptography` writes, what we read is what it reads, and nothing hostile gets through."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from handclasp.model.issuance import Reason
from handclasp.model.ocsp import CertStatus, OcspError, OcspRequest, Status
from handclasp.pki import der
from handclasp.pki import der_write as write
from handclasp.pki.ocsp_request import (
    HASHES,
    MAX_CERT_IDS,
    RequestReader,
    cert_id,
    issuer_hashes,
    read_request,
    request_in_path,
    write_request,
)
from handclasp.pki.ocsp_response import Signer, error_response, sign_response
from tests.nginx_rig import make

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(hours=1)
CA = make("Test CA", ca=True)
ALICE = make("alice", CA)
SERIAL = ALICE.certificate.serial_number


def responder() -> tuple[ed25519.Ed25519PrivateKey, x509.Certificate]:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "responder")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(CA.certificate.subject).public_key(key.public_key())
    builder = builder.serial_number(5).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=9))
    return key, builder.sign(CA.key, hashes.SHA256())


KEY, RESPONDER = responder()
SIGNER = Signer.of(KEY, RESPONDER)


@pytest.mark.parametrize("oid", HASHES)
def test_requests_are_those_of_cryptography(oid: str) -> None:
    digest = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[
        HASHES[oid]
    ]
    theirs = ocsp.OCSPRequestBuilder().add_certificate(ALICE.certificate, CA.certificate, digest).build()
    ours = cert_id(CA.certificate, SERIAL, oid)
    assert write_request(ours.encoded) == theirs.public_bytes(Encoding.DER)
    assert read_request(theirs.public_bytes(Encoding.DER)).cert_ids == (ours,)


def nonce_request(nonce: bytes, *, critical: bool = False, copies: int = 1) -> bytes:
    made = ocsp.OCSPRequestBuilder().add_certificate(ALICE.certificate, CA.certificate, hashes.SHA1())
    plain = made.build().public_bytes(Encoding.DER)
    (single,) = der.elements(der.first(der.first(plain).content).content)
    value = write.octet_string(write.octet_string(nonce))
    truth = der.encode(der.BOOLEAN, b"\xff") if critical else b""
    extension = write.sequence(write.oid("1.3.6.1.5.5.7.48.1.2"), truth, value)
    return write.sequence(write.sequence(single.encoded, der.encode(0xA2, write.sequence(*[extension] * copies))))


@pytest.mark.parametrize("length", [1, 32, 33, 128])
def test_a_nonce_is_read_and_sent_back(length: int) -> None:
    request = read_request(nonce_request(b"n" * length, critical=True))
    assert request.nonce == write.octet_string(b"n" * length)
    answer = sign_response(
        SIGNER, [CertStatus(cert_id=request.cert_ids[0], status=Status.GOOD)], now=NOW, next_update=UNTIL, nonce=request.nonce
    )
    theirs = ocsp.load_der_ocsp_response(answer)
    assert theirs.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * length


@pytest.mark.parametrize(
    ("status", "reason"),
    [(Status.GOOD, None), (Status.UNKNOWN, None), *((Status.REVOKED, reason) for reason in Reason)],
)
def test_answers_are_those_of_cryptography(status: Status, reason: Reason | None) -> None:
    revoked = status is Status.REVOKED
    one = CertStatus(cert_id=cert_id(CA.certificate, SERIAL), status=status, revoked_at=NOW if revoked else None, reason=reason)
    ours = sign_response(SIGNER, [one], now=NOW, next_update=UNTIL)
    flag = None if reason in (None, Reason.UNSPECIFIED) else x509.ReasonFlags(reason.value)
    word = {"good": ocsp.OCSPCertStatus.GOOD, "unknown": ocsp.OCSPCertStatus.UNKNOWN, "revoked": ocsp.OCSPCertStatus.REVOKED}
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=ALICE.certificate, issuer=CA.certificate, algorithm=hashes.SHA1(), cert_status=word[status], this_update=NOW,
        next_update=UNTIL, revocation_time=NOW if revoked else None, revocation_reason=flag,
    )  # fmt: skip
    theirs = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, RESPONDER).certificates([RESPONDER]).sign(KEY, None)
    mine = ocsp.load_der_ocsp_response(ours)
    KEY.public_key().verify(mine.signature, mine.tbs_response_bytes)
    # producedAt is the one field that the library sets by itself
    assert without_produced_at(mine.tbs_response_bytes) == without_produced_at(theirs.tbs_response_bytes)
    assert mine.certificates == [RESPONDER]


def without_produced_at(tbs: bytes) -> list[bytes]:
    parts = [part.encoded for part in der.elements(der.first(tbs).content)]
    return parts[:1] + parts[2:]


def test_several_in_one_answer_and_a_real_ecdsa_signature() -> None:
    signer = Signer.of(CA.key, CA.certificate)
    ids = [cert_id(CA.certificate, serial) for serial in (1, 2, 3)]
    answer = sign_response(signer, [CertStatus(cert_id=one, status=Status.GOOD) for one in ids], now=NOW, next_update=UNTIL)
    assert [one.serial_number for one in ocsp.load_der_ocsp_response(answer).responses] == [1, 2, 3]


@pytest.mark.parametrize("error", OcspError)
def test_error_answers(error: OcspError) -> None:
    assert ocsp.load_der_ocsp_response(error_response(error)).response_status.value == error.value


def asked(*, serial: bytes = b"\x05", oid: bytes = b"\x2b\x0e\x03\x02\x1a") -> bytes:
    """A request as nobody's library writes it: what is sent back must be DER."""
    algorithm = write.sequence(der.encode(der.OID, oid), b"\x05\x00")
    name, key = issuer_hashes(CA.certificate, "1.3.14.3.2.26")
    number = der.encode(der.INTEGER, serial)
    return write_request(write.sequence(algorithm, write.octet_string(name), write.octet_string(key), number))


PLAIN = write_request(cert_id(CA.certificate, SERIAL).encoded)


@pytest.mark.parametrize(
    "hostile",
    [
        b"", b"\x30", b"\x30\x00", b"0" * 20_000, PLAIN[:-1], PLAIN + b"\0", b"\x30\x80" + PLAIN[2:] + b"\0\0",
        nonce_request(b""), nonce_request(b"n" * 129), nonce_request(b"n", copies=2),
        write.sequence(write.sequence(write.sequence(*[der.first(der.first(der.first(PLAIN).content).content).content] * 65))),
        write.sequence(write.sequence(write.sequence())),
        asked(serial=b"\0\x05"), asked(serial=b"\xff\x80"), asked(serial=b""), asked(oid=b"\x80\x2b\x0e\x03\x02\x1a"),
    ],
    ids=range(16),
)  # fmt: skip
def test_hostile_requests_are_malformed(hostile: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_request(hostile)


def test_as_many_as_allowed_are_read() -> None:
    single = write.sequence(cert_id(CA.certificate, SERIAL).encoded)
    request = write.sequence(write.sequence(write.sequence(*[single] * MAX_CERT_IDS)))
    assert len(read_request(request).cert_ids) == MAX_CERT_IDS


@given(st.binary(max_size=300))
def test_noise_never_breaks_the_reader(noise: bytes) -> None:
    for data in (noise, PLAIN[: len(noise)] + noise):
        try:
            read_request(data)
        except ValueError:
            continue


@given(st.integers(0, len(PLAIN) - 1), st.integers(0, 255))
def test_a_changed_octet_is_refused_or_read_as_it_stands(place: int, octet: int) -> None:
    changed = PLAIN[:place] + bytes((octet,)) + PLAIN[place + 1 :]
    try:
        (found,) = read_request(changed).cert_ids
    except ValueError:
        return
    assert found.encoded in changed


def test_base64_in_a_path() -> None:
    assert request_in_path(b"MDA%2BMC8%3D") == request_in_path(b"MDA+MC8=") == request_in_path(b"//MDA+MC8=")
    for wrong in (b"%%%", b"M", b"====", b"A" * 40_000):
        with pytest.raises(ValueError, match=r"\w"):
            request_in_path(wrong)


NONCES = [nonce_request(bytes(range(length))) for length in (1, 15, 16, 17, 31, 32, 33, 127, 128)]


def outcome(read: Callable[[bytes], OcspRequest], data: bytes) -> OcspRequest | None:
    try:
        return read(data)
    except ValueError:
        return None


def both(reader: RequestReader, data: bytes) -> None:
    assert outcome(reader.read, data) == outcome(read_request, data)


def test_a_request_like_an_earlier_one_is_read_as_it_stands() -> None:
    reader = RequestReader(capacity=2)
    lengths = [16, 32, 16, 32, 8]
    for number in range(20):
        for length in lengths:
            both(reader, nonce_request(bytes([number + 1]) * length))
    assert reader.read(nonce_request(b"z" * 16)).nonce == b"\x04\x10" + b"z" * 16


def test_what_only_looks_like_a_nonce_at_the_end_is_none() -> None:
    """Behind the nonce stands another extension whose last octets are the same; then one that is critical and unknown."""
    single = write.sequence(cert_id(CA.certificate, SERIAL).encoded)
    nonce = write.octet_string(write.octet_string(b"n" * 16))
    for other in (b"n" * 16, b"o" * 16):
        reader = RequestReader()
        for tail in (b"n" * 16, other):
            last = write.sequence(write.oid("1.3.6.1.5.5.7.48.1.4"), write.octet_string(write.octet_string(tail)))
            first = write.sequence(write.oid("1.3.6.1.5.5.7.48.1.2"), nonce)
            extensions = der.encode(0xA2, write.sequence(first, last))
            request = write.sequence(write.sequence(write.sequence(single), extensions))
            both(reader, request)
            assert reader.read(request).nonce == b"\x04\x10" + b"n" * 16


@given(st.sampled_from(NONCES), st.data())
def test_a_changed_request_is_read_as_if_it_were_the_first(request: bytes, data: st.DataObject) -> None:
    reader = RequestReader()
    for known in NONCES:
        reader.read(known)
    place, octet = data.draw(st.integers(0, len(request) - 1)), data.draw(st.integers(0, 255))
    both(reader, request[:place] + bytes((octet,)) + request[place + 1 :])
    both(reader, request[:-place])
    both(reader, request + bytes((octet,)) * place)
