"""Subject alternative names (RFC 5280 4.2.1.6) from what a person types.

`dns:api.test`, `ip:192.0.2.7`, `email:a@b.test`, `uri:spiffe://example.test/web`, `upn:alice@example.test`.
"""

import ipaddress
import re
from encodings import idna

from handclasp.model.certificate import GeneralName
from handclasp.model.errors import UsageError
from handclasp.pki.der import UTF8_STRING, dotted, elements, encode, first

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_URI = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,31})://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])"
    r"(?P<rest>(:[0-9]{1,5})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?)\Z"
)
UPN = "1.3.6.1.4.1.311.20.2.3"
"""The otherName of Windows logons."""

_DEVIATIONS = "\u00df\u03c2\u200c\u200d"  # IDNA 2003 maps these four away, IDNA 2008 keeps them (RFC 5894 7.2)


def subject_alt_name(text: str) -> GeneralName:
    """Read one name: `kind:value` with kind dns, ip, email, uri or upn; a plain value is guessed (address, e-mail, DNS).

    Raises:
        UsageError: it is not a name of that kind; the message says why.
    """
    kind, colon, value = text.partition(":")
    if colon and kind.lower() in _READERS:
        return _READERS[kind.lower()](value)
    if _is_ip(text):
        return _ip(text)
    return _email(text) if "@" in text else _dns(text)


def dns_name(text: str) -> str | None:
    """`text` as a DNS name in A-labels, or None when it is none."""
    try:
        return _dns(text).value
    except UsageError:
        return None


def _dns(text: str) -> GeneralName:
    name = text.lower()
    wildcard = name.startswith("*.")
    labels = name.removeprefix("*.").split(".")
    if "*" in name.removeprefix("*."):
        raise _name_error(text, "a wildcard may only be the whole first label", "write *.example.test (RFC 9525 6.3)")
    if wildcard and len(labels) < 2:
        raise _name_error(text, "a wildcard needs at least two labels behind it", "write *.example.test")
    encoded = [_a_label(text, label) for label in labels]
    if all(label.isdigit() for label in encoded):
        raise _name_error(text, "it is made of digits only", "write ip: before an address")
    value = ("*." if wildcard else "") + ".".join(encoded)
    if len(value) > 253:
        raise _name_error(text, f"it has {len(value)} characters", "a DNS name holds at most 253 (RFC 1035 2.3.4)")
    return GeneralName(kind="dns", value=value)


def _a_label(text: str, label: str) -> str:
    if not label.isascii():
        if any(character in label for character in _DEVIATIONS):
            raise _name_error(
                text, "it has a character that IDNA 2003 and 2008 encode differently", "write the label in its xn-- form"
            )
        try:
            label = idna.ToASCII(label).decode("ascii").lower()
        except UnicodeError as error:
            raise _name_error(text, f"label {label!r} has no A-label ({error})", "write the label in its xn-- form") from None
    if not _LABEL.match(label):
        raise _name_error(
            text,
            f"label {label!r} is not a DNS label" if label else "it has an empty label",
            "labels are 1 to 63 letters, digits and hyphens, with no hyphen at either end and no dot at the end of the name",
        )
    return label


def _ip(text: str) -> GeneralName:
    if "%" in text:
        raise _name_error(text, "a scope means something on one machine only", "leave out % and what follows it: ip:fe80::1")
    try:
        return GeneralName(kind="ip", value=str(ipaddress.ip_address(text)))
    except ValueError:
        advice = "write one address, without a prefix length: ip:192.0.2.7 or ip:2001:db8::7"
        raise _name_error(text, "it is neither an IPv4 nor an IPv6 address", advice) from None


def _email(text: str) -> GeneralName:
    local, _, domain = text.rpartition("@")
    if not local.isascii() or not _LOCAL.match(local) or len(local) > 64:
        raise _name_error(
            text, "the part before @ is not a plain ASCII mailbox", "rfc822Name holds ASCII only (RFC 5280 4.2.1.6)"
        )
    host = _dns(domain).value
    if host.startswith("*."):
        raise _name_error(text, "an e-mail address has no wildcard", "write the whole address")
    return GeneralName(kind="email", value=f"{local}@{host}")


def _uri(text: str) -> GeneralName:
    found = _URI.match(text)
    if not found or len(text) > 2048:
        raise _name_error(
            text, "it is no absolute URI with a host", "write, for example, uri:spiffe://example.test/web (RFC 3986)"
        )
    scheme, host, rest = found["scheme"].lower(), found["host"].lower(), found["rest"]
    if dns_name(host) is None and not _is_ip(host.strip("[]")):
        raise _name_error(text, f"its host {host!r} is neither a DNS name nor an address", "RFC 5280 4.2.1.6 wants one")
    if scheme == "spiffe" and ("?" in rest or "#" in rest or ":" in host or rest.endswith("/") or "//" in rest):
        raise _name_error(
            text, "a SPIFFE ID has a trust domain and a path, and nothing else", "write uri:spiffe://example.test/web"
        )
    return GeneralName(kind="uri", value=f"{scheme}://{host}{rest}")


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _upn(text: str) -> GeneralName:
    """User principal name: what Windows maps a smart card logon to."""
    user, _, domain = text.rpartition("@")
    if not user or len(text) > 256 or not user.isprintable() or any(sign in user for sign in ' "/\\[]:;|=,+*?<>@'):
        raise _name_error(text, "it is no user principal name", "write user@domain, for example upn:alice@example.test")
    return GeneralName(kind="upn", value=f"{user}@{_dns(domain).value}")


def upn_octets(value: str) -> bytes:
    """The value of the otherName: UTF8String."""
    return encode(UTF8_STRING, value.encode())


def upn_in(content: bytes) -> str | None:
    """The user principal name in an otherName (its content, DER), or None when it is of another kind."""
    kind, value = elements(content)
    if dotted(kind.content) != UPN:
        return None
    return first(value.content).content.decode("utf-8", "replace")


def as_asked(name: GeneralName) -> GeneralName:
    """A name of a certificate as it was asked for: the otherName of a logon is a user principal name again."""
    user = upn_in(name.der) if name.kind == "other" else None
    return GeneralName(kind="upn", value=user) if user else GeneralName(kind=name.kind, value=name.value)


def _name_error(text: str, why: str, hint: str) -> UsageError:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return UsageError(f"{shown[:120]!r} cannot be a subject alternative name: {why}", hint=hint)


_READERS = {"dns": _dns, "ip": _ip, "email": _email, "uri": _uri, "upn": _upn}
