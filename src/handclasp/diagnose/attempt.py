"""Requests that show a hole: what is served, and should not be."""

from dataclasses import dataclass, field
from enum import StrEnum

from handclasp.model.certificate import Certificate
from handclasp.model.nginx import TlsUpstream
from handclasp.model.text import Text


class Who(StrEnum):
    """Who makes a request."""

    NOBODY = "nobody"
    STRANGER = "stranger"
    CLIENT_OF = "client-of"


class Between(StrEnum):
    """What binds the second of two requests to the first."""

    SESSION = "session"
    """It resumes the TLS session of the first."""
    UPSTREAM = "upstream"
    """It comes to the same upstream, where nginx has a session or a connection left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request: `address` and `port` are those of a listen directive; `plain`: without TLS.

    NOBODY sends no certificate, STRANGER one of a CA that nobody trusts, CLIENT_OF one of `issuer`, a CA at hand, with
    `below` CAs between them and with the attributes of `subject` (short name, value) as its name.
    """

    address: str
    port: int
    sni: str | None
    host: str
    uri: str
    who: Who = Who.NOBODY
    issuer: Certificate | None = None
    below: int = 0
    subject: tuple[tuple[str, str], ...] = (("CN", "sandbox client"),)
    headers: tuple[tuple[str, str], ...] = ()
    plain: bool = False
    method: str = "GET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """How a hole is shown: `request` goes through, and should not.

    `who` names its sender for people. `first` is made before it, and `between` says what binds the two. `likewise` is the
    same without the trick: when it goes through too, there is no hole to speak of. `told`: the backend must be told this.
    `revokes` is the CRL file that the client of `first` is put into, `at_once` before everything, otherwise between the two.
    `serves`: the upstreams as they must be, each with the CA of its certificate, that ask for certificates themselves.
    `impostor`: somebody with a certificate of another CA stands in for the upstream. `times`: how often each request is made,
    and all of them go through. `expects`: the status that shows it, when it is a refusal; None: the content.
    """

    who: Text
    request: Attempt
    first: Attempt | None = None
    between: Between = Between.SESSION
    likewise: Attempt | None = None
    told: str | None = None
    revokes: str | None = None
    at_once: bool = False
    serves: tuple[tuple[TlsUpstream, Certificate | None], ...] = field(default=())
    impostor: bool = False
    times: int = 1
    expects: int | None = None

    @property
    def makes_clients(self) -> bool:
        """Whether somebody is issued a certificate for it, by a CA whose key only a double has."""
        asked = (self.request, self.first, self.likewise)
        return bool(self.serves or any(one is not None and one.who is Who.CLIENT_OF for one in asked))
