"""A PKI that exists, as it was found: its CAs from the top down, what they issued and revoked, and what is unsafe there."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from handclasp.model.certificate import Certificate, Crl
from handclasp.model.finding import Severity
from handclasp.model.text import Text
from handclasp.pki.openssl_index import IndexLine


@dataclass(frozen=True, slots=True, kw_only=True)
class OldKey:
    """A CA's private key in a file. `key` None: it was not opened."""

    path: str
    mode: int
    encrypted: bool
    key: CertificateIssuerPrivateKeyTypes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OldCa:
    """One CA. `certificates`: those it issued that were found, by serial; `crl_number`: smaller ones may be used up.

    `twins`: others that have a serial of those. `lines` has none for a root itself, which openssl lists too.
    """

    certificate: Certificate
    key: OldKey | None
    lines: tuple[IndexLine, ...] = ()
    certificates: dict[int, Certificate]
    twins: tuple[Certificate, ...] = ()
    crl: Crl | None
    crl_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsafe:
    """Something there that endangers, with what to do. `slug` is part of the JSON document."""

    slug: str
    severity: Severity
    where: str
    what: Text
    hint: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class OldPki:
    """`kind`: openssl, easy-rsa, step-ca, cfssl or key-pair. `loose`: other private keys; `others`: other roots, which stay.

    `configs`: those of openssl, step-ca and cfssl, by path. `strangers`: certificates that were given and that none of the CAs
    issued. `unread`: databases that nobody reads and dumps of such, where nothing else lists what was issued.
    """

    kind: str
    folder: str
    cas: tuple[OldCa, ...]
    loose: tuple[OldKey, ...]
    others: tuple[Certificate, ...] = ()
    configs: dict[str, bytes]
    strangers: tuple[Certificate, ...] = ()
    unread: tuple[str, ...] = ()
