"""Whether names fit the name constraints of the CA that should sign them (RFC 5280 4.2.1.10), before it does."""

import ipaddress
from collections.abc import Callable, Iterable, Iterator

from cryptography import x509

from handclasp.model.certificate import GeneralName

_Subtrees = Iterable[x509.GeneralName] | None


def outside(common_name: str, names: Iterable[GeneralName], issuer: x509.Certificate) -> tuple[str, ...]:
    """Every name that this issuer is not allowed to sign, in words. Constraints of CAs above it are its own affair.

    A common name that looks like a host counts as one where no DNS name stands beside it, as OpenSSL has it.
    """
    try:
        limits = issuer.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return ()
    asked = tuple(names)
    hosts = tuple(one for one in asked if one.kind == "dns")
    if not hosts and "." in common_name and " " not in common_name and "@" not in common_name:
        asked += (GeneralName(kind="dns", value=common_name),)
    return tuple(_faults(asked, limits))


def _faults(names: tuple[GeneralName, ...], limits: x509.NameConstraints) -> Iterator[str]:
    for name in names:
        permitted = _of_kind(name.kind, limits.permitted_subtrees)
        excluded = _of_kind(name.kind, limits.excluded_subtrees)
        if permitted and not any(_within(name, tree) for tree in permitted):
            yield f"{name.kind}:{name.value} is outside {', '.join(permitted)}"
        for tree in excluded:
            if _within(name, tree):
                yield f"{name.kind}:{name.value} is in {tree}, which is excluded"


def _of_kind(kind: str, subtrees: _Subtrees) -> list[str]:
    return [str(tree.value) for tree in subtrees or () if isinstance(tree, _TYPES.get(kind, ()))]


def _within(name: GeneralName, tree: str) -> bool:
    return _RULES[name.kind](name.value, tree)


def _dns(name: str, tree: str) -> bool:
    host, base = name.lower().removeprefix("*."), tree.lower().removeprefix(".")
    return not base or host == base or host.endswith(f".{base}")


def _email(name: str, tree: str) -> bool:
    host, base = name.rpartition("@")[2].lower(), tree.lower()
    if "@" in base:
        return name.rpartition("@")[0] == tree.rpartition("@")[0] and host == base.rpartition("@")[2]
    return host.endswith(base) if base.startswith(".") else host == base


def _ip(name: str, tree: str) -> bool:
    network = ipaddress.ip_network(tree)
    address = ipaddress.ip_address(name)
    return address.version == network.version and address in network


def _uri(name: str, tree: str) -> bool:
    host = name.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0].lower()
    base = tree.lower()
    return host.endswith(base) if base.startswith(".") else host == base


_TYPES = {"dns": x509.DNSName, "email": x509.RFC822Name, "ip": x509.IPAddress, "uri": x509.UniformResourceIdentifier}
_RULES: dict[str, Callable[[str, str], bool]] = {"dns": _dns, "email": _email, "ip": _ip, "uri": _uri}
