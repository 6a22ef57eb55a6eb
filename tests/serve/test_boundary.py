"""The socket on which nginx is believed about client certificates: whose it is, and who may open it."""

import grp
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from urllib.parse import quote

from tests.ca_rig import Ca, copied
from tests.serve.serve_rig import serving

NOBODY, USERS = 65534, 100


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
