"""The configuration as people give it: a file, its folder, a pipe, a dump of Windows, a site alone; and what is none."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from handclasp.cli import main
from tests.diagnose.scenes import CLIENT, Scene, _client

SITE = """\
server {{
    listen 443 ssl;
    server_name site.test;
    ssl_certificate {here}/server.pem;
    ssl_certificate_key {here}/server.key;
    ssl_client_certificate {here}/ca.pem;
    ssl_verify_client on;
    location / {{ proxy_pass http://127.0.0.1:9000; }}
}}
"""
PROMPTS = ("root@web:/etc/nginx# ", "$ ", "[me@web ~]$ exit", "web% ", "/ # ")


def doctor(folder: Path, config: str, piped: bytes = b"", *more: str) -> tuple[int, str, str]:
    argv = [sys.executable, "-m", "handclasp", "doctor", "--no-prove", "--config", config, "--client-cert", "peer.pem", *more]
    done = subprocess.run(argv, input=piped, capture_output=True, check=False, cwd=folder, timeout=60)
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def made(folder: Path) -> Scene:
    """Only the issuing CA is trusted: `client-trust-intermediate-only` whichever way it is read."""
    scene = _client(folder, 1)
    scene.nginx = CLIENT
    scene.trust = [scene.draft.presented[-1]]
    scene.write()
    return scene


def dump(folder: Path) -> str:
    conf = folder / "nginx.conf"
    return f"nginx: configuration file {conf} test is successful\n# configuration file {conf}:\n{conf.read_text()}\n"


def part(folder: Path) -> str:
    (folder / "conf.d").mkdir()
    (folder / "conf.d/site.conf").write_text(SITE.format(here=folder))
    return "conf.d/site.conf"


def written(name: str, content: Callable[[Path], bytes]) -> Callable[[Path], tuple[str, bytes]]:
    def give(folder: Path) -> tuple[str, bytes]:
        (folder / name).write_bytes(content(folder))
        return name, b""

    return give


READ: dict[str, Callable[[Path], tuple[str, bytes]]] = {
    "file": lambda _: ("nginx.conf", b""),
    "folder": lambda _: (".", b""),
    "pipe": lambda folder: ("-", dump(folder).encode()),
    "stdin-by-name": lambda folder: ("/dev/stdin", dump(folder).encode()),
    "part": lambda folder: (part(folder), b""),
    "windows-lines": written("dump", lambda folder: dump(folder).replace("\n", "\r\n").encode()),
    "byte-order-mark": written("dump", lambda folder: b"\xef\xbb\xbf" + dump(folder).encode()),
    "utf-16": written("dump", lambda folder: dump(folder).replace("\n", "\r\n").encode("utf-16")),
    "twice": written("dump", lambda folder: dump(folder).encode() * 2),
}


@pytest.mark.parametrize("way", READ)
def test_read_whichever_way_it_comes(way: str, tmp_path: Path) -> None:
    made(tmp_path)
    code, out, _ = doctor(tmp_path, *READ[way](tmp_path))
    assert (code, "[client-trust-intermediate-only]" in out.partition("\n")[0]) == (1, True), out


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_prompt_after_a_dump_is_no_part_of_it(prompt: str, tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "dump").write_text("me@web:~$ nginx -T\n" + dump(tmp_path) + prompt)
    assert doctor(tmp_path, "dump")[0] == 1


def test_a_part_says_that_more_is_around_it(tmp_path: Path) -> None:
    made(tmp_path)
    _, out, err = doctor(tmp_path, part(tmp_path))
    assert "nginx.conf includes this file into http{}" in err
    assert "conf.d/site.conf:6" in out


@pytest.mark.parametrize("name", ["*.site.test", ".site.test", "~^(?<who>[a-z]+)\\.site\\.test$"])
def test_a_server_is_found_by_any_name_that_nginx_would_find_it_by(name: str, tmp_path: Path) -> None:
    made(tmp_path)
    conf = tmp_path / "nginx.conf"
    conf.write_text(conf.read_text().replace("server_name site.test", f"server_name {name}"))
    assert doctor(tmp_path, "nginx.conf", b"", "--server", "api.site.test")[0] == 1
    code, _, err = doctor(tmp_path, "nginx.conf", b"", "--server", "api.other.test")
    assert (code, "no server named" in err) == (3, True)


def empty_folder(folder: Path) -> tuple[str, bytes]:
    (folder / "none").mkdir()
    return "none", b""


NOTHING: dict[str, tuple[Callable[[Path], tuple[str, bytes]], str]] = {
    "missing": (lambda _: ("nope.conf", b""), "nope.conf: cannot be read: No such file or directory"),
    "empty-pipe": (lambda _: ("-", b" \n"), "nothing came through the pipe"),
    "folder": (empty_folder, "Is a directory"),
    "certificate": (lambda _: ("peer.pem", b""), "is no configuration of nginx"),
    "binary": (written("x.conf", lambda _: bytes(range(256)) * 9), "is no configuration of nginx"),
    "utf-16": (written("x.conf", lambda folder: (folder / "nginx.conf").read_text().encode("utf-16")), "is UTF-16 text"),
    "not-closed": (written("x.conf", lambda folder: (folder / "nginx.conf").read_bytes()[:-3]), "is not closed"),
}


@pytest.mark.parametrize("way", NOTHING)
def test_what_is_none_is_said_in_one_error(way: str, tmp_path: Path) -> None:
    made(tmp_path)
    give, words = NOTHING[way]
    code, out, err = doctor(tmp_path, *give(tmp_path))
    assert (code, out, err.count("error: ")) == (3, "", 1), err
    assert words in err


@pytest.mark.parametrize("archive", ["tar", "tgz", "zip"])
def test_an_archive_is_told_what_to_do_with(archive: str, tmp_path: Path) -> None:
    made(tmp_path)
    shutil.make_archive(str(tmp_path / "nginx"), {"tgz": "gztar"}.get(archive, archive), tmp_path, "nginx.conf")
    name = next(tmp_path.glob("nginx.*[rpz]")).name
    code, _, told = doctor(tmp_path, name)
    assert code == 3
    assert "is an archive" in told
    assert "--chroot" in told


def test_a_short_log_that_is_a_paste_is_read_as_one(tmp_path: Path) -> None:
    """Lines that a screen broke between two words, and no date in front: no log, and yet told."""
    (tmp_path / "error.log").write_text("client SSL certificate verify\nerror: (21:unable to verify the first\ncertificate)\n")
    argv = [sys.executable, "-m", "handclasp", "doctor", "--log", "error.log"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60)
    assert (done.returncode, done.stderr) == (1, "")
    assert "client-ca-not-trusted" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--config", "ngnix.conf"], 3, "did you mean nginx.conf?"),
        (["--config", "nginx.conf", "--client-cert", "per.pem"], 3, "did you mean peer.pem"),
        (["--config", "nginx.conf", "--server", "sit.test"], 3, "did you mean site.test?"),
        (["--config", "nginx.conf", "--server", "nowhere.example"], 3, "--server site.test"),
        (["--config", "nginx.conf", "--location", "orders"], 2, "--location /orders"),
        (["--config", "nginx.conf", "--connect", "127.0.0.1:1"], 2, "--connect goes with --url"),
        (["--config", "nginx.conf", "--client-key", "peer.key"], 2, "--client-key goes with --client-cert"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(
    words: list[str], code: int, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--no-prove", *words]) == code
    assert told in capsys.readouterr().err


def test_an_error_without_a_known_cause_is_told_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    words = "(13:format error in certificate's notBefore field)"
    assert main(["doctor", "--line", f"client SSL certificate verify error: {words} while reading client request headers"]) == 3
    assert f"has no known cause: {words}" in capsys.readouterr().err
