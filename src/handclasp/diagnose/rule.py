"""A rule: which causes it can report, and the check that yields findings."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from handclasp.diagnose.case import Case
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.text import Text


@dataclass(frozen=True, slots=True)
class Rule:
    """`causes` are the slugs that `check` may report, and no others; a test holds it to that. "*": any of the catalogue.

    `about_peer`: it judges what the peer presents, which matters only as far as nginx refuses it. `before_start`: it has
    something to say of a configuration that nginx refuses to start with. `whole`: what it says is the same whichever server is
    in question. `nameless`: what it says of an upstream is the same whatever name is asked for there.
    """

    name: str
    causes: tuple[str, ...]
    check: Callable[[Case], Iterable[Finding]]
    before_start: bool = False
    about_peer: bool = False
    whole: bool = False
    nameless: bool = False


def finding(
    cause: str,
    summary: Text,
    where: Where,
    *evidence: Text,
    severity: Severity = Severity.ERROR,
    confidence: Confidence = Confidence.CERTAIN,
) -> Finding:
    """A finding without remedies; those are searched later."""
    return Finding(cause=cause, severity=severity, confidence=confidence, summary=summary, where=where, evidence=evidence)


def say(en: str, zh: str, **values: object) -> Text:
    """A text with the same values put into both languages."""
    words = {name: value if isinstance(value, Text) else Text(en=str(value), zh=str(value)) for name, value in values.items()}
    return Text(
        en=en.format(**{name: text.en for name, text in words.items()}),
        zh=zh.format(**{name: text.zh for name, text in words.items()}),
    )
