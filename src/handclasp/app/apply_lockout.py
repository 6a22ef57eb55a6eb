"""Refuses CRLs that would shut live clients out, or let revoked ones in: judged as OpenSSL judges, before nginx sees them."""

from collections.abc import Iterator
from heapq import merge

from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.app.crl_changes import unlisted
from handclasp.app.home import Home
from handclasp.app.identity_files import issuers_of
from handclasp.app.register import entering
from handclasp.catalogue.openssl_releases import strict_crls
from handclasp.model.certificate import Certificate, Crl, TrustAnchors
from handclasp.model.errors import InputError, PolicyError
from handclasp.model.nginx import OpensslSeries
from handclasp.model.verdict import Side
from handclasp.pki.crl_entries import in_order
from handclasp.pki.read import certificate_from_der, certificates_from_pem, crls_from_pem
from handclasp.pki.serials import format_serial
from handclasp.pki.signature import signed_by
from handclasp.verdict.openssl import verify
from handclasp.verdict.predict import DEFAULT_OPENSSL
from handclasp.verdict.question import Question

_DEPTH = 100
_MOST_WORDS = 5


def refuse_lockout(home: Home, *, bundle: bytes, crls: bytes, openssl: str = DEFAULT_OPENSSL) -> None:
    """`refuse_lists` for CRLs in PEM; PolicyError also when they cannot be read. `openssl` is the release below nginx."""
    try:
        lists = crls_from_pem(crls, where=home.layout.crl)
    except InputError as error:
        raise _refusal(home, [str(error)]) from error
    refuse_lists(home, bundle=bundle, lists=lists, openssl=openssl)


def refuse_lists(home: Home, *, bundle: bytes, lists: tuple[Crl, ...], openssl: str = DEFAULT_OPENSSL) -> None:
    """PolicyError naming every fault of this CRL set; nothing when it is good.

    nginx checks every level: without a current CRL, signed by the right key, for each CA, all clients are refused. A CRL that
    lacks a recorded revocation would let that client in again.
    """
    try:
        faults = [*lockout_faults(home, bundle, lists, openssl), *_forgotten(home, lists)]
    except InputError as error:
        faults = [str(error)]
    if faults:
        raise _refusal(home, faults)


def _refusal(home: Home, faults: list[str]) -> PolicyError:
    return PolicyError(
        f"these CRLs must not be published: {faults[0]}",
        where=home.layout.crl,
        hint="\n".join([*faults[1:_MOST_WORDS], "with the key of every CA at hand: handclasp crl --refresh"]),
    )


def refuse_strange(home: Home, *, bundle: bytes, where: str) -> None:
    """PolicyError when the CA file of an nginx holds none of this home's CAs: its sites are another home's.

    Ours in their place would shut all of their clients out, and take their revocations away.
    """
    held = {one.der for one in certificates_from_pem(bundle, where=where)}
    if held and not held & {authority.certificate for authority in home.store.authorities()}:
        raise PolicyError(
            "the sites there trust a CA that is not of this home: another home put them there",
            where=where,
            hint="with that home, --home DIR, they can be changed or taken away: handclasp nginx rollback 0 --config-dir DIR\n"
            "if it is gone for good: --force",
        )


def unpublished(home: Home) -> bool:
    """Whether a recorded revocation is not on the published CRLs."""
    path = home.layout.crl
    return home.files.exists(path) and any(_forgotten(home, crls_from_pem(home.files.read(path), where=path)))


def lockout_faults(home: Home, bundle: bytes, lists: tuple[Crl, ...], openssl: str = DEFAULT_OPENSSL) -> Iterator[str]:
    """What would refuse clients that may enter, in words."""
    anchors = certificates_from_pem(bundle, where=home.layout.bundle)
    now = home.clock.now()
    for authority in home.authorities():
        certificate = certificate_from_der(authority.certificate)
        own = [one for one in lists if one.issuer == certificate.subject and signed_by(one, certificate.spki)]
        if certificate not in anchors:
            yield f"the {authority.label} CA is not in the bundle"
        if not own:
            other = any(one.issuer == certificate.subject for one in lists)
            yield f"the CRL of the {authority.label} CA " + ("was signed by another key" if other else "is missing")
        elif not any(one.next_update is None or one.next_update > now for one in own):
            yield f"the CRL of the {authority.label} CA has expired"
        elif not any(one.this_update <= now for one in own):
            yield f"the CRL of the {authority.label} CA is not valid yet"
    yield from _refused(home, anchors, lists, openssl)


def _refused(home: Home, anchors: tuple[Certificate, ...], lists: tuple[Crl, ...], openssl: str) -> Iterator[str]:
    """One live client of each CA, verified as nginx would: the levels above it are the same for all the others."""
    for authority in home.authorities():
        record = next(entering(home, home.store.issued(authority.label)), None)
        if record is None or record.certificate is None:
            continue
        above = (certificate_from_der(one.public_bytes(Encoding.DER)) for one in issuers_of(home, record.issuer))
        question = Question(
            presented=(certificate_from_der(record.certificate), *above),
            store=TrustAnchors(anchors),
            crls=lists,
            depth=_DEPTH,
            side=Side.CLIENT,
            at=home.clock.now(),
            series=OpensslSeries.of(openssl),
            security_level=1,
            strict_crls=strict_crls(openssl),
        )
        for error in verify(question).errors[:1]:
            yield f"{record.name} would be refused: {error.text} ({error.number}) at depth {error.depth}"


def _forgotten(home: Home, lists: tuple[Crl, ...]) -> Iterator[str]:
    """Revocations of the registry that no CRL of this set lists."""
    now = home.clock.now()
    for authority in home.authorities():
        subject = certificate_from_der(authority.certificate).subject
        own = [one for one in lists if one.issuer == subject]
        listed = merge(*(in_order(one.revoked) for one in own))
        last = max((one.this_update for one in own), default=now)
        for one in unlisted(home.store.revocations(authority.label), listed):
            # an expired one opens no door, but whoever revoked it since the last CRL wants it said
            if one.not_after > now or one.revoked_at >= last:
                yield f"{one.name} (serial {format_serial(one.serial)}) is revoked, and the CRL does not say so"
