"""Every command with input that is wrong: one clear message, the right exit code, and nothing changed."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from handclasp.cli import main
from tests.ca_rig import Ca

USAGE, INPUT, POLICY, WORLD = 2, 3, 4, 5
NOBODY = "https://127.0.0.1:1/"
APPLY = "nginx apply --server-name app.test"
UPSTREAM = f"{APPLY} --upstream https://b.test:1"

CASES = (
    # init, in a home that does not exist yet
    ("init --home new --passphrase-file gone", INPUT, "gone: cannot be read"),
    ("init --home new --passphrase-file a-folder", USAGE, "a-folder"),
    ("init --home new --passphrase-file empty-passphrase", INPUT, "the passphrase is empty"),
    ("init --home new --passphrase-file open-passphrase", POLICY, "chmod 600"),
    ("init --home ok.conf", USAGE, "is a file"),
    ("init --home /proc/none", WORLD, "/proc/none"),
    ("init --home new --name a/b", USAGE, "SOLIDUS"),
    ("init --home new --days 0", USAGE, "--days"),
    ("init --home new --new-passphrase-file gone/here", WORLD, "gone/here: cannot be written"),
    ("init --home new --new-passphrase-file fresh --passphrase-file ok.conf", USAGE, "--new-passphrase-file"),
    # issue
    ("issue", USAGE, "whom"),
    ("issue dave --home new", USAGE, "handclasp init --home"),
    ("issue dave --passphrase-file wrong-passphrase", WORLD, "the passphrase is wrong"),
    ("issue dave --passphrase-file gone", INPUT, "gone: cannot be read"),
    ("issue ../dave", USAGE, "SOLIDUS"),
    ("issue alice", POLICY, "handclasp renew alice"),
    ("issue Alice", POLICY, "mistaken for 'alice'"),
    ("issue dave --profile nope", USAGE, "there is no profile 'nope'"),
    ("issue dave --profile root-ca", POLICY, "is for CAs"),
    ("issue dave --profile server", POLICY, "--san dns:"),
    ("issue dave --san dns:a..b", USAGE, "an empty label"),
    ("issue dave --san ip:300.1.1.1", USAGE, "neither an IPv4 nor an IPv6 address"),
    ("issue dave --days 3000", USAGE, "1<=x<=1825"),
    ("issue dave --csr gone.pem", INPUT, "gone.pem: cannot be read"),
    ("issue dave --csr garbage.pem", INPUT, "garbage.pem: is no certification request: neither PEM nor DER"),
    ("issue dave --csr server.pem", INPUT, "server.pem: is a certificate, and a certification request is needed"),
    ("issue --from gone.csv", INPUT, "gone.csv: cannot be read"),
    ("issue --from random.bin", INPUT, "is not UTF-8"),
    ("issue --from people.csv", INPUT, "people.csv:1"),
    # nginx render
    ("nginx render --server-name a;b", POLICY, "is not a DNS name"),
    ("nginx render --server-name app.test", USAGE, "handclasp issue app.test --profile server"),
    ("nginx render --server-name app.test --home new", USAGE, "handclasp init --home"),
    ("nginx render --server-name app.test --listen 99999999", USAGE, "is not an address to listen on"),
    ("nginx render --server-name app.test --nginx gone", WORLD, "there is no nginx that can be run here"),
    ("nginx render --server-name app.test --nginx /bin/true", WORLD, "this is no nginx"),
    ("nginx render --server-name app.test --nginx-version 1.x", INPUT, "1.x"),
    ("nginx render --server-name app.test --nginx-version 1.10.0 --cert server.pem --key server.key", POLICY, "too old"),
    ("nginx render --file gone.toml", INPUT, "gone.toml: cannot be read"),
    ("nginx render --file unclosed.conf", INPUT, "unclosed.conf:1"),
    # nginx apply
    ("nginx apply", USAGE, "there is no site yet"),
    ("nginx apply --listen 8443", USAGE, "--server-name"),
    (f"{APPLY} --home new", USAGE, "handclasp init --home"),
    (f"{APPLY} --passphrase-file wrong-passphrase", WORLD, "the passphrase is wrong"),
    (f"{APPLY} --allow nobody", POLICY, "handclasp issue nobody"),
    (f"{APPLY} --nginx gone", WORLD, "there is no nginx that can be run here"),
    (f"{APPLY} --upstream ftp://x", POLICY, "is not of the form"),
    (f"{UPSTREAM}", POLICY, "--upstream-ca"),
    (f"{UPSTREAM} --upstream-ca gone.pem", INPUT, "gone.pem: cannot be read"),
    (f"{UPSTREAM} --upstream-ca garbage.pem", INPUT, "garbage.pem: no certificate found"),
    (f"{UPSTREAM} --upstream-ca broken.pem", INPUT, "broken.pem: certificate number 1 cannot be read"),
    (
        f"{UPSTREAM} --upstream-ca ca.pem --upstream-cert server.pem --upstream-key garbage.pem",
        INPUT,
        "garbage.pem: no readable",
    ),
    (f"{APPLY} --cert server.pem", USAGE, "needs its key"),
    (f"{APPLY} --cert garbage.pem --key server.key", INPUT, "garbage.pem: no certificate found"),
    (f"{APPLY} --cert server.pem --key gone.key", INPUT, "gone.key: cannot be read"),
    (f"{APPLY} --cert server.pem --key other.key", INPUT, "other.key: is not the key of the first certificate"),
    ("nginx rollback", INPUT, "there is no apply to take back"),
    # revoke
    ("revoke alice --home new", USAGE, "handclasp init --home"),
    ("revoke nobody", USAGE, "handclasp list"),
    ("revoke alice --serial zz", USAGE, "is not a serial number"),
    ("revoke alice --serial 01", USAGE, "handclasp show alice"),
    ("revoke Handclasp_Root_CA", POLICY, "is a CA"),
    ("revoke alice --reason because", USAGE, "--reason"),
    # doctor and predict
    *(
        (f"{command} {words}", code, message)
        for command in ("doctor", "predict")
        for words, code, message in (
            ("--config gone.conf", INPUT, "gone.conf: cannot be read"),
            ("--config a-folder", INPUT, "a-folder: cannot be read: Is a directory"),
            ("--config unclosed.conf", INPUT, "unclosed.conf:6:1: unexpected end of file"),
            ("--config stray.conf", INPUT, 'stray.conf:5:1: unexpected "}"'),
            ("--config missing-include.conf", INPUT, "missing-include.conf:3:3"),
            ("--config cycle.conf", INPUT, "cycle.conf:2:8: include cycle"),
            ("--config random.bin", INPUT, "random.bin:"),
            ("--config ok.conf --client-cert gone.pem", INPUT, "gone.pem: cannot be read"),
            ("--config ok.conf --client-cert garbage.pem", INPUT, "garbage.pem: no certificate found"),
            ("--config ok.conf --client-cert broken.pem", INPUT, "broken.pem: certificate number 1 cannot be read"),
            ("--config ok.conf --client-cert server.key", INPUT, "server.key: is a private key"),
            ("--config ok.conf --upstream --upstream-chain garbage.pem", INPUT, "garbage.pem: no certificate found"),
            ("--config ok.conf --server other.test --client-cert server.pem", INPUT, 'no server named "other.test"'),
            ("--config ok.conf --nginx gone --client-cert server.pem", WORLD, "there is no nginx that can be run here"),
            ("--config ok.conf --nginx /bin/true --client-cert server.pem", WORLD, "this is no nginx"),
            ("--config ok.conf --engine 9.9", USAGE, "--engine"),
            ("--config ok.conf --at yesterday", USAGE, "is not a time"),
        )
    ),
    ("doctor --config no-server.conf", INPUT, "no-server.conf: the configuration has no server"),
    ("doctor --config ok.conf --client-cert server.pem --client-key gone.key", INPUT, "gone.key: cannot be read"),
    (
        "doctor --config ok.conf --client-cert server.pem --client-key garbage.pem",
        INPUT,
        "garbage.pem: no readable private key",
    ),
    ("doctor --config ok.conf --client-cert server.pem --client-key other.key", INPUT, "is not the key of the client"),
    ("doctor --log gone.log", INPUT, "gone.log: cannot be read"),
    ("doctor --log a-folder", INPUT, "a-folder: is not a regular file"),
    ("doctor --log boring.log", INPUT, "no line of this log tells of a handshake"),
    ("doctor --evidence garbage.pem", INPUT, "garbage.pem"),
    # explain
    ("explain", USAGE, "WHAT"),
    # probe
    (f"probe {NOBODY}", WORLD, "nobody answers there"),
    ("probe http://127.0.0.1:1/", USAGE, "has no handshake"),
    ("probe https://no-such-host.invalid/", WORLD, "no-such-host.invalid"),
    (f"probe {NOBODY} --cert server.pem", USAGE, "--key"),
    (f"probe {NOBODY} --cert gone.pem --key server.key", INPUT, "gone.pem: cannot be read"),
    (f"probe {NOBODY} --identity nobody", USAGE, "handclasp list"),
    (f"probe {NOBODY} --session gone", INPUT, "gone: cannot be read"),
    (f"probe {NOBODY} --cafile gone.pem", INPUT, "gone.pem: cannot be read"),
    (f"probe {NOBODY} --timeout 0", USAGE, "--timeout"),
)


def state(folder: Path) -> dict[str, str]:
    """Every file below a folder with its content; the lock's note and SQLite's own files come and go."""
    passing = ("lock", "registry.sqlite-wal", "registry.sqlite-shm")
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in passing)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def arguments_of(words: str) -> list[str]:
    return [word.replace("_", " ") for word in words.split()]


@pytest.mark.parametrize(("words", "code", "message"), CASES, ids=[words for words, _, _ in CASES])
def test_one_message_and_nothing_changed(
    words: str, code: int, message: str, tour: Ca, capsys: pytest.CaptureFixture[str]
) -> None:
    before = state(tour.home.parent)
    assert main(arguments_of(words)) == code, capsys.readouterr()
    out, err = capsys.readouterr()
    assert out == ""
    assert len([line for line in err.splitlines() if line.lower().startswith("error: ")]) == 1, err
    assert message in err
    assert "Traceback" not in err
    assert "bug" not in err
    changed = {path: name for path, name in state(tour.home.parent).items() if before.get(path) != name}
    gone = before.keys() - state(tour.home.parent).keys()
    assert not gone
    # A revocation is recorded before nginx is asked, and a server's certificate before its site: those are whole, not half.
    assert not [path for path in changed if "-new" in path or path.startswith(("files/new", "files/fresh"))], changed


@pytest.mark.parametrize("words", ["issue alice", "doctor --config unclosed.conf", "nginx apply", f"probe {NOBODY}"])
def test_with_json_the_message_is_a_document(words: str, tour: Ca, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([*arguments_of(words), "--json"])
    out, _ = capsys.readouterr()
    document = json.loads(out)
    assert document["schema"] == "handclasp/error/1"
    assert document["exit"] == code
    assert document["what"]


@pytest.mark.parametrize("command", ["doctor", "predict", "nginx check"])
def test_a_file_that_nginx_refuses_to_start_with_is_a_negative_answer(
    command: str, tour: Ca, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments_of(f"{command} --config empty.pem")) == 1, tour
    assert 'no "events" section in configuration' in capsys.readouterr().out


def test_a_failed_init_is_forgotten(tour: Ca, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A passphrase file that could not be used is not remembered, and the home is as new."""
    home = str(tmp_path / "home")
    assert main(["init", "--home", home, "--passphrase-file", "gone"]) == INPUT
    assert not Path(home).exists()
    os.environ.pop("HANDCLASP_PASSPHRASE_FILE")
    assert main(["init", "--home", home, "--passphrase-file", str(tour.passphrase)]) == 0
    assert main(["issue", "alice", "--home", home]) == 0, capsys.readouterr()


def test_a_passphrase_file_is_remembered_only_when_it_unlocks(
    tour: Ca, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(tmp_path / "home")
    os.environ.pop("HANDCLASP_PASSPHRASE_FILE")
    with tour.passphrase.open() as given:
        assert main(["init", "--home", home, "--passphrase-fd", str(given.fileno())]) == 0
    assert main(["init", "--home", home, "--passphrase-file", "wrong-passphrase"]) == WORLD
    assert "the passphrase is wrong" in capsys.readouterr().err
    assert main(["init", "--home", home, "--passphrase-file", str(tour.passphrase)]) == 0
    assert main(["issue", "alice", "--home", home]) == 0, capsys.readouterr()


def test_without_an_nginx_no_certificate_is_issued(ca: Ca) -> None:
    before = state(ca.home)
    ca.run("nginx", "apply", "--server-name", "app.test", "--nginx", "/bin/true", expect=WORLD)
    assert state(ca.home) == before
