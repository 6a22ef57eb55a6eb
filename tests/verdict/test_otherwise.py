"""What predict says where something decides of which nobody said anything."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HANDCLASP = str(Path(sys.executable).parent / "handclasp")
CONFIG = """\
events {}
http {
    server {
        listen 8080;
        server_name app.test;
        BODY
    }
}
"""


def predicted(folder: Path, body: str, *options: str) -> "subprocess.CompletedProcess[str]":
    config = folder / "nginx.conf"
    config.write_text(CONFIG.replace("BODY", body))
    argv = [HANDCLASP, "predict", "--config", str(config), "--home", str(folder / "home"), *options]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("body", "status", "otherwise"),
    [
        ("return 403;", 403, []),
        ("if ($http_x_auth = yes) { return 204; } return 403;", 403, [[204, "if ($http_x_auth = yes)"]]),
        ("if ($cookie_a) { return 204; } if ($cookie_b) { return 401; } return 403;", 403,
         [[204, "if ($cookie_a)"], [401, "if ($cookie_b)"]]),
        ("set $in 0; if ($cookie_a) { set $in 1; } if ($in) { return 204; } return 403;", 403,
         [[204, "if ($cookie_a)"]]),
        ("set $in 0; if ($cookie_a) { set $in $http_b; } if ($in) { return 204; } return 403;", 403,
         [[204, "if ($in)"]]),
        ("location / { allow 192.0.2.1; deny all; return 204; }", 204, []),
        ("location / { allow 192.0.2.1; deny all; root html; }", 200, [[403, "allow, deny"]]),
        ("location / { auth_basic staff; auth_basic_user_file users; root html; }", 200, [[401, "auth_basic"]]),
        ("location / { try_files /down =403; }", 403, [[200, "try_files /down"]]),
    ],
)  # fmt: skip
def test_what_else_may_come(tmp_path: Path, body: str, status: int, otherwise: list[list[object]]) -> None:
    (tmp_path / "users").write_text("")
    done = predicted(tmp_path, body, "--json")
    verdict = json.loads(done.stdout)["verdict"]
    assert verdict["status"] == status
    assert [[one["status"], *one["depends_on"]] for one in verdict["otherwise"]] == otherwise
    assert done.returncode == (0 if status < 400 else 1)


def test_in_words(tmp_path: Path) -> None:
    done = predicted(tmp_path, "if ($http_x_auth = yes) { return 204; } return 403;")
    assert "or 204, depending on  if ($http_x_auth = yes)" in done.stdout


def test_many_unknowns_end(tmp_path: Path) -> None:
    body = "".join(f"if ($cookie_c{number}) {{ return {400 + number}; }} " for number in range(1, 40))
    verdict = json.loads(predicted(tmp_path, body, "--json").stdout)["verdict"]
    assert [one["status"] for one in verdict["otherwise"]] == list(range(401, 440))


def test_an_auth_request_that_asks_itself_is_answered(tmp_path: Path) -> None:
    """auth_request is inherited by the location that it asks, where nginx does not ask again."""
    body = "auth_request /who; location = /who { internal; proxy_pass http://127.0.0.1:1; } location / { root html; }"
    assert json.loads(predicted(tmp_path, body, "--json").stdout)["verdict"]["status"] == 200


@pytest.mark.parametrize(
    "body",
    [
        "location /a { try_files /none /b; } location / { try_files /none /a; }",
        "location @a { try_files /none @b; } location @b { try_files /none @a; } location / { try_files /none @a; }",
    ],
)
def test_locations_that_lead_to_one_another_end(tmp_path: Path, body: str) -> None:
    assert json.loads(predicted(tmp_path, body, "--json").stdout)["verdict"]["status"] == 500


def test_a_query_is_part_of_the_request(tmp_path: Path) -> None:
    body = "if ($args ~ t=1) { return 204; } return 403;"
    for query, status in (("?t=1", 204), ("?t=2", 403), ("", 403)):
        done = predicted(tmp_path, body, "--request", f"GET http://app.test:8080/{query}", "--json")
        assert json.loads(done.stdout)["verdict"]["status"] == status
