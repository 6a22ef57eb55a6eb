"""Sites with client CAs of their own, applied: whose client it is decides; trust stays what it is today."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.app_apply.bench import Bench
from tests.nginx_rig import Issued, crl, make

FILE = """\
[[site]]
server_names = ["app.test"]
listen = ["127.0.0.1:{port}"]

[[site]]
server_names = ["people.app.test"]
listen = ["127.0.0.1:{port}"]
client_ca = "issuing"
{list}

[[site]]
server_names = ["partner.app.test"]
listen = ["127.0.0.1:{port}"]
client_ca = {{ file = "partner.pem", crl = "partner.crl" }}
"""
SITES = ("app.test", "people.app.test", "partner.app.test")


@dataclass(frozen=True)
class Partnered:
    """A home with a second issuing CA, whose client is pat; and a CA of somebody else, whose client is dave."""

    bench: Bench
    root: Issued
    dave: Issued

    @property
    def home(self) -> Path:
        return self.bench.ca.home

    def write(self, listed: str = "", revoked: tuple[Issued, ...] = ()) -> str:
        (self.home / "partner.pem").write_bytes(b"the CA of our partner\n" + self.root.pem)
        (self.home / "partner.crl").write_bytes(crl(self.root, *revoked))
        file = self.home / "handclasp.toml"
        file.write_text(FILE.format(port=self.bench.port, list=listed))
        return str(file)

    def apply(self, **written: Any) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.bench.ca.run("nginx", "apply", "--file", self.write(**written), "--json").stdout)
        assert all(one["ok"] for one in said["proven"])
        return said

    def seen(self, client: str) -> tuple[str, ...]:
        """What a client gets at each site."""
        folder = self.home / "dave" if client == "dave" else self.bench.ca.identity(client)
        return tuple(self._curl(folder, site) for site in SITES)

    def _curl(self, folder: Path, site: str) -> str:
        argv = [
            "curl",
            "-sS",
            "-k",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "--resolve",
            f"{site}:{self.bench.port}:127.0.0.1",
        ]
        own = ["--cert", str(folder / "chain.pem"), "--key", str(folder / "key.pem")]
        done = subprocess.run([*argv, *own, f"https://{site}:{self.bench.port}/"], capture_output=True, text=True, check=False)
        return done.stdout


@pytest.fixture
def partnered(bench: Bench) -> Partnered:
    bench.ca.run("ca", "add", "partners")
    bench.ca.run("issue", "pat")
    root = make("Partner root", ca=True)
    dave = make("dave", root)
    (bench.ca.home / "dave").mkdir()
    (bench.ca.home / "dave/chain.pem").write_bytes(dave.pem)
    (bench.ca.home / "dave/key.pem").write_bytes(dave.key_pem)
    return Partnered(bench, root, dave)


def test_whose_client_it_is_decides(partnered: Partnered) -> None:
    said = partnered.apply()
    proven = {one["name"]: one["expect"] for one in said["proven"]}
    assert proven["people.app.test, pat, of the partners CA, TLSv1.3"] == "refused"
    assert proven["partner.app.test, alice, of the issuing CA, TLSv1.3"] == "refused"
    assert {client: partnered.seen(client) for client in ("alice", "pat", "dave")} == {
        "alice": ("200", "200", "400"),
        "pat": ("200", "400", "400"),
        "dave": ("400", "400", "200"),
    }
    planned = partnered.bench.ca.json("nginx", "plan", "--file", str(partnered.home / "handclasp.toml"))
    assert planned["files"] == []
    # A session of one site must not open another, so each asks for the issuer.
    for site in SITES:
        assert "_ours = 0) { return 403; }" in (partnered.bench.prefix / f"sites/{site}.conf").read_text()
    # Only what each site means is in its files.
    pki = partnered.bench.prefix / "pki"
    assert (pki / "ca/partner.app.test.pem").read_bytes() == partnered.root.pem
    assert b"our partner" in (partnered.home / "partner.pem").read_bytes()
    assert (pki / "ca/people.app.test.pem").read_bytes().count(b"BEGIN CERTIFICATE") == 2
    assert (pki / "crl/people.app.test.pem").read_bytes().count(b"BEGIN X509 CRL") == 2
    assert (pki / "crl.pem").read_bytes().count(b"BEGIN X509 CRL") == 3


def test_a_list_and_a_ca(partnered: Partnered) -> None:
    partnered.apply(listed='allow = ["alice"]')
    assert [partnered.seen(client)[1] for client in ("alice", "bob", "pat")] == ["200", "403", "400"]
    done = partnered.bench.ca.run("nginx", "plan", "--file", partnered.write(listed='allow = ["pat"]'), expect=4)
    assert "no live client certificate for: pat" in done.stderr


def test_a_revocation_is_not_held_up_by_the_files_of_another_ca(partnered: Partnered) -> None:
    partnered.apply()
    (partnered.home / "partner.pem").unlink()
    said = partnered.bench.ca.json("revoke", "alice")
    assert said["proven"] is True
    assert {client: partnered.seen(client) for client in ("alice", "bob", "dave")} == {
        "alice": ("400", "400", "400"),
        "bob": ("200", "200", "400"),
        "dave": ("400", "400", "200"),
    }
    done = partnered.bench.ca.run("crl", "--refresh", expect=3)
    assert "partner.app.test goes on with the CAs and CRLs that it had" in done.stderr
    assert partnered.seen("dave")[2] == "200"


def test_whom_the_other_ca_revokes(partnered: Partnered) -> None:
    partnered.apply()
    conf = partnered.bench.prefix / "sites/partner.app.test.conf"
    before = conf.read_text()
    partnered.write(revoked=(partnered.dave,))
    partnered.bench.ca.run("crl", "--refresh")
    assert partnered.seen("dave") == ("400", "400", "400")
    # Its sessions are gone with the zone, though no revocation of this home moved it.
    zone = [line for line in conf.read_text().splitlines() if "ssl_session_cache" in line]
    assert zone
    assert not set(zone) & set(before.splitlines())


def test_a_rollback_brings_no_old_list_back(partnered: Partnered) -> None:
    """The sites of then, with the CAs and CRLs of today."""
    partnered.apply()
    partnered.write(revoked=(partnered.dave,))
    file = partnered.home / "handclasp.toml"
    file.write_text(file.read_text().partition("\n\n")[0])
    partnered.bench.ca.run("nginx", "apply", "--file", str(file))
    assert not list(partnered.bench.prefix.glob("pki/crl/*"))
    partnered.bench.ca.run("revoke", "alice")
    partnered.bench.ca.run("nginx", "rollback", "1")
    assert {client: partnered.seen(client) for client in ("alice", "bob", "pat", "dave")} == {
        "alice": ("400", "400", "400"),
        "bob": ("200", "200", "400"),
        "pat": ("200", "400", "400"),
        "dave": ("400", "400", "400"),
    }


def test_a_successor_s_clients_are_the_ca_s(partnered: Partnered) -> None:
    partnered.apply()
    partnered.bench.ca.run("ca", "rollover", "issuing")
    partnered.bench.ca.run("nginx", "apply", "--file", partnered.write())
    partnered.bench.ca.run("renew", "bob")
    assert [partnered.seen(client)[1] for client in ("alice", "bob", "pat")] == ["200", "200", "400"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('client_ca = "nobody"', "handclasp.toml:4:13: there is no CA 'nobody' in this home"),
        ('client_ca = { file = "partner.pem" }', "nobody whom the CA in"),
        ('client_ca = { file = "partner.pem", crl = "ca/crl.pem" }', "no CRL of CN=Partner root is in it"),
        ('client_ca = { file = "ca/bundle.pem", crl = "ca/crl.pem" }', "of this home: write client_ca"),
        ('client_ca = { file = "dave/chain.pem", crl = "partner.crl" }', "is not a CA"),
        ('client_ca = { file = "partner.crl", crl = "partner.crl" }', "there is no certificate in PEM"),
        ('client_ca = { file = "none.pem", crl = "partner.crl" }', "none.pem"),
        ('client_ca = { file = "below.pem", crl = "partner.crl" }', "the CA above CN=below is not in it"),
        ('client_ca = { file = "partner.pem", crl = "partner.crl" }\nallow = ["alice"]', "the people of a list"),
        ("client_ca = 3", "client_ca"),
        ('client_ca = { crl = "partner.crl" }', "file"),
    ],
)
def test_what_nobody_could_enter_with_is_refused(partnered: Partnered, line: str, said: str) -> None:
    partnered.write()
    (partnered.home / "below.pem").write_bytes(make("below", partnered.root, ca=True).pem)
    file = partnered.home / "handclasp.toml"
    file.write_text(f'[[site]]\nserver_names = ["app.test"]\nlisten = ["127.0.0.1:{partnered.bench.port}"]\n{line}\n')
    process = partnered.bench.ca.start("nginx", "plan", "--file", str(file))
    _, err = process.communicate(timeout=60)
    assert process.returncode in {2, 3, 4}, err
    assert said in err
