"""A folder as a new user may have it: a CA, a good configuration, and everything that can be wrong with a file."""

import os
import shutil
from pathlib import Path

import pytest

from tests.ca_rig import Ca, copied, founded

OK = """\
events {}
http { server { listen 127.0.0.1:8443 ssl; server_name a.test;
  ssl_certificate server.pem; ssl_certificate_key server.key;
  ssl_verify_client on; ssl_client_certificate ca.pem; } }
"""
FILES = {
    "garbage.pem": b"garbage",
    "broken.pem": b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    "random.bin": bytes(range(128, 256)) * 4,
    "empty.pem": b"",
    "no-server.conf": b"events {}\nhttp {}\n",
    "wrong-passphrase": b"not the passphrase\n",
    "empty-passphrase": b"",
    "open-passphrase": b"correct horse battery\n",
    "boring.log": b"2026/01/01 00:00:00 [notice] 1#1: start worker processes\n",
    "ok.conf": OK.encode(),
    "unclosed.conf": b"events {}\nhttp {\n  server {\n    listen 443 ssl\n    server_name x;\n",
    "stray.conf": b"events {}\nhttp {\n  server { listen 443; }\n}\n}\n",
    "missing-include.conf": b"events {}\nhttp {\n  include gone.conf;\n}\n",
    "cycle.conf": b"events {}\nhttp { include cycle.conf; }\n",
    "bad-certificate.conf": OK.replace("server.pem", "garbage.pem").encode(),
    "missing-certificate.conf": OK.replace("server.pem", "gone.pem").encode(),
    "people.csv": b"name,colour\nbob,red\n",
}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    """A CA with alice and bob; nobody changes it."""
    ca = founded(tmp_path_factory.mktemp("template"))
    ca.run("issue", "alice")
    ca.run("issue", "bob")
    return ca


@pytest.fixture(scope="session")
def made(template: Ca, tmp_path_factory: pytest.TempPathFactory) -> Ca:
    ca = copied(template, tmp_path_factory.mktemp("tour"))
    folder = ca.home.parent / "files"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o644 if name.startswith("open") else 0o600)
    shutil.copy(ca.home / "ca" / "bundle.pem", folder / "ca.pem")
    shutil.copy(ca.identity("alice", "chain.pem"), folder / "server.pem")
    shutil.copy(ca.identity("alice", "key.pem"), folder / "server.key")
    shutil.copy(ca.identity("bob", "key.pem"), folder / "other.key")
    (folder / "a-folder").mkdir()
    return ca


@pytest.fixture
def tour(made: Ca, monkeypatch: pytest.MonkeyPatch) -> Ca:
    """The CA, with the folder of files as working directory and nothing in the environment."""
    for name in [name for name in os.environ if name.startswith("HANDCLASP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HANDCLASP_HOME", str(made.home))
    monkeypatch.setenv("HANDCLASP_PASSPHRASE_FILE", str(made.passphrase))
    monkeypatch.chdir(made.home.parent / "files")
    return made


@pytest.fixture
def ca(template: Ca, tmp_path: Path) -> Ca:
    """A CA of one's own, with alice and bob."""
    return copied(template, tmp_path / "own")
