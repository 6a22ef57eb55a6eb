"""The little of DER (X.690) that is needed to walk names and certificates exactly as they are encoded."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from handclasp.model.octets import Octets

SEQUENCE, SET, OID, BOOLEAN, INTEGER, OCTET_STRING, BIT_STRING, UTF8_STRING = 0x30, 0x31, 0x06, 0x01, 0x02, 0x04, 0x03, 0x0C

_LONGEST_HEADER = 6  # a tag, and a length of four octets behind the one that says so


@dataclass(frozen=True, slots=True)
class Element:
    """One tag-length-value: `content` without the header, `encoded` with it."""

    tag: int
    content: bytes
    encoded: bytes


def elements(data: bytes) -> Iterator[Element]:
    """The elements of a constructed value, in order. Raises ValueError on anything that is not definite-length DER."""
    position = 0
    while position < len(data):
        start = position
        tag, position = data[position], position + 1
        if tag & 0x1F == 0x1F:
            raise ValueError("multi-byte tag")
        length, position = _length(data, position)
        end = position + length
        if end > len(data):
            raise ValueError("truncated")
        yield Element(tag, data[position:end], data[start:end])
        position = end


def first(data: bytes) -> Element:
    """The first element; ValueError when there is none."""
    for element in elements(data):
        return element
    raise ValueError("empty")


def span(data: bytes, position: int) -> tuple[int, int, int]:
    """Tag, and where the content begins and ends, of the element at a position: nothing is copied. ValueError as `elements`."""
    if position >= len(data):
        raise ValueError("truncated")
    length, start = _length(data, position + 1)
    if start + length > len(data):
        raise ValueError("truncated")
    return data[position], start, start + length


def span_of(octets: Octets, position: int) -> tuple[int, int, int]:
    """As `span`, of octets that need not be in memory."""
    head = octets.read(position, position + _LONGEST_HEADER)
    if not head:
        raise ValueError("truncated")
    length, start = _length(head, 1)
    if position + start + length > len(octets):
        raise ValueError("truncated")
    return head[0], position + start, position + start + length


def encode(tag: int, content: bytes | bytearray) -> bytes:
    """Tag, definite length, content."""
    return header(tag, len(content)) + content


@lru_cache(maxsize=4096)
def header(tag: int, size: int) -> bytes:
    """Tag and definite length, for content of so many octets."""
    if size < 0x80:
        return bytes((tag, size))
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length


@lru_cache(maxsize=1024)
def dotted(content: bytes) -> str:
    """An object identifier's content as text, "2.5.29.15"."""
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    if not numbers:
        raise ValueError("empty object identifier")
    head = min(numbers[0] // 40, 2)
    return ".".join(str(number) for number in (head, numbers[0] - 40 * head, *numbers[1:]))


def _length(data: bytes, position: int) -> tuple[int, int]:
    if position >= len(data):
        raise ValueError("truncated")
    size, position = data[position], position + 1
    if size < 0x80:
        return size, position
    count = size & 0x7F
    if not 1 <= count <= 4 or position + count > len(data):
        raise ValueError("bad length")
    return int.from_bytes(data[position : position + count], "big"), position + count
