"""Name constraints (RFC 5280 4.2.1.10) as OpenSSL applies them (v3_ncons.c:NAME_CONSTRAINTS_check and _check_CN)."""

import re
from collections.abc import Callable, Iterator

from handclasp.model.certificate import Certificate, GeneralName, NameConstraints
from handclasp.model.nginx import OpensslSeries
from handclasp.verdict.question import Chain, Findings, Question

_PERMITTED, _EXCLUDED = "PERMITTED_VIOLATION", "EXCLUDED_VIOLATION"
_UNSUPPORTED_TYPE, _UNSUPPORTED_SYNTAX = "UNSUPPORTED_CONSTRAINT_TYPE", "UNSUPPORTED_NAME_SYNTAX"


class _BadSyntax(Exception):  # noqa: N818 - a signal between two functions of this file
    """A name that cannot be compared."""


def check(question: Question, findings: Findings, chain: Chain) -> None:
    """Raise 47, 48, 51 and 53: each certificate, top first, against the constraints of every certificate above it."""
    for depth in range(chain.size - 1, -1, -1):
        certificate = chain.certificates[depth]
        if depth > 0 and certificate.self_issued:
            continue
        if certificate.proxy:
            # Its subject would have to be its issuer's with one common name more (RFC 3820 3.4), but then no CA ever issued it.
            findings.error("PROXY_SUBJECT_NAME_VIOLATION", depth, certificate)
        for above in reversed(chain.certificates[depth + 1 :]):
            if above.name_constraints is None:
                continue
            symbol = _violation(above.name_constraints, _names(question, certificate, leaf=depth == 0), question.series)
            if symbol:
                findings.error(symbol, depth, certificate)


def _names(question: Question, certificate: Certificate, *, leaf: bool) -> Iterator[GeneralName]:
    """Subject, its e-mail addresses, the alternative names, and for a leaf without dNSName the host names among its CNs."""
    if certificate.subject:
        yield GeneralName(kind="dirname", value=certificate.subject_text, der=certificate.subject)
    for address in certificate.email_addresses:
        yield GeneralName(kind="email", value=address)
    alternative = certificate.subject_alt_name or ()
    yield from alternative
    if leaf and question.series is not OpensslSeries.V1_0_2 and not any(name.kind == "dns" for name in alternative):
        for name in certificate.common_names:
            if _looks_like_host(name):
                yield GeneralName(kind="dns", value=name)


def _violation(constraints: NameConstraints, names: Iterator[GeneralName], series: OpensslSeries) -> str | None:
    for name in names:
        try:
            symbol = _judge(name, constraints, series)
        except _BadSyntax:
            symbol = _UNSUPPORTED_SYNTAX
        if symbol:
            return symbol
    return None


def _judge(name: GeneralName, constraints: NameConstraints, series: OpensslSeries) -> str | None:
    permitted = [base for base in constraints.permitted if base.kind == name.kind]
    excluded = [base for base in constraints.excluded if base.kind == name.kind]
    matcher = (_MATCHERS_3_5 if series.since(OpensslSeries.V3_5) else _MATCHERS).get(name.kind)
    if matcher is None:
        return _UNSUPPORTED_TYPE if permitted or excluded else None
    if permitted and not any(matcher(name, base) for base in permitted):
        return _PERMITTED
    return _EXCLUDED if any(matcher(name, base) for base in excluded) else None


def _directory(name: GeneralName, base: GeneralName) -> bool:
    return name.der.startswith(base.der)


def _dns(name: GeneralName, base: GeneralName) -> bool:
    host, suffix = name.value.lower(), base.value.lower()
    if not suffix:
        return True
    if not host.endswith(suffix):
        return False
    return len(host) == len(suffix) or suffix.startswith(".") or host[-len(suffix) - 1] == "."


def _email(name: GeneralName, base: GeneralName) -> bool:
    local, at, host = name.value.rpartition("@")
    if not at:
        raise _BadSyntax
    base_local, base_at, base_host = base.value.rpartition("@")
    if not base_at and base.value.startswith("."):
        return len(name.value) > len(base.value) and name.value.lower().endswith(base.value.lower())
    if base_local and base_local != local:
        return False
    return host.lower() == base_host.lower()


def _uri(name: GeneralName, base: GeneralName) -> bool:
    _, colon, rest = name.value.partition(":")
    if not colon or not rest.startswith("//"):
        raise _BadSyntax
    rest = rest[2:]
    host = rest.partition(":")[0] if ":" in rest else rest.partition("/")[0]
    if not host:
        raise _BadSyntax
    return _host_below(host, base)


def _url(name: GeneralName, base: GeneralName) -> bool:
    """Since 3.5 a URL is taken apart as one: user and port do not belong to the host, which may be empty."""
    scheme, separator, rest = name.value.partition("://")
    if not separator or not scheme:
        raise _BadSyntax
    host = rest.partition("@")[2] if "@" in rest else rest
    if host.startswith("["):
        return _host_below(host[1:].partition("]")[0], base)
    return _host_below(_BEHIND_HOST.split(host, maxsplit=1)[0], base)


def _host_below(host: str, base: GeneralName) -> bool:
    if base.value.startswith("."):
        return len(host) > len(base.value) and host.lower().endswith(base.value.lower())
    return host.lower() == base.value.lower()


def _ip(name: GeneralName, base: GeneralName) -> bool:
    host, half = name.der, len(base.der) // 2
    if len(host) not in (4, 16) or len(base.der) not in (8, 32):
        raise _BadSyntax
    masked = zip(host, base.der[:half], base.der[half:], strict=True) if len(host) == half else [(1, 0, 1)]
    return not any((ours ^ theirs) & mask for ours, theirs, mask in masked)


_BEHIND_HOST = re.compile(r"[:/?#]")
_MATCHERS: dict[str, Callable[[GeneralName, GeneralName], bool]] = {
    "dirname": _directory,
    "dns": _dns,
    "email": _email,
    "uri": _uri,
    "ip": _ip,
}


_MATCHERS_3_5 = {**_MATCHERS, "uri": _url}


def _looks_like_host(name: str) -> bool:
    """Two labels or more of letters, digits, underscores and inner hyphens (cn2dnsid)."""
    labels = name.split(".")
    return len(labels) > 1 and name.isascii() and all(_is_label(label) for label in labels)


def _is_label(text: str) -> bool:
    return bool(text) and text[0] != "-" and text[-1] != "-" and text.replace("-", "a").replace("_", "a").isalnum()
