"""The socket on which nginx is believed about client certificates: whose it is, and who may open it."""

import grp
import os
import signal
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.ca_rig import Ca, copied
from tests.serve.serve_rig import serving, status

NOBODY, USERS = 65534, 100


@pytest.fixture(scope="module")
def mistaken(serve_template: Ca, tmp_path_factory: pytest.TempPathFactory) -> Ca:
    return copied(serve_template, tmp_path_factory.mktemp("mistaken"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--api-socket", "{folder}/api.sock", "--api-group", "no-such-group"), "there is no group no-such-group"),
        (("--api-socket", "{folder}/missing/api.sock"), "its folder must be there"),
        (("--api-group", "www-data"), "--api-socket /run/handclasp/api.sock"),
        (("--api-listen", "127.0.0.1:0"), "--api-listen and --identity go together"),
        (("--api-listen", "127.0.0.1:0", "--identity", "alice"), "alice has no certificate of a server"),
        (("--api-listen", "127.0.0.1:0", "--identity", "ghost"), "there is no identity 'ghost'"),
        (("--listen", "8555"), "write --listen 127.0.0.1:8555"),
        (("--listen", "192.0.2.1:8555"), "choose another with --listen"),
    ],
)
def test_what_an_operator_mistook(mistaken: Ca, tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    listen = () if "--listen" in options else ("--listen", "127.0.0.1:0")
    process = mistaken.start("serve", *listen, *(one.format(folder=tmp_path) for one in options))
    _, err = process.communicate(timeout=60)
    assert process.returncode in {2, 5}
    assert words in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_broken_file_of_roles_is_told_at_once_and_ends_nothing(ca: Ca, tmp_path: Path) -> None:
    (ca.home / "roles.toml").write_text('"alice" = "boss"\n')
    with serving(ca, "--api-socket", str(tmp_path / "api.sock")) as served:
        assert status(f"{served.url}/ready") == 200
        os.kill(served.process.pid, signal.SIGTERM)
        _, err = served.process.communicate(timeout=60)
    assert "is no table of roles: 'boss' is not a valid Role" in err


def test_a_socket_that_somebody_listens_on_is_not_taken_away(ca: Ca, tmp_path: Path) -> None:
    where = tmp_path / "api.sock"
    with serving(ca, "--api-socket", str(where)) as first:
        answer = ca.run("serve", "--listen", "127.0.0.1:0", "--api-socket", str(where), expect=5)
        assert "another process listens there" in answer.stderr
        assert where.is_socket()
        first.kill()
    assert where.is_socket()  # nobody listens on it any more
    with serving(ca, "--api-socket", str(where)):
        where.unlink()
        where.write_text("of somebody else")
    assert where.read_text() == "of somebody else"


def test_another_user_of_the_machine_cannot_speak_for_nginx(api_template: Ca, tmp_path: Path) -> None:
    """Neither over the socket, nor with nginx's headers where anybody may connect; who is in the group can."""
    ca = copied(api_template, tmp_path)
    pem = ca.identity("root-admin", "certificate.pem").read_text()
    said = partial(as_nobody, ("-H", "X-Client-Verify: SUCCESS", "-H", f"X-Client-Cert: {quote(pem, safe='')}"))
    with tempfile.TemporaryDirectory(prefix="handclasp-") as folder:
        Path(folder).chmod(0o755)
        socket = f"{folder}/api.sock"
        by_socket = ("--unix-socket", socket, "http://x/api/v1/audit")
        with serving(ca, "--api-socket", socket, "--api-listen", "127.0.0.1:0", "--identity", "app.test") as served:
            assert said(*by_socket) == "curl 7"  # it could not connect
            assert said("-k", f"{served.document['api']}/audit") == "401"
            assert said(f"{served.url}/api/v1/audit") == "404"
        with serving(ca, "--api-socket", socket, "--api-group", grp.getgrgid(NOBODY).gr_name):
            assert said(*by_socket, group=NOBODY) == "200"
            assert said(*by_socket) == "curl 7"


def as_nobody(headers: tuple[str, ...], *options: str, group: int = USERS) -> str:
    """The status that a user without any rights is answered, or curl's exit code where there is no answer."""
    done = subprocess.run(
        ["curl", "-s", "--max-time", "20", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}", *headers, *options],
        capture_output=True, text=True, check=False, timeout=60, user=NOBODY, group=group, extra_groups=(),
    )  # fmt: skip
    return done.stdout if done.returncode == 0 else f"curl {done.returncode}"
