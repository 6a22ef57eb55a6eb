"""What the workers of a fleet do: draw contents with new keys, and sign them. Nothing is read or written here.

Both tasks can be done anywhere; between them the intents of what was drawn become durable (app.fleet).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handclasp.app.fleet_archive import member
from handclasp.model.errors import Bug, PolicyError
from handclasp.model.issuance import IssuanceRequest, Profile
from handclasp.pki import lint, tbs
from handclasp.pki.export import key_pem, pem
from handclasp.pki.serials import OCTETS, serial_from
from handclasp.pki.signing import SigningKey, algorithm_identifier, narrowed, sign_bytes, stand_in, verifies
from handclasp.pki.tbs_template import Template, certificate_of_parts, template_of
from handclasp.ports.clock import Clock, Entropy
from handclasp.ports.keys import KeyStore


class Drawn(NamedTuple):
    """One identity before its signature: the content that was judged, its new key (PEM), and SHA-256 of its public half."""

    name: str
    profile: str
    serial: int
    content: bytes
    key: bytes
    key_sha256: str
    not_before: datetime
    not_after: datetime


class Refused(NamedTuple):
    """One identity that the profile, or the CA above, does not allow; nothing was signed."""

    name: str
    why: str


class Signed(NamedTuple):
    """Certificates (DER) in the order of what was drawn, and the members of the archive that hold them with their keys."""

    certificates: list[bytes]
    members: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What all workers share: who signs with which key, and what stands below every certificate of a chain (PEM)."""

    keys: KeyStore
    entropy: Entropy
    clock: Clock
    profiles: dict[str, Profile]
    issuer: tbs.Issuer
    key: SigningKey
    issuers: bytes

    def draw(self, requests: tuple[IssuanceRequest, ...]) -> list[Drawn | Refused]:
        """Make keys and contents, and judge each."""
        templates: dict[tuple[object, ...], Template] = {}
        public = self.key.public_key()
        tail = (algorithm_identifier(public), sign_bytes(stand_in(public), b""))
        return [self._drawn(request, templates, tail) for request in requests]

    def _drawn(
        self, request: IssuanceRequest, templates: dict[tuple[object, ...], Template], tail: tuple[bytes, bytes]
    ) -> Drawn | Refused:
        profile = self.profiles[request.profile]
        key = narrowed(self.keys.generate(request.key_type))
        public = key.public_key()
        spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        serial = serial_from(self.entropy.bytes(OCTETS))
        kind = (request.profile, request.lifetime, bool(request.subject_alt_names))
        try:
            tbs.check_allowed(profile, request, self.issuer)
            if kind not in templates:
                now = self.clock.now()
                built = tbs.build(profile, request, public_key=public, issuer=self.issuer, serial=serial, now=now)
                templates[kind] = template_of(built)
        except PolicyError as refusal:
            return Refused(request.name, refusal.what)
        content = templates[kind].fill(request, spki=spki, serial=serial)
        preview = x509.load_der_x509_certificate(certificate_of_parts(content, *tail))
        if faults := tuple(lint.faults_of(preview, profile, request, self.issuer)):
            return Refused(request.name, f"the certificate would break its profile: {'; '.join(faults)}")
        digest = hashlib.sha256(spki).hexdigest()
        start, end = preview.not_valid_before_utc, preview.not_valid_after_utc
        return Drawn(request.name, request.profile, serial, content, key_pem(key), digest, start, end)

    def sign(self, drawn: list[Drawn]) -> Signed:
        """Sign each, read the result again, and compare it with what was judged.

        Raises:
            Bug: what was signed is not what was judged, or does not verify.
        """
        public = self.key.public_key()
        algorithm = algorithm_identifier(public)
        certificates, members = [], []
        for one in drawn:
            signature = sign_bytes(self.key, one.content)
            if not verifies(public, signature, one.content):
                raise Bug("a new signature does not verify", where=one.name)
            certificate = certificate_of_parts(one.content, algorithm, signature)
            read = x509.load_der_x509_certificate(certificate)
            if read.tbs_certificate_bytes != one.content or read.serial_number != one.serial:
                raise Bug("the signed certificate differs from the one that was judged", where=one.name)
            moment = int(one.not_before.timestamp())
            members.append(member(f"{one.name}/key.pem", one.key, mode=0o600, moment=moment))
            members.append(member(f"{one.name}/chain.pem", pem(read) + self.issuers, mode=0o644, moment=moment))
            certificates.append(certificate)
        return Signed(certificates, b"".join(members))
