"""From 1.27.4 on a reload may take a list for unchanged that was written into the same file within one second."""

from dataclasses import replace
from pathlib import Path

import pytest

from handclasp.diagnose.case import Case
from handclasp.diagnose.rules.reload import check
from handclasp.model.nginx import NginxVersion
from handclasp.model.verdict import Side
from handclasp.verdict.predict import Stage
from tests.diagnose.rules.samples_holes import revoked_and_served_after_reload
from tests.diagnose.rules.workshop import BUILD, Workshop


@pytest.mark.parametrize(("version", "first", "told"), [("1.26.3", "", False), ("1.30.6", "", True), ("1.30.6", "off", False)])
def test_a_reload_that_read_nothing_anew_is_told_where_nginx_may_do_so(
    tmp_path: Path, version: str, first: str, told: bool
) -> None:
    shop = revoked_and_served_after_reload(Workshop(tmp_path, Side.CLIENT, 0))
    if first:
        text = (tmp_path / "nginx.conf").read_text()
        shop.put("nginx.conf", f"ssl_object_cache_inheritable {first};\n{text}")
    given = shop.evidence(build=replace(BUILD, version=NginxVersion.parse(version)))
    (found,) = check(Case(Stage(given)))
    assert any("rename" in text.en for text in found.evidence) is told
