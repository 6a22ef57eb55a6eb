"""ports.Nginx on a real nginx: what it says of itself, starting, reloading and every way these fail."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from handclasp.adapters import local_nginx, processes
from handclasp.adapters.nginx_process import NginxProcess
from handclasp.adapters.tls_probe import TlsProbe
from handclasp.model.errors import WorldError
from handclasp.model.nginx import OpensslSeries
from handclasp.model.probe import ProbeRequest
from tests.nginx_rig import Rig, held_port
from tests.waiting import eventually


def said(rig: Rig) -> str:
    answer = TlsProbe().ask(ProbeRequest(address="127.0.0.1", port=rig.port, sni="app.test", host="app.test"))
    return answer.body.decode().split()[0] if answer.status == 200 else f"{answer.status} {answer.error}"


def test_build_agrees_with_nginx_itself() -> None:
    build = NginxProcess().build()
    words = subprocess.run([build.path, "-V"], capture_output=True, text=True, check=True).stderr
    assert f"nginx/{build.version}" in words
    running = re.search(r"running with OpenSSL (\S+)", words) or re.search(r"built with OpenSSL (\S+)", words)
    assert running
    assert build.openssl == running[1]
    assert build.series in OpensslSeries
    assert build.debug == ("--with-debug" in words)
    assert build.modules_path
    for module in build.dynamic_modules:
        assert (Path(build.modules_path) / f"{module}.so").is_file()


def test_running_with_wins_over_built_with(tmp_path: Path) -> None:
    fake = tmp_path / "nginx"
    fake.write_text(
        "#!/bin/sh\nprintf 'nginx version: openresty/1.25.3.1\\nbuilt with OpenSSL 1.1.1w  11 Sep 2023 "
        "(running with OpenSSL 3.0.2 15 Mar 2022)\\nconfigure arguments: --prefix=/nowhere\\n' >&2\n"
    )
    fake.chmod(0o755)
    build = NginxProcess(str(fake)).build()
    assert (str(build.version), build.openssl, build.debug, build.dynamic_modules) == ("1.25.3", "3.0.2", False, ())


def test_a_missing_nginx_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="no nginx that can be run") as given:
        NginxProcess(str(tmp_path / "nginx")).build()
    assert str(tmp_path) in str(given.value)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("handclasp.adapters.nginx_binary._PLACES", ())
    with pytest.raises(WorldError, match="not installed") as caught:
        NginxProcess().build()
    assert "apt-get install nginx" in (caught.value.hint or "")


def test_something_that_is_no_nginx_is_refused() -> None:
    with pytest.raises(WorldError, match="no nginx"):
        NginxProcess("/bin/true").build()


def test_test_and_dump_say_what_nginx_says(nginx_rig: Rig) -> None:
    nginx_rig.site()
    assert nginx_rig.nginx.test(prefix=nginx_rig.prefix, config=nginx_rig.config).ok
    assert "server_name app.test" in nginx_rig.nginx.dump(prefix=nginx_rig.prefix, config=nginx_rig.config)
    nginx_rig.site("ssl_no_such_thing on;")
    tested = nginx_rig.nginx.test(prefix=nginx_rig.prefix, config=nginx_rig.config)
    assert not tested.ok
    assert 'unknown directive "ssl_no_such_thing"' in tested.output
    with pytest.raises(WorldError) as caught:
        nginx_rig.nginx.dump(prefix=nginx_rig.prefix, config=nginx_rig.config)
    assert "ssl_no_such_thing" in (caught.value.hint or "")


def test_start_reload_and_stop(nginx_rig: Rig) -> None:
    nginx_rig.site()
    where = {"prefix": nginx_rig.prefix, "config": nginx_rig.config}
    assert not nginx_rig.nginx.running(**where)
    nginx_rig.start()
    assert nginx_rig.nginx.running(**where)
    assert said(nginx_rig) == "hello"
    with pytest.raises(WorldError, match="runs already"):
        nginx_rig.start()
    nginx_rig.site(word="changed")
    nginx_rig.reload()
    assert said(nginx_rig) == "changed", "the first request after the reload meets the new generation"
    nginx_rig.nginx.stop(**where)
    assert not nginx_rig.nginx.running(**where)
    nginx_rig.nginx.stop(**where)
    with pytest.raises(WorldError, match="no nginx of this prefix"):
        nginx_rig.reload()


def test_every_reload_is_complete_when_it_returns(nginx_rig: Rig) -> None:
    nginx_rig.site(word="word0")
    nginx_rig.start()
    for number in range(1, 8):
        nginx_rig.site(word=f"word{number}")
        nginx_rig.reload()
        assert said(nginx_rig) == f"word{number}"


def test_a_reload_that_nginx_test_refuses_changes_nothing(nginx_rig: Rig) -> None:
    nginx_rig.site()
    nginx_rig.start()
    nginx_rig.site("ssl_crl broken.crl;")
    nginx_rig.write("broken.crl", "not a crl")
    with pytest.raises(WorldError, match="does not accept") as caught:
        nginx_rig.reload()
    assert "broken.crl" in (caught.value.hint or "")
    assert said(nginx_rig) == "hello"


def test_a_reload_that_only_the_master_refuses_is_seen_in_its_log(nginx_rig: Rig) -> None:
    """A port taken by somebody else passes nginx -t; the running master then keeps the old configuration and only logs it."""
    nginx_rig.site()
    nginx_rig.start()
    with held_port() as (_, port):
        nginx_rig.site(port=port, word="changed")
        assert nginx_rig.nginx.test(prefix=nginx_rig.prefix, config=nginx_rig.config).ok
        with pytest.raises(WorldError, match=f"127.0.0.1:{port} is in use by .*pid {os.getpid()}") as caught:
            nginx_rig.reload()
    assert "Address already in use" in (caught.value.hint or "")
    assert said(nginx_rig) == "hello"


def test_a_busy_port_at_start_names_address_and_holder(nginx_rig: Rig) -> None:
    with held_port() as (_, port):
        nginx_rig.site(port=port)
        with pytest.raises(WorldError, match=rf"127.0.0.1:{port} is in use by .*\(pid {os.getpid()}\)") as caught:
            nginx_rig.start()
    assert "bind() to" in (caught.value.hint or "")
    assert not nginx_rig.nginx.running(prefix=nginx_rig.prefix, config=nginx_rig.config)


def test_a_master_that_dies_after_going_to_the_background_is_noticed_at_once(
    nginx_rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handclasp.adapters.nginx_process._START_SECONDS", 1e6)  # whoever waited for that would wait for ever
    nginx_rig.site()
    Path(nginx_rig.prefix, "run/nginx.pid").mkdir()
    with pytest.raises(WorldError):
        nginx_rig.start()


def test_a_stale_pid_file_endangers_nobody(nginx_rig: Rig) -> None:
    nginx_rig.site()
    nginx_rig.start()
    pid_file = Path(nginx_rig.prefix, "run/nginx.pid")
    with subprocess.Popen(["sleep", "60"]) as innocent:
        pid_file.write_text(str(innocent.pid))
        nginx_rig.nginx.stop(prefix=nginx_rig.prefix, config=nginx_rig.config)
        assert innocent.poll() is None
        innocent.kill()


def test_an_instance_of_another_prefix_is_not_ours(nginx_rig: Rig, tmp_path: Path) -> None:
    nginx_rig.site()
    nginx_rig.start()
    other = str(tmp_path)
    assert not nginx_rig.nginx.running(prefix=other, config=nginx_rig.config)
    nginx_rig.nginx.stop(prefix=other, config=nginx_rig.config)
    assert nginx_rig.nginx.running(prefix=nginx_rig.prefix + "/", config="nginx.conf")


@pytest.mark.parametrize(
    "words",
    [
        ("-c", "nginx.conf", "-p", "{0}"),
        ("-p", "{0}/", "-c", "nginx.conf"),
        ("-p{0}", "-c{0}/nginx.conf"),
        ("-p", ".", "-c", "nginx.conf"),
    ],
)
def test_an_instance_is_known_however_its_owner_started_it(nginx_rig: Rig, words: tuple[str, ...]) -> None:
    nginx_rig.site()
    subprocess.run(["nginx", *(word.format(nginx_rig.prefix) for word in words)], cwd=nginx_rig.prefix, check=True)
    where = {"prefix": nginx_rig.prefix, "config": nginx_rig.config}
    eventually(lambda: nginx_rig.nginx._serving(**where))  # the command ends before the master heeds signals
    assert local_nginx.prefix_in_use(nginx_rig.config, None) == nginx_rig.prefix
    nginx_rig.site(word="changed")
    nginx_rig.reload()
    assert said(nginx_rig) == "changed"
    nginx_rig.nginx.stop(**where)
    assert not nginx_rig.nginx.running(**where)


def test_killed_workers_are_no_reload(nginx_rig: Rig) -> None:
    """A worker that crashed and was replaced between two looks must not pass for a new generation."""
    nginx_rig.site()
    nginx_rig.start()
    master = nginx_rig.nginx._master(nginx_rig.prefix, nginx_rig.config)
    assert master
    for worker in processes.children(master):
        os.kill(worker, signal.SIGKILL)
    nginx_rig.site(word="changed")
    nginx_rig.reload()
    assert said(nginx_rig) == "changed"


def test_a_daemonless_configuration_is_not_waited_for_ever(nginx_rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handclasp.adapters.nginx_process._START_SECONDS", 1.0)
    nginx_rig.site()
    config = Path(nginx_rig.config)
    config.write_text("daemon off;\n" + config.read_text())
    with pytest.raises(WorldError, match="daemon off"):
        nginx_rig.start()
    eventually(lambda: not nginx_rig.nginx.running(prefix=nginx_rig.prefix, config=nginx_rig.config))


@pytest.mark.parametrize(("address", "port"), [("127.0.0.1", 1), ("::1", 1)])
def test_nobody_listens_is_none(address: str, port: int) -> None:
    assert processes.listener(address, port) is None
