"""A double of every certificate at hand, under keys that are ours, so that a sandbox can play both sides of a handshake."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handclasp.diagnose.case import Case
from handclasp.diagnose.remedies.change import Change
from handclasp.diagnose.remedies.pem_edit import pem
from handclasp.model.certificate import Certificate, Crl, KeyKind
from handclasp.model.verdict import Side
from handclasp.pki import der
from handclasp.pki.der_write import bit_string, integer, octet_string, oid, sequence, time
from handclasp.pki.read import certificate_from_der, crl_from_der, pem_spans
from handclasp.pki.resigned import NO_ALTERATION, Alteration, resigned_certificate, resigned_crl
from handclasp.pki.signature import signed_by
from handclasp.pki.throwaway import Key, key

_CURVES = {"secp256r1": "p256", "secp384r1": "p384", "secp521r1": "p521", "secp224r1": "p224"}
_DAY = timedelta(days=1)
_AUTH = {Side.CLIENT: "1.3.6.1.5.5.7.3.2", Side.UPSTREAM: "1.3.6.1.5.5.7.3.1"}


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

    def fresh_list(self, issuer: Certificate) -> bytes:
        """PEM of a CRL of this CA made now: what it revoked stays revoked."""
        revoked = {
            serial: entry.revocation_date
            for crl in self.case.lists
            if crl.issuer == issuer.subject and signed_by(crl, issuer.spki)
            for serial, entry in crl.revoked.items()
        }
        name, signer = _subject(issuer), self._key_of(issuer)
        return pem(self._list(name, signer, issuer.subject_key_identifier, revoked), "X509 CRL")

    def unknown_issuer(self, issued: Certificate) -> tuple[bytes, bytes]:
        """PEM of a root that could have issued a certificate whose real issuer is not at hand, and of its CRL."""
        name, signer = _issuer(issued), self._signer(issued)
        akid = issued.authority_key_identifier
        identifier = akid.key_identifier if akid and akid.key_identifier else hashlib.sha256(signer.spki).digest()[:20]
        serial = akid.serial if akid and akid.serial is not None else 1
        root = self._signed(name, name, signer, signer, serial, _authority_extensions(identifier))
        return pem(root, "CERTIFICATE"), pem(self._list(name, signer, identifier, {}), "X509 CRL")

    def first_client(self, anchors: Iterable[Certificate]) -> Identity | None:
        """A sound client certificate of the first self-signed CA among the anchors; None when there is none."""
        anchor = next((item for item in anchors if item.self_issued), None)
        if anchor is None or self.real_key is not None:
            return None
        own = key("p256", 900)
        made = self._signed(_name("sandbox client"), _subject(anchor), own, self._key_of(anchor), 0x5A5A, _leaf(Side.CLIENT))
        return Identity(chain=pem(made, "CERTIFICATE"), key=own.pem.encode())

    def stranger(self, side: Side) -> Identity:
        """A sound certificate of a CA that nobody trusts, sent with that CA."""
        root_key, own = key("p256", 901), key("p256", 902)
        name = _name("sandbox stranger CA")
        root = self._signed(name, name, root_key, root_key, 1, _authority_extensions(root_key.identifier))
        leaf = self._signed(_name("stranger"), name, own, root_key, 2, _leaf(side))
        return Identity(chain=pem(leaf, "CERTIFICATE") + pem(root, "CERTIFICATE"), key=own.pem.encode())

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
            self._keys[certificate.spki] = key(_kind(certificate), len(self._keys))
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
        extensions = [_extension("2.5.29.35", akid)] if akid else []
        extensions.append(_extension("2.5.29.20", integer(1)))
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
        kept = [
            pem(body, label)
            for _, _, label, body in pem_spans(files.get(path) or b"")
            if label == "X509 CRL" and crl_from_der(body).issuer != issuer.subject
        ]
        files[path] = b"".join((*kept, doubles.fresh_list(issuer)))


def _kind(certificate: Certificate) -> str:
    """The kind of throw-away key that is as strong as the certificate's, as far as security levels go."""
    match certificate.key_kind:
        case KeyKind.RSA | KeyKind.RSA_PSS:
            return "rsa1024" if certificate.key_bits < 2048 else "rsa2048" if certificate.key_bits < 3072 else "rsa3072"
        case KeyKind.ED25519 | KeyKind.ED448:
            return certificate.key_kind.value
        case _:
            return _CURVES.get(certificate.curve or "", "p256")


def _parts(certificate: Certificate) -> list[der.Element]:
    return list(der.elements(der.first(der.first(certificate.der).content).content))


def _issuer(certificate: Certificate) -> bytes:
    parts = _parts(certificate)
    return parts[3 if parts[0].tag == 0xA0 else 2].encoded


def _subject(certificate: Certificate) -> bytes:
    parts = _parts(certificate)
    return parts[5 if parts[0].tag == 0xA0 else 4].encoded


def _name(common_name: str) -> bytes:
    return sequence(der.encode(der.SET, sequence(oid("2.5.4.3"), der.encode(der.UTF8_STRING, common_name.encode()))))


def _extension(name: str, value: bytes, *, critical: bool = False) -> bytes:
    return sequence(oid(name), der.encode(der.BOOLEAN, b"\xff") if critical else b"", octet_string(value))


def _authority_extensions(identifier: bytes) -> tuple[bytes, ...]:
    return (
        _extension("2.5.29.19", sequence(der.encode(der.BOOLEAN, b"\xff")), critical=True),
        _extension("2.5.29.15", der.encode(der.BIT_STRING, b"\x01\x06"), critical=True),
        _extension("2.5.29.14", octet_string(identifier)),
    )


def _leaf(side: Side) -> tuple[bytes, ...]:
    return (
        _extension("2.5.29.15", der.encode(der.BIT_STRING, b"\x07\x80"), critical=True),
        _extension("2.5.29.37", sequence(oid(_AUTH[side]))),
    )
