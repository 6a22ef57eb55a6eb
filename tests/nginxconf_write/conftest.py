from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nginxconf_write.site_rig import SiteRig, site_rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[SiteRig]:
    with site_rig(tmp_path / "prefix") as made:
        yield made
