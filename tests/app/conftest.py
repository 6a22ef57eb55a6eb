from pathlib import Path

import pytest

from tests.ca_rig import Ca, copied, fresh


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    made = fresh(tmp_path_factory.mktemp("template"))
    made.run("init")
    return made


@pytest.fixture
def ca(template: Ca, tmp_path: Path) -> Ca:
    return copied(template, tmp_path)


@pytest.fixture
def empty(tmp_path: Path) -> Ca:
    return fresh(tmp_path)
