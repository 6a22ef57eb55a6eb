"""The registry: one contract, kept by the SQL store; migrations make exactly the tables the code uses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import DateTime, Index, inspect
from sqlalchemy.dialects import sqlite

from handclasp.adapters import sql_tables
from handclasp.adapters.migrations import versions
from handclasp.adapters.sql_engine import HEAD, migrate, sqlite_engine
from handclasp.adapters.sql_postgres import postgresql_engine
from handclasp.adapters.sql_statements import EVENTS_AT_ONCE
from handclasp.adapters.sql_store import SqlStore
from handclasp.model.errors import Bug, PolicyError, WorldError
from handclasp.model.issuance import Authority, CertificateState, Intent, NewEvent, Reason
from handclasp.model.octets import Held
from handclasp.model.repeats import KeptAnswer, Repeat
from handclasp.pki.audit_chain import chain_faults
from tests.nginx_rig import make
from tests.postgres_rig import Cluster

NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def sqlite_store(tmp_path: Path) -> SqlStore:
    return SqlStore.sqlite(str(tmp_path / "registry.sqlite"))


@pytest.fixture(params=["sqlite", "kept open", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SqlStore:
    """The contract is kept by all."""
    if request.param == "sqlite":
        made: SqlStore = request.getfixturevalue("sqlite_store")
        return made
    if request.param == "kept open":
        return SqlStore.sqlite(str(tmp_path / "registry.sqlite"), pooled=True)
    server: Cluster = request.getfixturevalue("postgres")
    return SqlStore.postgresql(server.url())


def intent(serial: int, *, issuer: str = "issuing", name: str = "alice") -> Intent:
    return Intent(
        serial=serial, issuer=issuer, profile="client", name=name, tbs_sha256="0" * 64, not_before=NOW,
        not_after=NOW + timedelta(days=1), created=NOW,
    )  # fmt: skip


def test_the_life_of_a_row(store: SqlStore) -> None:
    with store.begin() as transaction:
        transaction.add_intent(intent(1 << 158))
    (record,) = store.pending()
    assert (record.state, record.certificate, record.not_before) == (CertificateState.INTENT, None, NOW)
    with store.begin() as transaction:
        transaction.record_issued("issuing", 1 << 158, b"der")
    assert store.pending() == ()
    assert [one.serial for one in store.unexported()] == [1 << 158]
    with store.begin() as transaction:
        transaction.mark_exported("issuing", 1 << 158)
        transaction.revoke("issuing", 1 << 158, at=NOW, reason=Reason.KEY_COMPROMISE)
        transaction.revoke("issuing", 1 << 158, at=NOW + timedelta(days=1), reason=Reason.SUPERSEDED)
    assert store.unexported() == ()
    (revoked,) = store.revoked("issuing")
    assert (revoked.revoked_at, revoked.reason, revoked.state) == (NOW, Reason.KEY_COMPROMISE, CertificateState.REVOKED)
    assert store.revoked("root") == ()
    assert store.find("issuing", 1 << 158) == revoked
    assert store.find("issuing", 1 << 200) is None
    assert [one.name for one in store.holders(["alice", "bob"])] == ["alice"]


def test_an_intent_that_is_revoked_or_abandoned_stays_so(store: SqlStore) -> None:
    with store.begin() as transaction:
        for serial in (1, 2):
            transaction.add_intent(intent(serial))
        transaction.abandon("issuing", 1)
        transaction.revoke("issuing", 1, at=NOW, reason=Reason.UNSPECIFIED)
        transaction.revoke("issuing", 2, at=NOW, reason=Reason.UNSPECIFIED)
        transaction.abandon("issuing", 2)
        transaction.record_issued("issuing", 2, b"late")
    assert [(one.serial, one.state) for one in store.revoked("issuing")] == [
        (1, CertificateState.REVOKED),
        (2, CertificateState.REVOKED),
    ]


def test_several_are_revoked_at_once_each_as_it_would_be_alone(store: SqlStore) -> None:
    with store.begin() as transaction:
        transaction.add_intents([*map(intent, (1, 2, 3, 4)), intent(1, issuer="root")])
        transaction.revoke("issuing", 1, at=NOW, reason=Reason.CERTIFICATE_HOLD)
        transaction.revoke("issuing", 2, at=NOW, reason=Reason.SUPERSEDED)
    later = NOW + timedelta(days=1)
    with store.begin() as transaction:
        transaction.revoke_all([("issuing", serial) for serial in (1, 2, 3)], at=later, reason=Reason.KEY_COMPROMISE)
        transaction.revoke_all([], at=later, reason=Reason.KEY_COMPROMISE)
    assert [(one.serial, one.revoked_at, one.reason) for one in store.revoked("issuing")] == [
        (1, NOW, Reason.KEY_COMPROMISE), (2, NOW, Reason.SUPERSEDED), (3, later, Reason.KEY_COMPROMISE),
    ]  # fmt: skip
    assert store.revoked("root") == ()
    assert {one.serial for one in store.pending()} == {1, 4}


def test_a_serial_is_unique_per_issuer(store: SqlStore) -> None:
    with store.begin() as transaction:
        transaction.add_intent(intent(7))
        transaction.add_intent(intent(7, issuer="root"))
    with pytest.raises(Bug, match="drawn twice"), store.begin() as transaction:
        transaction.add_intent(intent(7))
    with pytest.raises(Bug, match="no intent"), store.begin() as transaction:
        transaction.record_issued("issuing", 8, b"der")


def test_a_failed_block_leaves_nothing(store: SqlStore) -> None:
    def fail() -> None:
        with store.begin() as transaction:
            transaction.add_intent(intent(7))
            transaction.audit(at=NOW, actor="a", action="b", subject="c", details={})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.certificates() == ()
    assert store.last_audit_event() is None


def test_a_store_goes_on_after_a_failed_block(store: SqlStore) -> None:
    with store.begin() as transaction:
        transaction.add_intent(intent(7))
    for _ in range(3):
        with pytest.raises(Bug, match="drawn twice"), store.begin() as transaction:
            transaction.add_intents([intent(8), intent(7)])
        assert [one.serial for one in store.certificates()] == [7]
    with store.begin() as transaction:
        transaction.add_intents([intent(8)])
    assert sorted(store.find_many("issuing", [7, 8])) == [7, 8]
    assert store.find("issuing", 8) == store.certificates()[1]


def test_threads_are_in_line(store: SqlStore) -> None:
    def some(first: int) -> None:
        for serial in range(first, first + 20):
            with store.begin() as transaction:
                transaction.add_intents([intent(serial, name=f"n{serial}")])
                transaction.audit(at=NOW, actor="a", action="intent", subject=f"n{serial}", details={})
            assert [one.name for one in store.holders([f"n{serial}"])] == [f"n{serial}"]
            assert store.find("issuing", serial) is not None

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(some, (100, 200, 300, 400)))
    assert store.count() == 80
    assert chain_faults(store.audit_events()) == ()


def test_crl_numbers_only_rise(store: SqlStore) -> None:
    numbers = []
    for _ in range(3):
        with store.begin() as transaction:
            number = transaction.next_crl_number("root")
            transaction.save_crl("root", number=number, der=Held(b"%d" % number), this_update=NOW, next_update=NOW)
            numbers.append(number)
    assert numbers == [1, 2, 3]
    assert store.latest_crl("root") == b"3"
    assert store.latest_crl("issuing") is None


def test_a_label_is_taken_once_and_roots_come_first(store: SqlStore) -> None:
    with store.begin() as transaction:
        transaction.add_authority(Authority(label="issuing", parent="root", certificate=b"i", key="issuing"))
        transaction.add_authority(Authority(label="root", parent=None, certificate=b"r", key="root"))
    assert [one.label for one in store.authorities()] == ["root", "issuing"]
    with pytest.raises(PolicyError), store.begin() as transaction:
        transaction.add_authority(Authority(label="root", parent=None, certificate=b"x", key="root"))


def test_the_audit_log_shows_every_change(store: SqlStore) -> None:
    for number in range(4):
        with store.begin() as transaction:
            transaction.audit(at=NOW, actor="me", action="did", subject=f"thing {number}", details={"ünï": "\n"})
    assert chain_faults(store.audit_events()) == ()
    for statement in (
        "UPDATE audit_event SET subject = 'x' WHERE sequence = 2",
        "DELETE FROM audit_event WHERE sequence = 2",
        "UPDATE audit_event SET at = '2020-01-01 00:00:00' WHERE sequence = 3",
    ):
        with store._engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(statement)
        assert chain_faults(store.audit_events())


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-7))])
@pytest.mark.parametrize("moment", [NOW, datetime(1950, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, 1, 2, 3, tzinfo=UTC)])
def test_sqlite_keeps_times_as_sqlalchemy_writes_them(moment: datetime, zone: tzinfo) -> None:
    there = sqlite.dialect()
    ours = sql_tables.UtcTime().dialect_impl(there).bind_processor(there)
    theirs = DateTime().dialect_impl(there).bind_processor(there)
    assert ours is not None
    assert theirs is not None
    assert ours(moment.astimezone(zone)) == theirs(moment.replace(tzinfo=None))
    assert ours(None) is None


def test_settings(store: SqlStore) -> None:
    assert store.value("k") is None
    for value in ("1", "2"):
        with store.begin() as transaction:
            transaction.set_value("k", value)
        assert store.value("k") == value


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_migrations_make_the_tables_that_the_code_uses(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    if kind == "sqlite":
        migrated, declared = (sqlite_engine(str(tmp_path / name)) for name in ("migrated", "declared"))
    else:
        server: Cluster = request.getfixturevalue("postgres")
        migrated, declared = (postgresql_engine(server.url()) for _ in range(2))
    migrate(migrated, "migrated")
    sql_tables.metadata.create_all(declared)
    for name, columns, rows in sql_tables.PARTIAL:
        of = (sql_tables.certificate.c[column] for column in columns)
        index = Index(f"ix_certificate_{name}", *of, sqlite_where=rows, postgresql_where=rows)
        with declared.begin() as connection:
            index.create(connection)
        sql_tables.certificate.indexes.discard(index)

    def shape(engine: object) -> dict[str, object]:
        seen = inspect(engine)
        return {
            table: (
                [(one["name"], str(one["type"]), one["nullable"]) for one in seen.get_columns(table)],
                seen.get_pk_constraint(table)["constrained_columns"],
                sorted((one["name"], one["column_names"]) for one in seen.get_indexes(table)),
                sorted((one["name"], one["column_names"]) for one in seen.get_unique_constraints(table)),
            )
            for table in seen.get_table_names()
            if table != "alembic_version"
        }

    assert shape(migrated) == shape(declared)


def test_an_idempotency_key_is_for_one_request_for_a_day(store: SqlStore) -> None:
    day = timedelta(days=1)

    def begun(key: str, request: str, at: datetime) -> Repeat | None:
        with store.begin() as transaction:
            return transaction.begin_request(key, request=request, at=at, since=at - day)

    assert begun("one", "a", NOW) is None
    assert begun("one", "b", NOW) == Repeat(request="a", answer=None)
    answer = KeptAnswer(status=201, kind="application/json", body=b"\0{}")
    with store.begin() as transaction:
        transaction.end_request("one", answer)
    assert begun("one", "a", NOW + day) == Repeat(request="a", answer=answer)
    assert begun("two", "a", NOW) is None
    with store.begin() as transaction:
        transaction.end_request("two", None)
    assert begun("two", "b", NOW) is None
    assert begun("one", "c", NOW + day + timedelta(seconds=1)) is None


def test_head_is_the_newest_step() -> None:
    steps = sorted(path.name[1:5] for path in Path(versions.__file__ or "").parent.glob("r*.py"))
    assert steps[-1] == HEAD


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "registry.sqlite"
    SqlStore.sqlite(str(path))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(WorldError, match="newer Handclasp"):
        SqlStore.sqlite(str(path))


def test_the_file_is_for_its_owner_and_durable(tmp_path: Path, sqlite_store: SqlStore) -> None:
    assert (tmp_path / "registry.sqlite").stat().st_mode & 0o777 == 0o600
    with sqlite_store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_many_in_one_lookup_and_what_follows_an_event(store: SqlStore) -> None:
    with store.begin() as transaction:
        for serial in (1, 2, 3):
            transaction.add_intent(intent(serial))
            transaction.audit(at=NOW, actor="a", action="intent", subject="b", details={"n": str(serial)})
    assert sorted(store.find_many("issuing", [1, 3, 4, -1, 1 << 161])) == [1, 3]
    assert store.find_many("root", [1]) == {}
    assert store.find_many("issuing", []) == {}
    assert [event.sequence for event in store.audit_events(after=1)] == [2, 3]


def test_a_long_log_is_read_in_pages_without_a_gap(store: SqlStore) -> None:
    count = 2 * EVENTS_AT_ONCE
    assert store.last_audit_number() == 0
    with store.begin() as transaction:
        last = transaction.audit_all([NewEvent(NOW, "a", "b", str(number), {}) for number in range(count)])
    assert store.last_audit_number() == last == count
    assert [event.sequence for event in store.audit_events()] == list(range(1, count + 1))
    assert [event.sequence for event in store.audit_events(after=EVENTS_AT_ONCE - 1)] == list(range(EVENTS_AT_ONCE, count + 1))
    assert tuple(store.audit_events(after=count)) == ()
    assert list(store.audit_actions(after=0)) == [(event.sequence, event.action) for event in store.audit_events()]


def test_the_version_changes_with_every_change_of_anybody(store: SqlStore) -> None:
    before = store.version()
    assert store.version() == before
    with store.begin() as transaction:
        transaction.revoke("issuing", 5, at=NOW, reason=Reason.UNSPECIFIED)
        transaction.audit(at=NOW, actor="a", action="b", subject="c", details={})
    assert store.version() != before


def test_a_job_keeps_its_lock_over_several_transactions(store: SqlStore) -> None:
    with store.exclusive():
        for number in range(3):
            with store.begin() as transaction:
                transaction.set_value("n", str(number))
            assert store.value("n") == str(number)


@pytest.mark.parametrize("back", [False, True])
def test_a_registry_moves_whole(postgres: Cluster, tmp_path: Path, back: bool) -> None:
    source = SqlStore.sqlite(str(tmp_path / "from.sqlite"))
    target = SqlStore.postgresql(postgres.url())
    if back:
        source, target = target, SqlStore.sqlite(str(tmp_path / "to.sqlite"))
    with source.begin() as transaction:
        transaction.add_authority(Authority(label="root", parent=None, certificate=b"r\0", key="root"))
        for serial in range(1, 1200):
            transaction.add_intent(intent(serial))
        transaction.record_issued("issuing", 7, make("alice").certificate.public_bytes(Encoding.DER))
        transaction.revoke("issuing", 8, at=NOW, reason=Reason.SUPERSEDED)
        number = transaction.next_crl_number("root")
        transaction.save_crl("root", number=number, der=Held(b"crl"), this_update=NOW, next_update=NOW)
        transaction.audit(at=NOW, actor="me", action="did", subject="thing", details={"ünï": "\n"})
        transaction.set_value("k", "v")
    moved = source.move_to(target)
    assert moved["certificate"] == 1199
    assert target.certificates() == source.certificates()
    assert tuple(target.audit_events()) == tuple(source.audit_events())
    assert chain_faults(target.audit_events()) == ()
    with target.begin() as transaction:  # what comes next gets a position of its own
        transaction.add_intent(intent(5000))
        assert transaction.next_crl_number("root") == number + 1
    assert target.certificates()[-1].serial == 5000
    with pytest.raises(PolicyError, match="already"):
        source.move_to(target)
