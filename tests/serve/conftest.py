from pathlib import Path

import pytest

from tests.ca_rig import Ca, copied, fresh


@pytest.fixture(scope="session")
def serve_template(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    """A CA with alice (good), mallory (revoked) and a server certificate."""
    made = fresh(tmp_path_factory.mktemp("serve-template"))
    made.run("init")
    made.run("issue", "alice")
    made.run("issue", "bob")
    made.run("issue", "app.test", "--profile", "server", "--san", "ip:127.0.0.1")
    made.run("issue", "mallory")
    made.run("revoke", "mallory", "--reason", "keyCompromise")
    return made


@pytest.fixture
def ca(serve_template: Ca, tmp_path: Path) -> Ca:
    return copied(serve_template, tmp_path)
