"""From a request and a profile to the exact bytes that will be signed (RFC 5280 4.1.2), and from there to the certificate.

Three states, so that an unjudged thing cannot be signed and an unchecked thing cannot be stored: IssuanceRequest ->
TbsCertificate (with a preview to lint) -> signed certificate that was compared with it.
"""

import hashlib
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes, CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from handclasp.catalogue.profiles import BACKDATE
from handclasp.model.certificate import GeneralName
from handclasp.model.errors import Bug, PolicyError
from handclasp.model.issuance import Addresses, IssuanceRequest, Profile
from handclasp.pki.alt_names import UPN, upn_octets
from handclasp.pki.ca_extensions import EXTENDED_KEY_USAGES, address_extensions, name_constraints, path_length, usages
from handclasp.pki.path_limits import PathLimits, faults_of, limits_of
from handclasp.pki.signing import SigningKey, digest_for, stand_in

KEY_USAGE_BITS = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}
"""RFC 5280 4.2.1.3 names to the argument names of `cryptography`."""

_EXAMPLES = {
    "dns": "dns:host.example.test",
    "ip": "ip:192.0.2.7",
    "email": "email:alice@example.test",
    "uri": "uri:spiffe://example.test/alice",
    "upn": "upn:alice@example.test",
}


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """Who will sign: its public key, its certificate (None: the subject itself, a root), and where its things are.

    `above`: the CAs above it, the nearest first.
    """

    public_key: CertificateIssuerPublicKeyTypes
    certificate: x509.Certificate | None = None
    above: tuple[x509.Certificate, ...] = ()
    addresses: Addresses = field(default_factory=Addresses)

    @cached_property
    def limits(self) -> PathLimits:
        """What it and the CAs above it allow."""
        return limits_of((self.certificate, *self.above)) if self.certificate else PathLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class TbsCertificate:
    """The bytes to be signed (`content`, DER of TBSCertificate), and the same content under a stand-in signature to judge."""

    builder: x509.CertificateBuilder
    content: bytes
    preview: x509.Certificate

    @property
    def sha256(self) -> str:
        """Hex digest of the content: what the durable intent names."""
        return hashlib.sha256(self.content).hexdigest()


def validity(profile: Profile, lifetime: timedelta | None, issuer: Issuer, now: datetime) -> tuple[datetime, datetime]:
    """Choose notBefore and notAfter in whole seconds, UTC: backdated by an hour, and never outside the issuer's own validity.

    The profile's own lifetime is cut to the issuer's; one that was asked for is refused instead, unless hours are missing.

    Raises:
        PolicyError: longer than the profile allows, longer than the issuer lives, or the issuer is not in its validity.
    """
    start = now.astimezone(UTC).replace(microsecond=0)
    check_lifetime(profile, lifetime)
    not_before, not_after = start - BACKDATE, start + (lifetime or profile.lifetime)
    if issuer.certificate is None:
        return not_before, not_after
    first, last = issuer.certificate.not_valid_before_utc, issuer.certificate.not_valid_after_utc
    if not first <= start < last:
        raise PolicyError(
            f"the issuing CA is good from {first:%Y-%m-%d} to {last:%Y-%m-%d}, and now is {start:%Y-%m-%d %H:%M} UTC",
            hint="is the clock right? timedatectl status\n"
            "if it is: handclasp ca list, and handclasp ca rollover LABEL makes the successor of the CA",
        )
    if lifetime is not None and not_after - last >= timedelta(days=1):  # asked for in days: what is less is cut
        raise PolicyError(
            f"a certificate of {lifetime.days} days would outlive its issuer, which ends on {last:%Y-%m-%d}",
            hint=f"ask for at most --days {(last - start).days}",
        )
    return max(not_before, first), min(not_after, last)


def check_lifetime(profile: Profile, lifetime: timedelta | None) -> None:
    """PolicyError for a life that the profile does not allow."""
    if lifetime is not None and not timedelta(0) < lifetime <= profile.max_lifetime:
        raise PolicyError(
            f"profile {profile.name} allows 1 to {profile.max_lifetime.days} days, not {lifetime.days}",
            hint=f"ask for at most --days {profile.max_lifetime.days}",
        )


def build(
    profile: Profile,
    request: IssuanceRequest,
    *,
    public_key: CertificatePublicKeyTypes,
    issuer: Issuer,
    serial: int,
    now: datetime,
) -> TbsCertificate:
    """Decide every field and extension. Pure: the same arguments give the same bytes.

    Raises:
        PolicyError: the profile does not allow what was asked, or see `validity`.
    """
    check_allowed(profile, request, issuer)
    subject = subject_name(request)
    not_before, not_after = validity(profile, request.lifetime, issuer, now)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer.certificate else subject)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    for extension, critical in _extensions(profile, request, public_key, issuer):
        builder = builder.add_extension(extension, critical=critical)
    preview = builder.sign(stand_in(issuer.public_key), digest_for(issuer.public_key))
    return TbsCertificate(builder=builder, content=preview.tbs_certificate_bytes, preview=preview)


def sign(tbs: TbsCertificate, key: SigningKey, issuer: Issuer) -> x509.Certificate:
    """Sign, read the result again from its DER, and compare: same content, and a signature that the issuer's key verifies.

    Raises:
        Bug: what was signed is not what was judged.
    """
    digest = digest_for(key.public_key())
    certificate = x509.load_der_x509_certificate(tbs.builder.sign(key, digest).public_bytes(Encoding.DER))
    if certificate.tbs_certificate_bytes != tbs.content:
        raise Bug("the signed certificate differs from the one that was judged", hint="nothing was recorded or exported")
    try:
        certificate.verify_directly_issued_by(issuer.certificate or certificate)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise Bug(f"the new certificate does not verify with its issuer's key: {error}", hint="nothing was exported") from error
    return certificate


def subject_name(request: IssuanceRequest) -> x509.Name:
    """O (if any), then CN, as UTF8String (RFC 5280 4.1.2.4)."""
    # The library counts octets where RFC 5280 counts characters (ub-common-name), so it would refuse 22 Chinese ones; names
    # were counted before they came here (pki/names.py), and cli.main keeps its warning away from the terminal.
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, request.name, _validate=False)]
    if request.organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, request.organization))
    return x509.Name(attributes)


def general_names(names: Iterable[GeneralName]) -> list[x509.GeneralName]:
    """Our names as those of `cryptography`; kinds dns, ip, email, uri and upn."""
    made: list[x509.GeneralName] = []
    for name in names:
        if name.kind == "dns":
            made.append(x509.DNSName(name.value))
        elif name.kind == "ip":
            made.append(x509.IPAddress(ipaddress.ip_address(name.value)))
        elif name.kind == "email":
            made.append(x509.RFC822Name(name.value))
        elif name.kind == "uri":
            made.append(x509.UniformResourceIdentifier(name.value))
        elif name.kind == "upn":
            made.append(x509.OtherName(x509.ObjectIdentifier(UPN), upn_octets(name.value)))
        else:
            raise PolicyError(
                f"subject alternative names of kind {name.kind} are not issued", hint="use dns:, ip:, email:, uri: or upn:"
            )
    return made


def check_allowed(profile: Profile, request: IssuanceRequest, issuer: Issuer) -> None:
    """PolicyError when profile or issuer do not allow what was asked; lifetimes are judged by `validity`."""
    check_request(profile, request)
    _check_limits(profile, request, issuer)


def check_request(profile: Profile, request: IssuanceRequest) -> None:
    """PolicyError for a kind of key or of name that the profile does not have."""
    if request.key_type not in profile.key_types:
        allowed = ", ".join(profile.key_types)
        raise PolicyError(f"profile {profile.name} takes no {request.key_type} keys", hint=f"use one of: {allowed}")
    for name in request.subject_alt_names:
        if name.kind not in profile.san_kinds:
            allowed = ", ".join(f"{kind}:" for kind in profile.san_kinds) or "none"
            raise PolicyError(f"profile {profile.name} takes no {name.kind}:{name.value}", hint=f"allowed kinds: {allowed}")
    if profile.san_required and not request.subject_alt_names:
        kinds = ", ".join(profile.san_kinds)
        examples = " or ".join(f"--san {_EXAMPLES[kind]}" for kind in profile.san_kinds[:2])
        raise PolicyError(
            f"profile {profile.name} needs an alternative name ({kinds}); common names are ignored (RFC 9525)",
            hint=f"add {examples}",
        )


def _check_limits(profile: Profile, request: IssuanceRequest, issuer: Issuer) -> None:
    limits = issuer.limits
    if issuer.certificate is None or not (profile.ca or limits.names or limits.usages is not None):
        return  # how many CAs may follow is no matter of an end entity
    subject = subject_name(request)
    if subject == issuer.certificate.subject:  # its own successor, which counts for none (RFC 5280 6.1)
        return
    if faults := tuple(faults_of(limits, profile, request, subject)):
        raise PolicyError(
            f"the CA may not sign this: {'; '.join(faults)}",
            where=request.name,
            hint="handclasp ca list -v     shows what each CA, and those above it, are held to",
        )


def _extensions(
    profile: Profile, request: IssuanceRequest, public_key: CertificatePublicKeyTypes, issuer: Issuer
) -> list[tuple[x509.ExtensionType, bool]]:
    own = x509.SubjectKeyIdentifier.from_public_key(public_key)
    authority = own
    if issuer.certificate is not None:
        authority = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    usage = {argument: word in profile.key_usage for word, argument in KEY_USAGE_BITS.items()}
    made: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=profile.ca, path_length=path_length(profile, request)), True),
        (x509.KeyUsage(**usage), True),
        (own, False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority), False),
    ]
    if purposes := usages(profile, request):
        made.append((x509.ExtendedKeyUsage([EXTENDED_KEY_USAGES[word] for word in purposes]), False))
    if "OCSPSigning" in profile.extended_key_usage:
        made.append((x509.OCSPNoCheck(), False))  # RFC 6960 4.2.2.2.1: nobody can be asked about who answers
    if request.subject_alt_names:
        made.append((x509.SubjectAlternativeName(general_names(request.subject_alt_names)), False))
    if request.limits and request.limits.names:
        made.append((name_constraints(request.limits.names), True))
    if issuer.certificate is not None:
        made += [(one, False) for one in address_extensions(issuer.addresses)]
    return made
