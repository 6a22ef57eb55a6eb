"""The ceremony of an offline root as bytes: a CA's request on the way there, certificates and CRLs on the way back."""

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.model.errors import InputError
from handclasp.model.issuance import IssuanceRequest
from handclasp.pki.signing import SigningKey, digest_for
from handclasp.pki.tbs import subject_name

_MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back: the new CA's certificate, those above it up to the root, and a CRL of each of these, in that order."""

    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...]
    crls: tuple[x509.CertificateRevocationList, ...]


def ca_request_pem(request: IssuanceRequest, key: SigningKey) -> bytes:
    """A certification request (PKCS#10): the subject, the key, nothing else. The signer decides the rest."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject_name(request))
    return builder.sign(key, digest_for(key.public_key())).public_bytes(Encoding.PEM)


def request_pem(key: SigningKey) -> bytes:
    """A certification request that brings nothing but a key: the signer knows everything else."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, digest_for(key.public_key())).public_bytes(Encoding.PEM)


def reply_pem(certificates: Iterable[x509.Certificate], crls: Iterable[bytes]) -> bytes:
    """The file that goes back: certificates from the new CA up to the root, then CRLs (DER)."""
    lists = (x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) for der in crls)
    return b"".join([*(one.public_bytes(Encoding.PEM) for one in certificates), *lists])


def read_reply(content: bytes, *, where: str) -> Reply:
    """Read what `reply_pem` wrote, and check every signature in it, up to a self-signed root.

    Raises:
        InputError: something is missing, unreadable or not signed by what stands above it.
    """
    if len(content) > _MAX_BYTES:
        raise InputError(f"has {len(content)} bytes: that is no reply to a request", where=where)
    try:
        found = x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise InputError(f"is no reply to a CA's request: {error}", where=where, hint="handclasp ca sign writes it") from error
    lists = read_crls(content, where=where)
    chain = [found[0]]
    while chain[-1].issuer != chain[-1].subject:
        chain.append(_above(chain[-1], found, where))
    _checked(chain[-1], chain[-1], where)
    above = tuple(chain[1:])
    if not above:
        raise InputError("holds one self-signed certificate, and no CA below it", where=where)
    return Reply(certificate=chain[0], above=above, crls=tuple(_crl_of(one, lists, where) for one in above))


def read_crls(content: bytes, *, where: str) -> tuple[x509.CertificateRevocationList, ...]:
    """Every CRL of a PEM file.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    blocks = content.split(b"-----BEGIN X509 CRL-----")[1:]
    try:
        lists = tuple(x509.load_pem_x509_crl(b"-----BEGIN X509 CRL-----" + block) for block in blocks)
    except ValueError as error:
        raise InputError(f"holds a CRL that cannot be read: {error}", where=where) from error
    if not lists:
        raise InputError(
            "holds no CRL",
            where=where,
            hint="a reply comes from the machine of the root: handclasp ca sign REQUEST -o reply.pem\n"
            "newer CRLs are in its HOME/ca/crl.pem: handclasp crl --refresh",
        )
    return lists


def _above(certificate: x509.Certificate, found: list[x509.Certificate], where: str) -> x509.Certificate:
    for candidate in found:
        if candidate.subject == certificate.issuer and candidate is not certificate:
            return _checked(certificate, candidate, where)
    raise InputError(f"lacks the certificate of {certificate.issuer.rfc4514_string()}", where=where)


def _checked(certificate: x509.Certificate, issuer: x509.Certificate, where: str) -> x509.Certificate:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise InputError(
            f"{certificate.subject.rfc4514_string()} is not signed by {issuer.subject.rfc4514_string()}", where=where
        ) from error
    return issuer


def _crl_of(
    issuer: x509.Certificate, lists: tuple[x509.CertificateRevocationList, ...], where: str
) -> x509.CertificateRevocationList:
    for crl in lists:
        if crl.issuer == issuer.subject and crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]  # CAs sign
            return crl
    raise InputError(
        f"lacks a CRL of {issuer.subject.rfc4514_string()}: nginx would refuse every client",
        where=where,
        hint="on the machine of that CA: handclasp crl --refresh --days 3650, then handclasp ca sign again",
    )
