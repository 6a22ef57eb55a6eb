"""Certification requests (PKCS#10, RFC 2986): only the key and the names are read, as wishes; nothing is copied by itself."""

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handclasp.model.certificate import GeneralName
from handclasp.model.errors import InputError, PolicyError, UsageError
from handclasp.model.issuance import KeyType
from handclasp.pki.alt_names import UPN, subject_alt_name
from handclasp.pki.der import UTF8_STRING, first
from handclasp.pki.request_file import UNREADABLE, request_in

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

_KINDS: dict[type[object], str] = {
    x509.DNSName: "dns",
    x509.IPAddress: "ip",
    x509.RFC822Name: "email",
    x509.UniformResourceIdentifier: "uri",
}
_WORDS: dict[type[object], str] = {
    x509.DirectoryName: "directory name",
    x509.OtherName: "other name",
    x509.RegisteredID: "registered identifier",
}
_EXTENSIONS = {
    "2.5.29.9": "subjectDirectoryAttributes", "2.5.29.14": "subjectKeyIdentifier", "2.5.29.15": "keyUsage",
    "2.5.29.19": "basicConstraints", "2.5.29.30": "nameConstraints", "2.5.29.31": "cRLDistributionPoints",
    "2.5.29.32": "certificatePolicies", "2.5.29.35": "authorityKeyIdentifier", "2.5.29.37": "extKeyUsage",
    "1.3.6.1.5.5.7.1.1": "authorityInfoAccess", "1.3.6.1.5.5.7.1.24": "tlsFeature", "1.3.6.1.5.5.7.48.1.5": "ocspNoCheck",
}  # fmt: skip
WEAK_DIGESTS = ("md5", "sha1")
"""Whose signatures prove nothing any more, and are refused by nginx."""

_WITHOUT = "make it without: the profile decides all extensions, and --san names what is to stand in it"
_NIST = {"secp256r1": KeyType.EC_P256, "secp384r1": KeyType.EC_P384}
_RSA = (KeyType.RSA_2048, KeyType.RSA_3072, KeyType.RSA_4096)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a request asks for. `names` are well formed; `others` are all other wishes, never granted, each with the reason."""

    public_key: PublicKey
    key_type: KeyType
    names: tuple[GeneralName, ...]
    others: tuple[str, ...]


def read_csr(content: bytes, *, where: str) -> Wishes:
    """Read a request in PEM or DER, and check that its sender holds the key.

    Raises:
        InputError: it is no request, or its signature does not verify.
        PolicyError: a kind of key that no certificate is made for.
    """
    csr = request_in(content, where=where)
    try:
        good = csr.is_signature_valid
        key = csr.public_key()
        subject = csr.subject
        digest = csr.signature_hash_algorithm
    except UNREADABLE as error:
        raise InputError("has a key, a signature or a subject that cannot be read", where=where) from error
    try:
        extensions = csr.extensions
    except UNREADABLE as error:
        raise InputError("asks for an extension that cannot be read", where=where, hint=_WITHOUT) from error
    if not good and digest is not None and digest.name in WEAK_DIGESTS:
        raise PolicyError(
            f"the request is signed with {digest.name}, which proves nothing any more",
            where=where,
            hint="make a new request: openssl req -new -sha256 ...",
        )
    if not good:
        raise InputError("the request is not signed by the key in it", where=where, hint="make a new request")
    names, others = _names(extensions)
    if list(subject):
        others = [f"subject {subject.rfc4514_string()}: the name is chosen here, not by the request", *others]
    public_key, key_type = _key(key, where)
    if public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) not in csr.tbs_certrequest_bytes:
        raise PolicyError(
            "its key is written as few programs read it: explicit curve parameters, a compressed point or RSA-PSS",
            where=where,
            hint="make a plain one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem",
        )
    return Wishes(public_key=public_key, key_type=key_type, names=tuple(names), others=tuple(others))


def subject_of(content: bytes) -> x509.Name:
    """The subject of a request that `read_csr` accepted."""
    return request_in(content, where="").subject


def _said(key: object) -> str:
    """A key in a few words."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA of {key.key_size} bits with exponent {key.public_numbers().e}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    return type(key).__name__.removesuffix("PublicKey")


def _key(key: object, where: str) -> tuple[PublicKey, KeyType]:
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _NIST:
        return key, _NIST[key.curve.name]
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key, KeyType.ED25519
    if isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 8192 and key.public_numbers().e >= 65537:
        return key, next(kind for kind in reversed(_RSA) if key.key_size >= int(kind.removeprefix("rsa-")))
    raise PolicyError(
        f"its key is of no kind that certificates are made for: {_said(key)}",
        where=where,
        hint="use EC P-256 or P-384, RSA of 2048 to 8192 bits with exponent 65537, or Ed25519",
    )


def _names(extensions: x509.Extensions) -> tuple[list[GeneralName], list[str]]:
    names: list[GeneralName] = []
    others: list[str] = []
    for extension in extensions:
        if not isinstance(extension.value, x509.SubjectAlternativeName):
            oid = extension.oid.dotted_string
            known = f"{_EXTENSIONS[oid]} ({oid})" if oid in _EXTENSIONS else oid
            others.append(f"extension {known}: the profile decides all extensions")
            continue
        for name in extension.value:
            try:
                names.append(subject_alt_name(_typed(name)))
            except UsageError as error:
                others.append(f"name {_typed(name)}: {error.what.rpartition(': ')[2]}")
            except _NoSuchName:
                others.append(f"{_words(name)}: certificates here have names of kind dns, ip, email, uri and upn alone")
    return names, others


class _NoSuchName(Exception):  # noqa: N818 - a signal between two functions of this file
    """A kind of name that is not issued."""


def _typed(name: x509.GeneralName) -> str:
    """The name as a person would type it."""
    if isinstance(name, x509.OtherName) and name.type_id.dotted_string == UPN and name.value[:1] == bytes((UTF8_STRING,)):
        return f"upn:{first(name.value).content.decode('utf-8', 'replace')}"
    if type(name) not in _KINDS:
        raise _NoSuchName
    return f"{_KINDS[type(name)]}:{name.value}"


def _words(name: x509.GeneralName) -> str:
    value = name.value
    if isinstance(name, x509.OtherName):
        value = name.type_id.dotted_string
    elif isinstance(value, x509.Name):
        value = value.rfc4514_string()
    elif isinstance(value, x509.ObjectIdentifier):
        value = value.dotted_string
    return f"{_WORDS.get(type(name), 'name')} {value}"
