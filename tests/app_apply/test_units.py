"""The unit that gives every nginx its CRLs, where one of them is somebody else's than the home."""

from pathlib import Path

from tests.app_apply.bench import Bench
from tests.nginx_rig import Rig


def test_a_unit_that_would_fail_is_left_out_and_that_is_said(bench: Bench, nginx_rig: Rig, tmp_path: Path) -> None:
    Path(nginx_rig.prefix, "conf.d").mkdir()
    nginx_rig.http("include conf.d/*.conf;")
    bench.apply("--config-dir", nginx_rig.prefix)
    folder = tmp_path / "units"
    done = bench.ca.run("systemd", "-o", str(folder), "--user", "nobody", "--reload", "")
    assert f"{nginx_rig.prefix}/nginx.conf is not nobody's: handclasp-nginx.service would fail there" in done.stderr
    assert f"handclasp systemd --home {bench.ca.home} --nginx-user root" in done.stderr
    assert not (folder / "handclasp-nginx.service").exists()
    assert "handclasp-nginx" not in (folder / "handclasp-crl.service").read_text()
    made = bench.ca.json("systemd", "-o", str(folder), "--user", "nobody", "--reload", "", "--nginx-user", "root")
    assert (made["out_of_reach"], "handclasp-nginx.service" in made["units"]) == ([], True)
    assert "User=root" in (folder / "handclasp-nginx.service").read_text()
    assert "User=nobody" in (folder / "handclasp-crl.service").read_text()
    mine = bench.ca.json("systemd", "-o", str(folder), "--reload", "")
    assert "handclasp-nginx.service" in mine["units"]
