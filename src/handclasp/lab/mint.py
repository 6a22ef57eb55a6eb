"""Certificates and CRLs to be made, with every field open to be wrong, and the mint that encodes and signs them."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from handclasp.lab import extensions as ext
from handclasp.lab.extensions import Extension
from handclasp.pki.der import elements, encode, first
from handclasp.pki.der_write import bit_string, integer, octet_string, oid, sequence, time
from handclasp.pki.throwaway import Key

Auto = Literal["auto"]
AUTO: Auto = "auto"

# Far from any day on which the lab runs, so that a kept case means the same for ever.
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
PAST = datetime(2005, 1, 1, tzinfo=UTC)
RECENT = datetime(2015, 1, 1, tzinfo=UTC)
FUTURE = datetime(2090, 1, 1, tzinfo=UTC)
FAR_FUTURE = datetime(2099, 1, 1, tzinfo=UTC)

_TYPES = {"CN": "2.5.4.3", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6", "emailAddress": "1.2.840.113549.1.9.1"}
UTF8, PRINTABLE, IA5 = 0x0C, 0x13, 0x16


def name(*pairs: tuple[str, str], string: int = UTF8) -> bytes:
    """DER Name with one attribute per RDN, most general first; e-mail addresses are IA5String whatever `string` says."""
    return sequence(*(_rdn(kind, value, IA5 if kind == "emailAddress" else string) for kind, value in pairs))


def _rdn(kind: str, value: str, string: int) -> bytes:
    return encode(0x31, sequence(oid(_TYPES[kind]), encode(string, value.encode())))


@dataclass(kw_only=True)
class Blank:
    """A certificate to be made. Without an `issuer` it is signed by itself.

    `signer` and `issuer_name` override what the issuer would give; `subject_key` and `authority_key` are derived when AUTO
    and left out when None (`authority_key` may hold a whole encoded extension value). `corrupt` flips a bit of the signature.
    `inside`: the digest that the algorithm in the signed part names, where it is another one. `null`: algorithms have the NULL
    that older Java wrote behind ECDSA's too.
    """

    subject: bytes
    key: Key
    serial: int
    issuer: "Blank | None" = None
    signer: Key | None = None
    issuer_name: bytes | None = None
    digest: str = "sha256"
    version: int = 3
    not_before: datetime = LONG_AGO
    not_after: datetime = FAR_FUTURE
    subject_key: bytes | Auto | None = AUTO
    authority_key: bytes | Auto | None = AUTO
    extensions: dict[str, Extension] = field(default_factory=dict)
    repeated: tuple[Extension, ...] = ()
    corrupt: bool = False
    inside: str | None = None
    null: bool = False

    def put(self, kind: str, value: bytes, *, critical: bool = False) -> None:
        """Set an extension, replacing one of the same name."""
        self.extensions[kind] = Extension(kind, value, critical)

    def drop(self, kind: str) -> None:
        """Take an extension away if it is there."""
        self.extensions.pop(kind, None)

    def copy(self) -> "Blank":
        """A twin that can be changed without touching this one."""
        return replace(self, extensions=dict(self.extensions))

    @property
    def parent(self) -> "Blank":
        """The issuer, or itself when self-signed."""
        return self.issuer if self.issuer is not None else self

    @property
    def key_identifier(self) -> bytes | None:
        """What the subject key identifier extension will hold."""
        if self.version < 3:
            return None
        return self.key.identifier if self.subject_key == AUTO else self.subject_key


@dataclass(kw_only=True)
class BlankCrl:
    """A CRL to be made. `revoked`: serial, reason code or None, further entry extensions. `inside` and `null` as of a Blank."""

    issuer: Blank
    signer: Key | None = None
    issuer_name: bytes | None = None
    digest: str = "sha256"
    this_update: datetime = RECENT
    next_update: datetime | None = FAR_FUTURE
    number: int | None = 1
    authority_key: bytes | Auto | None = AUTO
    revoked: list[tuple[int, int | None, tuple[Extension, ...]]] = field(default_factory=list)
    extensions: dict[str, Extension] = field(default_factory=dict)
    version: int = 2
    corrupt: bool = False
    inside: str | None = None
    null: bool = False

    def put(self, kind: str, value: bytes, *, critical: bool = False) -> None:
        """Set an extension, replacing one of the same name."""
        self.extensions[kind] = Extension(kind, value, critical)

    def copy(self) -> "BlankCrl":
        """A twin that can be changed without touching this one."""
        return replace(self, extensions=dict(self.extensions), revoked=list(self.revoked))


def certificate(blank: Blank) -> bytes:
    """The DER of a blank, signed."""
    signer = blank.signer or blank.parent.key
    inside, algorithm = _algorithms(blank, signer)
    issuer = blank.issuer_name if blank.issuer_name is not None else blank.parent.subject
    tbs = sequence(
        b"" if blank.version == 1 else encode(0xA0, integer(blank.version - 1)),
        ext.serial_number(blank.serial),
        inside,
        issuer,
        sequence(time(blank.not_before), time(blank.not_after)),
        blank.subject,
        blank.key.spki,
        _certificate_extensions(blank),
    )
    return _signed(tbs, algorithm, signer.sign(tbs, blank.digest), corrupt=blank.corrupt)


def _certificate_extensions(blank: Blank) -> bytes:
    if blank.version < 3:
        return b""
    items = [*blank.extensions.values(), *blank.repeated]
    identifier = blank.key_identifier
    if identifier is not None:
        items.append(Extension("subjectKeyIdentifier", octet_string(identifier)))
    authority = _authority(blank.authority_key, blank.parent)
    if authority is not None:
        items.append(Extension("authorityKeyIdentifier", authority))
    return encode(0xA3, sequence(*(item.der for item in items))) if items else b""


def _authority(wanted: bytes | Auto | None, parent: Blank) -> bytes | None:
    if wanted != AUTO:
        return wanted
    identifier = parent.key_identifier
    return None if identifier is None else ext.authority_key_identifier(identifier)


def crl(blank: BlankCrl) -> bytes:
    """The DER of a CRL, signed."""
    signer = blank.signer or blank.issuer.key
    inside, algorithm = _algorithms(blank, signer)
    entries = [_entry(serial, reason, more, version=blank.version) for serial, reason, more in blank.revoked]
    tbs = sequence(
        b"" if blank.version == 1 else integer(blank.version - 1),
        inside,
        blank.issuer_name if blank.issuer_name is not None else blank.issuer.subject,
        time(blank.this_update),
        b"" if blank.next_update is None else time(blank.next_update),
        sequence(*entries) if entries else b"",
        _crl_extensions(blank),
    )
    return _signed(tbs, algorithm, signer.sign(tbs, blank.digest), corrupt=blank.corrupt)


def _entry(serial: int, reason: int | None, more: tuple[Extension, ...], *, version: int) -> bytes:
    items = list(more)
    if reason is not None:
        items.append(Extension("cRLReason", encode(0x0A, bytes((reason,)))))
    extensions = sequence(*(item.der for item in items)) if items and version > 1 else b""
    return sequence(ext.serial_number(serial), time(RECENT), extensions)


def _crl_extensions(blank: BlankCrl) -> bytes:
    if blank.version == 1:
        return b""
    items = list(blank.extensions.values())
    authority = _authority(blank.authority_key, blank.issuer)
    if authority is not None:
        items.append(Extension("authorityKeyIdentifier", authority))
    if blank.number is not None:
        items.append(Extension("cRLNumber", integer(blank.number)))
    return encode(0xA0, sequence(*(item.der for item in items))) if items else b""


def _algorithms(blank: Blank | BlankCrl, signer: Key) -> tuple[bytes, bytes]:
    """What stands in the signed part, and beside the signature."""
    inside, beside = (signer.algorithm(digest) for digest in (blank.inside or blank.digest, blank.digest))
    return (_with_null(inside), _with_null(beside)) if blank.null else (inside, beside)


def _with_null(algorithm: bytes) -> bytes:
    kind, *parameters = elements(first(algorithm).content)
    return algorithm if parameters else sequence(kind.encoded, encode(0x05, b""))


def _signed(tbs: bytes, algorithm: bytes, signature: bytes, *, corrupt: bool) -> bytes:
    if corrupt:
        # The last octet lies inside the signature value for every algorithm; the encoding stays well formed.
        signature = signature[:-1] + bytes((signature[-1] ^ 1,))
    return sequence(tbs, algorithm, bit_string(signature))
