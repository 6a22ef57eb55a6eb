"""What everybody may fetch of a CA: certificates (RFC 5280 4.2.2.1) and CRLs (RFC 2585), by the path they are served under."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from handclasp.app.authority import certificate_of
from handclasp.app.home import Home
from handclasp.model.issuance import Authority
from handclasp.pki.export import crl_pem, pem_of

_CRL, _CERTIFICATE, _PEM = "application/pkix-crl", "application/pkix-cert", "application/x-pem-file"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFile:
    """One file. `path` is relative and made of labels of ours; `modified` is when its content came to be, in whole seconds."""

    path: str
    content_type: str
    content: bytes
    modified: datetime

    @property
    def etag(self) -> str:
        """A strong entity tag: the content decides (RFC 9110 8.8.3)."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAuthority:
    """One CA as a stranger may know it. Fingerprints are upper-case hex with colons."""

    label: str
    subject: str
    sha256: str
    sha1: str
    not_after: datetime
    crl_next_update: datetime | None


def public_files(home: Home) -> tuple[PublicFile, ...]:
    """`ca/LABEL.crt` and `crl/LABEL.crl` in DER, the same in PEM; all of them in `ca/chain.pem` and `crl/all.pem`."""
    authorities = home.authorities()
    return (*_certificates(authorities), *_crls(home, authorities))


def public_authorities(home: Home) -> tuple[PublicAuthority, ...]:
    """Every CA, roots first."""
    return tuple(_public(home, authority) for authority in home.authorities())


def _certificates(authorities: tuple[Authority, ...]) -> Iterator[PublicFile]:
    for authority in authorities:
        since = certificate_of(authority).not_valid_before_utc
        pem, der = pem_of(authority.certificate), authority.certificate
        yield PublicFile(path=f"ca/{authority.label}.crt", content_type=_CERTIFICATE, content=der, modified=since)
        yield PublicFile(path=f"ca/{authority.label}.pem", content_type=_PEM, content=pem, modified=since)
    chain = b"".join(pem_of(authority.certificate) for authority in authorities)
    newest = max(certificate_of(authority).not_valid_before_utc for authority in authorities)
    yield PublicFile(path="ca/chain.pem", content_type=_PEM, content=chain, modified=newest)


def _crls(home: Home, authorities: tuple[Authority, ...]) -> Iterator[PublicFile]:
    chain, newest = b"", None
    for authority in authorities:
        der = home.store.latest_crl(authority.label)
        if der is None:
            continue
        since = x509.load_der_x509_crl(der).last_update_utc
        pem = crl_pem(der)
        yield PublicFile(path=f"crl/{authority.label}.crl", content_type=_CRL, content=der, modified=since)
        yield PublicFile(path=f"crl/{authority.label}.pem", content_type=_PEM, content=pem, modified=since)
        chain, newest = chain + pem, max(since, newest or since)
    if newest is not None:
        yield PublicFile(path="crl/all.pem", content_type=_PEM, content=chain, modified=newest)


def _public(home: Home, authority: Authority) -> PublicAuthority:
    certificate = certificate_of(authority)
    crl = home.store.latest_crl(authority.label)
    der = authority.certificate
    return PublicAuthority(
        label=authority.label,
        subject=certificate.subject.rfc4514_string(),
        sha256=_colons(hashlib.sha256(der).hexdigest()),
        sha1=_colons(hashlib.sha1(der, usedforsecurity=False).hexdigest()),
        not_after=certificate.not_valid_after_utc,
        crl_next_update=x509.load_der_x509_crl(crl).next_update_utc if crl else None,
    )


def _colons(digits: str) -> str:
    return ":".join(digits[place : place + 2] for place in range(0, len(digits), 2)).upper()
