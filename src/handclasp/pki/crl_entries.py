"""The entries of a CRL without an object for each, and with a part of it in memory: a million would take half a gigabyte."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from cryptography import x509

from handclasp.model.certificate import RevokedEntry
from handclasp.model.octets import PART, Held, Octets
from handclasp.pki.der import INTEGER, SEQUENCE, encode, span, span_of
from handclasp.pki.der_write import integer, sequence
from handclasp.pki.lenient import load_crl

_TIMES = (0x17, 0x18)
_EXTENSIONS = 0xA0
_MOST_KINDS = 4096
Read = Callable[[x509.RevokedCertificate], RevokedEntry]


class Outline(NamedTuple):
    """A CRL (RFC 5280 5.1) but for its entries.

    `head`: the to-be-signed fields before them; `extensions`: the field behind them; `seal`: algorithm and signature. `tbs` and
    `entries` are where the to-be-signed part and the content of revokedCertificates begin and end.
    """

    head: bytes
    extensions: bytes
    seal: bytes
    tbs: tuple[int, int]
    entries: tuple[int, int]

    def holding(self, entries: bytes = b"") -> bytes:
        """This CRL with these entries for its own: the signature then stands for nothing, all other fields are as they were."""
        return sequence(sequence(self.head, encode(SEQUENCE, entries) if entries else b"", self.extensions), self.seal)


def outline(octets: Octets) -> Outline:
    """Where a CRL in DER has what. ValueError when it is none."""
    _, start, stop = span_of(octets, 0)
    _, first, last = span_of(octets, start)
    position, before = first, 0
    while position < last:
        tag, begin, end = span_of(octets, position)
        if tag == SEQUENCE and before in _TIMES:  # revokedCertificates is what follows the dates
            return _outline(octets, (start, last, stop), (first, position), (begin, end), end)
        if tag == _EXTENSIONS:
            break
        before, position = tag, end
    return _outline(octets, (start, last, stop), (first, position), (position, position), position)


def _outline(
    octets: Octets, whole: tuple[int, int, int], head: tuple[int, int], entries: tuple[int, int], behind: int
) -> Outline:
    start, last, stop = whole
    return Outline(octets.read(*head), octets.read(behind, last), octets.read(last, stop), (start, last), entries)


def entry_blocks(octets: Octets, start: int, stop: int) -> Iterator[bytes]:
    """The entries between two places as they stand, some hundred kilobytes of whole ones at a time. ValueError when cut off."""
    rest = b""
    for place in range(start, stop, PART):
        block = rest + octets.read(place, min(place + PART, stop))
        position, size = 0, len(block)
        while position + 1 < size:
            length = block[position + 1]
            end = position + 2 + length if length < 0x80 else _end(block, position)
            if end > size:
                break
            position = end
        if position:
            yield block[:position]
        rest = block[position:]
    if rest:
        raise ValueError("truncated")


def _end(block: bytes, position: int) -> int:
    """Where an entry with a length of several octets ends; behind the block when that cannot be told yet."""
    count = block[position + 1] & 0x7F
    if not 1 <= count <= 4:
        raise ValueError("bad length")
    first = position + 2 + count
    return first + int.from_bytes(block[position + 2 : first], "big") if first <= len(block) else len(block) + 1


def serials(octets: Octets | bytes) -> Iterator[int]:
    """The serial numbers of a CRL (DER, RFC 5280 5.1) in the order they stand there. ValueError when it is none."""
    listed = Held(octets) if isinstance(octets, bytes) else octets
    for block in entry_blocks(listed, *outline(listed).entries):
        yield from _serials(block)


def _serials(block: bytes) -> Iterator[int]:
    position, size, number = 0, len(block), int.from_bytes
    while position < size:
        # Both lengths are of one octet in all but hostile CRLs.
        if block[position + 1] < 0x80 and block[position + 2] == INTEGER and (length := block[position + 3]) < 0x80:
            yield number(block[position + 4 : position + 4 + length], "big", signed=True)
            position += 2 + block[position + 1]
        else:
            _, start, position = span(block, position)
            _, first, last = span(block, start)
            yield number(block[first:last], "big", signed=True)


class Serials(Sized, Iterable[int]):
    """The serial numbers of a CRL (DER), read from it whenever they are asked for: they take no memory of their own."""

    def __init__(self, der: Octets) -> None:
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


def _extensions(block: bytes, position: int) -> tuple[int, int]:
    """Where the extensions of the entry at a position begin, and where it ends."""
    date = position + 4 + block[position + 3]
    if block[position + 1] < 0x80 and block[position + 3] < 0x80 and block[date + 1] < 0x80:
        return date + 2 + block[date + 1], position + 2 + block[position + 1]
    _, start, end = span(block, position)
    _, _, behind = span(block, start)
    _, _, behind = span(block, behind)
    return behind, end


class LongEntries(Mapping[int, RevokedEntry]):
    """Entries by serial, each read when it is asked for; of two with one serial the first counts."""

    def __init__(self, octets: Octets, read: Read) -> None:
        self._octets = octets
        self._read = read

    def __getitem__(self, serial: int) -> RevokedEntry:
        wanted = integer(serial) if serial >= 0 else b""
        for block in self._blocks():
            if wanted in block:
                found = self._parsed(block).get_revoked_certificate_by_serial_number(serial)
                if found is not None:
                    return self._read(found)
        raise KeyError(serial)

    def __iter__(self) -> Iterator[int]:
        return serials(self._octets)

    def __len__(self) -> int:
        return self._count

    def values(self) -> Iterator[RevokedEntry]:  # type: ignore[override]
        """In one pass, not one search for each."""
        return (self._read(entry) for block in self._blocks() for entry in self._parsed(block))

    def items(self) -> Iterator[tuple[int, RevokedEntry]]:  # type: ignore[override]
        """In one pass, as `values`."""
        return ((entry.serial_number, self._read(entry)) for block in self._blocks() for entry in self._parsed(block))

    def kinds(self) -> Iterator[x509.RevokedCertificate]:
        """One entry of each kind of extensions. ValueError when an entry is of another form than RFC 5280 gives it."""
        seen: set[bytes] = set()
        for block in self._blocks():
            self._parsed(block)
            position, size = 0, len(block)
            while position < size:
                begin, (behind, position) = position, _extensions(block, position)
                if behind < position and (kind := block[behind:position]) not in seen:
                    if len(seen) >= _MOST_KINDS:
                        seen.clear()
                    seen.add(kind)
                    yield from self._parsed(block[begin:position])

    @cached_property
    def _count(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _outline(self) -> Outline:
        return outline(self._octets)

    def _blocks(self) -> Iterator[bytes]:
        return entry_blocks(self._octets, *self._outline.entries)

    def _parsed(self, block: bytes) -> x509.CertificateRevocationList:
        return load_crl(self._outline.holding(block))
