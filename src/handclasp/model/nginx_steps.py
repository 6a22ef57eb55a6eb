"""What a block of nginx does with a request, step by step: `if`, `set`, `rewrite`, `return`, and what holds after them."""

from dataclasses import dataclass
from enum import StrEnum

from handclasp.model.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One `if (CONDITION) { ... }`. `variable` is without its "$"; `operator` is "", a comparison, or a file test such as "-f".

    `inside` is what it does when the condition is true; `status` and `text` are those of the `return` there, None without one.
    """

    condition: str
    variable: str
    operator: str
    operand: str
    status: int | None = None
    text: str = ""
    inside: "tuple[Step, ...]" = ()
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One `set $VARIABLE VALUE`. `variable` is without its "$"."""

    variable: str
    value: str
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """One `rewrite PATTERN REPLACEMENT [FLAG]`, or a `break`, which has no pattern.

    `flag` is "", last, break, redirect or permanent.
    """

    pattern: str | None
    replacement: str = ""
    flag: str = ""
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A `return CODE [TEXT]`; a URL alone is code 302."""

    status: int
    text: str = ""
    origin: Origin | None = None


Step = Guard | Assignment | Rewrite | Return
"""What the rewrite module does with a request in one block, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """error_page codes [=[response]] target. `response` None: keep the code; 0: "=" alone; else the number."""

    codes: tuple[int, ...]
    target: str
    response: int | None = None
    origin: Origin | None = None


class Addresses(StrEnum):
    """Whose address the `allow` and `deny` of a block let in; UNSAID: it has none, and they decide nothing."""

    UNSAID = "unsaid"
    ALL = "all"
    SOME = "some"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What else may refuse a request, after `if` and `return`.

    `asks` is the URI of an auth_request, `realm` that of auth_basic. `any_of`: satisfy any, one that lets in is enough.
    """

    addresses: Addresses = Addresses.UNSAID
    asks: str | None = None
    realm: str | None = None
    any_of: bool = False

    @property
    def denied(self) -> bool:
        """Whether no address at all is let in."""
        return self.addresses is Addresses.NONE


OPEN = Access()


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitExcept:
    """A `limit_except`: for a method that is none of `methods` (capitals) it has the place of its location.

    That has `access` from the location where it says nothing itself; its `if`, `set`, `rewrite` and `return`, and its
    try_files, do not count there.
    """

    methods: tuple[str, ...]
    access: Access
    origin: Origin | None = None

    def takes(self, method: str) -> bool:
        """Whether requests of this method are its. HEAD goes with GET."""
        return method not in self.methods and (method != "HEAD" or "GET" not in self.methods)
