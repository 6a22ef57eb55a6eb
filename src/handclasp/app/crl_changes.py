"""What the next CRL of a CA lists, and how that differs from the last one. Both are walked over once, side by side.

A revocation leaves the list in two ways only: a hold was lifted, or the certificate had ended before the last CRL began, and
so stood on one that was made after its end (RFC 5280 3.3). Any other disappearance is refused. A last CRL that begins after
the next one was made by a clock that was ahead: it says nothing about what has ended, and what left it too early comes back.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from handclasp.app.home import Home
from handclasp.model.certificate import RevokedEntry
from handclasp.model.errors import PolicyError
from handclasp.model.issuance import KeptCrl, Reason, Revocation
from handclasp.model.text import plural
from handclasp.pki.crl_entries import Serials, in_order
from handclasp.pki.read import crl_from_octets
from handclasp.pki.serials import format_serial

_MOST_WORDS = 5
_AT_ONCE = 500


class CrlChanges:
    """Entries of the next CRL, and after they were taken, what changed.

    Args:
        home: the CA.
        label: which CA of it.
        previous: its last CRL, if it has one.
        begins: thisUpdate of the next one.
    """

    def __init__(self, home: Home, label: str, previous: KeptCrl | None, *, begins: datetime) -> None:
        self._home = home
        self._label = label
        self._last = previous.content if previous is not None else None
        self._began: datetime | None = min(previous.this_update, begins) if previous is not None else None
        self.added = 0
        self.removed: list[int] = []

    def entries(self) -> Iterator[RevokedEntry]:
        """What the next CRL must list, ascending by serial."""
        before = in_order(Serials(self._last)) if self._last is not None else iter(())
        old = next(before, None)
        for serial, revoked_at, reason, not_after, _ in self._home.store.revocations(self._label):
            if self._began is not None and not_after < self._began and revoked_at < self._began:
                continue
            while old is not None and old < serial:
                self.removed.append(old)
                old = next(before, None)
            if old == serial:
                old = next(before, None)
            else:
                self.added += 1
            yield RevokedEntry(serial, revoked_at, reason)
        if old is not None:
            self.removed += [old, *before]

    def refuse_disappearance(self, *, unlisted: frozenset[int]) -> None:
        """PolicyError when a certificate that may still enter would no longer be listed; `unlisted`: those it was said of."""
        going = [serial for serial in self.removed if serial not in unlisted]
        known, ended = self._known(going)
        held = self._held({serial for serial in known if serial not in ended})
        lost = [serial for serial in going if serial not in ended and serial not in held]
        if lost:
            shown = ", ".join(format_serial(serial) for serial in lost[:_MOST_WORDS])
            raise PolicyError(
                f"{len(lost)} revocation{plural(len(lost))} of the last CRL of the {self._label} CA "
                f"{plural(len(lost), 'is', 'are')} not in the registry: {shown}",
                hint="was an older registry put back? restore the newest backup, or revoke them again\n"
                f"they may enter again after all: handclasp crl --refresh --unlist {format_serial(lost[0])}",
            )

    def _known(self, serials: list[int]) -> tuple[set[int], set[int]]:
        """Those that the registry knows, and those of certificates that had ended when the last CRL began."""
        known, ended = set[int](), set[int]()
        for start in range(0, len(serials), _AT_ONCE):
            found = self._home.store.find_many(self._label, serials[start : start + _AT_ONCE])
            known |= found.keys()
            ended |= {one.serial for one in found.values() if self._began is not None and one.not_after < self._began}
        return known, ended

    def _held(self, serials: set[int]) -> set[int]:
        """Those that the last CRL had on hold."""
        if not serials or self._last is None:
            return set()
        entries = crl_from_octets(self._last).revoked.items()
        return {serial for serial, entry in entries if serial in serials and entry.reason == Reason.CERTIFICATE_HOLD}


def unlisted(revocations: Iterable[Revocation], listed: Iterator[int]) -> Iterator[Revocation]:
    """Those whose serial is not listed. Both ascend by serial, and are walked over once, side by side."""
    here = next(listed, None)
    for one in revocations:
        while here is not None and here < one.serial:
            here = next(listed, None)
        if one.serial != here:
            yield one


def ended_before(one: Revocation, began: datetime | None) -> bool:
    """Whether a revocation need not be listed any more, when the last CRL began then."""
    return began is not None and one.not_after < began and one.revoked_at < began
