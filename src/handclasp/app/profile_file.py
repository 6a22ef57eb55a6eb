"""Profiles that a person writes (TOML): a built-in one with other lifetimes, names, keys or usages. Never a CA."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from handclasp.app.toml_places import place_of, toml_table
from handclasp.catalogue.profiles import END_ENTITY_PROFILES, PROFILES
from handclasp.model.errors import InputError, PolicyError
from handclasp.model.issuance import KeyType, Profile
from handclasp.model.origin import Origin
from handclasp.pki.ca_extensions import EXTENDED_KEY_USAGES

_USAGES = tuple(word for word in EXTENDED_KEY_USAGES if word != "OCSPSigning")  # who has that may speak for the CA

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}\Z")
"""What a profile may be called, and its file before `.toml`."""

KEYS = ("base", "days", "max_days", "san_kinds", "san_required", "key_types", "extended_key_usage", "reference")
"""What may be in such a file."""

EXAMPLE = f"""\
base = "client"                        # one of: {", ".join(END_ENTITY_PROFILES)}
days = 90                              # life when nobody asks for another
max_days = 180                         # the most that may be asked for
san_kinds = ["email"]                  # of dns, ip, email, uri, upn
san_required = true                    # whether there must be one
key_types = ["ec-p256"]                # the first is the default
extended_key_usage = ["clientAuth"]    # of {", ".join(_USAGES)}
reference = "our handbook 4.2"         # where it is decided; for people
"""


def read_profile(content: bytes, *, name: str, where: str) -> Profile:
    """The profile in a file.

    Raises:
        InputError: it is no TOML, or a key or value is not one of those in EXAMPLE; `where` has line and column.
        PolicyError: it would widen what its base allows in life.
    """
    if not NAME.match(name) or name in PROFILES:
        raise InputError(
            f"a profile cannot be called {name!r}",
            where=where,
            hint="lower-case letters, digits and hyphens; not a built-in one",
        )
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 (byte {error.start + 1})", where=where, hint=EXAMPLE) from error
    table = toml_table(text, where=where, hint=EXAMPLE)
    fields = _Fields(table, text, where)
    base = fields.read("base", _text)
    fields.refuse_unknown()
    if base is None:
        raise InputError("base is missing", where=Origin(where, 1, 1), hint=EXAMPLE)
    if base not in END_ENTITY_PROFILES:
        raise fields.wrong("base", f"{base!r} is no profile to build on")
    return _built(fields, PROFILES[base], name)


class _Fields:
    """A table; what is wrong in it is said with its line and column."""

    def __init__(self, table: dict[str, Any], text: str, where: str) -> None:
        self._table, self._text, self._where = table, text, where

    def read(self, key: str, check: Callable[[Any], Any]) -> Any:
        if key not in self._table:
            return None
        try:
            return check(self._table[key])
        except (ValueError, TypeError) as error:
            raise self.wrong(key, f"{key}: {error}") from error

    def refuse_unknown(self) -> None:
        for key in self._table:
            if key not in KEYS:
                raise self.wrong(key, f"there is no {key!r} in a profile")

    def place(self, key: str) -> Origin:
        return Origin(self._where, *place_of(self._text, key))

    def wrong(self, key: str, what: str) -> InputError:
        return InputError(what, where=self.place(key), hint=EXAMPLE)


def _built(fields: _Fields, base: Profile, name: str) -> Profile:
    days, most = fields.read("days", _days), fields.read("max_days", _days)
    usages = fields.read("extended_key_usage", _words(_USAGES))
    kinds = fields.read("san_kinds", _words(("dns", "ip", "email", "uri", "upn"), empty=True))
    keys = fields.read("key_types", _words(tuple(KeyType)))
    required = fields.read("san_required", _truth)
    reference = fields.read("reference", _text)
    made = replace(
        base,
        name=name,
        max_lifetime=most or base.max_lifetime,
        lifetime=days or min(base.lifetime, most or base.lifetime),
        extended_key_usage=usages or base.extended_key_usage,
        san_kinds=base.san_kinds if kinds is None else kinds,
        san_required=base.san_required if required is None else required,
        key_types=tuple(KeyType(word) for word in keys) if keys else base.key_types,
        reference=reference or base.reference,
    )
    if made.max_lifetime > base.max_lifetime:
        raise PolicyError(
            f"profile {name} allows more days than {base.name} ({base.max_lifetime.days})", where=fields.place("max_days")
        )
    if made.lifetime > made.max_lifetime:
        raise fields.wrong("days", "days is more than max_days")
    if made.san_required and not made.san_kinds:
        raise fields.wrong("san_required", "a name is required, and no kind of name is allowed")
    if not set(made.key_types) <= set(base.key_types):
        raise fields.wrong("key_types", f"{base.name} takes only: {', '.join(base.key_types)}")
    return made


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text in quotes is needed")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false is needed")
    return value


def _days(value: Any) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 36500:
        raise ValueError("a number of days is needed, from 1 to 36500")
    return timedelta(days=value)


def _words(allowed: tuple[str, ...], *, empty: bool = False) -> Callable[[Any], tuple[str, ...]]:
    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not (value or empty) or any(word not in allowed for word in value):
            raise ValueError(f"a list of these is needed: {', '.join(allowed)}")
        return tuple(dict.fromkeys(value))

    return read
