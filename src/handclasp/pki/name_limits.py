"""Whether names fit the name constraints of the CAs above them (RFC 5280 4.2.1.10), before anything is signed."""

import ipaddress
from collections.abc import Callable, Iterable, Iterator

from cryptography import x509

from handclasp.model.certificate import GeneralName, NameConstraints

_Subtrees = Iterable[x509.GeneralName] | None


def outside(
    subject: x509.Name, common_name: str, names: Iterable[GeneralName], limits: x509.NameConstraints
) -> tuple[str, ...]:
    """Every name of an end entity that is not allowed below a CA with these constraints, in words.

    A common name that looks like a host counts as one where no DNS name stands beside it, as OpenSSL has it.
    """
    asked = tuple(names)
    hosts = tuple(one for one in asked if one.kind == "dns")
    if not hosts and "." in common_name and " " not in common_name and "@" not in common_name:
        asked += (GeneralName(kind="dns", value=common_name),)
    return (*_subject_faults(subject, limits), *_faults(asked, limits))


def ca_outside(subject: x509.Name, names: NameConstraints | None, limits: x509.NameConstraints) -> tuple[str, ...]:
    """Every name that a CA below these constraints would be for, and which nobody would accept of it."""
    trees = tuple(_of_tree(tree) for tree in names.permitted) if names else ()
    return (*_subject_faults(subject, limits), *_faults(trees, limits))


def _of_tree(tree: GeneralName) -> GeneralName:
    """A subtree as a name in it: the host of a URI alone is no URI."""
    return GeneralName(kind=tree.kind, value=f"any://{tree.value}") if tree.kind == "uri" else tree


def _faults(names: tuple[GeneralName, ...], limits: x509.NameConstraints) -> Iterator[str]:
    for name in names:
        permitted = _of_kind(name.kind, limits.permitted_subtrees)
        excluded = _of_kind(name.kind, limits.excluded_subtrees)
        if (permitted or excluded) and name.kind == "uri" and not _uri_host(name.value):
            yield f"{name.kind}:{name.value} names no host, which the CA is held to"
        elif permitted and not any(_within(name, tree) for tree in permitted):
            yield f"{name.kind}:{name.value} is outside {', '.join(permitted)}"
        for tree in excluded:
            if _within(name, tree):
                yield f"{name.kind}:{name.value} is in {tree}, which is excluded"


def _subject_faults(subject: x509.Name, limits: x509.NameConstraints) -> Iterator[str]:
    said, own = subject.rfc4514_string(), _folded(subject)
    permitted, excluded = _directories(limits.permitted_subtrees), _directories(limits.excluded_subtrees)
    if permitted and not any(own[: len(tree)] == tree for tree in permitted.values()):
        yield f"{said} is outside {', '.join(permitted)}"
    for words, tree in excluded.items():
        if own[: len(tree)] == tree:
            yield f"{said} is in {words}, which is excluded"


def _directories(subtrees: _Subtrees) -> dict[str, list[frozenset[tuple[str, str]]]]:
    found = (tree.value for tree in subtrees or () if isinstance(tree, x509.DirectoryName))
    return {name.rfc4514_string(): _folded(name) for name in found}


def _folded(name: x509.Name) -> list[frozenset[tuple[str, str]]]:
    """Case and blanks do not tell names apart (RFC 5280 7.1)."""
    return [frozenset((one.oid.dotted_string, " ".join(str(one.value).lower().split())) for one in rdn) for rdn in name.rdns]


def _of_kind(kind: str, subtrees: _Subtrees) -> list[str]:
    return [str(tree.value) for tree in subtrees or () if isinstance(tree, _TYPES.get(kind, ()))]


def _within(name: GeneralName, tree: str) -> bool:
    return _RULES[name.kind](name.value, tree)


def _dns(name: str, tree: str) -> bool:
    host, base = name.lower().removeprefix("*."), tree.lower()
    if base.startswith("."):  # OpenSSL and GnuTLS: only what is below it
        return name.lower().endswith(base)
    return not base or host == base or host.endswith(f".{base}")


def _email(name: str, tree: str) -> bool:
    host, base = name.rpartition("@")[2].lower(), tree.lower()
    if "@" in base:
        return name.rpartition("@")[0] == tree.rpartition("@")[0] and host == base.rpartition("@")[2]
    return host.endswith(base) if base.startswith(".") else host == base


def _ip(name: str, tree: str) -> bool:
    network, ours = ipaddress.ip_network(tree), ipaddress.ip_network(name)
    if isinstance(ours, ipaddress.IPv4Network):
        return isinstance(network, ipaddress.IPv4Network) and ours.subnet_of(network)
    return isinstance(network, ipaddress.IPv6Network) and ours.subnet_of(network)


def _uri(name: str, tree: str) -> bool:
    host, base = _uri_host(name), tree.lower()
    return host.endswith(base) if base.startswith(".") else host == base


def _uri_host(uri: str) -> str:
    """The host of a URI, "" without one; an address in brackets is none that a constraint could name."""
    host = uri.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0].lower()
    return "" if host.startswith("[") else host


_TYPES = {"dns": x509.DNSName, "email": x509.RFC822Name, "ip": x509.IPAddress, "uri": x509.UniformResourceIdentifier}
_RULES: dict[str, Callable[[str, str], bool]] = {"dns": _dns, "email": _email, "ip": _ip, "uri": _uri}
