"""The entries of a long CRL without an object for each: a million of them would take half a gigabyte."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from itertools import pairwise

from cryptography import x509

from handclasp.model.certificate import RevokedEntry
from handclasp.pki.der import SEQUENCE, span

_TIMES = (0x17, 0x18)


def serials(der: bytes) -> Iterator[int]:
    """The serial numbers of a CRL (DER, RFC 5280 5.1) in the order they stand there. ValueError when it is none."""
    _, position, _ = span(der, 0)
    _, position, end = span(der, position)
    before = 0
    while position < end:
        tag, start, stop = span(der, position)
        if tag == SEQUENCE and before in _TIMES:  # revokedCertificates is what follows the dates
            yield from _serials(der, start, stop)
            return
        before, position = tag, stop


class Serials(Sized, Iterable[int]):
    """The serial numbers of a CRL (DER), read from it whenever they are asked for: they take no memory of their own."""

    def __init__(self, der: bytes) -> None:
        self._der = der
        self._length: int | None = None

    def __iter__(self) -> Iterator[int]:
        return serials(self._der)

    def __len__(self) -> int:
        if self._length is None:
            self._length = sum(1 for _ in self)
        return self._length


def in_order(serials: Iterable[int]) -> Iterator[int]:
    """Serials ascending, each time anew walked over; those of other writers may stand in any order."""
    if all(before < number for before, number in pairwise(serials)):
        return iter(serials)
    return iter(sorted(set(serials)))


def _serials(der: bytes, position: int, end: int) -> Iterator[int]:
    while position < end:
        _, start, position = span(der, position)
        _, first, last = span(der, start)
        yield int.from_bytes(der[first:last], "big", signed=True)


class LongEntries(Mapping[int, RevokedEntry]):
    """Entries by serial, each read when it is asked for; of two with one serial the first counts."""

    def __init__(
        self, crl: x509.CertificateRevocationList, der: bytes, read: Callable[[x509.RevokedCertificate], RevokedEntry]
    ):
        self._crl = crl
        self._der = der
        self._read = read

    def __getitem__(self, serial: int) -> RevokedEntry:
        found = self._crl.get_revoked_certificate_by_serial_number(serial)
        if found is None:
            raise KeyError(serial)
        return self._read(found)

    def __iter__(self) -> Iterator[int]:
        return serials(self._der)

    def __len__(self) -> int:
        return len(self._crl)

    def values(self) -> Iterator[RevokedEntry]:  # type: ignore[override]
        """In one pass, not one search for each."""
        return (self._read(entry) for entry in self._crl)

    def items(self) -> Iterator[tuple[int, RevokedEntry]]:  # type: ignore[override]
        """In one pass, as `values`."""
        return ((entry.serial_number, self._read(entry)) for entry in self._crl)
