"""CRLs in the registry: kept in parts, read while others are saved, and taken over from releases that kept them whole."""

import os
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine, text

from handclasp.adapters.spool import DiskSpool, FileOctets
from handclasp.adapters.sql_engine import sqlite_engine
from handclasp.adapters.sql_store import SqlStore
from handclasp.model.certificate import RevokedEntry
from handclasp.model.errors import WorldError
from handclasp.model.octets import PART, Held, Joined, Octets, Spool, parts, whole
from handclasp.pki.crl import write_crl
from handclasp.pki.export import crl_pem
from tests.app.test_store_steps import upgraded
from tests.pki.test_crl import EC

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
END = NOW + timedelta(days=1)
LENGTHS = (1, PART - 1, PART, PART + 1, 3 * PART + 7)


def opened(place: tuple[Engine, str]) -> SqlStore:
    engine, where = place
    engine.dispose()
    return SqlStore.postgresql(where) if where.startswith("postgresql") else SqlStore.sqlite(where)


def save(store: SqlStore, number: int, der: bytes) -> None:
    with store.begin() as transaction:
        transaction.save_crl("root", number=number, der=Held(der), this_update=NOW, next_update=END)


def test_what_was_saved_is_read_whatever_its_length(place: tuple[Engine, str]) -> None:
    store = opened(place)
    for number, length in enumerate(LENGTHS, start=1):
        content = os.urandom(length)
        save(store, number, content)
        found = store.newest_crl("root")
        assert found is not None
        assert found[:3] == (number, NOW, END)
        assert b"".join(parts(found.content)) == content == store.latest_crl("root")
    assert store.crl_period("root") == (NOW, END)
    assert store.last_crl_number("root") == 0  # none was given out
    with store.begin() as transaction:
        transaction.skip_crl_numbers("root", 7)
        transaction.next_crl_number("root")
    assert (store.last_crl_number("root"), store.last_crl_number("issuing")) == (8, 0)
    assert store.crl_period("issuing") is None
    assert store.newest_crl("issuing") is None
    assert store.latest_crl("issuing") is None
    store.close()


def test_one_that_is_replaced_while_it_is_read_is_the_old_or_the_new(place: tuple[Engine, str]) -> None:
    store, reading = opened(place), opened(place)
    save(store, 1, b"\1" * 3 * PART)
    seen: list[bool] = []

    def read() -> None:
        for _ in range(40):
            found = reading.newest_crl("root")
            assert found is not None
            seen.append(set(whole(found.content)) == {found.number} and len(found.content) == 3 * PART)

    reader = Thread(target=read)
    reader.start()
    for number in range(2, 30):
        save(store, number, bytes((number,)) * 3 * PART)
    reader.join()
    assert seen == [True] * 40
    store.close()
    reading.close()


def test_one_that_was_kept_whole_is_taken_over(place: tuple[Engine, str]) -> None:
    engine, _ = place
    upgraded(engine, "0004")
    content = {"root": os.urandom(2 * PART + 5), "issuing": os.urandom(9)}
    with engine.connect() as connection, connection.begin():
        for issuer, der in content.items():
            row = {"issuer": issuer, "number": 7, "der": der, "at": NOW.replace(tzinfo=None), "until": END.replace(tzinfo=None)}
            statement = (
                "INSERT INTO crl (issuer, number, der, this_update, next_update) VALUES (:issuer, :number, :der, :at, :until)"
            )
            connection.execute(text(statement), row)
    store = opened(place)
    for issuer, der in content.items():
        found = store.newest_crl(issuer)
        assert found is not None
        assert found.number == 7
        assert whole(found.content) == der
    store.close()


def test_a_part_that_is_missing_is_damage(tmp_path: Path) -> None:
    path = str(tmp_path / "registry.sqlite")
    store = opened((sqlite_engine(path), path))
    save(store, 1, b"x" * 2 * PART)
    engine = sqlite_engine(path)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("DELETE FROM crl_part"))
    with pytest.raises(WorldError, match="lacks a part"):
        store.newest_crl("root")
    store.close()
    engine.dispose()


def collected(octets: bytes) -> Octets:
    spool: Spool = DiskSpool()
    for start in range(0, len(octets), 1000):
        spool.append(octets[start : start + 1000])
    return spool


@pytest.mark.parametrize("length", [0, *LENGTHS])
def test_octets_are_the_same_wherever_they_are(length: int, tmp_path: Path) -> None:
    content = os.urandom(length)
    (tmp_path / "file").write_bytes(content)
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    cut = length // 3
    rows: tuple[Octets, ...] = (
        Held(content),
        collected(content),
        FileOctets(descriptor, length, str(tmp_path / "file")),
        Joined(Held(content[:cut]), collected(content[cut:]), Held()),
    )
    for row in rows:
        assert len(row) == length
        assert whole(row) == content
        assert b"".join(parts(row, size=4097)) == content
        for start, stop in ((0, 0), (0, 1), (cut, cut + 5), (max(length - 3, 0), length + 9), (length, length + 1)):
            assert row.read(start, stop) == content[start:stop]


def test_memory_does_not_grow_with_a_crl() -> None:
    peaks = []
    for count in (20_000, 200_000):
        entries = (RevokedEntry((1 << 158) + turn, NOW - timedelta(seconds=turn % 999), "superseded") for turn in range(count))
        tracemalloc.start()
        made = write_crl(*EC, entries, DiskSpool(), number=1, times=(NOW, END))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(made) > 50 * count
    assert peaks[1] < 1.5 * peaks[0]
    assert peaks[1] < len(made)


def test_pem_is_what_the_library_writes() -> None:
    der = whole(write_crl(*EC, (RevokedEntry(turn, NOW) for turn in range(1, 20_000)), Held(), number=1, times=(NOW, END)))
    assert crl_pem(der) == x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
