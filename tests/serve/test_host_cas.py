"""Sites of hosts whose clients another CA issues: its files lie on the CA's machine, and their content goes with the orders."""

import json
from pathlib import Path

import pytest

from tests.ca_rig import Ca
from tests.nginx_rig import Issued, crl, make
from tests.serve.fleet_rig import elsewhere, machine, order

FILES = 'client_ca = { file = "partner.pem", crl = "partner.crl" }'


@pytest.fixture
def partner(ca: Ca) -> tuple[Issued, Issued]:
    """A CA of somebody else, and dave, whose certificate and key lie where those of identities do."""
    root = make("Partner root", ca=True)
    dave = make("dave", root)
    ca.identity("dave").mkdir()
    ca.identity("dave", "chain.pem").write_bytes(dave.pem)
    ca.identity("dave", "key.pem").write_bytes(dave.key_pem)
    return root, dave


def test_what_another_ca_says_reaches_the_hosts(ca: Ca, api: str, partner: tuple[Issued, Issued], tmp_path: Path) -> None:
    root, dave = partner
    there = elsewhere(tmp_path)
    with machine(ca, tmp_path / "one", "web1") as one:
        bundle, lists = one.folder / "partner.pem", one.folder / "partner.crl"
        bundle.write_bytes(b"the CA of our partner\n" + root.pem)
        lists.write_bytes(crl(root))
        order(ca, one, FILES)
        done = json.loads(there.run(*one.agent(api, "--once", "--json")).stdout)
        assert all(probe["ok"] for probe in done["proven"])
        assert [one.status(ca, who) for who in ("dave", "alice", None)] == ["200", "400", "400"]
        own = one.config.parent / "handclasp"
        assert (own / "ca/app.test.pem").read_bytes() == root.pem
        assert not [file for file in own.rglob("*") if file.is_file() and str(bundle) in file.read_text()]

        lists.write_bytes(crl(root, dave))
        ca.run("crl", "--refresh")
        there.run(*one.agent(api, "--once"))
        assert one.status(ca, "dave") == "400"

        lists.unlink()
        assert "web1 goes on with the CAs and CRLs that it had" in ca.run("crl", "--refresh", expect=3).stderr
        ca.run("revoke", "alice")  # held up by nothing
        there.run(*one.agent(api, "--once"))
        assert [one.status(ca, who) for who in ("dave", "alice")] == ["400", "400"]
        said = ca.json("host", "list", expect=0)["hosts"][0]
        assert (said["current"], said["failed"]) == (True, None)

        order(ca, one)
        there.run(*one.agent(api, "--once"))
        assert not (own / "ca/app.test.pem").exists()
        assert not any(ca.world.ca.store.values("host_ca:").values())
        assert ca.run("audit").returncode == 0


def test_files_that_would_let_nobody_in_are_refused_when_orders_are_given(
    ca: Ca, partner: tuple[Issued, Issued], tmp_path: Path
) -> None:
    with machine(ca, tmp_path / "one", "web1") as one:
        (one.folder / "partner.pem").write_bytes(partner[0].pem)
        (one.folder / "partner.crl").write_bytes(crl(make("Another root", ca=True)))
        path = one.folder / "orders.toml"
        path.write_text(f'[[site]]\nserver_names = ["app.test"]\nlisten = ["127.0.0.1:{one.port}"]\n{FILES}\n')
        assert "no CRL of CN=Partner root" in ca.run("host", "set", "web1", "--file", str(path), expect=3).stderr
        assert ca.json("host", "list")["hosts"] == []
