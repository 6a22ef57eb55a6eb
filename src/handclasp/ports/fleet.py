"""The CA as an nginx host of its fleet sees it."""

from datetime import timedelta
from typing import Protocol


class FleetDesk(Protocol):
    """Orders, certificates and reports over the API. Unreachable: WorldError; a refusal of the CA: PolicyError."""

    def orders(self, tag: str | None) -> tuple[str, bytes | None]:
        """The tag of the orders there are, and the orders (JSON), or None when they are still those of `tag`."""
        ...

    def certify(self, site: str, csr: bytes) -> bytes:
        """A chain (PEM) for the key of a request (PEM), for a site that this host serves."""
        ...

    def canary(self, ca: str, csr: bytes) -> bytes:
        """A chain (PEM) for the key of a request (PEM), of this CA; revoked, and on its CRL already."""
        ...

    def renew(self, csr: bytes) -> bytes:
        """A further certificate for this host itself: its chain (PEM)."""
        ...

    def report(self, content: bytes) -> None:
        """Say what was done (JSON)."""
        ...

    def ahead(self) -> timedelta:
        """How far the clock of this host is ahead of the CA's, as of its last answer; nothing before there was one."""
        ...

    def verifies(self, bundle: bytes) -> bool:
        """Whether these CA certificates (PEM) verify who answers there now."""
        ...

    def close(self) -> None:
        """Let the connection go; another question opens one."""
        ...
