"""`handclasp probe` on a real nginx, and everything that can stand in a URL."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from handclasp.adapters.tls_probe import TlsProbe
from handclasp.app.probe import Target, ascii_host, endpoint, presented_by, target_of
from handclasp.cli import main
from handclasp.model.errors import UsageError, WorldError
from tests.nginx_rig import MAIN, SERVER, Rig, free_port


@pytest.fixture
def verifying(nginx_rig: Rig) -> Rig:
    for name in ("alice", "stranger"):
        nginx_rig.write(f"{name}.pem", getattr(nginx_rig, name).pem)
        nginx_rig.write(f"{name}.key", getattr(nginx_rig, name).key_pem)
    nginx_rig.verifying("ssl_session_tickets off; ssl_session_cache shared:one:1m;")
    nginx_rig.start()
    return nginx_rig


def run(capsys: pytest.CaptureFixture[str], rig: Rig, *options: str) -> tuple[int, dict[str, Any]]:
    code = main(["probe", "https://app.test/", "--connect", f"127.0.0.1:{rig.port}", "--json", *options])
    return code, json.loads(capsys.readouterr().out)


def client(rig: Rig, name: str) -> tuple[str, ...]:
    return ("--cert", f"{rig.prefix}/{name}.pem", "--key", f"{rig.prefix}/{name}.key")


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_with_and_without(verifying: Rig, capsys: pytest.CaptureFixture[str], tls: str) -> None:
    code, said = run(capsys, verifying, "--tls", tls, *client(verifying, "alice"))
    assert code == 0
    assert said["schema"] == "handclasp/probe/1"
    assert said["certificate_requested"] is True
    assert said["anonymous"]["title"] == "400 No required SSL certificate was sent"
    assert said["anonymous"]["advertised_cas"] == ["CN=Test root"]
    assert (said["identified"]["status"], said["identified"]["tls"]) == (200, f"TLSv{tls}")
    leaf = said["identified"]["presented_chain"][0]
    assert (leaf["subject"], leaf["issuer"]) == ("CN=app.test", "CN=Test root")
    assert leaf["not_after"].endswith("Z")


def test_a_refused_client_is_exit_1(verifying: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, verifying)[0] == 1
    code, said = run(capsys, verifying, *client(verifying, "stranger"))
    assert (code, said["refused"], said["identified"]["title"]) == (1, True, "400 The SSL certificate error")
    code, said = run(capsys, verifying, "--tls", "1.3", "--cafile", f"{verifying.prefix}/stranger.pem")
    assert said["anonymous"]["chain_error"]


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_a_session_is_kept_in_a_private_file_and_resumed(
    verifying: Rig, capsys: pytest.CaptureFixture[str], tmp_path: Path, tls: str
) -> None:
    kept = tmp_path / "session"
    assert run(capsys, verifying, "--tls", tls, "--save-session", str(kept), *client(verifying, "alice"))[0] == 0
    assert kept.stat().st_mode & 0o777 == 0o600
    code, said = run(capsys, verifying, "--session", str(kept), *client(verifying, "alice"))
    assert (code, said["identified"]["resumed"], said["identified"]["status"]) == (0, True, 200)
    assert said["anonymous"] is None
    code, said = run(capsys, verifying, "--session", str(kept))
    assert (code, said["anonymous"]["resumed"], said["anonymous"]["tls"]) == (0, True, f"TLSv{tls}")


def test_words_for_people(verifying: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["probe", "https://app.test/", "--connect", f"127.0.0.1:{verifying.port}", *client(verifying, "alice")])
    said = capsys.readouterr().out
    assert code == 0
    for words in ("certificate asked   yes", "CN=Test root", "good until", "400 No required SSL", "with yours          200"):
        assert words in said


def test_nobody_there_is_exit_5(capsys: pytest.CaptureFixture[str]) -> None:
    for url in (f"https://127.0.0.1:{free_port()}/", f"https://[::1]:{free_port()}/", "https://nobody.invalid/"):
        assert main(["probe", url]) == 5
        said = capsys.readouterr()
        assert "nobody answers there" in said.err
        assert said.out == ""


def test_silence_is_exit_5(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        assert main(["probe", f"https://127.0.0.1:{mute.getsockname()[1]}/", "--timeout", "0.3"]) == 5
    assert "no answer within 0.3 s" in capsys.readouterr().err


def test_ipv6_and_idn(nginx_rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    server = SERVER.format(port=nginx_rig.port, name="xn--bcher-kva.test", tls="", word="$ssl_server_name")
    nginx_rig.http(server.replace("127.0.0.1", "[::1]"))
    nginx_rig.start()
    assert main(["probe", "https://bücher.test/", "--connect", f"[::1]:{nginx_rig.port}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sni"] == "xn--bcher-kva.test"
    assert main(["probe", f"https://[::1]:{nginx_rig.port}/", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["sni"], said["certificate_requested"]) == (None, False)


def test_a_server_that_closes_the_door_without_a_word(nginx_rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    nginx_rig.http(SERVER.format(port=nginx_rig.port, name="app.test", tls="return 444;", word="x"))
    nginx_rig.start()
    code, said = run(capsys, nginx_rig)
    assert (code, said["anonymous"]["status"]) == (1, None)
    assert said["anonymous"]["error"] == "the server closed the connection without an answer"


def test_another_host_than_the_handshake_named_is_421(nginx_rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    guarded = "ssl_client_certificate root.pem; ssl_verify_client on;"
    nginx_rig.http(
        SERVER.format(port=nginx_rig.port, name="open.test", tls="", word="open")
        + SERVER.format(port=nginx_rig.port, name="app.test", tls=guarded, word="app")
    )
    nginx_rig.start()
    code, said = run(capsys, nginx_rig, "--sni", "open.test")
    assert (code, said["anonymous"]["status"], said["anonymous"]["title"]) == (1, 421, "421 Misdirected Request")


def test_what_an_upstream_presents(verifying: Rig) -> None:
    assert len(presented_by(TlsProbe(), f"127.0.0.1:{verifying.port}", sni="app.test")) == 1
    with pytest.raises(WorldError, match="nobody answers"):
        presented_by(TlsProbe(), f"127.0.0.1:{free_port()}")


def test_plain_http_presents_nothing(nginx_rig: Rig) -> None:
    nginx_rig.write("nginx.conf", MAIN.format(user="user root;", http=f"server {{ listen 127.0.0.1:{nginx_rig.port}; }}"))
    nginx_rig.start()
    with pytest.raises(WorldError, match="no certificate was presented"):
        presented_by(TlsProbe(), f"127.0.0.1:{nginx_rig.port}")


def test_urls() -> None:
    assert target_of("app.test") == Target(host="app.test", port=443, path="/")
    assert target_of("https://App.test:8443/a?b=c#d") == Target(host="app.test", port=8443, path="/a?b=c")
    seen = target_of("https://[2001:db8::1]:8443")
    assert (seen.host, seen.authority, seen.sni) == ("2001:db8::1", "[2001:db8::1]:8443", None)
    assert target_of("https://bücher.test/").authority == "xn--bcher-kva.test"
    assert endpoint("[::1]:9") == ("::1", 9)
    assert endpoint("unix:/run/x.sock") == ("unix:/run/x.sock", 0)
    assert ascii_host("127.0.0.1") == "127.0.0.1"


@pytest.mark.parametrize(
    "url", ["http://a/", "https://", "https://a:99999/", "https://u:p@a/", "https://a/ä", "https://[::1/", "ftp://a"]
)
def test_what_is_no_url_is_exit_2(url: str) -> None:
    with pytest.raises(UsageError):
        target_of(url)


@pytest.mark.parametrize(
    "options",
    [["--cert", "x"], ["--sni", "a", "--no-sni"], ["--identity", "a", "--cert", "x"], ["--connect", "a/b"]],
)
def test_contradictions_are_exit_2(options: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["probe", "https://app.test/", "--home", str(tmp_path), *options]) == 2
    assert main(["probe", "https://app.test/", "--home", str(tmp_path), "--identity", "../../etc"]) == 2
