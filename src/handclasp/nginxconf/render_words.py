"""The one door through which a value that a person gave becomes a word of nginx's language.

A name must never select a token, a variable, another kind of log or another way to load a key. So whatever nginx gives a
meaning is refused, not escaped: nobody has such a path or host name by accident, and a refusal can say so.
"""

import ipaddress
import re
import zlib

from handclasp.model.errors import PolicyError

_MEANING = {
    ";": "it ends a directive",
    "{": "it opens a block",
    "}": "it closes a block",
    "$": "it begins a variable",
    '"': "it begins or ends a quoted word",
    "'": "it begins or ends a quoted word",
    "\\": "it changes the meaning of the next character",
}
_BARE = re.compile(r"[A-Za-z0-9_./:@+,=*-]+")
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_SLUG = 28
_LITERAL = re.compile(r'[\\"]')


def word(value: str, what: str) -> str:
    """`value` as one word, quoted when it has to be; nginx reads exactly `value` from it.

    Args:
        value: what a person gave.
        what: what it is, for the message ("the certificate path").

    Raises:
        PolicyError: empty, or with a character that nginx gives a meaning.
    """
    if not value:
        raise PolicyError(f"{what} is empty")
    for position, character in enumerate(value, start=1):
        if character in _MEANING:
            raise _refusal(value, what, f"{character} at character {position}", _MEANING[character])
        if not character.isprintable():
            raise _refusal(value, what, f"U+{ord(character):04X} at character {position}", "it cannot be seen")
    return value if _BARE.fullmatch(value) else f'"{value}"'


def path(value: str, what: str) -> str:
    """A file path as one word. `data:`, `engine:`, `syslog:` and bare words such as `off` are no paths.

    Raises:
        PolicyError: as `word`, or not recognisable as a path.
    """
    if "/" not in value or re.match(r"[A-Za-z0-9_.-]+:", value):
        raise PolicyError(
            f"{what} {value!r} is not a file path", hint="give the whole path, for example /etc/handclasp/server.pem"
        )
    return word(value, what)


def host(value: str, what: str) -> str:
    """A DNS name in lower case. Raises PolicyError when it is none."""
    name = value.lower()
    if not _HOST.fullmatch(name) or len(name) > 253:
        raise PolicyError(
            f"{what} {value[:80]!r} is not a DNS name",
            hint="letters, digits, - and dots; write international names in their xn-- form",
        )
    return name


def server_name(value: str) -> str:
    """A DNS name, or `*.` and one. Raises PolicyError for anything else; a client that asks for an IP address sends no SNI."""
    if is_ip(value):
        raise PolicyError(
            f"the server name {value!r} is an IP address: clients send no SNI for it, and requests without SNI are refused",
            hint="give the site a DNS name (an entry in the clients' hosts file is enough)",
        )
    wild = value.startswith("*.")
    return ("*." if wild else "") + host(value[2:] if wild else value, "the server name")


def listen(address: str, port: int) -> str:
    """The address of a listen directive: `443` for any IPv4, else `127.0.0.1:443` or `[::1]:443`.

    Raises:
        PolicyError: not an address, or not a port.
    """
    if not 1 <= port <= 65535:
        raise PolicyError(f"{port} is not a port", hint="1 to 65535")
    if address in {"*", "0.0.0.0"}:  # noqa: S104 - what the person asked for
        return f"{port}"
    bare = address.removeprefix("[").removesuffix("]")
    try:
        known = ipaddress.ip_address(bare)
    except ValueError:
        hint = "write * for any, 127.0.0.1 or [::1]"
        raise PolicyError(f"the listen address {address[:80]!r} is not an IP address", hint=hint) from None
    if "%" in bare:
        raise PolicyError(f"the listen address {address[:80]!r} has a zone", hint="nginx takes none; listen on [::] instead")
    return f"[{known}]:{port}" if known.version == 6 else f"{known}:{port}"


def literal(value: str, what: str) -> str:
    """Text from a certificate, quoted so that nginx reads exactly it. Raises PolicyError for control characters."""
    for character in value:
        if not (character.isascii() and character.isprintable()):
            raise _refusal(value, what, f"U+{ord(character):04X}", "nginx never shows it in a name")
    return '"' + _LITERAL.sub(lambda found: "\\" + found[0], value) + '"'


def slug(name: str) -> str:
    """A server name as a part of variable and zone names; different names give different slugs.

    Long ones are cut: a name of more than 46 characters does not fit nginx's variables hash as it is by default.
    """
    text = name.replace("*", "any").replace("_", "___").replace("-", "__").replace(".", "_")
    return text if len(text) <= _SLUG else f"{text[: _SLUG - 9]}_{zlib.crc32(name.encode()):08x}"


def is_ip(value: str) -> bool:
    """Whether it is an IPv4 or IPv6 address, in brackets or not."""
    try:
        ipaddress.ip_address(value.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _refusal(value: str, what: str, defect: str, why: str) -> PolicyError:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)
    return PolicyError(f"{what} {shown[:80]!r} has {defect}: {why} in nginx", hint="choose a name without it")
