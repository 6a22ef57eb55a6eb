"""Sites in a configuration that was there before: one file more, nothing else touched, and revocations reach it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.app_apply.bench import Bench, benched
from tests.ca_rig import Ca
from tests.nginx_rig import SERVER, Rig, free_port


@pytest.fixture
def adopted(nginx_rig: Rig, bench: Bench) -> tuple[Bench, Rig]:
    """A running nginx with a site of its own."""
    (Path(nginx_rig.prefix) / "conf.d").mkdir()
    own = SERVER.format(port=nginx_rig.port, name="other.test", tls="", word="other")
    nginx_rig.http(f"include conf.d/*.conf;\n{own}")
    nginx_rig.start()
    return bench, nginx_rig


def apply(bench: Bench, rig: Rig, *options: str, expect: int = 0) -> str:
    where = ("--config-dir", rig.prefix)
    return bench.ca.run("nginx", "apply", *bench.site, *where, *options, expect=expect).stdout


def test_a_site_is_added_revoked_and_taken_back(adopted: tuple[Bench, Rig]) -> None:
    bench, rig = adopted
    before = {path: path.read_bytes() for path in Path(rig.prefix).rglob("*.*") if path.is_file() and "logs" not in str(path)}
    apply(bench, rig)
    assert (bench.curl("alice"), bench.curl("bob"), bench.curl()) == ("200", "200", "400")
    assert {path: path.read_bytes() for path in before} == before
    assert (Path(rig.prefix) / "conf.d" / "handclasp-app.test.conf").exists()
    assert not bench.prefix.exists()
    said = json.loads(bench.ca.run("revoke", "alice", "--json").stdout)
    assert (said["proven"], [one["config"] for one in said["nginx"]]) == (True, [rig.config])
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")
    bench.ca.run("nginx", "rollback", "--config-dir", rig.prefix)
    assert not (Path(rig.prefix) / "conf.d" / "handclasp-app.test.conf").exists()
    assert bench.curl("bob") == "000"
    assert {path: path.read_bytes() for path in before} == before


def test_a_revocation_reaches_every_nginx(adopted: tuple[Bench, Rig]) -> None:
    bench, rig = adopted
    bench.apply()
    second = replace(bench, port=free_port())
    apply(second, rig)
    said = json.loads(bench.ca.run("revoke", "alice", "--json").stdout)
    assert said["proven"] is True
    assert len(said["nginx"]) == 2
    for one in (bench, second):
        assert (one.curl("alice"), one.curl("bob")) == ("400", "200")


def test_one_nginx_that_fails_does_not_keep_it_from_the_other(adopted: tuple[Bench, Rig]) -> None:
    bench, rig = adopted
    bench.apply()
    second = replace(bench, port=free_port())
    apply(second, rig)
    (bench.prefix / "nginx.conf").unlink()
    (bench.prefix / "nginx.conf").mkdir()
    bench.ca.run("revoke", "alice", expect=3)
    assert (second.curl("alice"), second.curl("bob")) == ("400", "200")
    (bench.prefix / "nginx.conf").rmdir()


def test_an_nginx_that_does_not_run_is_not_started(adopted: tuple[Bench, Rig]) -> None:
    bench, rig = adopted
    rig.nginx.stop(prefix=rig.prefix, config=rig.config)
    assert "no nginx runs" in apply(bench, rig)
    assert not rig.nginx.running(prefix=rig.prefix, config=rig.config)


def test_a_configuration_without_a_place_for_sites(nginx_rig: Rig, bench: Bench) -> None:
    nginx_rig.site()
    refused = bench.ca.run("nginx", "apply", *bench.site, "--config-dir", nginx_rig.prefix, expect=4)
    assert "conf.d/*.conf" in refused.stderr
    bench.ca.run("nginx", "apply", *bench.site, "--config-dir", "/nonexistent", expect=3)


def test_homes_do_not_share_a_bench(template: Ca, tmp_path: Path) -> None:
    with benched(template, tmp_path / "one") as one, benched(template, tmp_path / "two") as two:
        one.apply()
        two.apply()
        one.ca.run("nginx", "stop")
        assert (one.curl("alice"), two.curl("alice")) == ("000", "200")
