"""OCSP responses (RFC 6960 4.2, RFC 5019): own DER writer, because one answer may hold several certificates.

The builder of `cryptography` makes answers for exactly one; tests hold the two equal there, and OpenSSL and GnuTLS read ours.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.model.errors import Bug
from handclasp.model.ocsp import CertStatus, OcspError, Status
from handclasp.pki import der_write as der
from handclasp.pki.crl_rows import REASON_CODES
from handclasp.pki.der import encode
from handclasp.pki.ocsp_request import NONCE, key_bits
from handclasp.pki.signing import SigningKey, algorithm_identifier, pen

_BASIC = der.oid("1.3.6.1.5.5.7.48.1.1")
_time = lru_cache(maxsize=256)(der.generalized_time)
_NONCE = der.oid(NONCE)
_TIMES = b"\x18\x0f" + bytes(15) + b"\xa0\x11\x18\x0f" + bytes(15)
"""The form of thisUpdate and nextUpdate as they stand behind the status of a certificate."""
_SUCCESSFUL = encode(0x0A, b"\x00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who answers for one CA: a delegated responder (RFC 6960 4.2.2.2), with the parts of an answer that never change."""

    sign: Callable[[bytes], bytes]
    certificate: x509.Certificate
    until: datetime
    responder_id: bytes
    algorithm: bytes
    certificates: bytes

    @classmethod
    def of(cls, key: SigningKey, certificate: x509.Certificate) -> "Signer":
        """Key and certificate of a responder; Bug when they do not belong together."""
        if key.public_key() != certificate.public_key():
            raise Bug("the key is not that of the responder's certificate")
        by_key = der.octet_string(hashlib.sha1(key_bits(certificate), usedforsecurity=False).digest())
        return cls(
            sign=pen(key),
            certificate=certificate,
            until=certificate.not_valid_after_utc,
            responder_id=encode(0xA2, by_key),
            algorithm=algorithm_identifier(key.public_key()),
            certificates=encode(0xA0, der.sequence(certificate.public_bytes(Encoding.DER))),
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer to which only the nonce and the signature are missing: it may be signed for several clients."""

    signer: Signer
    beginning: bytes

    def signed(self, nonce: bytes | None) -> bytes:
        """A signed OCSPResponse in DER; `nonce` as in `sign_response`."""
        content, signer = self.beginning, self.signer
        if nonce is not None:
            content += _before_nonce(len(nonce)) + nonce
        content = encode(0x30, content)
        signature = signer.sign(content)
        before, between = _around(len(content), signer.algorithm, len(signature), len(signer.certificates))
        return b"".join((before, content, between, signature, signer.certificates))


def draft_response(signer: Signer, statuses: Iterable[CertStatus], *, now: datetime, next_update: datetime) -> Draft:
    """See `sign_response`."""
    this, until = _time(now), encode(0xA0, _time(next_update))
    responses = der.sequence(*(der.sequence(one.cert_id.encoded, _status(one), this, until) for one in statuses))
    return Draft(signer, signer.responder_id + this + responses)


def sign_response(
    signer: Signer,
    statuses: Iterable[CertStatus],
    *,
    now: datetime,
    next_update: datetime,
    nonce: bytes | None = None,
) -> bytes:
    """A signed OCSPResponse in DER. producedAt and thisUpdate are `now`, in whole seconds.

    Args:
        signer: the responder of the CA that issued every one of them.
        statuses: what is known, in the order of the request.
        now: the time of the lookup.
        next_update: until when the answer may be used.
        nonce: the value of the request's nonce extension.
    """
    return draft_response(signer, statuses, now=now, next_update=next_update).signed(nonce)


def said_until(answer: bytes, said: CertStatus, signer: Signer) -> datetime | None:
    """When an answer that `sign_response` made ends, if it is of this signer and says exactly this; None otherwise."""
    single = said.cert_id.encoded + _status(said)
    place = answer.find(single)
    times = answer[place + len(single) :][: len(_TIMES)]
    if place < 0 or not answer.endswith(signer.certificates) or len(times) < len(_TIMES):
        return None
    if times[:2] != _TIMES[:2] or times[17:21] != _TIMES[17:21]:
        return None
    return _moment(times[21:])


@lru_cache(maxsize=256)
def _moment(text: bytes) -> datetime | None:
    try:
        return datetime.strptime(text.decode(), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def error_response(error: OcspError) -> bytes:
    """An unsigned answer that says only why there is none."""
    return der.sequence(encode(0x0A, bytes((error,))))


@lru_cache(maxsize=256)
def _before_nonce(length: int) -> bytes:
    """What stands between the responses and a nonce of so many octets: responseExtensions with that one extension."""
    return _without_end(encode(0xA1, der.sequence(der.sequence(_NONCE, der.octet_string(bytes(length))))), length)


@lru_cache(maxsize=1024)
def _around(content: int, algorithm: bytes, signature: int, certificates: int) -> tuple[bytes, bytes]:
    """What stands before the signed content, and between it and the signature, when they have so many octets."""
    between = algorithm + _without_end(der.bit_string(bytes(signature)), signature)
    inner = content + len(between) + signature + certificates
    basic = encode(0x30, bytes(inner))
    whole = encode(0x30, _SUCCESSFUL + encode(0xA0, encode(0x30, _BASIC + encode(0x04, basic))))
    return _without_end(whole, inner), between


def _without_end(encoded: bytes, length: int) -> bytes:
    return encoded[: len(encoded) - length]


def _status(found: CertStatus) -> bytes:
    if found.status is Status.GOOD:
        return b"\x80\x00"
    if found.status is Status.UNKNOWN:
        return b"\x82\x00"
    if found.revoked_at is None:
        raise Bug("a revoked certificate has no date", where=f"{found.cert_id.serial:X}")
    code = REASON_CODES.get(found.reason or "")
    reason = encode(0xA0, encode(0x0A, bytes((code,)))) if code is not None else b""
    return encode(0xA1, der.generalized_time(found.revoked_at) + reason)
