"""Registries of earlier releases are brought up to date, and questions about a few rows look at a few rows."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine, event, inspect, text

from handclasp.adapters.sql_engine import WRITE
from handclasp.adapters.sql_rows import key_digest
from handclasp.adapters.sql_store import SqlStore
from handclasp.model.issuance import CertificateState, Intent, Reason
from tests.nginx_rig import make

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
START = "2026-11-20 12:00:00.000000"
STATES = ("issued", "issued", "intent", "abandoned", "revoked", "issued")


def upgraded(engine: Engine, step: str) -> None:
    config = Config()
    config.set_main_option("script_location", "handclasp.adapters:migrations")
    config.set_main_option("path_separator", "os")
    with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, step)


@pytest.mark.parametrize("step", ["0001", "0003"])
def test_a_registry_of_an_earlier_release(place: tuple[Engine, str], step: str) -> None:
    engine, where = place
    der = make("alice").certificate.public_bytes(Encoding.DER)
    upgraded(engine, step)
    key = {} if step == "0001" else {"key_sha256": key_digest(der)}
    with engine.connect() as connection, connection.begin():
        for serial, state in enumerate(STATES, start=1):
            signed, revoked = state in ("issued", "revoked"), state == "revoked"
            row = {
                "issuer": "issuing", "serial": f"{serial:040X}", "profile": "client", "name": f"Name {serial}",
                "name_key": f"name {serial}", "state": state, "tbs_sha256": "0" * 64, "not_before": START,
                "not_after": "2026-11-22 12:00:00.000000", "created": START,
                "certificate": der if signed else None, "exported": signed and serial > 1,
                "revoked_at": "2026-11-21 12:00:00.000000" if revoked else None, "reason": "superseded" if revoked else None,
                **(key if signed else {}),
            }  # fmt: skip
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO certificate ({', '.join(row)}) VALUES ({values})"), row)
    engine.dispose()
    store = SqlStore.sqlite(where) if engine.dialect.name == "sqlite" else SqlStore.postgresql(where)
    assert [one.state for one in store.certificates()] == [CertificateState(state) for state in STATES]
    assert [one.serial for one in store.certificates(name="Name 2")] == [2]
    assert [one.name for one in store.holders(["name 2"])] == ["Name 2"]
    assert [one.serial for one in store.with_key(key_digest(der) or "")] == [1, 2, 5, 6]
    assert [one.serial for one in store.pending()] == [3]
    assert [one.serial for one in store.unexported()] == [1]
    assert [one.serial for one in store.revocations("issuing")] == [5]
    with store.begin() as transaction:
        transaction.revoke("issuing", 4, at=NOW, reason=Reason.SUPERSEDED)
    assert [one.serial for one in store.revoked("issuing")] == [4, 5]
    with store._engine.connect() as connection:
        made = [one for one in inspect(connection).get_indexes("certificate") if not one["unique"]]
        assert len(made) == 4
    store.close()


def test_questions_about_a_few_look_at_a_few(tmp_path: Path) -> None:
    store = SqlStore.sqlite(str(tmp_path / "registry.sqlite"))
    with store.begin() as transaction:
        for serial in range(1, 40):
            transaction.add_intent(
                Intent(
                    serial=serial,
                    issuer="a",
                    profile="client",
                    name=f"n{serial}",
                    tbs_sha256="0" * 64,
                    not_before=NOW,
                    not_after=NOW + timedelta(days=1),
                    created=NOW,
                )
            )
    asked: list[str] = []

    @event.listens_for(store._engine, "connect")
    def _note(driver: sqlite3.Connection, _record: object) -> None:
        driver.set_trace_callback(asked.append)

    store.certificates(name="n3")
    store.pending()
    store.unexported()
    store.revoked("a")
    tuple(store.revocations("a"))
    store.find_many("a", (1, 2))
    store.holders(("n1", "n2"))
    store.known(("n1", "n2"))
    store.with_key("0" * 64)
    store.find("a", 1)
    asked = [statement for statement in asked if statement.startswith("SELECT")]
    assert len(asked) == 11, asked  # holders are asked for one by one
    with sqlite3.connect(tmp_path / "registry.sqlite") as connection:
        for statement in asked:
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
            assert any("USING INDEX" in step or "USING COVERING INDEX" in step for step in plan), (statement, plan)
            assert not any(step.startswith("SCAN certificate") and "INDEX" not in step for step in plan), (statement, plan)
    connection.close()
    store.close()
