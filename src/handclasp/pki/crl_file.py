"""The CRLs of a PEM file without their entries. The file may be of any size: a few thousand octets of each are decoded."""

import base64
from collections.abc import Iterator

from handclasp.model.certificate import Crl
from handclasp.model.octets import PART, Octets
from handclasp.pki.crl_entries import outline
from handclasp.pki.read import crl_from_der

_BEGIN, _END = b"-----BEGIN X509 CRL-----", b"-----END X509 CRL-----"
_CHARACTERS, _OCTETS = 64, 48
_LINE = _CHARACTERS + 1


class _Body:
    """What stands between two lines of a PEM file, in lines of 64 characters but for the last: decoded where it is read."""

    def __init__(self, file: Octets, start: int, stop: int) -> None:
        self._file, self._start, self._stop = file, start, stop
        full = (stop - start) // _LINE
        self._size = full * _OCTETS + len(base64.b64decode(file.read(start + full * _LINE, stop)))

    def __len__(self) -> int:
        return self._size

    def read(self, start: int, stop: int) -> bytes:
        """As Octets.read."""
        first, last = start // _OCTETS, -(-stop // _OCTETS)
        text = self._file.read(self._start + first * _LINE, min(self._start + last * _LINE, self._stop))
        return base64.b64decode(text)[start - first * _OCTETS : stop - first * _OCTETS]


def crl_heads(file: Octets) -> Iterator[Crl]:
    """Each CRL with all its fields, and as if it had no entries.

    Raises:
        ValueError: one is damaged, or is not in lines of 64 characters.
    """
    ends = _places(file, _END)
    for start in _places(file, _BEGIN):
        stop = next((end for end in ends if end > start), None)
        if stop is None:
            raise ValueError("a CRL has no end")
        yield crl_from_der(outline(_Body(file, start + len(_BEGIN) + 1, stop)).holding())


def _places(file: Octets, mark: bytes) -> Iterator[int]:
    """Where the mark stands."""
    for begin in range(0, len(file), PART):
        text = file.read(begin, begin + PART + len(mark) - 1)  # a mark may stand across the border
        place = text.find(mark)
        while place >= 0:
            yield begin + place
            place = text.find(mark, place + 1)
