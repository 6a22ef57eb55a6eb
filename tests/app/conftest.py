from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from handclasp.adapters.sql_engine import sqlite_engine
from handclasp.adapters.sql_postgres import postgresql_engine
from tests.postgres_rig import Cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, str]]:
    """An engine for an empty registry, and where that is."""
    if request.param == "sqlite":
        path = str(tmp_path / "registry.sqlite")
        yield sqlite_engine(path), path
        return
    server: Cluster = request.getfixturevalue("postgres")
    url = server.url()
    engine = postgresql_engine(url)
    yield engine, url
    engine.dispose()


@pytest.fixture(scope="session")
def stepped() -> Callable[[str], dict[str, str]]:
    """The environment of a process whose clock is wrong by so much."""
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    return lambda offset: {"LD_PRELOAD": str(library), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
