"""The demonstration as a person runs it: everything true, and nothing left, however it ends."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import pytest

from handclasp.adapters.nginx_process import NginxProcess
from handclasp.app.demo import play
from handclasp.app.demo_stage import Stage, WatchedNginx
from handclasp.cli.demo import _SIGNALS as ENDING
from handclasp.cli.demo import _Folder as Folder
from handclasp.model.demo import Act, Announced, Guest, Serving
from handclasp.model.errors import WorldError
from handclasp.present.columns import width
from handclasp.present.demo_words import ACTS, GUESTS
from handclasp.wiring import World

WRONG = "400 The SSL certificate error"
NONE_SENT = "400 No required SSL certificate was sent"
TLS = ("TLSv1.2", "TLSv1.3")


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HANDCLASP_")}
    return {**kept, "TMPDIR": str(folder), "LC_ALL": "C.UTF-8", "HOME": str(folder / "nobody"), **more}


def start(folder: Path, *arguments: str, tolerate: str = "", **env: str) -> "subprocess.Popen[str]":
    tolerated = ("-W", f"ignore::{tolerate}") if tolerate else ()
    return subprocess.Popen(
        [sys.executable, "-W", "error", *tolerated, "-u", "-m", "handclasp", "demo", *arguments],
        env=environment(folder, **env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(folder: Path, *arguments: str, expect: int = 0, **env: str) -> "subprocess.CompletedProcess[str]":
    process = start(folder, *arguments, **env)
    out, err = process.communicate(timeout=120)
    assert process.returncode == expect, (process.returncode, out, err)
    assert "Traceback" not in err
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def nginx_below(folder: Path) -> list[str]:
    """Titles of processes that belong to an nginx with its prefix in this folder, and of the workers of such."""
    found = []
    for one in Path("/proc").iterdir():
        if one.name.isdecimal():
            try:
                title = (one / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                where = str((one / "cwd").readlink()) if "nginx" in title else ""
            except OSError:
                continue
            if "nginx" in title and (str(folder) in title or where.startswith(str(folder))):
                found.append(title)
    return found


def assert_nothing_left(folder: Path) -> None:
    assert list(folder.iterdir()) == []
    assert nginx_below(folder) == []


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("json")
    done = run(folder, "--json")
    assert_nothing_left(folder)
    assert done.stderr == ""
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_says_who_gets_in(document: dict[str, object]) -> None:
    assert document["schema"] == "handclasp/demo/1"
    assert document["ok"] is True
    said = subprocess.run([shutil.which("nginx") or "/usr/sbin/nginx", "-v"], capture_output=True, text=True, check=True).stderr
    assert said.strip().split("/")[1].startswith(str(document["nginx"]))
    rows = document["probes"]
    assert isinstance(rows, list)
    seen = [(row["who"], row["tls"], row["status"], row["title"], row["verify"], row["resumed"]) for row in rows]
    expired, purpose = "FAILED:certificate has expired", "FAILED:unsuitable certificate purpose"
    stranger = "FAILED:unable to verify the first certificate"
    assert seen == [
        *(("nobody", tls, 400, NONE_SENT, "NONE", False) for tls in TLS),
        *(("alice", tls, 200, None, "SUCCESS", False) for tls in TLS),
        *(("alice", tls, 200, None, "SUCCESS", True) for tls in TLS),
        *(("bob", tls, 200, None, "SUCCESS", False) for tls in TLS),
        *(("stranger", tls, 400, WRONG, stranger, False) for tls in TLS),
        *(("expired", tls, 400, WRONG, expired, False) for tls in TLS),
        *(("wrong-purpose", tls, 400, WRONG, purpose, False) for tls in TLS),
    ]


def test_a_revoked_client_is_refused_fresh_and_resumed(document: dict[str, object]) -> None:
    seen = document["revocation"]
    assert isinstance(seen, dict)
    assert (seen["fresh"], seen["resumed"], seen["proven"]) == (400, 400, True)
    assert 0 < seen["seconds"] < 30
    rows = [(row["who"], row["tls"], row["session_offered"], row["status"], row["verify"]) for row in seen["probes"]]
    revoked = "FAILED:certificate revoked"
    assert rows == [
        *(("bob", tls, True, 400, revoked) for tls in TLS),
        *(("bob", tls, False, 400, revoked) for tls in TLS),
        *(("alice", tls, False, 200, "SUCCESS") for tls in TLS),
    ]


def test_each_broken_setup_is_understood_and_repaired(document: dict[str, object]) -> None:
    found = document["diagnoses"]
    assert isinstance(found, list)
    assert [(one["broken"], one["cause"], one["before"]["status"], one["after"]["status"], one["proved"]) for one in found] == [
        (Act.INTERMEDIATE_ONLY.value, "client-trust-intermediate-only", 400, 200, True),
        (Act.DEPTH.value, "client-verify-depth-too-small", 400, 200, True),
        (Act.UPSTREAM.value, "upstream-ca-not-trusted", 502, 200, True),
    ]
    logs = [re.sub(r".*certificate verify error: (\([^)]*\)).*", r"\1", one["before"]["log"]) for one in found]
    assert logs == [
        "(2:unable to get issuer certificate)",
        "(2:unable to get issuer certificate)",
        "(21:unable to verify the first certificate)",
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_shows_every_act_and_works_again(lang: str, tmp_path: Path) -> None:
    done = run(tmp_path, "--lang", lang)
    assert_nothing_left(tmp_path)
    titles = [f"{number}. {ACTS[act][0].in_language(lang)}" for number, act in enumerate(Act, start=1)]
    assert [line for line in done.stdout.splitlines() if re.match(r"\d\. ", line)] == titles
    assert "✗ /" in done.stdout, "the doctor names the file at fault"
    assert not re.search(r"^   ✗", done.stdout, re.MULTILINE), "every act came out as it must"
    assert "ssl_verify_depth 2;" in done.stdout
    assert all(GUESTS[who].in_language(lang) in done.stdout for who in Guest)
    assert not re.search(r"[A-Za-z0-9+/]{60}\n *\+[A-Za-z0-9+/]{60}", done.stdout), "no walls of base64"
    assert "\x1b" not in done.stdout, "no colour into a pipe"


def test_every_word_is_in_both_languages() -> None:
    assert set(ACTS) == set(Act)
    assert set(GUESTS) == set(Guest)
    for act in Act:
        for text in ACTS[act]:
            assert text.en != text.zh
            assert max(width(text.en), width(text.zh)) < 100


def amid(act: Act, folder: Path, *, tolerate: str = "") -> "subprocess.Popen[str]":
    """A demonstration in which this act has just begun."""
    process = start(folder, "--lang", "en", tolerate=tolerate)
    assert process.stdout
    if not any(ACTS[act][0].en in line for line in process.stdout):
        pytest.fail(f"act {act} never began: {process.communicate()}")
    return process


@pytest.mark.parametrize(
    ("act", "number"),
    [
        *((act, signal.SIGINT) for act in Act),
        *((act, signal.SIGTERM) for act in (Act.AUTHORITY, Act.REVOCATION, Act.UPSTREAM)),
        (Act.SERVER, signal.SIGHUP),
    ],
)
def test_interrupted_in_any_act_it_leaves_nothing(act: Act, number: signal.Signals, tmp_path: Path) -> None:
    for _ in range(10):  # on a busy machine the last act may be over before the signal is on its way
        # A signal may come between the opening of a socket and the `with` that closes it.
        process = amid(act, tmp_path, tolerate="ResourceWarning")
        # Somewhere inside the act: the shortest takes a tenth of a second.
        time.sleep(0.02 + 0.03 * (list(Act).index(act) % 3))
        process.send_signal(number)
        _, err = process.communicate(timeout=120)
        if process.returncode:
            break
    assert process.returncode == 130, err
    assert err.strip().startswith("interrupted"), err
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert_nothing_left(tmp_path)


def test_signals_in_quick_succession_do_not_disturb_cleaning_up(tmp_path: Path) -> None:
    process = amid(Act.DEPTH, tmp_path)
    time.sleep(0.1)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.005)
    process.communicate(timeout=60)
    assert process.returncode in {130, -signal.SIGINT}
    assert_nothing_left(tmp_path)


class Finalized:
    """Ctrl-C comes while it is finalized: what the handler raises there is lost."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("keep", [False, True])
def test_an_interruption_that_was_lost_is_heard_in_the_end(
    keep: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    handlers = [signal.getsignal(number) for number in ENDING]
    with pytest.raises(KeyboardInterrupt), Folder(WatchedNginx(NginxProcess())) as place:  # noqa: PT012 - the block is the point
        place.keep = keep
        made = Finalized()
        del made
        assert list(tmp_path.iterdir()) == [Path(place.path)]
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == ""
    assert [signal.getsignal(number) for number in ENDING] == handlers


def test_an_interruption_just_as_it_ends_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def interrupt(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is Folder.__exit__.__code__:
            sys.settrace(None)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), Folder(WatchedNginx(NginxProcess())):
        sys.settrace(interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_leaves_nothing(tmp_path: Path) -> None:
    process = start(tmp_path, "--lang", "en")
    assert process.stdout
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 5, err
    assert_nothing_left(tmp_path)


def test_nginx_missing_is_one_message_that_names_the_package(tmp_path: Path) -> None:
    done = run(tmp_path, "--nginx", str(tmp_path / "no-such-nginx"), expect=5)
    assert done.stdout == ""
    assert done.stderr.count("error:") == 1
    assert "no-such-nginx" in done.stderr
    assert_nothing_left(tmp_path)


def test_nginx_not_installed_names_the_package(tmp_path: Path) -> None:
    """As on a machine without nginx: in a mount namespace an empty file lies over the binary."""
    bind = f"mount --bind {shlex.quote(str(tmp_path / 'nothing'))} {shutil.which('nginx') or '/usr/sbin/nginx'}"
    (tmp_path / "nothing").write_text("")
    (tmp_path / "temporary").mkdir()
    inner = f"{bind} && exec {shlex.quote(sys.executable)} -m handclasp demo"
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", inner],
        env=environment(tmp_path / "temporary", PATH=os.environ["PATH"]),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 5, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("error:") == 1
    assert "nginx is not installed" in done.stderr
    assert "apt-get install nginx" in done.stderr
    assert_nothing_left(tmp_path / "temporary")


def test_kept_it_can_be_visited_and_stopped_as_it_says(tmp_path: Path) -> None:
    done = run(tmp_path, "--keep", "--lang", "en")
    try:
        (folder,) = tmp_path.iterdir()
        assert len([title for title in nginx_below(tmp_path) if "master" in title]) == 1
        curl = re.search(r"^     curl +(curl .*)$", done.stdout, re.MULTILINE)
        assert curl
        visited = subprocess.run(
            [*shlex.split(curl[1]), "-sS", "-w", "%{http_code}"], capture_output=True, text=True, check=True
        )
        assert visited.stdout.endswith("200")
        p12, password = re.findall(r"import (\S+) \(password in (\S+)\)", done.stdout)[0]
        opened = ["openssl", "pkcs12", "-in", p12, "-passin", f"file:{password}", "-nokeys"]
        assert "friendlyName: alice" in subprocess.run(opened, capture_output=True, text=True, check=True).stdout
    finally:
        stop = re.search(r"^     stop it +(.*)$", done.stdout, re.MULTILINE)
        assert stop
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        env = environment(tmp_path, PATH=path)
        ended = subprocess.run(["sh", "-c", stop[1]], env=env, capture_output=True, text=True, check=False)
        left = nginx_below(tmp_path)
        for one in tmp_path.glob("*/home/nginx"):  # even when it does not do what it says, nothing may go on running
            NginxProcess().stop(prefix=str(one), config=str(one / "nginx.conf"))
    assert ended.returncode == 0, ended.stderr
    assert not folder.exists()
    assert left == []


class Busy:
    """Ports of which the first ones are taken by the time they are used."""

    def __init__(self, busy: int, times: int) -> None:
        self.busy, self.times, self.asked = busy, times, 0
        self.others = World("").sandbox_tools.free_ports

    def take(self, count: int) -> tuple[int, ...]:
        self.asked += 1
        if self.asked <= self.times:
            return (self.busy, *self.others.take(count - 1))
        return self.others.take(count)


def stage_in(folder: Path, nginx: WatchedNginx, ports: Busy) -> Stage:
    from dataclasses import replace

    here = World(f"{folder}/home", passphrase_file=f"{folder}/passphrase")
    here.nginx = nginx
    here.make_passphrase()
    here.make_home()
    return Stage(folder=str(folder), home=here.ca, gear=here.gear, tools=replace(here.sandbox_tools, free_ports=ports))


def test_a_port_that_is_taken_meanwhile_is_no_problem(tmp_path: Path) -> None:
    nginx = WatchedNginx(World("").nginx)
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        ports = Busy(port, times=2)
        try:
            for event in play(stage_in(tmp_path, nginx, ports)):
                if isinstance(event, Serving):
                    assert event.ok
                    assert event.port != port
                if event == Announced(act=Act.DEPTH):
                    ports.asked = 0  # the broken set-ups meet it too
                if not isinstance(event, Announced):
                    assert event.ok
        finally:
            nginx.stop_all()
    assert ports.asked > 2
    assert nginx_below(tmp_path) == []


def test_a_machine_without_any_free_port_is_said(tmp_path: Path) -> None:
    nginx = WatchedNginx(World("").nginx)
    with socket.create_server(("127.0.0.1", 0)) as holder:
        ports = Busy(holder.getsockname()[1], times=1000)
        with pytest.raises(WorldError, match="in use"):
            list(play(stage_in(tmp_path, nginx, ports)))
    nginx.stop_all()
    assert nginx_below(tmp_path) == []
