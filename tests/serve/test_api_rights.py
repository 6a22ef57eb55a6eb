"""Who may do what: every role against every route there is, done to whatever identity; and nobody without a certificate."""

import http.client
import json
import socket
import ssl
import subprocess
from contextlib import closing
from functools import cache
from urllib.parse import urlsplit

import pytest

from handclasp.app.api_access import Role
from handclasp.server.api.routes import ROUTES
from tests.ca_rig import Ca
from tests.serve.api_rig import HOLDER, OBJECTS, Client

EVERYBODY, NOBODY = "aous", ""
ROUTE_RIGHTS: dict[tuple[str, str], tuple[object, str, str, bool]] = {
    # admin, operator, auditor, self: may do it to a plain identity; to one that has a role; and whether to their own
    ("GET", "/whoami"): (None, EVERYBODY, EVERYBODY, True),
    ("GET", "/certificates?name={of}"): (None, "aou", "aou", True),
    ("POST", "/certificates"): ({"name": "{of}", "csr": "none"}, "ao", "a", False),
    ("GET", "/certificates/{serial}"): (None, "aou", "aou", True),
    ("GET", "/certificates/{serial}/pem"): (None, "aou", "aou", True),
    ("POST", "/certificates/{serial}/revoke"): ({}, "ao", "a", False),
    ("POST", "/identities/{name}/renew"): ({"csr": "none"}, "ao", "a", True),
    ("POST", "/identities/{name}/bundle-links"): ({"hours": 1}, "ao", "a", False),
    ("GET", "/audit"): (None, "au", "au", False),
    ("GET", "/hosts"): (None, "aou", "aou", False),
    ("GET", "/hosts/{name}/orders"): (None, "a", "a", True),
    ("POST", "/hosts/{name}/certificates"): ({"site": "app.test", "csr": "none"}, "a", "a", True),
    ("POST", "/hosts/{name}/canaries"): ({"ca": "issuing", "csr": "none"}, "a", "a", True),
    ("POST", "/hosts/{name}/reports"): ({"tag": "x", "session_epoch": 0, "nginx": "1.22.1"}, "a", "a", True),
    ("GET", "/openapi.json"): (None, EVERYBODY, EVERYBODY, True),
}
"""Written by hand, and not read from the program. The bodies are whole, and broken where the job looks after the right."""

LETTERS = {Role.ADMIN: "a", Role.OPERATOR: "o", Role.AUDITOR: "u", Role.SELF: "s"}


@cache
def revoked_serial(ca: Ca, name: str) -> str:
    """Revoking it once more changes nothing."""
    return next(str(one["serial"]) for one in ca.json("show", name)["certificates"] if one["status"] == "revoked")


def filled(path: str, ca: Ca, of: str) -> str:
    return path.format(name=of, of=of, serial=revoked_serial(ca, of) if "serial" in path else "")


def filled_body(body: object, of: str) -> object:
    return None if body is None else json.loads(json.dumps(body).replace("{of}", of))


def test_no_route_is_missing_here() -> None:
    written = {(method, path.partition("?")[0]) for method, path in ROUTE_RIGHTS}
    assert written == {(route.method, route.path) for route in ROUTES} | {("GET", "/openapi.json")}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("of", OBJECTS)
def test_every_role_against_every_route(client: Client, role: Role, of: str) -> None:
    """Objects: a plain identity, two that have a role, and the plain caller's own."""
    holder = HOLDER[role]
    for (method, path), (body, plain, privileged, to_own) in ROUTE_RIGHTS.items():
        allowed = LETTERS[role] in (plain if of in {"bob", "alice"} else privileged) or (of == holder and to_own)
        got = client.ask(holder, method, filled(path, client.ca, of), filled_body(body, of))
        assert (got.status != 403) == allowed, (role, of, method, path, got)
        assert got.status < 500, (method, path, got)


@pytest.mark.parametrize("who", [None, "mallory", "app.test"])
def test_nothing_without_a_good_client_certificate(client: Client, who: str | None) -> None:
    """None, a revoked one, and a server's: TLS itself refuses the last one."""
    for (method, path), (body, *_) in ROUTE_RIGHTS.items():
        asked = filled(path, client.ca, "alice")
        if who == "app.test":
            folder = client.ca.identity(who)
            done = subprocess.run(
                ["curl", "-sS", "--noproxy", "*", "--cacert", client.ca.home / "ca" / "bundle.pem", "--cert",
                 folder / "chain.pem", "--key", folder / "key.pem", f"{client.base}/api/v1{asked}"],
                capture_output=True, check=False, timeout=60,
            )  # fmt: skip
            assert done.returncode != 0
            continue
        got = client.ask(who, method, asked, filled_body(body, "alice"))
        assert (got.status, got.kind) == (401, "application/problem+json"), (path, got)


class Kept:
    """A client on one connection, as a program keeps it; or on another one that resumes its TLS session."""

    def __init__(self, client: Client, who: str, version: ssl.TLSVersion) -> None:
        folder = client.ca.identity(who)
        self._at = urlsplit(client.base)
        self._context = ssl.create_default_context(cafile=str(client.ca.home / "ca" / "bundle.pem"))
        self._context.minimum_version = self._context.maximum_version = version
        self._context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
        self.line = self._open(None)

    def _open(self, session: ssl.SSLSession | None) -> ssl.SSLSocket:
        assert self._at.hostname is not None
        raw = socket.create_connection((self._at.hostname, self._at.port or 0), timeout=30)
        return self._context.wrap_socket(raw, server_hostname=self._at.hostname, session=session)

    def resume(self) -> bool:
        """Another connection with the session of this one; whether the server took it up."""
        session = self.line.session
        self.line.close()
        self.line = self._open(session)
        return bool(self.line.session_reused)

    def status(self, path: str) -> int:
        self.line.sendall(f"GET /api/v1{path} HTTP/1.1\r\nHost: {self._at.netloc}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(self.line)
        answer.begin()
        answer.read()
        return answer.status


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_revocation_ends_what_a_kept_connection_and_a_kept_session_open(own: Client, version: ssl.TLSVersion) -> None:
    kept, other = Kept(own, "alice", version), Kept(own, "alice", version)
    with closing(kept.line), closing(other.line):
        assert (kept.status("/whoami"), other.status("/whoami")) == (200, 200)
        own.ca.run("revoke", "alice")
        assert kept.status("/whoami") == 401
        other.resume()
        assert other.status("/whoami") == 401
        other.line.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_role_is_looked_up_for_each_request(own: Client, version: ssl.TLSVersion) -> None:
    kept = Kept(own, "eyes", version)
    with closing(kept.line):
        assert kept.status("/audit?limit=1") == 200
        (own.ca.home / "roles.toml").write_text('"root-admin" = "admin"\n')
        assert kept.status("/audit?limit=1") == 403
        (own.ca.home / "roles.toml").write_text('"eyes" = "auditor"\n')
        assert kept.status("/audit?limit=1") == 200


def test_a_hold_shuts_the_api_until_it_is_lifted(own: Client) -> None:
    own.ca.run("revoke", "alice", "--reason", "certificateHold")
    assert own.ask("alice", "GET", "/whoami").status == 401
    own.ca.run("unhold", "alice")
    assert own.ask("alice", "GET", "/whoami").status == 200
