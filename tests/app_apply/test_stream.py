"""Sites that pass bytes, planned, applied and proven like any other: a service behind TLS, knocked at by everybody."""

import json
import shutil
import socket
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from handclasp.adapters.nginx_binary import find
from handclasp.adapters.nginx_process import NginxProcess
from tests.app_apply.bench import Bench
from tests.nginx_rig import Rig, free_port
from tests.nginxconf_write.test_stream_live import shouting

LOAD = "load_module modules/ngx_stream_module.so;\n"


@pytest.fixture
def service() -> Iterator[int]:
    with shouting() as port:
        yield port


def to(service: int) -> tuple[str, str]:
    return "--upstream", f"tcp://127.0.0.1:{service}"


def say(bench: Bench, name: str | None) -> str:
    """What comes back for "hello"; "" when the connection is cut."""
    context = ssl.create_default_context(cafile=str(bench.ca.home / "ca/bundle.pem"))
    if name:
        context.load_cert_chain(bench.ca.identity(name, "chain.pem"), bench.ca.identity(name, "key.pem"))
    return told(context, bench.port)


def told(context: ssl.SSLContext, port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="app.test") as talk:
                talk.sendall(b"hello")
                return talk.recv(100).decode()
        except (ssl.SSLError, ConnectionError):
            return ""


def answers(bench: Bench) -> list[str]:
    return [say(bench, name) for name in ("alice", "bob", None)]


def seen(document: dict[str, object]) -> dict[tuple[str, bool], set[str]]:
    """What each kind of client got, over both TLS versions."""
    found: dict[tuple[str, bool], set[str]] = {}
    for one in document["proven"]:  # type: ignore[attr-defined]
        assert one["ok"], one
        found.setdefault((one["who"], one["resumed"]), set()).add(one["seen"])
    return found


def test_applied_and_proven(bench: Bench, service: int) -> None:
    first = json.loads(bench.apply(*to(service), "--allow", "alice", "--json").stdout)
    assert seen(first) == {
        ("good", False): {"let through"},
        ("good", True): {"let through (resumed)"},
        ("unlisted", False): {"cut off"},
        ("nobody", False): {"cut off"},
        ("foreign", False): {"cut off"},
        ("foreign", True): {"cut off"},
    }
    assert answers(bench) == ["HELLO", "", ""]
    assert (bench.prefix / "streams/app.test.stream").exists()
    assert not list((bench.prefix / "sites").iterdir())
    assert bench.ca.json("nginx", "plan")["files"] == []
    again = json.loads(bench.ca.run("nginx", "apply", "--json").stdout)
    assert (again["changed"], again["reloaded"]) == (False, False)
    told_status = bench.ca.run("nginx", "status").stdout
    assert f"127.0.0.1:{bench.port} / is entered by alice" in told_status
    assert f"-> 127.0.0.1:{service} " in told_status
    bench.assert_clean()


def test_beside_a_site_of_requests(bench: Bench, service: int) -> None:
    file = bench.ca.home / "handclasp.toml"
    port = free_port()
    file.write_text(
        f"""
[[site]]
server_names = ["web.app.test"]
listen = ["127.0.0.1:{port}"]
[[site]]
server_names = ["app.test"]
listen = ["127.0.0.1:{bench.port}"]
upstream = {{ url = "tcp://127.0.0.1:{service}" }}
"""
    )
    bench.ca.run("nginx", "apply", "--file", str(file))
    assert answers(bench) == ["HELLO", "HELLO", ""]
    file.write_text(file.read_text().replace(f'url = "tcp://127.0.0.1:{service}"', 'url = "http://127.0.0.1:9"'))
    bench.ca.run("nginx", "apply", "--file", str(file))
    assert not (bench.prefix / "streams/app.test.stream").exists()
    assert "stream" not in (bench.prefix / "nginx.conf").read_text()


def test_a_revocation_ends_sessions_here_too(bench: Bench, service: int) -> None:
    bench.apply(*to(service))
    revoked = bench.ca.json("revoke", "bob")
    assert revoked["proven"] is True
    assert {("revoked", False), ("revoked", True)} <= seen({"proven": revoked["proof"]}).keys()
    assert answers(bench) == ["HELLO", "", ""]


def test_going_back(bench: Bench, service: int) -> None:
    bench.apply(*to(service), "--allow", "alice")
    bench.apply(*to(service), "--allow", "bob")
    assert answers(bench) == ["", "HELLO", ""]
    back = bench.ca.json("nginx", "rollback", "1")
    assert {one["seen"] for one in back["proven"] if one["who"] == "good"} == {"let through", "let through (resumed)"}
    assert answers(bench) == ["HELLO", "", ""]
    assert [one["kind"] for one in bench.ca.json("nginx", "history")["changes"]] == ["apply", "apply", "rollback"]


def test_a_file_changed_by_hand(bench: Bench, service: int) -> None:
    bench.apply(*to(service))
    conf = bench.prefix / "streams/app.test.stream"
    conf.write_text(conf.read_text().replace("ssl_verify_client on;", "ssl_verify_client optional;"))
    assert str(conf) in bench.ca.run("nginx", "status").stdout
    assert "ssl_verify_client optional" in bench.apply(*to(service), "--allow", "alice", expect=4).stderr
    bench.apply(*to(service), "--allow", "alice", "--force")
    assert answers(bench) == ["HELLO", "", ""]


def test_a_hole_in_the_running_nginx_is_seen(bench: Bench, service: int) -> None:
    """Whoever opens the door behind Handclasp's back: the next apply knocks, and says who came in."""
    bench.apply(*to(service))
    conf = bench.prefix / "streams/app.test.stream"
    good = conf.read_text()
    conf.write_text(good.replace("ssl_verify_client on;", "ssl_verify_client off;"))
    NginxProcess().reload(prefix=str(bench.prefix), config=str(bench.prefix / "nginx.conf"))
    conf.write_text(good)  # the file is right again; nginx has the other one
    failed = json.loads(bench.ca.run("nginx", "apply", "--json", expect=0).stdout)
    wrong = {(one["who"], one["seen"]) for one in failed["proven"] if not one["ok"]}
    assert ("nobody", "let through") in wrong


def test_a_service_that_is_down_holds_nothing_up(bench: Bench) -> None:
    done = json.loads(bench.apply(*to(free_port()), "--json").stdout)
    good = {one["seen"] for one in done["proven"] if one["who"] == "good"}
    assert good == {
        "let through, and the service did not answer (502)",
        "let through, and the service did not answer (502) (resumed)",
    }
    assert {one["seen"] for one in done["proven"] if one["who"] != "good"} == {"cut off"}


def test_a_service_that_answered_must_go_on_answering(bench: Bench, service: int) -> None:
    bench.apply(*to(service))
    failed = bench.apply(*to(free_port()), expect=1)
    assert "did not answer (502)" in failed.stderr
    assert answers(bench) == ["HELLO", "HELLO", ""]


def stream_rig(rig: Rig, stream: str) -> None:
    rig.http("include conf.d/*.conf;")
    config = Path(rig.prefix, "nginx.conf")
    config.write_text(LOAD + config.read_text() + stream)
    shutil.copytree("/usr/lib/nginx/modules", Path(rig.prefix, "modules"))


@pytest.mark.parametrize(
    ("folder", "ending"), [("stream.d/*.stream", ".stream"), ("tcp/*.conf", ".conf"), ("tcp/*", ".stream")]
)
def test_an_nginx_that_was_there(bench: Bench, nginx_rig: Rig, service: int, folder: str, ending: str) -> None:
    stream_rig(nginx_rig, f"stream {{ include {folder}; }}\n")
    nginx_rig.start()
    done = json.loads(bench.apply(*to(service), "--config-dir", nginx_rig.prefix, "--json").stdout)
    assert seen(done)["good", True] == {"let through (resumed)"}
    file = Path(nginx_rig.prefix, folder).parent / f"handclasp-app.test{ending}"
    assert file.exists()
    assert answers(bench) == ["HELLO", "HELLO", ""]
    assert bench.ca.json("revoke", "bob")["proven"] is True
    bench.ca.run("nginx", "rollback", "--config-dir", nginx_rig.prefix)
    assert not file.exists()


def test_advice_where_no_stream_block_is(bench: Bench, nginx_rig: Rig, service: int) -> None:
    stream_rig(nginx_rig, "")
    nginx_rig.start()
    said = bench.apply(*to(service), "--config-dir", nginx_rig.prefix, expect=4).stderr
    line = f"stream {{ include {nginx_rig.prefix}/stream.d/*.stream; }}"
    assert line in said
    assert not bench.ca.identity("app.test", "nothing-was-issued").exists()
    with Path(nginx_rig.prefix, "nginx.conf").open("a") as config:
        config.write(f"{line}\n")
    bench.apply(*to(service), "--config-dir", nginx_rig.prefix)
    assert answers(bench) == ["HELLO", "HELLO", ""]


def test_advice_where_the_module_is_missing(bench: Bench, service: int, tmp_path: Path) -> None:
    """An nginx that says of itself what one without the package says."""
    poor = tmp_path / "nginx"
    poor.write_text(f"#!/bin/sh\n{find()} \"$@\" 2>&1 | sed 's|--modules-path=[^ ]*|--modules-path=/nowhere|' >&2\n")
    poor.chmod(poor.stat().st_mode | stat.S_IXUSR)
    said = bench.apply(*to(service), "--nginx", str(poor), expect=4).stderr
    assert "no stream module" in said
    assert "apt-get install libnginx-mod-stream" in said


@pytest.mark.parametrize("theirs", ["http", "stream"])
def test_an_address_is_not_shared_with_bytes(bench: Bench, nginx_rig: Rig, service: int, theirs: str) -> None:
    there = f"server {{ listen 127.0.0.1:{bench.port}; return {'204' if theirs == 'http' else 'hello'}; }}"
    stream_rig(nginx_rig, f"stream {{ include stream.d/*.stream; {there if theirs == 'stream' else ''} }}\n")
    if theirs == "http":
        Path(nginx_rig.prefix, "conf.d").mkdir()
        Path(nginx_rig.prefix, "conf.d/web.conf").write_text(there)
    nginx_rig.start()
    said = bench.apply(*to(service), "--config-dir", nginx_rig.prefix, expect=4).stderr
    assert "one of them passes bytes" in said
    if theirs == "stream":
        assert "one of them passes bytes" in bench.apply("--config-dir", nginx_rig.prefix, expect=4).stderr
