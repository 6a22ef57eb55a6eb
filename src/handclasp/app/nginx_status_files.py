"""What the files say that a configuration names: CAs, CRLs, certificates; and when each of them ends."""

from collections.abc import Iterator
from datetime import datetime

from handclasp.model.errors import HandclaspError
from handclasp.model.evidence import Evidence
from handclasp.model.nginx import EffectiveConfig, TlsServer, TlsUpstream, VerifyClient
from handclasp.model.nginx_status import AuthorityStatus, CrlStatus, Deadline, EndKind, TowardsBackend
from handclasp.pki.read import certificates_from_pem, crls_from_pem
from handclasp.verdict.trust import certificates_in, crls_in

_End = tuple[EndKind, str, str, datetime]


def deadlines(config: EffectiveConfig, evidence: Evidence) -> tuple[Deadline, ...]:
    """Everything in use that ends, soonest first."""
    found: dict[tuple[EndKind, str, str, datetime], dict[str, None]] = {}
    for server in config.servers:
        for kind, name, path, at in _ends(server, evidence):
            found.setdefault((kind, name, path, at), {})[server.label] = None
    ends = (
        Deadline(kind=kind, name=name, path=path, at=at, servers=tuple(servers))
        for (kind, name, path, at), servers in found.items()
    )
    return tuple(sorted(ends, key=lambda each: (each.at, each.path)))


def towards_backend(upstream: TlsUpstream, evidence: Evidence) -> TowardsBackend:
    """Whom nginx believes to be its backend, and what it shows."""
    trusted, crl, own = upstream.trusted_certificate.value, upstream.crl.value, upstream.certificate.value
    verified = upstream.verify.value
    shown = next((one.subject_text for one in certificates_in(evidence.files, own)[:1]), own)
    return TowardsBackend(
        verified=verified,
        name=upstream.name.value,
        authorities=authorities_of(trusted, evidence) if verified and trusted else (),
        crls=crls_of(crl, evidence) if verified and crl else (),
        shows=shown,
    )


def _ends(server: TlsServer, evidence: Evidence) -> Iterator[_End]:
    for path in server.certificates.value:
        for one in certificates_in(evidence.files, path)[:1]:
            yield EndKind.CERTIFICATE, one.subject_text, path, one.not_after
    for location in server.locations:
        if location.upstream is not None:
            yield from _ends_towards(location.upstream, evidence)
    if server.verify_client.value is VerifyClient.OFF:
        return
    for path in dict.fromkeys(one for one in (server.client_certificate.value, server.trusted_certificate.value) if one):
        for one in certificates_in(evidence.files, path):
            yield EndKind.AUTHORITY, one.subject_text, path, one.not_after
    for item in crls_in(evidence.files, server.crl.value):
        if item.next_update is not None:
            yield EndKind.CRL, item.issuer_text, server.crl.value or "", item.next_update


def _ends_towards(upstream: TlsUpstream, evidence: Evidence) -> Iterator[_End]:
    own, trusted = upstream.certificate.value, upstream.trusted_certificate.value
    for one in certificates_in(evidence.files, own)[:1]:
        yield EndKind.SHOWN, one.subject_text, own or "", one.not_after
    if not upstream.verify.value:
        return
    for one in certificates_in(evidence.files, trusted):
        yield EndKind.BACKEND_AUTHORITY, one.subject_text, trusted or "", one.not_after
    for item in crls_in(evidence.files, upstream.crl.value):
        if item.next_update is not None:
            yield EndKind.BACKEND_CRL, item.issuer_text, upstream.crl.value or "", item.next_update


def authorities_of(path: str, evidence: Evidence) -> tuple[AuthorityStatus, ...]:
    """The certificates of a trust file, or why there are none."""
    content = evidence.files.get(path)
    if content is None:
        return (AuthorityStatus(path=path, error=evidence.unreadable.get(path, "is missing")),)
    try:
        found = certificates_from_pem(content, where=path)
    except HandclaspError as error:
        return (AuthorityStatus(path=path, error=error.what),)
    if not found:
        return (AuthorityStatus(path=path, error="holds no certificate"),)
    return tuple(AuthorityStatus(path=path, subject=one.subject_text, not_after=one.not_after) for one in found)


def crls_of(path: str, evidence: Evidence) -> tuple[CrlStatus, ...]:
    """The CRLs of a file, or why there are none."""
    content = evidence.files.get(path)
    if content is None:
        return (CrlStatus(path=path, error=evidence.unreadable.get(path, "is missing")),)
    try:
        found = crls_from_pem(content, where=path)
    except HandclaspError as error:
        return (CrlStatus(path=path, error=error.what),)
    if not found:
        return (CrlStatus(path=path, error="holds no CRL"),)
    return tuple(
        CrlStatus(
            path=path,
            issuer=one.issuer_text,
            next_update=one.next_update,
            revoked=len(one.revoked),
            expired=one.next_update is not None and one.next_update < evidence.at,
        )
        for one in found
    )
