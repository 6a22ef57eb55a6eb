"""Callers of the API: known without being looked up again, and out, or somebody else, as soon as another process says so."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.app import callers as module
from handclasp.app.api_access import Role
from handclasp.app.callers import Callers
from tests.ca_rig import Ca, founded


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    made = founded(tmp_path_factory.mktemp("callers"))
    for name in ("alice", "bob"):
        made.run("issue", name)
    made.run("issue", "app.test", "--profile", "server")
    return made


def shown(ca: Ca, name: str) -> bytes:
    return x509.load_pem_x509_certificate(ca.identity(name, "certificate.pem").read_bytes()).public_bytes(Encoding.DER)


def name_of(callers: Callers, certificate: bytes) -> str | None:
    found = callers.caller(certificate)
    return found.name if found else None


def test_what_another_process_does_counts_at_once(ca: Ca) -> None:
    home = ca.world.ca
    callers = Callers(home)
    alice, bob = shown(ca, "alice"), shown(ca, "bob")
    for _ in range(2):
        assert (name_of(callers, alice), name_of(callers, bob)) == ("alice", "bob")
        ca.run("issue", f"more-{_}")
    ca.run("revoke", "alice")
    assert (name_of(callers, alice), name_of(callers, bob)) == (None, "bob")
    ca.run("revoke", "bob", "--reason", "certificateHold")
    assert name_of(callers, bob) is None
    ca.run("unhold", "bob")
    assert name_of(callers, bob) == "bob"


def test_roles_are_read_each_time_and_only_clients_come_in(ca: Ca) -> None:
    callers, alice = Callers(ca.world.ca), shown(ca, "alice")
    roles = []
    for table in ("", 'alice = "admin"\n', 'alice = "auditor"\n', ""):
        (ca.home / "roles.toml").write_text(table)
        found = callers.caller(alice)
        assert found is not None
        roles.append(found.role)
    assert roles == [Role.SELF, Role.ADMIN, Role.AUDITOR, Role.SELF]
    assert callers.caller(shown(ca, "app.test")) is None
    assert callers.caller(alice[:-1] + bytes((alice[-1] ^ 1,))) is None
    assert callers.caller(b"no certificate") is None


def test_callers_that_are_remembered_are_bounded(ca: Ca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    callers = Callers(ca.world.ca)
    for _ in range(2):
        assert (name_of(callers, shown(ca, "alice")), name_of(callers, shown(ca, "bob"))) == ("alice", "bob")
