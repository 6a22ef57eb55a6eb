"""One CA with a wanted, an unlisted and a revoked client, and a stranger of another CA, for every program."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ca_rig import Ca, founded
from tests.nginx_rig import make
from tests.waiting import eventually


@dataclass(frozen=True)
class People:
    """Who knocks: (certificate chain, key) by name; None shows nothing."""

    ca: Ca
    folder: Path

    def files(self, name: str) -> tuple[str, str]:
        if name == "stranger":
            return str(self.folder / "stranger.pem"), str(self.folder / "stranger.key")
        return str(self.ca.identity(name, "chain.pem")), str(self.ca.identity(name, "key.pem"))

    @property
    def root(self) -> str:
        return str(self.ca.home / "ca/root.pem")


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    folder = tmp_path_factory.mktemp("people")
    made = founded(folder)
    made.run("issue", "app.test", "--profile", "server")
    for name in ("alice", "bob", "mallory"):
        made.run("issue", name)
    made.run("revoke", "mallory")
    stranger = make("alice", make("Other root", ca=True))
    (folder / "stranger.pem").write_bytes(stranger.pem)
    (folder / "stranger.key").write_bytes(stranger.key_pem)
    return People(made, folder)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that programs may enter after they gave up root."""
    made = Path(tempfile.mkdtemp(prefix="snippet-"))
    made.chmod(0o755)
    yield made

    def gone() -> bool:
        """A program that was stopped may be writing its last files still."""
        shutil.rmtree(made, ignore_errors=True)
        return not made.exists()

    eventually(gone)
