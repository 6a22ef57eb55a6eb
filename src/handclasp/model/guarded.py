"""What any server needs to let in the clients of one CA and nobody else."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One certificate that may enter: issuer DN (RFC 2253), serial (upper-case hex), SHA-256 of the certificate (hex)."""

    identity: str
    issuer_dn: str
    serial: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A service behind client certificates. Paths are absolute.

    `authorities` holds every CA of the home, `crl` a CRL for each; `depth` is the number of CAs between client and root.
    `members` are the live certificates of those who may enter; `listed`: not every client of the CA may.
    """

    name: str
    certificate: str
    certificate_key: str
    authorities: str
    crl: str
    depth: int
    members: tuple[Member, ...]
    listed: bool
