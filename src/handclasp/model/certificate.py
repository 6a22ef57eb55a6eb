"""Certificates and CRLs as the rules and the verdict see them: DER plus the fields that OpenSSL decides by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from handclasp.model.octets import Octets


class KeyKind(StrEnum):
    """Public key algorithms told apart by OpenSSL's security levels."""

    RSA = "rsa"
    RSA_PSS = "rsa-pss"
    DSA = "dsa"
    EC = "ec"
    ED25519 = "ed25519"
    ED448 = "ed448"
    ML_DSA_44 = "ml-dsa-44"
    ML_DSA_65 = "ml-dsa-65"
    ML_DSA_87 = "ml-dsa-87"
    OTHER = "other"


ML_DSA = frozenset({KeyKind.ML_DSA_44, KeyKind.ML_DSA_65, KeyKind.ML_DSA_87})
"""Keys of FIPS 204."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicConstraints:
    """RFC 5280 4.2.1.9."""

    ca: bool
    path_len_constraint: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityKeyIdentifier:
    """RFC 5280 4.2.1.1; `issuer` is the DER of the single directoryName, if there is one."""

    key_identifier: bytes | None = None
    issuer: bytes | None = None
    serial: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralName:
    """RFC 5280 4.2.1.6. `kind`: dns, email, uri, ip, dirname, registered_id or other. `value`: text; for dirname RFC 4514."""

    kind: str
    value: str
    der: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameConstraints:
    """RFC 5280 4.2.1.10; values of kind ip are networks in CIDR form."""

    permitted: tuple[GeneralName, ...] = ()
    excluded: tuple[GeneralName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionPoint:
    """RFC 5280 4.2.1.13. `names` None: no distributionPoint; `issuers`: canonical DER names, None when there is no cRLIssuer.

    `reasons` holds the ReasonFlags as OpenSSL does, its first octet lowest; all of them (0x807F) when the field is absent.
    """

    names: tuple[GeneralName, ...] | None
    reasons: int
    issuers: tuple[bytes, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One X.509 certificate. Equal when the DER is equal.

    `subject` and `issuer` are DER names in OpenSSL's canonical form (case and space folded), so that equality is the
    comparison that path building makes; the `_text` twins are RFC 4514 for people, most specific first.
    `email_addresses` are those of the subject; `signature_kind` is the kind of key that the signature algorithm needs.
    `None` for an extension means absent; `critical_extensions` and `malformed_extensions` are dotted OIDs.
    `proxy`: it has a proxyCertInfo (RFC 3820). `subgroup_bits`: the size of q of a DSA key.
    """

    der: bytes
    version: int = field(compare=False)
    serial: int = field(compare=False)
    subject: bytes = field(compare=False)
    issuer: bytes = field(compare=False)
    subject_text: str = field(compare=False)
    issuer_text: str = field(compare=False)
    common_names: tuple[str, ...] = field(compare=False, default=())
    email_addresses: tuple[str, ...] = field(compare=False, default=())
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    spki: bytes = field(compare=False)
    key_kind: KeyKind = field(compare=False)
    key_bits: int = field(compare=False)
    subgroup_bits: int | None = field(compare=False, default=None)
    curve: str | None = field(compare=False, default=None)
    signature_digest: str | None = field(compare=False)
    signature_kind: KeyKind | None = field(compare=False, default=None)
    subject_key_identifier: bytes | None = field(compare=False, default=None)
    authority_key_identifier: AuthorityKeyIdentifier | None = field(compare=False, default=None)
    basic_constraints: BasicConstraints | None = field(compare=False, default=None)
    key_usage: frozenset[str] | None = field(compare=False, default=None)
    extended_key_usage: frozenset[str] | None = field(compare=False, default=None)
    netscape_cert_type: frozenset[str] | None = field(compare=False, default=None)
    subject_alt_name: tuple[GeneralName, ...] | None = field(compare=False, default=None)
    name_constraints: NameConstraints | None = field(compare=False, default=None)
    distribution_points: tuple[DistributionPoint, ...] = field(compare=False, default=())
    proxy: bool = field(compare=False, default=False)
    ocsp_urls: tuple[str, ...] = field(compare=False, default=())
    critical_extensions: tuple[str, ...] = field(compare=False, default=())
    malformed_extensions: tuple[str, ...] = field(compare=False, default=())
    fingerprint: str = field(compare=False)

    @property
    def self_issued(self) -> bool:
        """Subject equals issuer (RFC 5280 3.2); says nothing about the signature."""
        return self.subject == self.issuer


class RevokedEntry(NamedTuple):
    """RFC 5280 5.3, a tuple because there may be a million. `reason` is the X.509 word (keyCompromise ...) or None."""

    serial: int
    revocation_date: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crl:
    """One certificate revocation list (RFC 5280 5). Equal when the DER is equal. `revoked` is keyed by serial.

    `distribution_point` and the flags beside it are the issuingDistributionPoint's (5.2.5); `empty_scope`: it has no
    field at all. `critical_entries`: an entry has a critical extension that OpenSSL does not handle. `algorithms_differ`: what
    was signed names another algorithm than stands beside the signature. `body`: all of a CRL that is not in memory; `der` is
    then the same without its entries.
    """

    der: bytes
    body: Octets | None = field(compare=False, default=None)
    issuer: bytes = field(compare=False)
    issuer_text: str = field(compare=False)
    this_update: datetime = field(compare=False)
    next_update: datetime | None = field(compare=False)
    crl_number: int | None = field(compare=False, default=None)
    authority_key_identifier: AuthorityKeyIdentifier | None = field(compare=False, default=None)
    delta_base: int | None = field(compare=False, default=None)
    distribution_point: tuple[GeneralName, ...] | None = field(compare=False, default=None)
    only_some_reasons: bool = field(compare=False, default=False)
    indirect: bool = field(compare=False, default=False)
    only_user: bool = field(compare=False, default=False)
    only_ca: bool = field(compare=False, default=False)
    only_attribute: bool = field(compare=False, default=False)
    empty_scope: bool = field(compare=False, default=False)
    critical_extensions: tuple[str, ...] = field(compare=False, default=())
    critical_entries: bool = field(compare=False, default=False)
    algorithms_differ: bool = field(compare=False, default=False)
    revoked: Mapping[int, RevokedEntry] = field(compare=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class PresentedChain:
    """What a peer sends in its Certificate message, leaf first. Empty: the peer sent none."""

    certificates: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class TrustAnchors:
    """The certificates an X509_STORE holds, in load order: anchors and intermediates alike (OpenSSL tells them apart).

    `vouched` and `refused`: those whose own trust settings name, or exclude, the purpose at hand (BEGIN TRUSTED CERTIFICATE).
    """

    certificates: tuple[Certificate, ...] = ()
    vouched: frozenset[Certificate] = frozenset()
    refused: frozenset[Certificate] = frozenset()
