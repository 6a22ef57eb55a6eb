"""The extensions that differ from CA to CA: path length, purposes, name constraints, addresses (RFC 5280 4.2.1, 4.2.2)."""

import ipaddress
from collections.abc import Iterable

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from handclasp.model.certificate import GeneralName, NameConstraints
from handclasp.model.errors import UsageError
from handclasp.model.issuance import Addresses, IssuanceRequest, Profile
from handclasp.pki.alt_names import dns_name

EXTENDED_KEY_USAGES = {
    "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
    "emailProtection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "OCSPSigning": ExtendedKeyUsageOID.OCSP_SIGNING,
}
"""RFC 5280 4.2.1.12 names to object identifiers."""

_KIND_OF: dict[type[x509.GeneralName], str] = {
    x509.DNSName: "dns",
    x509.RFC822Name: "email",
    x509.IPAddress: "ip",
    x509.UniformResourceIdentifier: "uri",
    x509.DirectoryName: "dirname",
}

KINDS = ("dns", "email", "ip", "uri")
"""Kinds of names that a CA can be held to here; CAs from elsewhere may be held to directory names too."""


def path_length(profile: Profile, request: IssuanceRequest) -> int | None:
    """How many CAs may stand below: what was asked for, else what the profile says."""
    asked = request.limits.path_length if request.limits else None
    return profile.path_len_constraint if asked is None else asked


def usages(profile: Profile, request: IssuanceRequest) -> tuple[str, ...]:
    """The extended key usages in RFC 5280's words: the profile's, or for a CA those it is held to."""
    return request.limits.extended_key_usage if request.limits else profile.extended_key_usage


def constraint(text: str) -> GeneralName:
    """One subtree as a person types it: dns:example.test (with all names below), email:example.test, ip:192.0.2.0/24, uri:HOST.

    Raises:
        UsageError: it is none.
    """
    kind, _, value = text.partition(":")
    if kind not in KINDS or not value:
        raise _constraint_error(text, f"write KIND:NAME with one of: {', '.join(KINDS)}")
    if kind == "ip":
        try:
            return GeneralName(kind="ip", value=str(ipaddress.ip_network(value)))
        except ValueError as error:
            raise _constraint_error(text, f"{error}; write a network, for example ip:192.0.2.0/24") from None
    host = value.removeprefix(".")
    mailbox, at, domain = host.rpartition("@")
    name = dns_name(domain if kind == "email" else host)
    if name is None or name.startswith("*") or (at and kind != "email"):
        raise _constraint_error(text, "write a domain, for example dns:example.test; it holds for every name below it")
    dot = "." if value.startswith(".") and kind != "dns" else ""
    return GeneralName(kind=kind, value=f"{mailbox}{at}{dot}{name}")


def name_constraints(names: NameConstraints) -> x509.NameConstraints:
    """As the extension; neither list may be empty inside it (RFC 5280 4.2.1.10)."""
    return x509.NameConstraints(
        permitted_subtrees=_subtrees(names.permitted) or None, excluded_subtrees=_subtrees(names.excluded) or None
    )


def address_extensions(addresses: Addresses) -> list[x509.ExtensionType]:
    """Authority information access and CRL distribution points, as far as there are addresses."""
    methods = (
        (AuthorityInformationAccessOID.OCSP, addresses.ocsp),
        (AuthorityInformationAccessOID.CA_ISSUERS, addresses.issuer),
    )
    access = [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in methods if url]
    made: list[x509.ExtensionType] = [x509.AuthorityInformationAccess(access)] if access else []
    if addresses.crl:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(addresses.crl)], None, None, None)
        made.append(x509.CRLDistributionPoints([point]))
    return made


def purposes_in(certificate: x509.Certificate) -> tuple[str, ...]:
    """The extended key usages of a CA certificate in RFC 5280's words; those unknown here are left out."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ()
    words = {oid: word for word, oid in EXTENDED_KEY_USAGES.items()}
    return tuple(words[oid] for oid in found if oid in words)


def subtrees_in(certificate: x509.Certificate) -> tuple[tuple[GeneralName, ...], tuple[GeneralName, ...]]:
    """The permitted and the excluded names of a CA certificate."""
    try:
        limits = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return (), ()
    return _read(limits.permitted_subtrees), _read(limits.excluded_subtrees)


def _read(subtrees: Iterable[x509.GeneralName] | None) -> tuple[GeneralName, ...]:
    return tuple(GeneralName(kind=kind, value=_said(tree)) for tree in subtrees or () if (kind := _KIND_OF.get(type(tree))))


def _said(tree: x509.GeneralName) -> str:
    return tree.value.rfc4514_string() if isinstance(tree, x509.DirectoryName) else str(tree.value)


def _subtrees(names: Iterable[GeneralName]) -> list[x509.GeneralName]:
    made: list[x509.GeneralName] = []
    for name in names:
        if name.kind == "ip":
            made.append(x509.IPAddress(ipaddress.ip_network(name.value)))
        elif name.kind == "email":
            made.append(x509.RFC822Name(name.value))
        elif name.kind == "uri":
            made.append(x509.UniformResourceIdentifier(name.value))
        elif name.kind == "dirname":
            made.append(x509.DirectoryName(x509.Name.from_rfc4514_string(name.value)))
        else:
            made.append(x509.DNSName(name.value))
    return made


def _constraint_error(text: str, hint: str) -> UsageError:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return UsageError(f"{shown[:120]!r} cannot be a name constraint", hint=hint)
