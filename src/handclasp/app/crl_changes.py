"""What the next CRL of a CA lists, and how that differs from the last one. Both are walked over once, side by side.

A revocation leaves the list in two ways only: a hold was lifted, or the certificate had ended before the last CRL began, and
so stood on one that was made after its end (RFC 5280 3.3). Any other disappearance is refused. A last CRL that begins after
the next one was made by a clock that was ahead: it says nothing about what has ended, and what left it too early comes back.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from cryptography import x509

from handclasp.app.home import Home
from handclasp.model.certificate import RevokedEntry
from handclasp.model.errors import PolicyError
from handclasp.model.issuance import Revocation
from handclasp.model.octets import Held
from handclasp.pki.crl_entries import Serials, in_order
from handclasp.pki.serials import format_serial

_MOST_WORDS = 5


class CrlChanges:
    """Entries of the next CRL, and after they were taken, what changed.

    Args:
        home: the CA.
        label: which CA of it.
        previous: the DER of its last CRL, if it has one.
        begins: thisUpdate of the next one.
    """

    def __init__(self, home: Home, label: str, previous: bytes | None, *, begins: datetime) -> None:
        self._home = home
        self._label = label
        self._last = x509.load_der_x509_crl(previous) if previous else None
        self._before = in_order(Serials(Held(previous))) if previous else iter(())
        self._began: datetime | None = min(self._last.last_update_utc, begins) if self._last is not None else None
        self.added = 0
        self.removed: list[int] = []

    def entries(self) -> Iterator[RevokedEntry]:
        """What the next CRL must list, ascending by serial."""
        old = next(self._before, None)
        for one in self._home.store.revocations(self._label):
            if ended_before(one, self._began):
                continue
            while old is not None and old < one.serial:
                self.removed.append(old)
                old = next(self._before, None)
            if old == one.serial:
                old = next(self._before, None)
            else:
                self.added += 1
            yield RevokedEntry(serial=one.serial, revocation_date=one.revoked_at, reason=one.reason)
        if old is not None:
            self.removed += [old, *self._before]

    def refuse_disappearance(self, *, unlisted: frozenset[int]) -> None:
        """PolicyError when a certificate that may still enter would no longer be listed; `unlisted`: those it was said of."""
        lost = [serial for serial in self.removed if serial not in unlisted and not self._may_go(serial)]
        if lost:
            shown = ", ".join(format_serial(serial) for serial in lost[:_MOST_WORDS])
            raise PolicyError(
                f"{len(lost)} revocations of the last CRL of the {self._label} CA are not in the registry: {shown}",
                hint="was an older registry put back? restore the newest backup, or revoke them again\n"
                f"they may enter again after all: handclasp crl --refresh --unlist {format_serial(lost[0])}",
            )

    def _may_go(self, serial: int) -> bool:
        record = self._home.store.find(self._label, serial)
        if record is not None and self._began is not None and record.not_after < self._began:
            return True
        entry = self._last.get_revoked_certificate_by_serial_number(serial) if self._last is not None else None
        try:
            reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason if entry else None
        except x509.ExtensionNotFound:
            return False
        return reason is x509.ReasonFlags.certificate_hold and record is not None


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
