"""Text from certificates, logs and configurations made safe to show: terminal escapes and bidi tricks become visible."""

import re
import unicodedata

_BYTES = re.compile(r"(?:\\[89A-Fa-f][0-9A-Fa-f])+")  # RFC 4514, 2.4: a backslash and two digits for each octet
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str) -> str:
    r"""`text` with every control, format, surrogate and unassigned character shown as \xNN or \u{NNNN}."""
    return "".join(_show(character) for character in text)


def readable(text: str) -> str:
    r"""`text` with the letters that nginx writes as bytes (`CN=J\C3\BCrgen`) as the letters they are, and made safe to show.

    Not for what is to be compared or copied: nginx's own form counts there.
    """
    return visible(_BYTES.sub(_letters, text))


def _letters(found: re.Match[str]) -> str:
    """The letters of escaped bytes; the escapes as they are when they are none."""
    try:
        return bytes.fromhex(found[0].replace("\\", "")).decode()
    except UnicodeDecodeError:
        return found[0]


def _show(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{{{number:x}}}"
