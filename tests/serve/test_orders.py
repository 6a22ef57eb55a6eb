"""Orders of hosts when nothing changed, and when another process changed something."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from sqlalchemy import Row, Select, event
from sqlalchemy.engine import Engine

from handclasp.adapters.sql_driven import Driven
from handclasp.app.host_orders import set_host
from handclasp.app.orders_desk import OrdersDesk
from handclasp.app.site import SiteOrder
from handclasp.model.intent import SiteIntent
from tests.ca_rig import Ca, copied
from tests.postgres_rig import Cluster

SITE = SiteIntent(server_names=("app.test",), listen=(("*", 443),), allow=("alice", "bob"))


@pytest.fixture(params=["sqlite", "postgresql"])
def ca(request: pytest.FixtureRequest, serve_template: Ca, tmp_path: Path) -> Ca:
    made = copied(serve_template, tmp_path / "ca")
    made.run("issue", "web1")
    if request.param == "postgresql":
        server: Cluster = request.getfixturevalue("postgres")
        made.run("store", "migrate", server.url())
    return made


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the registry is asked meanwhile, besides its version."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: Any) -> None:
        seen.append(statement)

    def rows(self: Driven, driver: sqlite3.Connection, statement: Select[Any], asked: Mapping[str, Any]) -> list[Row[Any]]:
        seen.append(str(statement))
        return on_the_driver(self, driver, statement, asked)

    on_the_driver = Driven.rows
    event.listen(Engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Driven, "rows", rows)
            yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def revoked(crl: str) -> set[int]:
    ends = crl.split("-----END X509 CRL-----\n")[:-1]
    lists = [x509.load_pem_x509_crl(f"{one}-----END X509 CRL-----\n".encode()) for one in ends]
    return {entry.serial_number for one in lists for entry in one}


def test_an_unchanged_poll_asks_for_the_version_alone_and_sees_what_other_processes_do(ca: Ca) -> None:
    home = ca.world.ca
    set_host(home, "web1", (SiteOrder(intent=SITE),))
    desk = OrdersDesk(home)
    tag, orders = desk.orders("web1", None)
    assert orders is not None
    assert orders.tag == tag
    assert {one.identity for one in orders.admitted[0]} == {"alice", "bob"}
    with statements() as seen:
        assert desk.orders("web1", tag) == (tag, None)
    assert seen == []
    with statements() as seen:
        assert desk.orders("web1", "another")[1] == orders
    assert seen

    alice = x509.load_pem_x509_certificate(ca.identity("alice", "certificate.pem").read_bytes())
    assert alice.serial_number not in revoked(orders.crl)
    ca.run("revoke", "alice")
    after, orders = desk.orders("web1", tag)
    assert after != tag
    assert orders is not None
    assert alice.serial_number in revoked(orders.crl)
    assert {one.identity for one in orders.admitted[0]} == {"bob"}
    assert desk.orders("web1", after) == (after, None)

    ca.run("issue", "carol")
    with statements() as seen:
        assert desk.orders("web1", after) == (after, None)
    assert seen, "the version is another one, so it was looked at again"
    assert not [one for one in seen if "FROM certificate ORDER BY" in " ".join(one.split())], "nobody reads all certificates"
