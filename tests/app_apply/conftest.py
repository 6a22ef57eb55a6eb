from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app_apply.bench import Bench, benched
from tests.app_apply.town import Town, settled
from tests.ca_rig import Ca, founded
from tests.nginx_rig import Rig, rig


@pytest.fixture
def nginx_rig(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path / "prefix") as made:
        yield made


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    """A CA with two clients and a server certificate."""
    made = founded(tmp_path_factory.mktemp("template"))
    for name in ("alice", "bob"):
        made.run("issue", name)
    made.run("issue", "app.test", "--profile", "server")
    return made


@pytest.fixture
def bench(template: Ca, tmp_path: Path) -> Iterator[Bench]:
    """The CA in a home of its own; its nginx is stopped when the test ends."""
    with benched(template, tmp_path / "b") as made:
        yield made


@pytest.fixture
def town(bench: Bench, tmp_path: Path) -> Iterator[Town]:
    """Its CA with a hand-written nginx beside it; that nginx is stopped when the test ends."""
    with settled(bench.ca, tmp_path / "nginx") as made:
        yield made
