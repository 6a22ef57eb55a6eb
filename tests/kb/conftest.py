"""One built site for all tests of the folder."""

from pathlib import Path

import pytest

from handclasp.cli import handclasp
from handclasp.cli.frame import LazyGroup
from handclasp.cli.reference import command_helps
from handclasp.present.kb.site import site


def whole_site() -> dict[str, bytes]:
    assert isinstance(handclasp, LazyGroup)
    return dict(site("1.2.3", tuple(command_helps(handclasp))))


@pytest.fixture(scope="session")
def pages() -> dict[str, bytes]:
    return whole_site()


@pytest.fixture(scope="session")
def folder(pages: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("kb")
    for path, content in pages.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return root
