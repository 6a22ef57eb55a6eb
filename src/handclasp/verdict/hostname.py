"""nginx's check of an upstream certificate's name: X509_check_host with flags 0 (ngx_ssl_check_host)."""

import re

from handclasp.model.certificate import Certificate

_LABEL = re.compile(r"[A-Za-z0-9*]")
_STARRED = re.compile(r"[A-Za-z0-9-]*")


def certificate_names(certificate: Certificate) -> tuple[str, ...]:
    """The names that count: the dNSNames, or the CNs when there is no dNSName. IP addresses never count."""
    names = tuple(name.value for name in certificate.subject_alt_name or () if name.kind == "dns")
    return names or certificate.common_names


def matches(certificate: Certificate, name: str) -> bool:
    """Whether the certificate bears `name`."""
    return bool(name) and any(_equal(pattern.lower(), name.lower()) for pattern in certificate_names(certificate))


def _equal(pattern: str, name: str) -> bool:
    """A name that begins with a dot stands for all names below it; wildcards do not count for it."""
    if len(name) > 1 and name.startswith("."):
        return pattern.endswith(name)
    return _wildcard(pattern, name) if _valid_wildcard(pattern) else pattern == name


def _valid_wildcard(pattern: str) -> bool:
    """One star, at an end of the first label, that label no IDNA one, two labels or more behind it (valid_star)."""
    first, *others = pattern.split(".")
    if len(others) < 2 or first.count("*") != 1 or "*" in "".join(others):
        return False
    at_an_end = first.startswith("*") or first.endswith("*")
    # Behind "xn--" a label starts anew for OpenSSL, but a star there is refused like anywhere else in an IDNA label.
    return at_an_end and not first.startswith("xn--") and all(_is_label(label) for label in (first, *others))


def _is_label(label: str) -> bool:
    """Letters, digits and inner hyphens; the star of the first label counts as a letter."""
    rest = label.removeprefix("xn--")
    if not rest or not _LABEL.match(rest) or rest.endswith("-"):
        return False
    return all(_LABEL.match(character) or character == "-" for character in rest)


def _wildcard(pattern: str, name: str) -> bool:
    """The star stands for letters, digits and hyphens only: for one or more as a whole label, else for none too."""
    before, _, after = pattern.partition("*")
    if len(name) < len(before) + len(after) or not name.startswith(before) or not name.endswith(after):
        return False
    starred = name[len(before) : len(name) - len(after)]
    if not before and after.startswith("."):
        return starred == "*" or (bool(starred) and _STARRED.fullmatch(starred) is not None)
    if name[len(before) :].startswith("xn--"):
        return False
    return starred == "*" or _STARRED.fullmatch(starred) is not None
