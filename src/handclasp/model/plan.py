"""Side effects as a value: what will be written and done, printable before it happens."""

from dataclasses import dataclass
from enum import StrEnum


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
    """What a probe must see for the plan to be committed."""

    ADMITTED = "admitted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeStep:
    """One request to make after the reload. `identity` names whose certificate is used; None: none.

    `resumed`: with a TLS session that was saved before the change.
    """

    name: str
    expect: Expect
    identity: str | None = None
    sni: bool = True
    resumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything an apply will do. An empty plan changes nothing."""

    files: tuple[WriteFile | RemoveFile, ...]
    probes: tuple[ProbeStep, ...] = ()
    reload: bool = True

    @property
    def empty(self) -> bool:
        """Nothing to write and nothing to remove."""
        return not self.files
