"""Notices by webhook and chat, sent for real to a server here: they arrive, failures are loud, secrets stay inside."""

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

from tests.ca_rig import Ca

SECRET = "marked5ecret"
TOKEN = "marked5ecrettokenofachat00"
PLACES = {
    "json": f"json://user:{SECRET}@{{host}}/{SECRET}",
    "xml": f"xml://user:{SECRET}@{{host}}/hook",
    "form": f"form://{{host}}/?:key={SECRET}",
    "mmost": f"mmost://{{host}}/{TOKEN}",
    "rocket": f"rocket://user:{SECRET}@{{host}}/#general",
    "gotify": f"gotify://{{host}}/{SECRET}",
    "ntfy": f"ntfy://user:{SECRET}@{{host}}/topic",
    "matrix": f"matrix://user:{SECRET}@{{host}}/#room",
}
ANSWER = json.dumps(
    {
        "status": "success", "data": {"authToken": "t", "userId": "u"},
        "access_token": "x", "user_id": "@u:h", "room_id": "!r:h", "joined_rooms": ["!r:h"], "device_id": "d",
    }
).encode()  # fmt: skip


@dataclass
class Chat:
    """A server that answers as chat services do."""

    host: str = ""
    status: int = 200
    bodies: list[str] = field(default_factory=list)


@contextmanager
def chatting(status: int) -> Iterator[Chat]:
    here = Chat(status=status)

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            here.bodies.append(self.rfile.read(int(self.headers.get("content-length") or 0)).decode())
            self.send_response(here.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

        do_GET = do_POST = do_PUT = answer  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        here.host = f"127.0.0.1:{server.server_port}"
        yield here
        server.shutdown()
        thread.join()


@pytest.fixture
def places(tmp_path: Path) -> Path:
    made = tmp_path / "places"
    made.touch(mode=0o600)
    return made


def test_every_service_gets_the_news_and_no_secret_is_said(ca: Ca, places: Path) -> None:
    with chatting(200) as chat:
        places.write_text("".join(url.format(host=chat.host) + "\n" for url in PLACES.values()))
        done = ca.run("notify", "--to-file", str(places), "--test", "-vv")
    assert f"told to {len(PLACES)} places" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    assert sum("all is well" in unquote_plus(body) for body in chat.bodies) == len(PLACES)
    head = ca.json("audit")["head"]
    assert sum(head in unquote_plus(body) for body in chat.bodies) == len(PLACES)
    assert not any("github.com" in body for body in chat.bodies)  # icons of the library, which readers would load


@pytest.mark.parametrize("status", [403, 500])
def test_a_service_that_refuses_is_told_with_its_line_and_not_with_its_secrets(ca: Ca, places: Path, status: int) -> None:
    with chatting(status) as chat:
        places.write_text("# chats\n" + "".join(url.format(host=chat.host) + "\n" for url in PLACES.values()))
        done = ca.run("notify", "--to-file", str(places), "--test", "-vv", expect=5)
    assert SECRET not in done.stdout + done.stderr
    for line, scheme in enumerate(PLACES, 2):
        assert f"NOT reached: line {line}, {scheme}://...: " in done.stdout
    assert f"json://...: it answered {status}" in done.stdout


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (f"slack://{SECRET}/x", "Apprise knows no such address"),
        (f"tgram://{SECRET}", "Apprise knows no such address"),
        (f"nonsense://{SECRET}", "Apprise knows no such address"),
        (f"{SECRET}", "Apprise knows no such address"),
        (f"json://user:{SECRET}@127.0.0.1:1/", "nobody answers there"),
        (f"mailto://user:{SECRET}@127.0.0.1:1/?from=a@home.test&to=b@home.test&mode=insecure", "nobody answers there"),
    ],
)
def test_what_is_wrong_with_one_place_keeps_no_other_from_the_news(ca: Ca, places: Path, place: str, why: str) -> None:
    with chatting(200) as chat:
        places.write_text(f"{place}\n{PLACES['json'].format(host=chat.host)}\n")
        told = ca.json("notify", "--to-file", str(places), "--test", expect=5)
    (one,) = told["unreached"]
    assert one["line"] == 1
    assert why in one["why"]
    assert SECRET not in json.dumps(told)
    assert len(chat.bodies) == 1


class Refusing(socketserver.StreamRequestHandler):
    """A mail server (RFC 5321, RFC 4954) that says no to one command."""

    def handle(self) -> None:
        self.wfile.write(b"220 mail.test\r\n")
        said = {b"EHLO": b"250-mail.test\r\n250 AUTH PLAIN\r\n", b"AUTH": b"235 welcome\r\n", b"QUIT": b"221 bye\r\n"}
        said |= self.server.refusal  # type: ignore[attr-defined]
        while line := self.rfile.readline():
            self.wfile.write(said.get(line[:4].upper(), b"250 mail.test\r\n"))


@pytest.mark.parametrize(
    ("refusal", "code"), [({b"AUTH": b"535 no\r\n"}, 535), ({b"MAIL": b"530 no\r\n"}, 530), ({b"RCPT": b"550 no\r\n"}, 550)]
)
def test_what_a_mail_server_answered_is_told(ca: Ca, places: Path, refusal: dict[bytes, bytes], code: int) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as server:
        server.refusal = refusal  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        mail = f"mailto://user:{SECRET}@127.0.0.1:{server.server_address[1]}/?from=a@home.test&to=b@home.test&mode=insecure"
        places.write_text(f"{mail}\n")
        try:
            done = ca.run("notify", "--to-file", str(places), "--test", expect=5)
        finally:
            server.shutdown()
            thread.join()
    assert f"NOT reached: line 1, mailto://...: it answered {code}" in done.stdout
    assert SECRET not in done.stdout + done.stderr
