"""A double of every certificate at hand, under keys that are ours, so that a sandbox can play both sides of a handshake."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handclasp.app.doubles_der import (
    authority_extensions,
    extension,
    issuer_of,
    kind_of,
    leaf_extensions,
    name_of,
    subject_of,
)
from handclasp.diagnose.case import Case
from handclasp.diagnose.remedies.change import Change
from handclasp.diagnose.remedies.pem_edit import pem
from handclasp.model.certificate import Certificate, Crl
from handclasp.model.verdict import Side
from handclasp.pki import der
from handclasp.pki.der_write import bit_string, integer, sequence, time
from handclasp.pki.read import certificate_from_der, crl_from_der, pem_spans
from handclasp.pki.resigned import NO_ALTERATION, Alteration, resigned_certificate, resigned_crl
from handclasp.pki.signature import signed_by
from handclasp.pki.throwaway import Key, key

_DAY = timedelta(days=1)
CLIENT_SERIAL = 0x5A5A
"""Of every client that a double of a CA is made to issue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A chain (PEM, leaf first) and the private key of its leaf (PEM)."""

    chain: bytes
    key: bytes


@dataclass
class Doubles:
    """Doubles of one case. `real_key`: the peer's own private key; then everything stays as it is and nothing is doubled.

    `altered` are certificates re-issued with differences; the change shows wherever their double stands.
    """

    case: Case
    real_key: bytes | None = None
    altered: dict[Certificate, Alteration] = field(default_factory=dict)
    _made: dict[Certificate, bytes] = field(default_factory=dict)
    _keys: dict[bytes, Key] = field(default_factory=dict)

    def identity(self, chain: Iterable[Certificate]) -> Identity:
        """What the peer sends, with a key that fits."""
        certificates = tuple(chain)
        text = b"".join(pem(self.certificate(item), "CERTIFICATE") for item in certificates)
        return Identity(chain=text, key=self.real_key or self._key_of(certificates[0]).pem.encode())

    def certificate(self, original: Certificate) -> bytes:
        """DER of the double; the same every time."""
        if self.real_key is not None:
            return original.der
        if original not in self._made:
            change = self.altered.get(original, NO_ALTERATION)
            signer = self._named_signer(original) if change.sound else self._signer(original)
            self._made[original] = resigned_certificate(original, self._key_of(original), signer, change)
        return self._made[original]

    def reissue(self, changes: Mapping[Certificate, Alteration]) -> None:
        """From now on these certificates have been made anew."""
        for certificate, change in changes.items():
            self.altered[certificate] = self.altered.get(certificate, NO_ALTERATION).merged(change)
            if change.sound:
                self._keys[certificate.spki] = key("p256", 700 + len(self.altered))
        # What a CA with a new key had signed is signed anew with it: all doubles are made again.
        self._made.clear()

    def content(self, original: bytes) -> bytes:
        """A PEM file with the doubles of its certificates and CRLs in place; all other text stays."""
        if self.real_key is not None:
            return original
        parts: list[bytes] = []
        end = 0
        for start, stop, label, body in pem_spans(original):
            block = self._block(label, body)
            if block is not None:
                parts += (original[end:start], block.rstrip(b"\n"))
                end = stop
        return b"".join((*parts, original[end:]))

    def _block(self, label: str, body: bytes) -> bytes | None:
        try:
            if label == "X509 CRL":
                return pem(self.crl(crl_from_der(body)), label)
            if label in {"CERTIFICATE", "X509 CERTIFICATE"}:
                return pem(self.certificate(certificate_from_der(body)), "CERTIFICATE")
        except ValueError:
            return None
        return None

    def crl(self, original: Crl) -> bytes:
        """DER of a CRL's double."""
        issuers = [item for item in self.case.pool if item.subject == original.issuer]
        true = next((item for item in issuers if signed_by(original, item.spki)), None)
        signer = self._key_of(true) if true else self._stranger_key(original.issuer)
        return resigned_crl(original, signer)

    def fresh_list(self, issuer: Certificate, *more: int) -> bytes:
        """PEM of a CRL of this CA made now: what it revoked stays revoked, and these serial numbers are too."""
        revoked = {
            serial: entry.revocation_date
            for crl in self.case.lists
            if crl.issuer == issuer.subject and signed_by(crl, issuer.spki)
            for serial, entry in crl.revoked.items()
        }
        revoked |= dict.fromkeys(more, self.case.evidence.at - timedelta(hours=1))
        name, signer = subject_of(issuer), self._key_of(issuer)
        return pem(self._list(name, signer, issuer.subject_key_identifier, revoked), "X509 CRL")

    def unknown_issuer(self, issued: Certificate) -> tuple[bytes, bytes]:
        """PEM of a root that could have issued a certificate whose real issuer is not at hand, and of its CRL."""
        name, signer = issuer_of(issued), self._signer(issued)
        akid = issued.authority_key_identifier
        identifier = akid.key_identifier if akid and akid.key_identifier else hashlib.sha256(signer.spki).digest()[:20]
        serial = akid.serial if akid and akid.serial is not None else 1
        root = self._signed(name, name, signer, signer, serial, authority_extensions(identifier))
        return pem(root, "CERTIFICATE"), pem(self._list(name, signer, identifier, {}), "X509 CRL")

    def first_client(self, anchors: Iterable[Certificate]) -> Identity | None:
        """A sound client certificate of the first self-signed CA among the anchors; None when there is none."""
        anchor = next((item for item in anchors if item.self_issued), None)
        return self.client_of(anchor) if anchor is not None else None

    def client_of(
        self, issuer: Certificate, *, subject: Iterable[tuple[str, str]] = (("CN", "sandbox client"),), below: int = 0
    ) -> Identity | None:
        """A sound client certificate of a CA, with `below` CAs between them; None where everybody uses keys of their own."""
        if self.real_key is not None:
            return None
        chain = [] if issuer.self_issued else [self.certificate(issuer)]
        name, signer = subject_of(issuer), self._key_of(issuer)
        for number in range(below):
            middle, called = key("p256", 910 + number), name_of((("CN", f"sandbox CA {number + 1}"),))
            chain.insert(0, self._signed(called, name, middle, signer, 3 + number, authority_extensions(middle.identifier)))
            name, signer = called, middle
        own = key("p256", 900)
        made = self._signed(name_of(subject), name, own, signer, CLIENT_SERIAL, leaf_extensions(Side.CLIENT))
        return Identity(chain=_bundle(made, *chain), key=own.pem.encode())

    def server_of(self, issuer: Certificate, name: str) -> Identity | None:
        """A server certificate for a name, of a CA at hand; None as of `client_of`."""
        if self.real_key is not None:
            return None
        own = key("p256", 903)
        alternative = sequence(der.encode(0x82, name.encode("ascii", "ignore")))
        extensions = (*leaf_extensions(Side.UPSTREAM), extension("2.5.29.17", alternative))
        made = self._signed(name_of((("CN", "sandbox server"),)), subject_of(issuer), own, self._key_of(issuer), 4, extensions)
        return Identity(chain=_bundle(made), key=own.pem.encode())

    def without_made_clients(self, content: bytes) -> bytes:
        """A (doubled) PEM file of CRLs, each made anew with the clients of `client_of` in it."""
        issuers = {crl_from_der(body).issuer for _, _, label, body in pem_spans(content) if label == "X509 CRL"}
        for issuer in (item for item in self.case.pool if item.subject in issuers and item.self_issued):
            content = _kept_lists(content, issuer) + self.fresh_list(issuer, CLIENT_SERIAL)
        return content

    def stranger(self, side: Side) -> Identity:
        """A sound certificate of a CA that nobody trusts, sent with that CA."""
        root_key, own = key("p256", 901), key("p256", 902)
        name = name_of((("CN", "sandbox stranger CA"),))
        root = self._signed(name, name, root_key, root_key, 1, authority_extensions(root_key.identifier))
        leaf = self._signed(name_of((("CN", "stranger"),)), name, own, root_key, 2, leaf_extensions(side))
        return Identity(chain=_bundle(leaf, root), key=own.pem.encode())

    def private_keys(self) -> dict[str, bytes]:
        """Private keys (PEM) of the configuration's own certificates by path, where they belong to one."""
        if self.real_key is not None:
            return {}
        by_spki = {item.spki: item for item in self.case.pool}
        return {
            path: self._key_of(by_spki[spki]).pem.encode() for path, spki in self.case.evidence.keys.items() if spki in by_spki
        }

    def _key_of(self, certificate: Certificate) -> Key:
        if certificate.spki not in self._keys:
            self._keys[certificate.spki] = key(kind_of(certificate), len(self._keys))
        return self._keys[certificate.spki]

    def _signer(self, certificate: Certificate) -> Key:
        """The double key of whoever really signed it; of nobody known, a key that stands for the unknown signer."""
        named = [item for item in self.case.pool if item.subject == certificate.issuer]
        others = [item for item in self.case.pool if item.subject != certificate.issuer]
        for candidate in (certificate, *named, *others):
            if signed_by(certificate, candidate.spki):
                return self._key_of(candidate)
        akid = certificate.authority_key_identifier
        return self._stranger_key(certificate.issuer + (akid.key_identifier or b"" if akid else b""))

    def _named_signer(self, certificate: Certificate) -> Key:
        """The double key of the CA that the certificate names, whoever signed it."""
        named = (item for item in self.case.pool if item.subject == certificate.issuer and item != certificate)
        return self._key_of(next(named, certificate)) if not certificate.self_issued else self._key_of(certificate)

    def _stranger_key(self, whose: bytes) -> Key:
        mark = b"unknown" + whose
        if mark not in self._keys:
            self._keys[mark] = key("p256", 500 + len(self._keys))
        return self._keys[mark]

    def _list(self, name: bytes, signer: Key, identifier: bytes | None, revoked: Mapping[int, datetime]) -> bytes:
        now = self.case.evidence.at
        algorithm = signer.algorithm("sha256")
        akid = sequence(der.encode(0x80, identifier)) if identifier else None
        extensions = [extension("2.5.29.35", akid)] if akid else []
        extensions.append(extension("2.5.29.20", integer(1)))
        entries = [sequence(integer(serial), time(date)) for serial, date in sorted(revoked.items())]
        body = sequence(
            integer(1),
            algorithm,
            name,
            time(now - timedelta(hours=1)),
            time(now + _DAY),
            sequence(*entries) if entries else b"",
            der.encode(0xA0, sequence(*extensions)),
        )
        return sequence(body, algorithm, bit_string(signer.sign(body, "sha256")))

    def _signed(
        self, subject: bytes, issuer: bytes, own: Key, signer: Key, serial: int, extensions: tuple[bytes, ...]
    ) -> bytes:
        now = self.case.evidence.at
        algorithm = signer.algorithm("sha256")
        body = sequence(
            der.encode(0xA0, integer(2)), integer(serial), algorithm, issuer, sequence(time(now - _DAY), time(now + 30 * _DAY)),
            subject, own.spki, der.encode(0xA3, sequence(*extensions)),
        )  # fmt: skip
        return sequence(body, algorithm, bit_string(signer.sign(body, "sha256")))


def put_in(doubles: Doubles, change: Change, files: dict[str, bytes | None]) -> None:
    """What a change asks others to make, made, and put into the (doubled) files."""
    crl_file = doubles.case.party.crl_file.value if doubles.case.party else None
    for path, issued in change.unknown_issuers:
        root, empty = doubles.unknown_issuer(issued)
        files[path] = (files.get(path) or b"") + b"\n" + root
        if crl_file:
            files[crl_file] = (files.get(crl_file) or b"") + b"\n" + empty
    for path, issuer in change.fresh_lists:
        files[path] = _kept_lists(files.get(path) or b"", issuer) + doubles.fresh_list(issuer)


def _kept_lists(content: bytes, but: Certificate) -> bytes:
    """The CRLs of a file, without those of one CA."""
    return b"".join(
        pem(body, label)
        for _, _, label, body in pem_spans(content)
        if label == "X509 CRL" and crl_from_der(body).issuer != but.subject
    )


def _bundle(*certificates: bytes) -> bytes:
    return b"".join(pem(item, "CERTIFICATE") for item in certificates)
