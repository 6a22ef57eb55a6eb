"""What an explanation is: how the given text was taken, what it means, and the causes in order."""

from dataclasses import dataclass
from enum import StrEnum

from handclasp.catalogue.cause import Cause
from handclasp.catalogue.measured import CameFrom
from handclasp.catalogue.symptoms import SymptomEntry
from handclasp.catalogue.verify_errors import VerifyErrorName
from handclasp.diagnose.candidates import Candidate
from handclasp.diagnose.log_line import Doubt, LogLine
from handclasp.model.text import Text


class Kind(StrEnum):
    """What the given text was taken for."""

    LINE = "log-line"
    ERROR = "verify-error"
    SYMPTOM = "symptom"
    TITLE = "page-title"
    STATUS = "http-status"
    OUTPUT = "client-output"
    CAUSE = "cause"
    WORDS = "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One cause of the answer; `candidate` says how it fits, None when it was asked for or found by words."""

    cause: Cause
    candidate: Candidate | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer. `errors`: what the number or symbol is called, per OpenSSL series. `doubt`: no nginx prints that line.

    `entry` is the page of the knowledge base about what was seen; None for a cause or words. `pages`: that one, or the pages of
    both sides when the side is not known. `causes` are in order; empty when
    nothing is known. `came_from`: the lab's runs that showed it; None: none did.
    """

    asked: str
    kind: Kind
    causes: tuple[Explained, ...]
    line: LogLine | None = None
    errors: tuple[VerifyErrorName, ...] = ()
    meaning: Text | None = None
    doubt: Doubt | None = None
    title: str | None = None
    came_from: CameFrom | None = None
    entry: SymptomEntry | None = None
    pages: tuple[SymptomEntry, ...] = ()
