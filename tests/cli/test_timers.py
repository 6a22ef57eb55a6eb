"""Units that systemd accepts, and notices that arrive."""

import email
import email.policy
import http.server
import json
import os
import re
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from handclasp.present.units import UnitOrder, units
from tests.ca_rig import Ca


def test_systemd_accepts_the_units(ca: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    made = ca.json(
        "systemd", "-o", str(folder), "--user", "root", "--notify-file", "/etc/handclasp/notify", "--reload", "/bin/true"
    )
    assert sorted(path.name for path in folder.iterdir()) == sorted(made["units"])
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(map(str, folder.iterdir()))],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert "handclasp" not in done.stderr, done.stderr
    assert done.returncode == 0
    renewing = (folder / "handclasp-renew.service").read_text()
    assert "ExecStopPost=+/bin/true" in renewing  # ExecStartPost is left out when one of many could not be renewed
    assert "OnCalendar=daily" in (folder / "handclasp-renew.timer").read_text()
    service = (folder / "handclasp-crl.service").read_text()
    assert "crl --refresh --no-reload" in service
    assert "Wants=handclasp-nginx.service" in service
    after = (folder / "handclasp-nginx.service").read_text()
    assert "After=handclasp-crl.service" in after
    assert "crl --reload" in after
    assert f"ReadWritePaths={ca.home}" in service
    assert "LoadCredential=handclasp-passphrase:/" in service
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", str(folder / "handclasp-crl.service")],
        capture_output=True, check=False, text=True, timeout=60,
    )  # fmt: skip
    assert rated.returncode == 0, rated.stdout[-400:]


@pytest.mark.parametrize("shown", ["certificate", "profile"])
def test_what_lives_for_a_day_is_renewed_within_its_last_third(ca: Ca, tmp_path: Path, shown: str) -> None:
    if shown == "certificate":
        ca.run("issue", "alice", "--days", "1")
    else:
        (ca.home / "profiles").mkdir()
        (ca.home / "profiles" / "short.toml").write_text('base = "client"\ndays = 3\n')
    ca.run("systemd", "-o", str(tmp_path), "--user", "root")
    (calendar,) = re.findall(r"OnCalendar=(.+)", (tmp_path / "handclasp-renew.timer").read_text())
    told = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=7", "--base-time=2026-01-01 00:30:00 UTC", calendar],
        capture_output=True, check=True, text=True, timeout=60, env=os.environ | {"TZ": "UTC"},
    ).stdout  # fmt: skip
    times = re.findall(r"(?:Next elapse|Iteration #\d|Iter\. #\d): \w+ (\S+ \S+) UTC", told)
    assert [one[11:13] for one in times] == ["04", "08", "12", "16", "20", "00", "04"], told


def test_a_registry_elsewhere_is_reached_by_every_unit() -> None:
    order = UnitOrder(program="/bin/handclasp", home="/srv/ca", user="ca")
    for network, families in ((False, "AF_UNIX"), (True, "AF_UNIX AF_INET AF_INET6")):
        made = units(replace(order, network=network))
        for name in ("renew", "crl"):
            assert f"RestrictAddressFamilies={families}\n" in made[f"handclasp-{name}.service"]


@pytest.mark.parametrize(
    ("home", "program", "hidden"),
    [
        ("/srv/ca", "/usr/bin/handclasp", ("yes", "yes")),
        ("/srv/ca", "/root/.local/bin/handclasp", ("read-only", "yes")),
        ("/home/me/ca", "/usr/bin/handclasp", ("no", "yes")),
        ("/tmp/ca", "/home/me/venv/bin/handclasp", ("read-only", "no")),
    ],
)
def test_no_unit_hides_what_it_runs(home: str, program: str, hidden: tuple[str, str]) -> None:
    """ProtectHome=yes and PrivateTmp=yes show nothing of these folders, be it a program, its interpreter or a CA."""
    for order in (
        UnitOrder(program=program, home=home, user="ca"),
        UnitOrder(program="/usr/bin/handclasp", home=home, user="ca", reads=(program,)),
    ):
        for name in ("renew", "crl"):
            made = units(order)[f"handclasp-{name}.service"]
            assert f"ProtectHome={hidden[0]}\nPrivateTmp={hidden[1]}\n" in made


def test_the_command_of_the_unit_runs(ca: Ca, tmp_path: Path) -> None:
    ca.run("systemd", "-o", str(tmp_path / "units"), "--user", "root")
    line = next(
        one for one in (tmp_path / "units/handclasp-renew.service").read_text().splitlines() if one.startswith("ExecStart=")
    )
    program, *words = line.removeprefix("ExecStart=").split()
    assert Path(program).exists()
    assert ca.run(*words).stdout == "Nothing is due.\n"


@dataclass
class Receiver:
    url: str
    got: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    here = Receiver(url="")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            here.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    here.url = f"json://127.0.0.1:{server.server_port}/"
    yield here
    server.shutdown()
    thread.join()
    server.server_close()


class Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as it takes to be sent a message."""

    def handle(self) -> None:
        self.wfile.write(b"220 mail.test\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper().strip()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                message = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.got.append(message)  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 mail.test\r\n")
            if word == b"QUIT":
                return


@pytest.fixture
def mailbox() -> Iterator[tuple[int, list[bytes]]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.got = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1], server.got  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


def test_what_ends_soon_comes_by_mail(ca: Ca, tmp_path: Path, mailbox: tuple[int, list[bytes]]) -> None:
    port, got = mailbox
    places = tmp_path / "places"
    places.write_text(f"mailto://127.0.0.1:{port}/?from=ca@home.test&to=me@home.test&smtp=127.0.0.1&mode=insecure\n")
    places.chmod(0o600)
    ca.run("issue", "alice", "--days", "5")
    assert ca.json("notify", "--to-file", str(places), "--within", "30")["sent"]
    (raw,) = got
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["To"] == "me@home.test"
    assert message["Subject"].startswith("Handclasp: ")
    body = message.get_body(("plain", "html"))
    assert body is not None
    assert "the certificate of alice ends on" in body.get_content()


def test_notices_and_units_speak_the_language_asked_for(ca: Ca, tmp_path: Path, receiver: Receiver) -> None:
    places = tmp_path / "places"
    places.write_text(f"{receiver.url}\n")
    places.chmod(0o600)
    chinese = ("--lang", "zh")
    ca.run("notify", "--to-file", str(places), "--test", *chinese)
    ca.run("issue", "alice", "--days", "5")
    ca.run("notify", "--to-file", str(places), "--within", "400", *chinese)
    well, soon = receiver.got
    assert well["title"] == "Handclasp\uff1a\u4e00\u5207\u6b63\u5e38"
    said, log = well["message"].split("\n\n")
    assert said == "0 \u5f20\u6709\u6548\u8bc1\u4e66\u3002"
    assert log.startswith("\u5ba1\u8ba1\u65e5\u5fd7")  # and its head
    assert "\u4ef6\u4e8b\u9700\u8981\u5904\u7406" in soon["title"]
    lines = [line for line in soon["message"].splitlines() if line.startswith("- ")]
    assert len(lines) == 3  # alice, and the CRLs of two CAs
    assert all("\u5230\u671f" in line for line in lines), lines
    assert not ca.json("notify", "--to-file", str(places), "--within", "400")["sent"]  # the same news in another language
    made = ca.run("systemd", "--dry-run", "--user", "root", "--notify-file", str(places), *chinese).stdout
    assert f"notify --to-file {places} --lang zh" in made
    assert "--lang" not in ca.run("systemd", "--dry-run", "--user", "root", "--notify-file", str(places)).stdout
    assert "\u5230\u671f" in ca.run("status", "--within", "400", *chinese, expect=1).stdout


def test_what_ends_soon_is_told_once(ca: Ca, tmp_path: Path, receiver: Receiver) -> None:
    places = tmp_path / "places"
    places.write_text(f"# where to\n{receiver.url}\n")
    places.chmod(0o600)
    command = ("notify", "--to-file", str(places), "--within", "30")
    assert ca.json(*command) == {"schema": "handclasp/notify/1", "items": 0, "sent": False, "failed": [], "unreached": []}
    ca.run("issue", "alice", "--days", "5")
    assert ca.json(*command)["sent"]
    assert "the certificate of alice ends on" in receiver.got[0]["message"]
    assert not ca.json(*command)["sent"]
    ca.run("issue", "bob", "--days", "5")
    assert ca.json(*command)["sent"]
    assert len(receiver.got) == 2


def test_places_that_cannot_be_reached_are_named_without_their_secrets(ca: Ca, tmp_path: Path, receiver: Receiver) -> None:
    places = tmp_path / "places"
    places.write_text(f"json://user:marked-secret@127.0.0.1:1/\n{receiver.url}\n")
    places.chmod(0o600)
    done = ca.run("notify", "--to-file", str(places), "--test", expect=5)
    assert "NOT reached: line 1, json://...: nobody answers there" in done.stdout
    assert "marked-secret" not in done.stdout + done.stderr
    assert len(receiver.got) == 1
    places.chmod(0o644)
    ca.run("notify", "--to-file", str(places), expect=4)
