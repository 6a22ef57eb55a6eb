"""Public keys whose private half somebody else can find: refused, whoever signed the request with them.

RSA: small factors, primes too close to each other (Fermat), and the pattern of a faulty library on smart cards (ROCA,
CVE-2017-15361: such a modulus is a power of 65537 modulo every small prime).
"""

from functools import cache
from math import gcd, isqrt

from cryptography.hazmat.primitives.asymmetric import rsa

_FERMAT_ROUNDS = 100
_SMALL = 10_000
_ROCA_PRIMES = (
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
    127, 131, 137, 139, 149, 151, 157, 163, 167,
)  # fmt: skip


def weakness(key: object) -> str | None:
    """What is wrong with a public key, in words, or None. Only RSA keys can be judged by looking at them."""
    if not isinstance(key, rsa.RSAPublicKey):
        return None
    numbers = key.public_numbers()
    if numbers.e < 65537 or numbers.e % 2 == 0:
        return f"its exponent is {numbers.e}, and 65537 is the least that is good"
    if numbers.n % 2 == 0 or gcd(numbers.n, _primorial()) != 1:
        return "its modulus has a small factor"
    if _roca(numbers.n):
        return "it was made by a faulty smart card library (ROCA, CVE-2017-15361)"
    if _close_primes(numbers.n):
        return "its two primes are close to each other, so it can be factored (Fermat)"
    return None


def _close_primes(n: int) -> bool:
    root = isqrt(n)
    a = root if root * root == n else root + 1
    for _ in range(_FERMAT_ROUNDS):
        rest = a * a - n
        b = isqrt(rest)
        if b * b == rest:
            return True
        a += 1
    return False


def _roca(n: int) -> bool:
    return all(n % prime in powers for prime, powers in _powers())


@cache
def _powers() -> tuple[tuple[int, frozenset[int]], ...]:
    found = []
    for prime in _ROCA_PRIMES:
        powers, value = set(), 1
        while value not in powers:
            powers.add(value)
            value = value * 65537 % prime
        found.append((prime, frozenset(powers)))
    return tuple(found)


@cache
def _primorial() -> int:
    sieve = bytearray([1]) * _SMALL
    product = 1
    for number in range(2, _SMALL):
        if sieve[number]:
            product *= number
            sieve[number * number :: number] = bytes(len(range(number * number, _SMALL, number)))
    return product
