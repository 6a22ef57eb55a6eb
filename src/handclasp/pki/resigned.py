"""The same certificate or CRL under another key: every field as it was, the signature made anew.

Such a double stands in a sandbox for a certificate whose private key is not at hand. Names, identifiers, extensions and dates
decide a verification, not the keys themselves, so a doubled hierarchy fails and succeeds exactly as the real one does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from handclasp.model.certificate import Certificate, Crl
from handclasp.pki import der
from handclasp.pki.der_write import bit_string, integer, octet_string, oid, sequence, time
from handclasp.pki.throwaway import Key

_VERSION, _EXTENSIONS = 0xA0, 0xA3
_KNOWN = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})
_FAMILIES = {"rsa": "rsa", "ec": "p", "ed25519": "ed25519", "ed448": "ed448"}


@dataclass(frozen=True, kw_only=True)
class Alteration:
    """What a re-issued certificate says differently. `extensions` by dotted OID: DER of the value, None to leave it out.

    `sound`: with a strong key and digest, and really signed by the CA it names.
    """

    serial: int | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    extensions: Mapping[str, bytes | None] = field(default_factory=dict)
    sound: bool = False

    def merged(self, later: "Alteration") -> "Alteration":
        """Both differences; where they disagree the later one."""
        return Alteration(
            serial=later.serial if later.serial is not None else self.serial,
            not_before=later.not_before or self.not_before,
            not_after=later.not_after or self.not_after,
            extensions={**self.extensions, **later.extensions},
            sound=self.sound or later.sound,
        )


NO_ALTERATION = Alteration()


def resigned_certificate(original: Certificate, key: Key, signer: Key, change: Alteration = NO_ALTERATION) -> bytes:
    """DER of `original` with the public half of `key`, signed by `signer`; `change` is applied on the way."""
    tbs = list(der.elements(der.first(der.first(original.der).content).content))
    at = 1 if tbs[0].tag == _VERSION else 0
    kept = original.signature_digest if original.signature_digest in _KNOWN else None
    digest = kept if kept and not change.sound else "sha256"
    algorithm = signer.algorithm(digest) if change.sound else _algorithm(tbs[at + 1].encoded, original, signer, digest)
    parts = [_extensions(item.encoded, change.extensions) if item.tag == _EXTENSIONS else item.encoded for item in tbs]
    if change.extensions and tbs[-1].tag != _EXTENSIONS:
        parts.append(_extensions(der.encode(_EXTENSIONS, sequence()), change.extensions))
    if change.serial is not None:
        parts[at] = integer(change.serial)
    parts[at + 1] = algorithm
    parts[at + 3] = sequence(time(change.not_before or original.not_before), time(change.not_after or original.not_after))
    parts[at + 5] = key.spki
    if change.extensions:
        parts = [der.encode(_VERSION, integer(2)), *parts[at:]]
    body = sequence(*parts)
    return sequence(body, algorithm, bit_string(signer.sign(body, digest)))


def resigned_crl(original: Crl, signer: Key) -> bytes:
    """DER of `original` signed by `signer`."""
    tbs = list(der.elements(der.first(der.first(original.der).content).content))
    algorithm = signer.algorithm("sha256")
    parts = [item.encoded for item in tbs]
    parts[1 if tbs[0].tag == der.INTEGER else 0] = algorithm
    body = sequence(*parts)
    return sequence(body, algorithm, bit_string(signer.sign(body, "sha256")))


def _algorithm(written: bytes, original: Certificate, signer: Key, digest: str) -> bytes:
    """The identifier as it was when the signer makes such signatures; else the signer's own."""
    kind = original.signature_kind.value if original.signature_kind else ""
    fits = kind in _FAMILIES and signer.kind.startswith(_FAMILIES[kind])
    return written if fits and digest == (original.signature_digest or digest) else signer.algorithm(digest)


def _extensions(encoded: bytes, changes: Mapping[str, bytes | None]) -> bytes:
    if not changes:
        return encoded
    kept: list[bytes] = []
    left = dict(changes)
    for item in der.elements(der.first(der.first(encoded).content).content):
        name = der.dotted(der.first(item.content).content)
        if name not in left:
            kept.append(item.encoded)
        elif (value := left.pop(name)) is not None:
            critical = any(part.tag == der.BOOLEAN for part in der.elements(item.content))
            kept.append(_extension(name, value, critical=critical))
    kept += [_extension(name, value, critical=False) for name, value in left.items() if value is not None]
    return der.encode(_EXTENSIONS, sequence(*kept))


def _extension(name: str, value: bytes, *, critical: bool) -> bytes:
    return sequence(oid(name), der.encode(der.BOOLEAN, b"\xff") if critical else b"", octet_string(value))
