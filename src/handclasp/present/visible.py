"""Text from certificates, logs and configurations made safe to show: terminal escapes and bidi tricks become visible."""

import unicodedata

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str) -> str:
    r"""`text` with every control, format, surrogate and unassigned character shown as \xNN or \u{NNNN}."""
    return "".join(_show(character) for character in text)


def _show(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{{{number:x}}}"
