"""Several words at once in large blocks of bytes, by SIMD instructions where there is a library for this machine."""

from collections.abc import Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import chain
from operator import itemgetter

from handclasp.ports.logs import Places


def places(words: Sequence[bytes]) -> Places:
    """As ports.Logs.places."""
    return _at_once(words) if find_spec("ahocorasick_rs") else partial(one_by_one, words)


def one_by_one(words: Sequence[bytes], block: bytes) -> list[int]:
    """The same by Python's own search, on machines that the library has no build for."""
    return sorted(chain.from_iterable(_each(word, block) for word in words))


def _at_once(words: Sequence[bytes]) -> Places:
    from ahocorasick_rs import BytesAhoCorasick, MatchKind

    # Of few words, the library looks for leftmost matches with SIMD instructions; for all matches, byte after byte.
    search = BytesAhoCorasick(words, matchkind=MatchKind.LeftmostFirst).find_matches_as_indexes
    place = itemgetter(1)
    return lambda block: map(place, search(block))


def _each(word: bytes, block: bytes) -> Iterator[int]:
    at = block.find(word)
    while at >= 0:
        yield at
        at = block.find(word, at + 1)
