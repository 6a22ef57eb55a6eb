from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ca_rig import Ca, copied, founded
from tests.serve.api_rig import OBJECTS, ROLES, Client, api_of, serial_of
from tests.serve.serve_rig import Served, serving


@pytest.fixture(scope="session")
def serve_template(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    """A CA with alice (good), mallory (revoked) and a server certificate."""
    made = founded(tmp_path_factory.mktemp("serve-template"))
    made.run("issue", "alice")
    made.run("issue", "bob")
    made.run("issue", "app.test", "--profile", "server", "--san", "ip:127.0.0.1")
    made.run("issue", "mallory")
    made.run("revoke", "mallory", "--reason", "keyCompromise")
    return made


@pytest.fixture
def ca(serve_template: Ca, tmp_path: Path) -> Ca:
    return copied(serve_template, tmp_path / "ca")


@pytest.fixture
def api(ca: Ca) -> Iterator[str]:
    """It serves its API: the address."""
    with api_of(ca) as client:
        yield client.base


@pytest.fixture(scope="module")
def shared(serve_template: Ca, tmp_path_factory: pytest.TempPathFactory) -> Ca:
    """One for a whole file."""
    return copied(serve_template, tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def served(shared: Ca) -> Iterator[Served]:
    with serving(shared) as found:
        yield found


@pytest.fixture(scope="session")
def api_template(serve_template: Ca, tmp_path_factory: pytest.TempPathFactory) -> Ca:
    """That CA with an identity for every role; what is done to is an nginx host, and has a certificate that was revoked."""
    made = copied(serve_template, tmp_path_factory.mktemp("api-template"))
    for name in ROLES:
        made.run("issue", name)
    (made.home / "roles.toml").write_text("".join(f'"{name}" = "{role}"\n' for name, role in ROLES.items()))
    orders = made.home / "orders.toml"
    orders.write_text('[[site]]\nserver_names = ["app.test"]\nlisten = ["127.0.0.1:8443"]\n')
    for name in OBJECTS:
        gone = serial_of(made, name)
        made.run("renew", name)
        made.run("revoke", name, "--serial", gone)
        made.run("host", "set", name, "--file", str(orders))
    return made


@pytest.fixture(scope="module")
def client(api_template: Ca, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Asks an API that a whole file shares."""
    with api_of(copied(api_template, tmp_path_factory.mktemp("api"))) as found:
        yield found


@pytest.fixture
def own(api_template: Ca, tmp_path: Path) -> Iterator[Client]:
    """Asks an API of the test's own."""
    with api_of(copied(api_template, tmp_path)) as found:
        yield found
