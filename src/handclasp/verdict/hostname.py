"""nginx's check of an upstream certificate's name: X509_check_host with flags 0 (ngx_ssl_check_host)."""

from handclasp.model.certificate import Certificate


def certificate_names(certificate: Certificate) -> tuple[str, ...]:
    """The names that count: the dNSNames, or the CNs when there is no dNSName. IP addresses never count."""
    names = tuple(name.value for name in certificate.subject_alt_name or () if name.kind == "dns")
    return names or certificate.common_names


def matches(certificate: Certificate, name: str) -> bool:
    """Whether the certificate bears `name`."""
    return bool(name) and any(_equal(pattern.lower(), name.lower()) for pattern in certificate_names(certificate))


def _equal(pattern: str, name: str) -> bool:
    if name.startswith("."):
        return len(pattern) > len(name) and pattern.endswith(name)
    if "*" not in pattern:
        return pattern == name
    return _wildcard(pattern, name)


def _wildcard(pattern: str, name: str) -> bool:
    """One star, in the first label, with two labels or more after it; it never stands for a dot (valid_star)."""
    first, dot, rest = pattern.partition(".")
    if not dot or first.count("*") != 1 or "*" in rest or rest.count(".") < 1 or first.startswith("xn--"):
        return False
    before, _, after = first.partition("*")
    label, name_dot, name_rest = name.partition(".")
    if not name_dot or name_rest != rest or len(label) < len(before) + len(after):
        return False
    if (before or after) and label.startswith("xn--"):
        return False
    starred = label[len(before) : len(label) - len(after)]
    return bool(starred) and label.startswith(before) and label.endswith(after)
