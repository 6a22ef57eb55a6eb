"""The records of the registry in the order in which they were made, gone through once beside the audit log."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from handclasp.model.issuance import CertificateState, Entry
from handclasp.ports.store import Store

_BEFORE_ALL = -(1 << 31)
_FAR = 100  # records that may have been put between two others


class EndOfComparingError(Exception):
    """Nothing can be compared from here on. `fault`: what is wrong with the registry; None: nothing that is known."""

    def __init__(self, fault: str | None = None) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(slots=True)
class RecordLine:
    """Records, read a page at a time; few of them are in memory. `position` is that of the last one that was taken."""

    store: Store
    position: int = _BEFORE_ALL
    taken: int = 0
    _ahead: deque[Entry] = field(default_factory=deque)
    _page: Iterator[Entry] | None = None

    def reach(self, match: Callable[[Entry], bool], *, stranger: Callable[[Entry], None]) -> bool:
        """Come to such a record; those before it are told to `stranger`. False, and nothing happens, when none is near."""
        for place in range(_FAR):
            entry = self._at(place)
            if entry is None:
                return False
            if match(entry):
                for _ in range(place):
                    stranger(self.take())
                return True
        return False

    def together(self, at: datetime, most: int, of: Callable[[Entry], bool]) -> Iterator[Entry]:
        """The next records that were made at that moment, and are taken."""
        for _ in range(most):
            entry = self._at(0)
            if entry is None or entry.created != at or not of(entry):
                return
            yield self.take()

    def take(self) -> Entry:
        """The next record, which `reach` came to."""
        entry = self._ahead.popleft()
        self.position = entry.position
        self.taken += 1
        return entry

    def rest(self) -> Iterator[Entry]:
        """What is left; it is not taken."""
        place = 0
        while (entry := self._at(place)) is not None:
            yield entry
            place += 1

    def again(self, after: int) -> Iterator[Entry]:
        """Records behind that position, as they are now."""
        return _legible(self.store.entries(after=after))

    def now(self, issuer: str, serials: Iterable[int]) -> dict[int, tuple[CertificateState, bool]]:
        """The state of these as it is now, and whether there is a certificate."""
        try:
            found = self.store.find_many(issuer, tuple(serials))
        except (ValueError, TypeError) as error:
            raise _illegible() from error
        return {serial: (one.state, one.certificate is not None) for serial, one in found.items()}

    def _at(self, place: int) -> Entry | None:
        """A record ahead. Where none is left, others may have come meanwhile."""
        while len(self._ahead) <= place:
            entry = next(self._page, None) if self._page is not None else None
            if entry is None:
                self._page = self.again(self._ahead[-1].position if self._ahead else self.position)
                entry = next(self._page, None)
            if entry is None:
                return None
            self._ahead.append(entry)
        return self._ahead[place]


def _legible(entries: Iterator[Entry]) -> Iterator[Entry]:
    try:
        yield from entries
    except (ValueError, TypeError) as error:  # a time that is none, a state that nobody knows
        raise _illegible() from error


def _illegible() -> EndOfComparingError:
    return EndOfComparingError("a record was changed and cannot be read: what was made later was not compared")
