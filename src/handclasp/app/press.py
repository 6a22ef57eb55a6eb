"""Draws contents with their keys, and signs them: one certificate or thousands. Nothing is read or written here.

Both can be done anywhere; between them the intents of what was drawn become durable (app.issue, app.desk, app.fleet).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, Self

from cryptography import x509

from handclasp.app.authority import addresses_of, cas_above, certificate_of
from handclasp.app.fleet_archive import member
from handclasp.app.home import Home
from handclasp.app.identity_files import issuers_of
from handclasp.app.judged import Shape, Shapes, shape_of
from handclasp.app.keys_ahead import made_key
from handclasp.model.errors import Bug, PolicyError
from handclasp.model.issuance import Addresses, Authority, Intent, IssuanceRequest, Profile
from handclasp.pki import tbs
from handclasp.pki.export import pem, pem_of_read
from handclasp.pki.lint import Judge
from handclasp.pki.serials import OCTETS, serial_from
from handclasp.pki.signing import SigningKey, algorithm_identifier, narrowed, pen, sign_bytes, stand_in, verifier
from handclasp.pki.subject_key import SubjectKey
from handclasp.pki.tbs_template import Template, certificate_of_parts, template_of
from handclasp.ports.clock import Clock, Entropy
from handclasp.ports.keys import KeyStore

_MOST_TEMPLATES, _MOST_PRESSES = 64, 8


class Drawn(NamedTuple):
    """A certificate before its signature: the content that was judged, and SHA-256 of its public key.

    `subject`: its name in the words of RFC 4514. `key`: the private one (PEM) when it was made here.
    """

    name: str
    profile: str
    subject: str
    serial: int
    content: bytes
    key: bytes | None
    key_sha256: str
    not_before: datetime
    not_after: datetime

    def intent(self, issuer: str, created: datetime) -> Intent:
        """What must be durable before it is signed (invariant I2)."""
        return Intent(
            serial=self.serial,
            issuer=issuer,
            profile=self.profile,
            name=self.name,
            tbs_sha256=hashlib.sha256(self.content).hexdigest(),
            not_before=self.not_before,
            not_after=self.not_after,
            created=created,
        )


class Refused(NamedTuple):
    """One identity that the profile, or the CA above, does not allow; nothing was signed."""

    name: str
    why: str


class SignedCertificate(NamedTuple):
    """A new certificate, and the same read again."""

    der: bytes
    read: x509.Certificate


class Signed(NamedTuple):
    """Certificates (DER) in the order of what was drawn, and the members of the archive that hold them with their keys."""

    certificates: list[bytes]
    members: bytes


@dataclass(frozen=True, kw_only=True)
class Press:
    """Which CA signs, and with what. `issuers`: what stands below every certificate of a chain (PEM).

    `shapes`: those that the linter of others has seen. `templates`: one for each that was made here.
    """

    keys: KeyStore
    entropy: Entropy
    clock: Clock
    authority: Authority
    issuer: tbs.Issuer
    key: SigningKey
    issuers: bytes
    shapes: Shapes
    templates: dict[Shape, tuple[Template, Judge]] = field(default_factory=dict, compare=False)

    @cached_property
    def _algorithm(self) -> bytes:
        return algorithm_identifier(self.key.public_key())

    @cached_property
    def issuer_name(self) -> str:
        """The CA's name in the words of RFC 4514."""
        return certificate_of(self.authority).subject.rfc4514_string()

    @cached_property
    def _pen(self) -> tuple[Callable[[bytes], bytes], Callable[[bytes, bytes], bool]]:
        """Signs, and verifies."""
        return pen(self.key), verifier(self.key.public_key())

    @cached_property
    def _no_signature(self) -> bytes:
        return sign_bytes(stand_in(self.key.public_key()), b"")

    def beside(self) -> Self:
        """The same for processes beside this one, which leave the registry alone. They know the shapes that are known here."""
        return replace(self, shapes=replace(self.shapes, store=None))

    def draw(self, requests: tuple[tuple[Profile, IssuanceRequest], ...]) -> list[Drawn | Refused]:
        """Make keys and contents, and judge each."""
        drawn: list[Drawn | Refused] = []
        for profile, request in requests:
            try:
                drawn.append(self.drawn(profile, request))
            except PolicyError as refusal:
                drawn.append(Refused(request.name, refusal.what))
        return drawn

    def drawn(self, profile: Profile, request: IssuanceRequest, key: SubjectKey | None = None) -> Drawn:
        """The content for this key, or for a new one, judged.

        Raises:
            PolicyError: the profile, or the CA above, does not allow it.
        """
        tbs.check_allowed(profile, request, self.issuer)
        now = self.clock.now()
        validity = tbs.validity(profile, request.lifetime, self.issuer, now)
        key = key or made_key(self.keys, request.key_type)
        serial = serial_from(self.entropy.bytes(OCTETS))
        template, judge = self._template(profile, request, key, serial, now)
        content = template.fill(request, spki=key.spki, serial=serial, validity=validity)
        preview = x509.load_der_x509_certificate(certificate_of_parts(content, self._algorithm, self._no_signature))
        judge.check(preview, request, key)
        return Drawn(
            name=request.name,
            profile=request.profile,
            subject=preview.subject.rfc4514_string(),
            serial=serial,
            content=content,
            key=key.private,
            key_sha256=hashlib.sha256(key.spki).hexdigest(),
            not_before=preview.not_valid_before_utc,
            not_after=preview.not_valid_after_utc,
        )

    def certificates(self, drawn: list[Drawn]) -> list[SignedCertificate]:
        """Sign each, verify it, read the result again, and compare it with what was judged.

        Raises:
            Bug: what was signed is not what was judged, or does not verify.
        """
        signatures = self.signatures(drawn)
        for one, signature in zip(drawn, signatures, strict=True):
            self.verify(one, signature)
        return self.put_together(drawn, signatures)

    def signatures(self, drawn: list[Drawn]) -> list[bytes]:
        """Use the key: a signature for each. What `verify` and `put_together` say of them comes before they are recorded."""
        sign = self._pen[0]
        return [sign(one.content) for one in drawn]

    def verify(self, drawn: Drawn, signature: bytes) -> None:
        """Bug when it does not verify."""
        if not self._pen[1](signature, drawn.content):
            raise Bug("a new signature does not verify", where=drawn.name)

    def put_together(self, drawn: list[Drawn], signatures: list[bytes]) -> list[SignedCertificate]:
        """The certificates, read again; Bug when one differs from what was judged."""
        made = []
        for one, signature in zip(drawn, signatures, strict=True):
            der = certificate_of_parts(one.content, self._algorithm, signature)
            read = x509.load_der_x509_certificate(der)
            if read.tbs_certificate_bytes != one.content or read.serial_number != one.serial:
                raise Bug("the signed certificate differs from the one that was judged", where=one.name)
            made.append(SignedCertificate(der, read))
        return made

    def sign(self, drawn: list[Drawn]) -> Signed:
        """As `certificates`, for an archive."""
        made = self.certificates(drawn)
        members = []
        for one, signed in zip(drawn, made, strict=True):
            moment = int(one.not_before.timestamp())
            if one.key is not None:
                members.append(member(f"{one.name}/key.pem", one.key, mode=0o600, moment=moment))
            members.append(member(f"{one.name}/chain.pem", pem_of_read(signed.der) + self.issuers, mode=0o644, moment=moment))
        return Signed([one.der for one in made], b"".join(members))

    def _template(
        self, profile: Profile, request: IssuanceRequest, key: SubjectKey, serial: int, now: datetime
    ) -> tuple[Template, Judge]:
        """Made from the first request of its shape; again when a profile of that name says something else by now."""
        shape = shape_of(request)
        held = self.templates.get(shape)
        if held is not None and held[1].profile == profile:
            return held
        built = tbs.build(profile, request, public_key=key.public, issuer=self.issuer, serial=serial, now=now)
        made = template_of(built), Judge(profile, self.issuer)
        self.shapes.judge(built.preview, shape, made[0])
        if len(self.templates) >= _MOST_TEMPLATES:
            self.templates.clear()
        self.templates[shape] = made
        return made


def press_of(home: Home, profile: str) -> Press:
    """What signs certificates of this profile; the key is unlocked.

    Raises:
        UsageError: no CA of this home does.
        WorldError: the key cannot be unlocked, or may not be used now.
    """
    authority = home.issuing(profile)
    home.keys.open(authority.key)  # each time: a restored home that does not know of its revocations refuses here
    issuers = b"".join(pem(one) for one in issuers_of(home, authority.label))
    addresses = addresses_of(home, authority.label)
    held = _presses.get((authority, addresses, issuers))
    shapes = Shapes(home.linter, home.store)
    if held is None or (held.keys, held.entropy, held.clock, held.shapes) != (home.keys, home.entropy, home.clock, shapes):
        if len(_presses) >= _MOST_PRESSES:
            _presses.clear()
        certificate = certificate_of(authority)
        key = narrowed(home.keys.open(authority.key))
        issuer = tbs.Issuer(
            public_key=key.public_key(), certificate=certificate, above=cas_above(home, authority), addresses=addresses
        )
        held = Press(
            keys=home.keys,
            entropy=home.entropy,
            clock=home.clock,
            authority=authority,
            issuer=issuer,
            key=key,
            issuers=issuers,
            shapes=shapes,
        )
        _presses[authority, addresses, issuers] = held
    return held


_presses: dict[tuple[Authority, Addresses, bytes], Press] = {}
"""Kept for their templates; each is made anew when anything it was made from is another."""
