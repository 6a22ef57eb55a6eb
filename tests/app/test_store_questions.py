"""Questions to the registry: what the database answers is what reading every record would."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from handclasp.adapters import sql_questions
from handclasp.adapters.sql_store import SqlStore
from handclasp.app.register import status_of, with_status
from handclasp.model.issuance import CertificateRecord, CertificateState, Intent, Order, Reason, Wanted
from tests.postgres_rig import Cluster

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def filled(store: SqlStore) -> SqlStore:
    """Records of every state around this moment; several of one name."""
    chance = Random(7)
    with store.begin() as transaction:
        for serial in range(1, 121):
            start = NOW + chance.choice((-3, -2, -1, 0, 1)) * DAY
            of = Intent(
                serial=serial, issuer=chance.choice(("a", "b")), profile=chance.choice(("client", "server", "root")),
                name=f"n{chance.randrange(40)}", tbs_sha256="0" * 64, not_before=start,
                not_after=start + chance.choice((1, 2, 3)) * DAY, created=NOW,
            )  # fmt: skip
            transaction.add_intent(of)
            fate = chance.randrange(5)
            if fate:
                transaction.record_issued(of.issuer, serial, b"der")
            if fate == 1:
                transaction.revoke(of.issuer, serial, at=NOW, reason=Reason.SUPERSEDED)
            if fate == 0 and serial % 2:
                transaction.abandon(of.issuer, serial)
    return store


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("registry")
        yield filled(SqlStore.sqlite(str(folder / "registry.sqlite")))
        return
    server: Cluster = request.getfixturevalue("postgres")
    made = filled(SqlStore.postgresql(server.url()))
    yield made
    made.close()


def test_one_by_one_is_the_same_as_all_at_once(store: SqlStore) -> None:
    assert tuple(store.walk()) == store.certificates()
    fields = ("serial", "issuer", "profile", "name", "state", "not_before", "not_after", "revoked_at", "reason")
    for standing, record in zip(store.standings(), store.certificates(), strict=True):
        assert [getattr(standing, field) for field in fields] == [getattr(record, field) for field in fields]
        assert standing.signed == (record.certificate is not None)


def test_every_status_is_counted_as_it_is_called(store: SqlStore) -> None:
    for moment in (NOW - 2 * DAY, NOW, NOW + DAY, NOW + 9 * DAY):
        said = Counter(status_of(record, moment) for record in store.certificates())
        assert len(said) >= 4
        for status in ("good", "future", "expired", "revoked", "abandoned", "pending"):
            assert store.count(with_status(status, moment)) == said[status]
            assert all(status_of(one, moment) == status for one in store.standings(with_status(status, moment)))


def serials(store: SqlStore, wanted: Wanted, order: Order = Order.CREATED) -> list[int]:
    return [one.serial for one in store.standings(wanted, order)]


def test_each_condition(store: SqlStore) -> None:
    records = store.certificates()

    def those(test: Callable[[CertificateRecord], bool]) -> list[int]:
        return [one.serial for one in records if test(one)]

    def held(one: CertificateRecord) -> bool:
        return one.name == "n3"

    assert serials(store, Wanted(name="n3")) == those(held) != []
    assert serials(store, Wanted(issuer="a")) == those(lambda one: one.issuer == "a")
    assert serials(store, Wanted(not_issuers=("a",), not_profiles=("root",))) == those(
        lambda one: one.issuer == "b" and one.profile != "root"
    )
    assert serials(store, Wanted(ending=NOW)) == those(lambda one: one.not_after <= NOW)
    assert serials(store, Wanted(lasting=NOW, begun=NOW)) == those(lambda one: one.not_before <= NOW < one.not_after)
    assert serials(store, Wanted(unbegun=NOW)) == those(lambda one: one.not_before > NOW)
    middle = records[60]
    assert serials(store, Wanted(behind=(middle.issuer, middle.serial))) == [one.serial for one in records[61:]]
    assert serials(store, Wanted(behind=("a", 10_000))) == []
    former = records[20]
    between = Wanted(behind=(former.issuer, former.serial), upto=(middle.issuer, middle.serial))
    assert serials(store, between) == [one.serial for one in records[21:61]]


def test_the_newest_of_each_name(store: SqlStore) -> None:
    issued = Wanted(states=(CertificateState.ISSUED,), not_profiles=("root",))
    newest = {
        one.name: one.serial for one in store.certificates() if one.state is CertificateState.ISSUED and one.profile != "root"
    }
    assert sorted(serials(store, replace(issued, newest=True))) == sorted(newest.values())
    ended = {one.serial for one in store.certificates() if one.not_after <= NOW}
    assert set(serials(store, replace(issued, newest=True, ending=NOW))) == set(newest.values()) & ended


@pytest.mark.parametrize("page", [1, 7, 1_000])
def test_in_order(store: SqlStore, page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are asked for at a time: the last page is full, or not, or there is but one."""
    for name in ("_AT_ONCE", "_SORTED"):
        monkeypatch.setattr(sql_questions, name, page)
    records = store.certificates()
    assert tuple(store.walk()) == records
    assert serials(store, Wanted()) == [one.serial for one in records]
    newest = [one for one in reversed(records) if one.issuer == "a" and one.state is CertificateState.ISSUED]
    assert list(store.issued("a")) == newest
    assert store.latest() == (records[-1].issuer, records[-1].serial)
    by_name = sorted(records, key=lambda one: one.name)
    assert serials(store, Wanted(), Order.NAME) == [one.serial for one in by_name]
    assert serials(store, Wanted(), Order.END) == [one.serial for one in sorted(records, key=lambda one: one.not_after)]
