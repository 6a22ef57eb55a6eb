from collections.abc import Iterator

import pytest

from tests.nginx_rig import Rig, rig


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """An nginx to ask what it says of a configuration. Files that need something lying there have a `bench` of their own."""
    with rig(tmp_path_factory.mktemp("bench") / "prefix") as made:
        yield made
