"""A fleet: thousands of identities at once, into archives that are handed over. Their keys are not kept in the home.

In batches: content is built and judged by all processors, its intents become durable in one transaction, then the keys are
used, the archive is on the disk, and one more transaction records the batch. Killed anywhere and run again, the rest is done;
what was signed and not recorded is abandoned, which stays revocable, and its archive is written anew.
"""

import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handclasp.app.authority import issuer_of
from handclasp.app.crashpoint import crashpoint
from handclasp.app.home import Home
from handclasp.app.identity_files import issuers_of
from handclasp.app.issue import IssueOrder, request_of
from handclasp.app.profiles import profile_of
from handclasp.app.recover import recover
from handclasp.model.errors import Bug, PolicyError
from handclasp.model.issuance import Authority, Intent, IssuanceRequest, Profile
from handclasp.pki import lint, tbs
from handclasp.pki.export import key_pem, pem
from handclasp.pki.names import fold
from handclasp.pki.serials import OCTETS, serial_from
from handclasp.pki.signing import SigningKey, algorithm_identifier, narrowed, sign_bytes, stand_in, verifies
from handclasp.pki.tbs_template import Template, certificate_of_parts, template_of
from handclasp.ports.workers import Workers

BATCH = 2_000
"""Identities in one transaction and one archive."""

_PART = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One identity before its signature: the content that was judged, and its new key (PEM, PKCS#8)."""

    request: IssuanceRequest
    serial: int
    content: bytes
    key: bytes
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What became of one batch. `skipped`: names that have a certificate already, or look like one that exists."""

    archive: str | None
    issued: int
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Press:
    """What all workers share: who signs with which key, and what stands in every archive."""

    home: Home
    authority: Authority
    issuer: tbs.Issuer
    key: SigningKey
    issuers: bytes

    def draw(self, requests: tuple[IssuanceRequest, ...]) -> list[Drawn]:
        """Make keys and contents, and judge them."""
        templates: dict[tuple[object, ...], Template] = {}
        profiles = {name: profile_of(self.home, name) for name in {request.profile for request in requests}}
        algorithm, stand = algorithm_identifier(self.key.public_key()), stand_in(self.key.public_key())
        dummy = sign_bytes(stand, b"")
        drawn = []
        for request in requests:
            profile = profiles[request.profile]
            tbs.check_allowed(profile, request, self.issuer)
            key = narrowed(self.home.keys.generate(request.key_type))
            public = key.public_key()
            spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            serial = serial_from(self.home.entropy.bytes(OCTETS))
            kind = (request.profile, request.lifetime, bool(request.subject_alt_names))
            if kind not in templates:
                templates[kind] = template_of(self._built(profile, request, public_key=public, serial=serial))
            content = templates[kind].fill(request, spki=spki, serial=serial)
            preview = x509.load_der_x509_certificate(certificate_of_parts(content, algorithm, dummy))
            faults = tuple(lint.faults_of(preview, profile, request, self.issuer))
            if faults:
                raise PolicyError(f"the certificate would break its profile: {'; '.join(faults)}", where=request.name)
            drawn.append(
                Drawn(
                    request=request,
                    serial=serial,
                    content=content,
                    key=key_pem(key),
                    not_before=preview.not_valid_before_utc,
                    not_after=preview.not_valid_after_utc,
                )
            )
        return drawn

    def _built(
        self, profile: Profile, request: IssuanceRequest, *, public_key: CertificatePublicKeyTypes, serial: int
    ) -> tbs.TbsCertificate:
        now = self.home.clock.now()
        return tbs.build(profile, request, public_key=public_key, issuer=self.issuer, serial=serial, now=now)

    def sign(self, drawn: list[Drawn]) -> list[tuple[bytes, bytes]]:
        """Certificate (DER) and archive members of each."""
        algorithm, public = algorithm_identifier(self.key.public_key()), self.key.public_key()
        done = []
        for one in drawn:
            signature = sign_bytes(self.key, one.content)
            if not verifies(public, signature, one.content):
                raise Bug("a new signature does not verify", where=one.request.name)
            certificate = certificate_of_parts(one.content, algorithm, signature)
            read = x509.load_der_x509_certificate(certificate)
            if read.tbs_certificate_bytes != one.content:
                raise Bug("the signed certificate differs from the one that was judged", where=one.request.name)
            members = _members(one, pem(read) + self.issuers, one.not_before)
            done.append((certificate, members))
        return done


def issue_fleet(home: Home, orders: Iterable[IssueOrder], workers: Workers, *, folder: str) -> Iterator[Batch]:
    """Issue in batches; an archive fleet-NNNN.tar (mode 0600) in `folder` for each, with NAME/key.pem and NAME/chain.pem.

    All must be of profiles that one CA signs.

    Raises:
        PolicyError: something is not allowed; the batches before are complete.
        WorldError: keys cannot be unlocked, or the disk failed; run it again to go on.
    """
    home.files.make_folder(folder, mode=0o700)
    requests = (request_of(order, lambda name: profile_of(home, name)) for order in orders)
    first = next(requests, None)
    if first is None:
        return
    authority = home.issuing(first.profile)
    key = narrowed(home.keys.open(authority.key))
    issuers = b"".join(pem(one) for one in issuers_of(home, authority.label))
    press = _Press(home, authority, issuer_of(home, authority), key, issuers)
    with home.changing("issuing a fleet"):
        recover(home)
        everybody = chain((first,), requests)
        for chunk in iter(lambda: tuple(islice(everybody, BATCH)), ()):
            yield _batch(press, workers, chunk, folder)


def _batch(press: _Press, workers: Workers, chunk: tuple[IssuanceRequest, ...], folder: str) -> Batch:
    home = press.home
    fresh, skipped = _told_apart(press, chunk)
    if not fresh:
        return Batch(archive=None, issued=0, skipped=skipped)
    parts = [fresh[start : start + _PART] for start in range(0, len(fresh), _PART)]
    drawn = [list(part) for part in workers.run(press.draw, parts)]
    label, everyone = press.authority.label, [one for part in drawn for one in part]
    _intend(home, label, everyone)
    crashpoint("fleet.intents-durable")
    signed = [pair for part in workers.run(press.sign, drawn) for pair in part]
    crashpoint("fleet.signed")
    path = _free_path(home, folder)
    home.files.create(path, b"".join(members for _, members in signed) + bytes(2 * tarfile.BLOCKSIZE), mode=0o600)
    crashpoint("fleet.archived")
    with home.store.begin() as transaction:
        made = [(one.serial, certificate) for one, (certificate, _) in zip(everyone, signed, strict=True)]
        transaction.record_fleet(label, made)
        details = {"issuer": label, "certificates": str(len(made)), "sha256": _digest(one for _, one in made), "archive": path}
        transaction.audit(
            at=home.clock.now(), actor=home.actor, action="fleet-issued", subject=everyone[0].request.name, details=details
        )
    crashpoint("fleet.recorded")
    return Batch(archive=path, issued=len(made), skipped=skipped)


def _intend(home: Home, label: str, drawn: list[Drawn]) -> None:
    """Every intent, in one transaction (invariant: a signature without intent is impossible)."""
    now = home.clock.now()
    intents = [
        Intent(
            serial=one.serial,
            issuer=label,
            profile=one.request.profile,
            name=one.request.name,
            tbs_sha256=hashlib.sha256(one.content).hexdigest(),
            not_before=one.not_before,
            not_after=one.not_after,
            created=now,
        )
        for one in drawn
    ]
    details = {"issuer": label, "intents": str(len(intents)), "sha256": _digest(one.content for one in drawn)}
    with home.store.begin() as transaction:
        transaction.add_intents(intents)
        transaction.audit(at=now, actor=home.actor, action="fleet-intent", subject=drawn[0].request.name, details=details)


def _told_apart(press: _Press, chunk: tuple[IssuanceRequest, ...]) -> tuple[tuple[IssuanceRequest, ...], tuple[str, ...]]:
    """Those to issue, and the names that have a record already or look like one that has."""
    home = press.home
    for profile in {request.profile for request in chunk}:
        if home.issuing(profile).label != press.authority.label:
            raise PolicyError(
                f"{profile} certificates come from another CA than the first of this fleet",
                hint="one table for each CA: handclasp ca list",
            )
    known = home.store.known([fold(request.name) for request in chunk])
    return (
        tuple(request for request in chunk if fold(request.name) not in known),
        tuple(request.name for request in chunk if fold(request.name) in known),
    )


def _free_path(home: Home, folder: str) -> str:
    taken = {path.rpartition("/")[2] for path in home.files.walk(folder)}
    return next(f"{folder}/{name}" for name in (f"fleet-{turn:04d}.tar" for turn in range(1, 10**6)) if name not in taken)


def _members(one: Drawn, chain_pem: bytes, moment: datetime) -> bytes:
    """key.pem and chain.pem of one identity as members of a tar archive (POSIX 1003.1-2001, pax)."""
    made = []
    for name, content, mode in (("key.pem", one.key, 0o600), ("chain.pem", chain_pem, 0o644)):
        info = tarfile.TarInfo(f"{one.request.name}/{name}")
        info.size, info.mode, info.mtime = len(content), mode, int(moment.timestamp())
        made += [info.tobuf(tarfile.PAX_FORMAT), content, bytes(-len(content) % tarfile.BLOCKSIZE)]
    return b"".join(made)


def _digest(parts: Iterable[bytes]) -> str:
    """SHA-256 over the SHA-256 of each part."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()
