"""Judge a certificate against its profile before the CA key signs it. Independent of the builder: it reads what came out."""

import ipaddress
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtensionOID, NameOID

from handclasp.catalogue.profiles import BACKDATE
from handclasp.model.errors import PolicyError
from handclasp.model.issuance import IssuanceRequest, Profile
from handclasp.pki.alt_names import UPN
from handclasp.pki.ca_extensions import EXTENDED_KEY_USAGES, address_extensions, name_constraints, path_length, usages
from handclasp.pki.der import UTF8_STRING, first, span
from handclasp.pki.subject_key import SubjectKey
from handclasp.pki.tbs import KEY_USAGE_BITS, Issuer

_CRITICAL = frozenset({ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.NAME_CONSTRAINTS})
_T = TypeVar("_T", bound=x509.ExtensionType)
_KINDS = {"DNSName": "dns", "IPAddress": "ip", "RFC822Name": "email", "UniformResourceIdentifier": "uri"}
_MIN_RSA_BITS = 2048
_CURVES = {"secp256r1", "secp384r1"}
# Readable only with keyAgreement, which no profile has.
_READABLE = tuple((word, name) for word, name in KEY_USAGE_BITS.items() if name not in {"encipher_only", "decipher_only"})
_Extensions = Mapping[x509.ObjectIdentifier, x509.Extension[x509.ExtensionType]]


def check(preview: x509.Certificate, profile: Profile, request: IssuanceRequest, issuer: Issuer) -> None:
    """Refuse a certificate with faults, all of them named. `preview`: its content, under whatever signature.

    Raises:
        PolicyError: there is at least one fault; nothing was signed with a CA key.
    """
    Judge(profile, issuer).check(preview, request)


def faults_of(certificate: x509.Certificate, profile: Profile, request: IssuanceRequest, issuer: Issuer) -> Iterator[str]:
    """Every fault in words, none when the certificate is what the profile says."""
    return Judge(profile, issuer).faults(certificate, request)


class Judge:
    """Judges certificates of one profile by one issuer. What they are measured against is read from both once.

    So are extensions that nothing in the request decides: when they are, but for the key identifier, byte for byte those of
    the last certificate, and that had no fault, they are not read again. Reading them takes as long as all the rest.
    """

    def __init__(self, profile: Profile, issuer: Issuer) -> None:
        self.profile, self.issuer = profile, issuer
        above = issuer.certificate
        self.name = above.subject.public_bytes() if above else b""
        self.life = (above.not_valid_before_utc, above.not_valid_after_utc) if above else None
        self.extensions = _extensions(above) if above else {}
        self.addresses = address_extensions(issuer.addresses) if above else []
        self.usage = frozenset(profile.key_usage)
        self.expected = {
            ExtensionOID.BASIC_CONSTRAINTS,
            ExtensionOID.KEY_USAGE,
            ExtensionOID.SUBJECT_KEY_IDENTIFIER,
            ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
            *(one.oid for one in self.addresses),
        }
        if "OCSPSigning" in profile.extended_key_usage:
            self.expected.add(ExtensionOID.OCSP_NO_CHECK)
        self._sound: tuple[bytes, bytes] | None = None

    def check(self, preview: x509.Certificate, request: IssuanceRequest, key: SubjectKey | None = None) -> None:
        """As the function of that name. `key`: the one that is to be certified."""
        faults = tuple(self.faults(preview, request, key))
        if faults:
            raise PolicyError(
                f"the certificate would break its profile {self.profile.name}: " + "; ".join(faults),
                where=request.name,
                hint="nothing was signed; please report this, profiles are meant to make it impossible",
            )

    def faults(self, certificate: x509.Certificate, request: IssuanceRequest, key: SubjectKey | None = None) -> Iterator[str]:
        """As `faults_of`. `key`: the one that is to be certified, None: whichever it is."""
        if certificate.version is not x509.Version.v3:
            yield "version is not 3"
            return
        parts = _parts(certificate.tbs_certificate_bytes)
        yield from _basics(certificate, parts.issuer, request, self)
        yield from _validity(certificate, self)
        if key is not None and key.spki != parts.key:
            yield "certifies another key"
        key = key or SubjectKey.of(certificate.public_key())
        yield from _key(key.public)
        before, _, behind = parts.extensions.partition(key.identifier)
        if self._sound != (before, behind) or self.profile.ca or request.subject_alt_names or request.limits:
            faults = tuple(self._faults_of_extensions(certificate, request, key))
            self._sound = None if faults else (before, behind)
            yield from faults

    def _faults_of_extensions(self, certificate: x509.Certificate, request: IssuanceRequest, key: SubjectKey) -> Iterator[str]:
        extensions = _extensions(certificate)
        yield from _extension_set(extensions, request, self)
        yield from _identifiers(extensions, key, self)
        yield from _usages(extensions, request, self)
        yield from _limits(certificate, extensions, request, self)
        yield from _names(extensions, request)


def _extensions(certificate: x509.Certificate) -> _Extensions:
    return {one.oid: one for one in certificate.extensions}


class _Parts(NamedTuple):
    """Fields of a TBSCertificate as they are encoded. `key`: the SubjectPublicKeyInfo."""

    issuer: bytes
    key: bytes
    extensions: bytes


def _parts(content: bytes) -> _Parts:
    """Of version 3: version, serial number, algorithm, issuer, validity, subject and key stand in this order."""
    ends = [span(content, 0)[1]]
    for _ in range(7):
        ends.append(span(content, ends[-1])[2])
    return _Parts(issuer=content[ends[3] : ends[4]], key=content[ends[6] : ends[7]], extensions=content[ends[7] :])


def _basics(certificate: x509.Certificate, issuer: bytes, request: IssuanceRequest, judge: Judge) -> Iterator[str]:
    bits = certificate.serial_number.bit_length()
    if not 127 <= bits <= 159:
        yield f"serial has {bits} bits, not 127 to 159 (RFC 5280 4.1.2.2)"
    names = [attribute.value for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [request.name]:
        yield f"common names are {names!r}"
    if judge.issuer.certificate is None:
        if certificate.issuer != certificate.subject:
            yield "a root must name itself as issuer"
    elif issuer != judge.name:
        yield "issuer name is not byte for byte the issuer's subject (RFC 5280 6.1.3)"
    if certificate.signature_hash_algorithm is not None and certificate.signature_hash_algorithm.digest_size < 32:
        yield f"signed with {certificate.signature_hash_algorithm.name}"


def _validity(certificate: x509.Certificate, judge: Judge) -> Iterator[str]:
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if first >= last:
        yield "notBefore is not before notAfter"
    if last - first > judge.profile.max_lifetime + BACKDATE + timedelta(seconds=1):
        yield f"lifetime is over {judge.profile.max_lifetime.days} days"
    if judge.life is None:
        return
    if first < judge.life[0]:
        yield "starts before its issuer"
    if last > judge.life[1]:
        yield "outlives its issuer"


def _key(key: CertificatePublicKeyTypes) -> Iterator[str]:
    if isinstance(key, ec.EllipticCurvePublicKey):  # the usual kind first: each question takes a while
        if key.curve.name not in _CURVES:
            yield f"curve {key.curve.name}"
    elif isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _MIN_RSA_BITS:
            yield f"RSA key of {key.key_size} bits (OpenSSL security level 2 wants {_MIN_RSA_BITS})"
        if key.public_numbers().e < 65537:
            yield "RSA exponent is small"
    elif not isinstance(key, ed25519.Ed25519PublicKey):
        yield f"key type {type(key).__name__}"


def _extension_set(extensions: _Extensions, request: IssuanceRequest, judge: Judge) -> Iterator[str]:
    expected = set(judge.expected)
    if usages(judge.profile, request):
        expected.add(ExtensionOID.EXTENDED_KEY_USAGE)
    if request.limits and request.limits.names:
        expected.add(ExtensionOID.NAME_CONSTRAINTS)
    if request.subject_alt_names:
        expected.add(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    found = extensions.keys()
    for oid in sorted(expected - found, key=str):
        yield f"extension {oid.dotted_string} is missing"
    for oid in sorted(found - expected, key=str):
        yield f"extension {oid.dotted_string} is not in the profile"
    for oid, extension in extensions.items():
        if extension.critical != (oid in _CRITICAL):
            yield f"extension {oid.dotted_string} has the wrong criticality"


def _identifiers(extensions: _Extensions, key: SubjectKey, judge: Judge) -> Iterator[str]:
    own = _value(extensions, x509.SubjectKeyIdentifier)
    if own is None or own.digest != key.identifier:
        yield "subject key identifier is not that of the key"
    above = _value(judge.extensions, x509.SubjectKeyIdentifier) if judge.issuer.certificate else own
    authority = _value(extensions, x509.AuthorityKeyIdentifier)
    if authority is None or above is None or authority.key_identifier != above.digest:
        yield "authority key identifier is not the issuer's subject key identifier"


def _usages(extensions: _Extensions, request: IssuanceRequest, judge: Judge) -> Iterator[str]:
    constraints, profile = _value(extensions, x509.BasicConstraints), judge.profile
    if constraints is None or (constraints.ca, constraints.path_length) != (profile.ca, path_length(profile, request)):
        yield "basic constraints differ from the profile"
    usage = _value(extensions, x509.KeyUsage)
    if usage is None or {word for word, name in _READABLE if getattr(usage, name)} != judge.usage:
        yield "key usage differs from the profile"
    extended = _value(extensions, x509.ExtendedKeyUsage)
    wanted = {EXTENDED_KEY_USAGES[word] for word in usages(profile, request)}
    if set(extended or ()) != wanted:
        yield "extended key usage differs from the profile"


def _limits(certificate: x509.Certificate, extensions: _Extensions, request: IssuanceRequest, judge: Judge) -> Iterator[str]:
    names = request.limits.names if request.limits else None
    if names and _value(extensions, x509.NameConstraints) != name_constraints(names):
        yield "name constraints are not those that were asked for"
    if judge.issuer.certificate is None:
        return
    for wanted in judge.addresses:
        if _value(extensions, type(wanted)) != wanted:
            yield f"extension {wanted.oid.dotted_string} does not name the addresses of the CA"
    above, own = _value(judge.extensions, x509.BasicConstraints), _value(extensions, x509.BasicConstraints)
    if above is None or above.path_length is None or own is None or not own.ca or _self_issued(certificate):
        return
    if own.path_length is None or own.path_length >= above.path_length:
        yield f"path length {own.path_length} below a CA that allows {above.path_length - 1}"


def _self_issued(certificate: x509.Certificate) -> bool:
    return certificate.subject == certificate.issuer


def _names(extensions: _Extensions, request: IssuanceRequest) -> Iterator[str]:
    extension = _value(extensions, x509.SubjectAlternativeName)
    found = [_said(name) for name in extension or ()]
    wanted = [
        (name.kind, str(ipaddress.ip_address(name.value)) if name.kind == "ip" else name.value)
        for name in request.subject_alt_names
    ]
    if found != wanted:
        yield f"subject alternative names are {found!r}, not {wanted!r}"


def _said(name: x509.GeneralName) -> tuple[str, str]:
    if isinstance(name, x509.OtherName):
        known = name.type_id.dotted_string == UPN and name.value[:1] == bytes((UTF8_STRING,))
        return ("upn", first(name.value).content.decode("utf-8", "replace")) if known else ("other", name.value.hex())
    return _KINDS.get(type(name).__name__, "other"), str(name.value)


def _value(extensions: _Extensions, kind: type[_T]) -> _T | None:
    found = extensions.get(kind.oid)
    return found.value if found is not None and isinstance(found.value, kind) else None
