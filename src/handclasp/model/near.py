"""What a word that nobody knows may have meant: the nearest of those that are known."""

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

_ALIKE = 0.6
"""difflib's ratio from which two words pass for one that was mistyped."""
_LONGEST = 100
"""Longer words are pasted, not typed."""


def nearest(word: str, known: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """The most alike of them, best first, whatever their case; () when none is.

    `known` is gone through once and not kept: a registry may have a million names, each as often as it has certificates.
    """
    best: list[tuple[float, str]] = []
    for ratio, one in _alike(word, known) if len(word) <= _LONGEST else ():
        if (len(best) < most or ratio > best[-1][0]) and (ratio, one) not in best:
            best = sorted([*best, (ratio, one)], key=lambda pair: -pair[0])[:most]
    return tuple(one for _, one in best)


def _alike(word: str, known: Iterable[str]) -> Iterator[tuple[float, str]]:
    matcher = SequenceMatcher(b=word.casefold(), autojunk=False)
    for one in known:
        matcher.set_seq1(one.casefold())
        # Each bound costs more than the one before it and rules out more.
        if matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE and (ratio := matcher.ratio()) >= _ALIKE:
            yield ratio, one


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """A hint: the question on a line of its own where something is near, and what helps otherwise."""
    near = nearest(word, known)
    return f"did you mean {', '.join(near)}?\n{otherwise}" if near else otherwise
