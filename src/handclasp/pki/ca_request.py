"""The ceremony of an offline root as bytes: a CA's request on the way there, certificates and CRLs on the way back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handclasp.model.errors import InputError, PolicyError
from handclasp.model.issuance import IssuanceRequest
from handclasp.pki.csr import WEAK_DIGESTS
from handclasp.pki.lenient import NO_X509
from handclasp.pki.read import certificate_from_der
from handclasp.pki.request_file import UNREADABLE
from handclasp.pki.signature import signed_by
from handclasp.pki.signing import SigningKey, digest_for
from handclasp.pki.tbs import subject_name

_MAX_BYTES = 16 << 20
_MAKE_A_CA = """\
handclasp ca sign makes it so; openssl x509 -req does with -extfile and these four lines:
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid"""


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
    """Read what `reply_pem` wrote, in any order, and check every signature in it, up to a self-signed root.

    Raises:
        InputError: something is missing, unreadable or not signed by what stands above it.
    """
    if len(content) > _MAX_BYTES:
        raise InputError(f"has {len(content)} bytes: that is no reply to a request", where=where)
    try:
        found = x509.load_pem_x509_certificates(content)
        for one in found:
            _ = one.subject, one.issuer, one.public_key()  # the library reads them now, and refuses what is none
    except UNREADABLE as error:
        raise InputError(f"is no reply to a CA's request: {error}", where=where, hint="handclasp ca sign writes it") from error
    chain = [_lowest(found)]
    while chain[-1].issuer != chain[-1].subject:
        chain.append(_above(chain, found, where))
    if not _signed_by(chain[-1], chain[-1]):
        raise _not_signed(chain[-1], chain[-1], where)
    above = tuple(chain[1:])
    if not above:
        raise InputError(
            "holds one self-signed certificate, and no CA below it",
            where=where,
            hint="the reply comes from the machine of the root: handclasp ca sign REQUEST -o reply.pem",
        )
    lists = _lists(content, where)
    return Reply(certificate=chain[0], above=above, crls=tuple(_crl_of(one, lists, where) for one in above))


def refuse_unfit(certificate: x509.Certificate, *, now: datetime, where: str) -> None:
    """PolicyError when nginx would refuse a CA with this certificate, or it could sign nothing; InputError when unreadable."""
    try:
        extensions = certificate.extensions
    except UNREADABLE as error:
        raise InputError("this CA has an extension that cannot be read", where=where) from error
    if not getattr(_value(extensions, x509.BasicConstraints), "ca", False):
        raise PolicyError("is not the certificate of a CA: no basicConstraints say CA:TRUE", where=where, hint=_MAKE_A_CA)
    usage = _value(extensions, x509.KeyUsage)
    if usage is None or not (usage.key_cert_sign and usage.crl_sign):
        raise PolicyError("keyUsage does not let this CA sign certificates and CRLs", where=where, hint=_MAKE_A_CA)
    if _value(extensions, x509.SubjectKeyIdentifier) is None:
        raise PolicyError("this CA has no subjectKeyIdentifier (RFC 5280 4.2.1.2)", where=where, hint=_MAKE_A_CA)
    digest = certificate.signature_hash_algorithm
    if digest is not None and digest.name in WEAK_DIGESTS:
        raise PolicyError(
            f"this CA is signed with {digest.name}, which nginx refuses", where=where, hint="sign it again there, with -sha256"
        )
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if ends <= now:
        raise PolicyError(
            f"this CA ended on {ends:%Y-%m-%d %H:%M} UTC", where=where, hint="have its request signed again: for longer"
        )
    if begins > now:
        raise PolicyError(
            f"this CA begins on {begins:%Y-%m-%d %H:%M} UTC", where=where, hint="compare the clocks: timedatectl status"
        )


def read_crls(content: bytes, *, where: str) -> tuple[x509.CertificateRevocationList, ...]:
    """Every CRL of a file, PEM or DER.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    lists = _lists(content, where)
    if not lists:
        raise InputError(
            "holds no CRL",
            where=where,
            hint="a reply comes from the machine of the root: handclasp ca sign REQUEST -o reply.pem\n"
            "newer CRLs are in its HOME/ca/crl.pem: handclasp crl --refresh",
        )
    return lists


def _lists(content: bytes, where: str) -> tuple[x509.CertificateRevocationList, ...]:
    blocks = content.split(b"-----BEGIN X509 CRL-----")[1:]
    try:
        if content[:1] == b"\x30":
            return (x509.load_der_x509_crl(content),)
        return tuple(x509.load_pem_x509_crl(b"-----BEGIN X509 CRL-----" + block) for block in blocks)
    except NO_X509 as error:
        raise InputError(f"holds a CRL that cannot be read: {error}", where=where) from error


def _lowest(found: list[x509.Certificate]) -> x509.Certificate:
    """The one that no other of them hangs from; the first when there is none such."""
    issuers = {one.issuer for one in found if one.issuer != one.subject}
    return next((one for one in found if one.subject not in issuers), found[0])


def _above(chain: list[x509.Certificate], found: list[x509.Certificate], where: str) -> x509.Certificate:
    """What signed the last of the chain. One that stands in it already is no answer: two roots may vouch for each other."""
    below = chain[-1]
    named = [one for one in found if one.subject == below.issuer and one not in chain]
    for one in named:
        if _signed_by(below, one):
            return one
    if named:
        raise _not_signed(below, named[0], where)
    raise InputError(f"lacks the certificate of {below.issuer.rfc4514_string()}", where=where)


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether its key made the signature. Old roots signed themselves with SHA-1, at which the library does not look."""
    key = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return certificate.issuer == issuer.subject and signed_by(certificate_from_der(certificate.public_bytes(Encoding.DER)), key)


def _not_signed(certificate: x509.Certificate, issuer: x509.Certificate, where: str) -> InputError:
    names = (certificate.subject.rfc4514_string(), issuer.subject.rfc4514_string())
    return InputError(f"{names[0]} is not signed by {names[1]}", where=where)


_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def _value(extensions: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


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
