"""What a diagnosis says: findings with their remedies, proofs and dead ends, and what could not be told."""

from dataclasses import dataclass
from enum import StrEnum

from handclasp.model.origin import Origin
from handclasp.model.text import Text
from handclasp.model.verdict import Verdict


class Severity(StrEnum):
    """ERROR breaks or endangers; WARNING violates good practice; NOTICE is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class Confidence(StrEnum):
    """CERTAIN: rebuilt from the evidence. LIKELY: the best of several that fit."""

    CERTAIN = "certain"
    LIKELY = "likely"


class Applicability(StrEnum):
    """SAFE: may be applied as it is. REVIEW: a person must agree. MANUAL: only a person can do it."""

    SAFE = "safe"
    REVIEW = "review"
    MANUAL = "manual"


class Danger(StrEnum):
    """What a dead end puts at risk."""

    NONE = "none"
    AVAILABILITY = "availability"
    SECURITY = "security"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The place a finding points at: a directive, and a certificate of the chain when it is about one."""

    file: str | None = None
    line: int | None = None
    directive: str | None = None
    depth: int | None = None
    subject: str | None = None
    column: int | None = None

    @classmethod
    def at(cls, origin: Origin | None, directive: str | None = None) -> "Where":
        """The place of a directive; an origin of None is nginx's default."""
        if origin is None:
            return cls(directive=directive)
        return cls(file=origin.file, line=origin.line or None, column=origin.column or None, directive=directive)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEdit:
    """New content for one file; `before` None means the file is created."""

    path: str
    before: bytes | None
    after: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request was answered on a real nginx: status, page title, and the line nginx logged about it."""

    status: int | None
    title: str | None = None
    log: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A remedy tried on a sandboxed copy: the same request before and after, and that refusals stayed refusals."""

    before: Answer
    after: Answer
    still_refused: tuple[Text, ...]
    nginx: str
    proved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """A hole tried on a sandboxed copy of this configuration.

    `words`: who asked, and what came back. `steps`: the requests as a person could make them. `shown`: it went through.
    `after` is the answer to the same once the remedies were in place, and `shut` whether it was refused then; None where
    there was nothing to put in place.
    """

    shown: bool
    words: Text
    steps: tuple[str, ...]
    before: Answer
    after: Answer | None = None
    shut: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A file that a program writes. A change is to be made in `edit`, or by `settings` there, and `commands` put it in force.

    `by` is the program, `id` its name in the catalogue. `overwritten`: what is changed by hand in the file is lost.
    `line`: only this line of it is the program's.
    """

    file: str
    by: Text
    id: str
    edit: Text
    settings: tuple[str, ...]
    commands: tuple[str, ...]
    overwritten: bool
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A fix as data. `edits` change files, `commands` are for a person; `note` says what to mind."""

    id: str
    title: Text
    applicability: Applicability
    edits: tuple[FileEdit, ...] = ()
    patch: str = ""
    commands: tuple[str, ...] = ()
    note: Text | None = None
    proof: Proof | None = None
    generated: Generated | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadEnd:
    """A tempting fix that fails or endangers, and why. `id` is the lab's name of it, where the lab has tried it."""

    action: Text
    why: Text
    danger: Danger
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A cause seen in this evidence. `cause` is a slug of the catalogue; `evidence` the facts that show it."""

    cause: str
    severity: Severity
    confidence: Confidence
    summary: Text
    where: Where
    evidence: tuple[Text, ...]
    remedies: tuple[Remedy, ...] = ()
    dead_ends: tuple[DeadEnd, ...] = ()
    demonstration: Demonstration | None = None
    generated: Generated | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CouldNotTell:
    """A question left open, and what would answer it: an option, or a file."""

    question: Text
    give: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The doctor's answer: the predicted verdict, findings (root cause first), and what is missing."""

    verdict: Verdict | None
    findings: tuple[Finding, ...]
    could_not_tell: tuple[CouldNotTell, ...] = ()
