"""Serial numbers (RFC 5280 4.1.2.2): positive, at most 20 octets, at least 127 unpredictable bits."""

import re

from handclasp.model.errors import UsageError

OCTETS = 20
"""Random octets drawn for one serial: 160 bits, of which 159 stay once the sign bit is cleared, 158 of them free."""


def serial_from(random: bytes) -> int:
    """A serial from 20 random octets: sign bit cleared, next bit set, so that it is positive and its length never varies."""
    if len(random) != OCTETS:
        raise ValueError(f"a serial is made from {OCTETS} octets, not {len(random)}")
    number = int.from_bytes(random, "big") & ((1 << 159) - 1)
    return number | (1 << 158)


def format_serial(serial: int) -> str:
    """Upper-case hex, two digits per octet: as nginx shows it in $ssl_client_serial."""
    digits = f"{serial:X}"
    return digits if len(digits) % 2 == 0 else "0" + digits


def parse_serial(text: str) -> tuple[int, ...]:
    """The numbers that `text` may mean: hex (with or without 0x, colons, case), and decimal when it is all digits.

    Raises:
        UsageError: it is no number at all, or longer than 20 octets.
    """
    plain = text.strip().lower()
    digits = plain.removeprefix("0x").replace(":", "")
    if not re.fullmatch(r"[0-9a-f]{1,60}", digits):
        raise UsageError(f"{text[:80]!r} is not a serial number", hint="write it in hex, as `handclasp list` shows it")
    numbers = [int(digits, 16)]
    if plain.isdigit():
        numbers.append(int(plain))
    fitting = tuple(dict.fromkeys(number for number in numbers if 0 <= number < 1 << (8 * OCTETS)))
    if not fitting:
        raise UsageError(f"{text!r} is longer than {OCTETS} octets", hint="write it in hex, as `handclasp list` shows it")
    return fitting
