"""Hostile names, alternative names and certification requests, drawn from a seed, and the laws that every answer must keep.

Requests are written octet by octet, because no library writes what an attacker does: extensions that are no DER,
subjects in every string type, attributes that repeat, keys that are none, signatures of somebody else.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from random import Random

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handclasp.app.issue import IssueOrder, request_of
from handclasp.catalogue.profiles import END_ENTITY_PROFILES, ISSUING, PROFILES
from handclasp.model.errors import HandclaspError
from handclasp.model.issuance import IssuanceRequest, KeyType
from handclasp.pki import der_write as der
from handclasp.pki import lint, tbs
from handclasp.pki.alt_names import subject_alt_name
from handclasp.pki.csr import read_csr
from handclasp.pki.der import encode
from handclasp.pki.names import identity_name

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

CORPUS: tuple[str, ...] = tuple(json.loads((Path(__file__).parent / "hostile_names.json").read_text()))
KINDS = ("", "dns:", "ip:", "email:", "uri:", "upn:", "DNS:", "rid:", "dirName:", "other:", "dns:dns:")
# UTF8String, PrintableString, TeletexString, IA5String, VisibleString, UniversalString, BMPString, NumericString, none
_STRINGS = (
    0x0C,
    0x13,
    0x14,
    0x16,
    0x1A,
    0x1C,
    0x1E,
    0x12,
    0x04,
)  # UTF8, Printable, T61, IA5, Visible, Universal, BMP, Numeric ...
_ATTRIBUTES = (
    "2.5.4.3",
    "2.5.4.10",
    "2.5.4.11",
    "2.5.4.6",
    "2.5.4.5",
    "1.2.840.113549.1.9.1",
    "0.9.2342.19200300.100.1.25",
    "1.2.3.4",
)
_EXTENSIONS = ("2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30", "2.5.29.32", "2.5.29.36", "2.5.29.37", "1.3.6.1.5.5.7.1.1",
               "1.3.6.1.5.5.7.1.24", "2.5.29.31", "1.2.3.4.5")  # fmt: skip
_PAYLOADS = (
    bytes.fromhex("30060101ff020100"), bytes.fromhex("0303070106"), bytes.fromhex("300a06082b06010505070301"),
    bytes.fromhex("300606042a030405"), b"", b"\x30\x00", b"\x30\x80\x00\x00", b"\x05\x00", b"\x30\x84\xff\xff\xff\xff", b"\xff",
)  # fmt: skip
_ASKED = {
    "2.5.29.15": "03020106",  # keyCertSign, cRLSign
    "2.5.29.19": "30060101ff020109",  # CA:TRUE, pathlen 9
    "2.5.29.37": "300606042a030405",
    "2.5.29.32": "3006300406022a03",
    "1.2.3.4.5": "0500",
}
_NAMES = {
    0x82: (b"a.test", b"*.test", b"bank.test", b"xn--bcher-kva.test", b"a\x00b.test", b"", b"A.TEST", b"x" * 300),
    0x81: (b"a@b.test", b"root@bank.test", b"@", b"a b@c.test"),
    0x86: (b"spiffe://a.test/x", b"https://u:p@a.test/", b"javascript:1", b"spiffe://a.test?x=1"),
    0x87: (b"\x7f\x00\x00\x01", b"\x00" * 16, b"\x01\x02\x03", b"\x00" * 8),
    0xA0: (bytes.fromhex("060a2b060104018237140203a0080c06614062632e64"), bytes.fromhex("06022a03a0020500")),
    0xA4: (bytes.fromhex("300c310a300806035504030c0178"), b"\x30\x00"),
    0x88: (bytes.fromhex("2a0304"),),
}
_GENERAL_NAMES = (0x82, 0x87, 0x81, 0x86, 0xA0, 0xA4, 0xA3, 0x88, 0x82)


Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Keys:
    """Keys to sign with, made once: the good kinds, and those that no certificate is made for."""

    good: tuple[Key, ...]
    bad: tuple[Key, ...]
    ca: ec.EllipticCurvePrivateKey
    issuer: tbs.Issuer

    @property
    def all(self) -> tuple[Key, ...]:
        return self.good + self.bad


def keys() -> Keys:
    """A key of every kind, and a CA."""
    ca = ec.generate_private_key(ec.SECP256R1())
    request = IssuanceRequest(name="Hostile CA", profile=ISSUING.name, key_type=KeyType.EC_P256)
    root = tbs.build(ISSUING, request, public_key=ca.public_key(), issuer=tbs.Issuer(public_key=ca.public_key()),
                     serial=1 << 150, now=NOW)  # fmt: skip
    certificate = tbs.sign(root, ca, tbs.Issuer(public_key=ca.public_key()))
    good = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    )
    bad = (
        ec.generate_private_key(ec.SECP521R1()),
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(3, 2048),
        rsa.generate_private_key(65537, 1024),
    )
    return Keys(good=good, bad=bad, ca=ca, issuer=tbs.Issuer(public_key=ca.public_key(), certificate=certificate))


def text(random: Random) -> str:
    """One of the corpus, two of them joined, or one with a sign put in."""
    chosen = random.choice(CORPUS)
    turn = random.randrange(4)
    if turn == 0:
        return chosen + random.choice(CORPUS)
    if turn == 1:
        at = random.randrange(len(chosen) + 1)
        return chosen[:at] + chr(random.choice((random.randrange(0x20), random.randrange(0x80, 0xD7FF), 0x202E))) + chosen[at:]
    return chosen


def request(random: Random, keys: Keys) -> bytes:
    """A request in DER: half of them are well formed and ask for what they should not; the others are broken too."""
    calm = random.random() < 0.5
    key = random.choice(keys.good if calm else keys.all)
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if calm:
        wishes = _wishes(random)
        content = der.sequence(der.integer(0), _subject(random), spki, encode(0xA0, wishes))
        return der.sequence(content, *_signature(key, content))
    if random.random() < 0.1:
        spki = _damaged(random, spki)
    attributes = b"".join(_attribute(random) for _ in range(random.randrange(3)))
    content = der.sequence(der.integer(random.choice((0, 0, 0, 1, 2))), _subject(random), spki, encode(0xA0, attributes))
    signed = content if random.random() < 0.9 else content + b"\x00"
    made = der.sequence(content, *_signature(key, signed))
    return _damaged(random, made) if random.random() < 0.15 else made


def _wishes(random: Random) -> bytes:
    """An extensionRequest: CA powers, purposes, limits, and alternative names of others, all well formed."""
    chosen = random.sample(sorted(_ASKED), random.randrange(1, len(_ASKED)))
    asked = [der.sequence(der.oid(kind), der.octet_string(bytes.fromhex(_ASKED[kind]))) for kind in chosen]
    names = [encode(tag, random.choice(values)) for tag, values in _NAMES.items() if random.random() < 0.5]
    if names:
        asked.append(der.sequence(der.oid("2.5.29.17"), der.octet_string(der.sequence(*names))))
    return der.sequence(der.oid("1.2.840.113549.1.9.14"), encode(0x31, der.sequence(*asked)))


def _damaged(random: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(random.randrange(1, 5)):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed[: random.randrange(len(changed))] if random.random() < 0.2 else changed)


def _subject(random: Random) -> bytes:
    names = []
    for _ in range(random.randrange(4)):
        parts = sorted(
            der.sequence(der.oid(random.choice(_ATTRIBUTES)), encode(random.choice(_STRINGS), _octets(random)))
            for _ in range(random.choice((1,) * 8 + (2, 2, 0)))
        )
        names.append(encode(0x31, b"".join(parts)))
    return der.sequence(*names)


def _octets(random: Random) -> bytes:
    return text(random).encode(random.choice(("utf-8", "utf-8", "utf-16-be", "utf-32-be")))[:3000]


def _attribute(random: Random) -> bytes:
    extensions = der.sequence(*(_extension(random) for _ in range(random.randrange(4))))
    kind = random.choice(("1.2.840.113549.1.9.14", "1.2.840.113549.1.9.14", "1.2.840.113549.1.9.7", "1.2.3.4"))
    return der.sequence(der.oid(kind), encode(0x31, extensions if random.random() < 0.9 else _octets(random)))


def _extension(random: Random) -> bytes:
    kind = random.choice(_EXTENSIONS)
    value = random.choice(_PAYLOADS)
    if kind == "2.5.29.17" and random.random() < 0.8:
        value = der.sequence(
            *(encode(random.choice(_GENERAL_NAMES), _octets(random)) for _ in range(random.choice((0, 1, 2, 30))))
        )
    critical = (b"\x01\x01\xff",) if random.random() < 0.3 else ()
    return der.sequence(der.oid(kind), *critical, der.octet_string(value))


def _signature(key: Key, content: bytes) -> tuple[bytes, bytes]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return der.sequence(der.oid("1.2.840.10045.4.3.2")), der.bit_string(key.sign(content, ec.ECDSA(hashes.SHA256())))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return der.sequence(der.oid("1.3.101.112")), der.bit_string(key.sign(content))
    algorithm = der.sequence(der.oid("1.2.840.113549.1.1.11"), b"\x05\x00")
    return algorithm, der.bit_string(key.sign(content, PKCS1v15(), hashes.SHA256()))


def judge_name(random: Random) -> str:
    """A name that passes is one plain file name; a refusal is one printable line with advice."""
    tried = text(random)
    try:
        name = identity_name(tried)
    except HandclaspError as refusal:
        return _refused(refusal, {2})
    assert PurePosixPath(name).parts == (name,), name
    assert (PurePosixPath("/home/identities") / name).parent == PurePosixPath("/home/identities")
    assert name[0] not in "-.=+@~", name
    assert name.isprintable(), name
    assert len(name.encode()) <= 240, name
    return "allowed"


def judge_alternative_name(random: Random) -> str:
    """A name that passes stands in a certificate as it was read, in ASCII but for UPNs."""
    tried = random.choice(KINDS) + text(random)
    try:
        name = subject_alt_name(tried)
    except HandclaspError as refusal:
        return _refused(refusal, {2})
    (general,) = tbs.general_names((name,))
    x509.SubjectAlternativeName([general]).public_bytes()
    assert name.kind == "upn" or (name.value.isascii() and name.value.isprintable()), name
    assert not set(name.value) & set("\r\n\0"), name
    return "allowed"


def judge_request(random: Random, keys: Keys) -> str:
    """A request that passes becomes a certificate with its key, and with nothing else but what profile and CA decide."""
    content = request(random, keys)
    order = IssueOrder(
        name="device-7",
        profile=random.choice(sorted(END_ENTITY_PROFILES)),
        take_names=random.random() < 0.7,
        subject_alt_names=random.choice(((), ("dns:a.test",), ("email:a@b.test",))),
    )
    profile = PROFILES[order.profile]
    try:
        wishes = read_csr(content, where="hostile")
        asked = request_of(replace(order, wishes=wishes), PROFILES.__getitem__)
        made = tbs.build(
            profile,
            asked,
            public_key=wishes.public_key,
            issuer=keys.issuer,
            serial=(1 << 158) + random.getrandbits(64),
            now=NOW,
        )
    except HandclaspError as refusal:
        return _refused(refusal, {2, 3, 4})
    lint.check(made.preview, profile, asked, keys.issuer)
    assert made.preview.subject == x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "device-7")])
    assert made.preview.public_key() == wishes.public_key
    granted = set(asked.subject_alt_names) - {subject_alt_name(one) for one in order.subject_alt_names}
    assert granted <= (set(wishes.names) if order.take_names else set())
    return "allowed"


def _refused(refusal: HandclaspError, codes: set[int]) -> str:
    assert refusal.exit_code in codes, refusal
    assert refusal.what, refusal
    return "refused"


def judges(keys: Keys) -> dict[str, Callable[[Random], str]]:
    """What is judged, by name."""
    return {
        "names": judge_name,
        "alternative names": judge_alternative_name,
        "requests": lambda random: judge_request(random, keys),
    }
