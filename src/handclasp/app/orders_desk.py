"""Orders of nginx hosts, kept as long as nothing happened: hosts ask every few seconds, and mostly nothing did.

The registry's version is asked for each time, so a revocation by any process shows in the next answer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from handclasp.app.home import Home
from handclasp.app.host_orders import Common, HostOrders, common_of, orders_of

_KEPT = timedelta(minutes=1)
"""What time alone changes is seen so late: a listed identity that expired leaves the list. nginx refuses it by itself."""


@dataclass(slots=True)
class _Known:
    """As of one version of the registry and one time: what all hosts get, and the tags of those that asked."""

    version: int
    at: datetime
    common: Common
    tags: dict[str, str]


class OrdersDesk:
    """Orders for all hosts of a home. Safe to use from several threads."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: _Known | None = None

    def orders(self, name: str, tag: str | None) -> tuple[str, HostOrders | None]:
        """The tag of a host's orders; and they themselves, unless that is the tag it has. UsageError: there is no such host."""
        known = self._now()
        if tag is not None and known.tags.get(name) == tag:
            return tag, None
        orders = orders_of(self._home, name, known.common)
        known.tags[name] = orders.tag
        return orders.tag, None if orders.tag == tag else orders

    def _now(self) -> _Known:
        """What is known and still holds. The version is read before all else: what changes meanwhile is another version."""
        version, now = self._home.store.version(), self._home.clock.now()
        known = self._known
        if known is None or known.version != version or now - known.at >= _KEPT:
            known = self._known = _Known(version=version, at=now, common=common_of(self._home), tags={})
        return known
