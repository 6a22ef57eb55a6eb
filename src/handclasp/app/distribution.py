"""What everybody may fetch of a CA: certificates (RFC 5280 4.2.2.1) and CRLs (RFC 2585), by the path they are served under."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial

from handclasp.app.authority import certificate_of
from handclasp.app.ca_files import crl_file_parts
from handclasp.app.home import Home
from handclasp.model.issuance import Authority
from handclasp.model.octets import parts
from handclasp.pki.export import crl_pem_parts, pem_of

_CRL, _CERTIFICATE, _PEM = "application/pkix-crl", "application/pkix-cert", "application/x-pem-file"


@dataclass(frozen=True, kw_only=True)
class PublicFile:
    """One file. `path` is relative and made of labels of ours; `modified` is when its content came to be, in whole seconds.

    `parts` gives the content, each time anew: a long CRL is never all in memory.
    """

    path: str
    content_type: str
    parts: Callable[[], Iterable[bytes]]
    modified: datetime

    @property
    def content(self) -> bytes:
        """All of it."""
        return b"".join(self.parts())

    @cached_property
    def etag(self) -> str:
        """A strong entity tag: the content decides (RFC 9110 8.8.3)."""
        digest = hashlib.sha256()
        for part in self.parts():
            digest.update(part)
        return f'"{digest.hexdigest()[:32]}"'


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
        pem, der = partial(iter, (pem_of(authority.certificate),)), partial(iter, (authority.certificate,))
        yield PublicFile(path=f"ca/{authority.label}.crt", content_type=_CERTIFICATE, parts=der, modified=since)
        yield PublicFile(path=f"ca/{authority.label}.pem", content_type=_PEM, parts=pem, modified=since)
    chain = partial(map, pem_of, tuple(authority.certificate for authority in authorities))
    newest = max(certificate_of(authority).not_valid_before_utc for authority in authorities)
    yield PublicFile(path="ca/chain.pem", content_type=_PEM, parts=chain, modified=newest)


def _crls(home: Home, authorities: tuple[Authority, ...]) -> Iterator[PublicFile]:
    found = [(one.label, crl) for one in authorities if (crl := home.store.newest_crl(one.label)) is not None]
    for label, crl in found:
        der, pem = partial(parts, crl.content), partial(crl_pem_parts, crl.content)
        yield PublicFile(path=f"crl/{label}.crl", content_type=_CRL, parts=der, modified=crl.this_update)
        yield PublicFile(path=f"crl/{label}.pem", content_type=_PEM, parts=pem, modified=crl.this_update)
    if found:
        chain, newest = partial(crl_file_parts, tuple(crl for _, crl in found)), max(crl.this_update for _, crl in found)
        yield PublicFile(path="crl/all.pem", content_type=_PEM, parts=chain, modified=newest)


def _public(home: Home, authority: Authority) -> PublicAuthority:
    certificate = certificate_of(authority)
    period = home.store.crl_period(authority.label)
    der = authority.certificate
    return PublicAuthority(
        label=authority.label,
        subject=certificate.subject.rfc4514_string(),
        sha256=_colons(hashlib.sha256(der).hexdigest()),
        sha1=_colons(hashlib.sha1(der, usedforsecurity=False).hexdigest()),
        not_after=certificate.not_valid_after_utc,
        crl_next_update=period[1] if period is not None else None,
    )


def _colons(digits: str) -> str:
    return ":".join(digits[place : place + 2] for place in range(0, len(digits), 2)).upper()
