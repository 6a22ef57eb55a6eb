"""Side effects as a value: what will be written and done, printable before it happens."""

from dataclasses import dataclass
from enum import StrEnum

from handclasp.model.probe import TlsVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFile:
    """Put `content` at `path` with `mode`; `before` is what is there now (None: nothing)."""

    path: str
    content: bytes
    mode: int = 0o644
    before: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFile:
    """Take `path` away; `before` is what is there now."""

    path: str
    before: bytes


class Expect(StrEnum):
    """What a probe must see for the plan to be committed. `CLEARED`: the service hears nothing of what the client claims."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    CLEARED = "cleared"


class Who(StrEnum):
    """Whose certificate a probe shows: none, one that may enter, of a CA nobody trusts, revoked, expired, not on the list."""

    NOBODY = "nobody"
    GOOD = "good"
    FOREIGN = "foreign"
    REVOKED = "revoked"
    EXPIRED = "expired"
    UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeStep:
    """One request to make after the reload, to the site of that first server name.

    `identity` says which of several good or revoked ones. `resumed`: with a TLS session from before the change, else with one
    from the fresh handshake that went before. `path` is what is asked for.
    """

    name: str
    expect: Expect
    site: str = ""
    who: Who = Who.NOBODY
    identity: str | None = None
    tls: TlsVersion | None = None
    sni: bool = True
    resumed: bool = False
    path: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything an apply will do. An empty plan changes nothing. `about` says in words what it is for.

    `rehearsal` are requests to a copy of the configuration, made before anything is changed.
    """

    files: tuple[WriteFile | RemoveFile, ...]
    probes: tuple[ProbeStep, ...] = ()
    reload: bool = True
    about: str = ""
    rehearsal: tuple[ProbeStep, ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing to write and nothing to remove."""
        return not self.files
