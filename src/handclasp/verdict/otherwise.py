"""What else nginx may answer, where a header, an address or a password decides of which nobody said anything."""

from collections.abc import Callable

from handclasp.model.verdict import Otherwise
from handclasp.verdict.answer import Outcome
from handclasp.verdict.rewriting import Choices

_MOST = 64
"""So many ways are gone at most; each unknown doubles them."""


def otherwise(ways: Callable[[Choices], Outcome]) -> tuple[Otherwise, ...]:
    """Each status that is not the usual one, once, with the fewest unknowns that lead to it. `ways` goes one of them."""
    plain = Choices()
    told = {ways(plain).status}
    found: list[Otherwise] = []
    waiting = [(frozenset[str](), plain)]
    gone = {frozenset[str]()}
    while waiting and len(gone) < _MOST:
        turned, seen = waiting.pop(0)
        for words in seen.taken:
            more = turned | {words}
            if more in gone:
                continue
            gone.add(more)
            choices = Choices(turned=more)
            status = ways(choices).status
            waiting.append((more, choices))
            if status not in told:
                told.add(status)
                found.append(Otherwise(status=status, depends_on=tuple(sorted(more))))
    return tuple(found)
