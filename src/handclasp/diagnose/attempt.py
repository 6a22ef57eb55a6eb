"""A request that shows a hole: it is served, and should not be."""

from dataclasses import dataclass
from enum import StrEnum

from handclasp.model.certificate import Certificate


class Who(StrEnum):
    """Who makes a request."""

    NOBODY = "nobody"
    STRANGER = "stranger"
    CLIENT_OF = "client-of"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request over TLS: `address` and `port` are those of a listen directive.

    NOBODY sends no certificate, STRANGER one of a CA that nobody trusts, CLIENT_OF one of `issuer`, a self-signed CA at hand.
    """

    address: str
    port: int
    sni: str | None
    host: str
    uri: str
    who: Who = Who.NOBODY
    issuer: Certificate | None = None
