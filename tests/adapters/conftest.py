from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nginx_rig import Rig, rig


@pytest.fixture
def nginx_rig(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path / "prefix") as made:
        yield made
