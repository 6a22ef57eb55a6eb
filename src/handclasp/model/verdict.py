"""What nginx will say of a handshake: every error in the order OpenSSL raises it, and the HTTP outcome."""

from dataclasses import dataclass
from enum import StrEnum

from handclasp.model.certificate import Certificate


class Side(StrEnum):
    """Which verification: a client at nginx, or an upstream by nginx."""

    CLIENT = "client"
    UPSTREAM = "upstream"


class Source(StrEnum):
    """Where path building took a certificate from."""

    PRESENTED = "presented"
    STORE = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyError:
    """One error raised through the verify callback (X509_STORE_CTX_get_error and _error_depth)."""

    number: int
    symbol: str
    text: str
    depth: int
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PathStep:
    """One certificate of the path that OpenSSL built; depth 0 is the leaf."""

    depth: int
    certificate: Certificate
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedIssuer:
    """A candidate that path building looked at above `depth` and did not take, with the reason in words."""

    depth: int
    candidate: Certificate
    source: Source
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PathVerdict:
    """OpenSSL's part: the path, what was rejected on the way, and every error in order. No errors: verified.

    `trusted`: the path ends in a self-signed certificate of the store.
    """

    path: tuple[PathStep, ...]
    rejected: tuple[RejectedIssuer, ...]
    errors: tuple[VerifyError, ...]
    trusted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Otherwise:
    """A status that comes instead, depending on what is not known of a request: conditions of an `if`, or directives."""

    status: int
    depends_on: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """nginx's part on top.

    `status`: the HTTP status; None when no HTTP answer comes (`alert` or `closed` says what happens instead) or when nginx
    refuses to start (`start` holds its words). `verify`: the value of $ssl_client_verify, client side only.
    `reported`: the one error nginx logs. `otherwise`: what else may come, where it was asked for.
    """

    side: Side
    status: int | None
    title: str | None
    verify: str | None = None
    reported: VerifyError | None = None
    errors: tuple[VerifyError, ...] = ()
    path: tuple[PathStep, ...] = ()
    rejected: tuple[RejectedIssuer, ...] = ()
    start: str | None = None
    alert: str | None = None
    closed: bool = False
    log: str | None = None
    otherwise: tuple[Otherwise, ...] = ()

    @property
    def admitted(self) -> bool:
        """The peer gets what it came for: an HTTP status below 400, or a stream that stays open."""
        if self.status is not None:
            return self.status < 400
        return not (self.start or self.alert or self.closed)
