"""A second opinion on a certificate before the CA key signs it."""

from typing import Protocol


class Linter(Protocol):
    """A linter that others maintain."""

    @property
    def name(self) -> str:
        """Its name and version; empty: there is none."""
        ...

    def faults(self, certificate: bytes) -> tuple[str, ...]:
        """What breaks RFC 5280 in a certificate (DER), in its own codes; empty: nothing."""
        ...
