"""Names of identities and subject alternative names: what may stand in a certificate, a path, a log line and a shell.

An identity name becomes a common name (at most 64 characters, RFC 5280 appendix A, ub-common-name), a folder and a file name,
a word in nginx's log and often a word in somebody's script. So it is checked against a short list of what is allowed, and a
refusal says which character, where, and what to do.
"""

import re
import unicodedata

from handclasp.model.errors import UsageError

MAX_CHARACTERS = 64
MAX_BYTES = 240  # 255 is what Linux file systems take; ".p12" and a temporary suffix come on top

_INSIDE = frozenset("._-@+ ")
_PLAIN = re.compile(r"[A-Za-z0-9._@+ -]+")
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")})
_IGNORABLE = (  # letters and marks among Unicode's Default_Ignorable_Code_Point: they show as nothing
    (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x3164, 0x3164), (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0), (0xE0100, 0xE01EF),
)  # fmt: skip
_MAX_MARKS = 3
_IN_SUBJECT = f"1 to {MAX_CHARACTERS} printable characters, without a blank at either end"
_RENAME = "use letters, digits and . _ - @ + or a space inside, for example: alice or build-server.7"


def identity_name(text: str) -> str:
    """The name in Unicode NFC, if it may name an identity.

    Allowed: letters of any script with their marks, digits, and `. _ - @ +` or a space between them; at most 64 characters.

    Raises:
        UsageError: it may not; the message names the first offending character and its position (from 1).
    """
    name = unicodedata.normalize("NFC", text)
    if not name:
        raise UsageError("the name is empty", hint=_RENAME)
    if name.startswith("*."):
        raise UsageError(
            "a wildcard is no name for an identity",
            hint="choose one, and say what it is for: handclasp issue wildcard --profile server --san 'dns:*.example.test'",
        )
    _check_characters(name)
    for position, edge in ((1, name[0]), (len(name), name[-1])):
        if edge in _INSIDE:
            place = "starts" if position == 1 else "ends"
            raise _refusal(
                name, f"{place} with {describe(edge)} (character {position})", "begin and end it with a letter or a digit"
            )
    _check_length(name)
    if ".." in name:
        raise _refusal(
            name, f"has two dots in a row (character {name.index('..') + 1})", "a path could climb with it; use one dot"
        )
    if name.split(".")[0].rstrip().casefold() in _DEVICES:
        raise _refusal(
            name, "is a device on Windows, so its files could not be copied there", f"use another word, for example: {name}-1"
        )
    return name


def organization_name(text: str) -> str:
    """An organization (O) in Unicode NFC: 1 to 64 printable characters (RFC 5280 appendix A), no blanks at its ends.

    Raises:
        UsageError: it is not.
    """
    name = unicodedata.normalize("NFC", text)
    if not _fits_subject(name):
        raise UsageError(f"the organization {_shown(name)!r} cannot stand in a certificate", hint=_IN_SUBJECT)
    return name


def authority_name(text: str) -> str:
    """The common name of a CA, by the rule of organizations: it names no file, so it may be freer than an identity's.

    Raises:
        UsageError: it is not.
    """
    name = unicodedata.normalize("NFC", text)
    if not _fits_subject(name):
        raise UsageError(f"a CA cannot have the name {_shown(name)!r}", hint=_IN_SUBJECT)
    return name


def _fits_subject(name: str) -> bool:
    return 1 <= len(name) <= MAX_CHARACTERS and name.isprintable() and name == name.strip()


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)[:80]


def fold(name: str) -> str:
    """The form in which two names that people or file systems confuse are equal: NFKC, case folded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def describe(character: str) -> str:
    """A character in words that are safe to print: U+002F SOLIDUS '/'."""
    name = unicodedata.name(character, "")
    shown = f" {character!r}" if character.isprintable() and not unicodedata.combining(character) else ""
    return f"U+{ord(character):04X}{' ' + name if name else ''}{shown}"


def _check_characters(name: str) -> None:
    if _PLAIN.fullmatch(name):
        return
    marks = 0
    for position, character in enumerate(name, start=1):
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Mc"} else 0
        if marks:
            allowed = position > 1 and name[position - 2].isalpha() if marks == 1 else marks <= _MAX_MARKS
        else:
            allowed = category[0] == "L" or category == "Nd" or character in _INSIDE
        if not allowed or any(low <= ord(character) <= high for low, high in _IGNORABLE):
            raise _refusal(name, f"has {describe(character)} at character {position}", f"{_why(character)}; {_RENAME}")


def _check_length(name: str) -> None:
    size = len(name.encode())
    if len(name) > MAX_CHARACTERS:
        raise _refusal(
            name, f"has {len(name)} characters", f"a common name holds at most {MAX_CHARACTERS} (RFC 5280); shorten the name"
        )
    if size > MAX_BYTES:
        raise _refusal(name, f"takes {size} bytes in UTF-8", f"a file name holds at most {MAX_BYTES} of them; shorten the name")


def _why(character: str) -> str:
    category = unicodedata.category(character)
    if character in "/\\":
        return "it separates folders"
    if character in "\r\n\0" or category in {"Cc", "Zl", "Zp"}:
        return "control characters forge log lines and paths"
    if category == "Cf" or any(low <= ord(character) <= high for low, high in _IGNORABLE):
        return "it is invisible or turns the direction of text, so the name would not be what it seems"
    if character.isascii():
        return "it has a meaning for nginx, shells or certificate names"
    return "it is neither letter nor digit"


def _refusal(name: str, defect: str, advice: str) -> UsageError:
    return UsageError(f"the name {_shown(name)!r} {defect}", hint=advice)
