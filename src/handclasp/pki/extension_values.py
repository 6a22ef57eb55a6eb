"""Extension values of certificates and CRLs decoded as OpenSSL's templates do: a wrong tag is an error, not a guess."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from handclasp.model.certificate import (
    AuthorityKeyIdentifier,
    BasicConstraints,
    DistributionPoint,
    GeneralName,
    NameConstraints,
)
from handclasp.pki import der
from handclasp.pki.distinguished_name import below, canonical, rfc2253

_ALL_REASONS = 0x807F
_GENERAL_NAME_KINDS = {0x81: "email", 0x82: "dns", 0x86: "uri", 0x87: "ip", 0xA4: "dirname", 0x88: "registered_id"}


def only(value: bytes, tag: int) -> bytes:
    """The content of the first element, which must have this tag; what follows it is ignored, as OpenSSL does."""
    found = der.first(value)
    if found.tag != tag:
        raise ValueError(f"expected tag {tag:#x}, found {found.tag:#x}")
    return found.content


def parts(value: bytes, *tags: int) -> tuple[der.Element, ...]:
    """The elements of a SEQUENCE, each of which must have one of the tags (none given: any)."""
    found = tuple(der.elements(only(value, der.SEQUENCE)))
    if tags and any(element.tag not in tags for element in found):
        raise ValueError("an element that does not belong there")
    return found


def named_bits(value: bytes, names: tuple[str, ...]) -> frozenset[str]:
    """The names of the set bits of a BIT STRING."""
    content = only(value, der.BIT_STRING)
    if not content or content[0] > 7 or (content[0] and len(content) == 1):
        raise ValueError("a malformed BIT STRING")
    bits = content[1:]
    return frozenset(name for index, name in enumerate(names) if index // 8 < len(bits) and _bit(bits, index))


def _bit(content: bytes, index: int) -> bool:
    return bool(content[index // 8] >> (7 - index % 8) & 1)


def object_identifiers(value: bytes) -> frozenset[str]:
    """SEQUENCE OF OBJECT IDENTIFIER."""
    return frozenset(der.dotted(item.content) for item in parts(value, der.OID))


def integer(value: bytes) -> int:
    """INTEGER."""
    return int.from_bytes(only(value, der.INTEGER), "big", signed=True)


def octets(value: bytes) -> bytes:
    """OCTET STRING."""
    return only(value, der.OCTET_STRING)


def basic_constraints(value: bytes) -> BasicConstraints:
    """RFC 5280 4.2.1.9."""
    found = parts(value, der.BOOLEAN, der.INTEGER)
    ca = any(part.tag == der.BOOLEAN and part.content != b"\x00" for part in found)
    length = next((int.from_bytes(part.content, "big", signed=True) for part in found if part.tag == der.INTEGER), None)
    return BasicConstraints(ca=ca, path_len_constraint=length)


def authority_key_identifier(value: bytes) -> AuthorityKeyIdentifier:
    """RFC 5280 4.2.1.1."""
    key_identifier = issuer = serial = None
    for part in parts(value, 0x80, 0xA1, 0x82):
        if part.tag == 0x80:
            key_identifier = part.content
        elif part.tag == 0xA1:
            names = [name for name in der.elements(part.content) if name.tag == 0xA4]
            issuer = canonical(names[0].content) if names else None
        else:
            serial = int.from_bytes(part.content, "big", signed=True)
    return AuthorityKeyIdentifier(key_identifier=key_identifier, issuer=issuer, serial=serial)


def general_names(value: bytes) -> tuple[GeneralName, ...]:
    """GeneralNames."""
    return _names(only(value, der.SEQUENCE))


def _names(content: bytes) -> tuple[GeneralName, ...]:
    return tuple(_general_name(item) for item in der.elements(content))


def _general_name(item: der.Element) -> GeneralName:
    if item.tag & 0xC0 != 0x80:
        raise ValueError("this is no GeneralName")
    kind = _GENERAL_NAME_KINDS.get(item.tag, "other")
    if item.tag == 0xA0:
        _other_name(item.content)
    if kind == "dirname":
        return GeneralName(kind=kind, value=rfc2253(item.content), der=canonical(item.content))
    return GeneralName(kind=kind, value=_text(kind, item.content), der=item.content)


def _other_name(content: bytes) -> None:
    found = tuple(part.tag for part in der.elements(content))
    if found != (der.OID, 0xA0):
        raise ValueError("an otherName is an OBJECT IDENTIFIER and a value")


def _text(kind: str, content: bytes) -> str:
    if kind == "ip":
        return _ip_text(content)
    if kind == "registered_id":
        return der.dotted(content)
    return content.decode("latin-1") if kind != "other" else content.hex()


def _ip_text(content: bytes) -> str:
    if len(content) in (4, 16):
        return str(ip_address(content))
    half = len(content) // 2
    if len(content) in (8, 32):
        try:
            return str(ip_network(f"{ip_address(content[:half])}/{_prefix_length(content[half:])}", strict=False))
        except ValueError:
            pass
    return content.hex()  # an OCTET STRING of any length for OpenSSL; no address matches it


def _prefix_length(mask: bytes) -> int:
    bits = f"{int.from_bytes(mask, 'big'):0{8 * len(mask)}b}"
    if "01" in bits:
        raise ValueError("a mask with holes")
    return bits.count("1")


def name_constraints(value: bytes) -> NameConstraints:
    """RFC 5280 4.2.1.10."""
    trees: dict[int, list[GeneralName]] = {0xA0: [], 0xA1: []}
    for part in parts(value, 0xA0, 0xA1):
        trees[part.tag] = [_general_name(der.first(tree.content)) for tree in der.elements(part.content)]
    return NameConstraints(permitted=tuple(trees[0xA0]), excluded=tuple(trees[0xA1]))


def distribution_points(value: bytes, issuer: bytes) -> tuple[DistributionPoint, ...]:
    """RFC 5280 4.2.1.13; `issuer` is that of the certificate, canonical: a point may be named relative to it."""
    return tuple(_distribution_point(point, issuer) for point in parts(value, der.SEQUENCE))


def _distribution_point(point: der.Element, issuer: bytes) -> DistributionPoint:
    found = {part.tag: part.content for part in parts(point.encoded, 0xA0, 0x81, 0xA2)}
    names = _names(found[0xA2]) if 0xA2 in found else None
    issuers = None if names is None else tuple(name.der for name in names if name.kind == "dirname")
    return DistributionPoint(
        names=_point_names(found[0xA0], issuers[0] if issuers else issuer) if 0xA0 in found else None,
        reasons=_reasons(found[0x81]) if 0x81 in found else _ALL_REASONS,
        issuers=issuers,
    )


def _point_names(distribution_point_name: bytes, base: bytes) -> tuple[GeneralName, ...]:
    """The names of a DistributionPointName: those of its fullName, or the one that its relative name makes with the base."""
    (chosen,) = der.elements(distribution_point_name)
    if chosen.tag == 0xA0:
        return _names(chosen.content)
    if chosen.tag == 0xA1:
        return (GeneralName(kind="dirname", value="", der=below(base, chosen.content)),)
    raise ValueError("this is no DistributionPointName")


def _reasons(content: bytes) -> int:
    """ReasonFlags as OpenSSL holds them: the first octet below the second."""
    return int.from_bytes(content[1:3], "little") & _ALL_REASONS


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuingDistributionPoint:
    """RFC 5280 5.2.5. `names` None: no distributionPoint."""

    names: tuple[GeneralName, ...] | None = None
    only_user: bool = False
    only_ca: bool = False
    only_attribute: bool = False
    indirect: bool = False
    reasons: bool = False


def issuing_distribution_point(value: bytes, issuer: bytes) -> IssuingDistributionPoint:
    """RFC 5280 5.2.5; `issuer` is that of the CRL, canonical."""
    found = {part.tag: part.content for part in parts(value, 0xA0, 0x81, 0x82, 0x83, 0x84, 0x85)}
    flags = {tag for tag, content in found.items() if tag in {0x81, 0x82, 0x84, 0x85} and content != b"\x00"}
    return IssuingDistributionPoint(
        names=_point_names(found[0xA0], issuer) if 0xA0 in found else None,
        only_user=0x81 in flags,
        only_ca=0x82 in flags,
        only_attribute=0x85 in flags,
        indirect=0x84 in flags,
        reasons=0x83 in found,
    )


def ocsp_urls(value: bytes) -> tuple[str, ...]:
    """The OCSP responders of an authorityInfoAccess (RFC 5280 4.2.2.1)."""
    urls = []
    for access in der.elements(der.first(value).content):
        method, location = der.elements(access.content)
        if der.dotted(method.content) == "1.3.6.1.5.5.7.48.1" and location.tag == 0x86:
            urls.append(location.content.decode("latin-1"))
    return tuple(urls)
