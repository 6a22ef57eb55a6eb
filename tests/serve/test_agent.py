"""A fleet: one CA that serves its API, and nginx hosts elsewhere on which `handclasp agent` works."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from handclasp.adapters.fleet_client import FleetClient
from handclasp.adapters.system_clock import SystemClock
from handclasp.app.agent import work
from handclasp.app.post import Post
from handclasp.model.errors import PolicyError, WorldError
from handclasp.wiring import World
from tests.ca_rig import Ca, copied
from tests.nginx_rig import free_port
from tests.serve.fleet_rig import SITE, Machine, elsewhere, listed, machine, order, orders_file
from tests.serve.serve_rig import serving
from tests.serve.test_api import descriptors
from tests.waiting import eventually


def test_orders_are_applied_proven_and_reported(ca: Ca, api: str, tmp_path: Path) -> None:
    there = elsewhere(tmp_path)
    with machine(ca, tmp_path / "one", "web1") as one, machine(ca, tmp_path / "two", "web2") as two:
        order(ca, one)
        order(ca, two, 'allow = ["bob"]')
        assert ca.run("host", "list", expect=1).stdout.count("never reported") == 2
        for host in (one, two):
            done = json.loads(there.run(*host.agent(api, "--once", "--json")).stdout)
            assert (done["changed"], done["serving"], done["certified"]) == (True, True, ["app.test"])
            assert done["proven"]
            assert all(probe["ok"] for probe in done["proven"])
        seen = {host.name: [host.status(ca, who) for who in ("alice", "bob", "mallory", None)] for host in (one, two)}
        assert seen == {"web1": ["200", "200", "400", "400"], "web2": ["403", "200", "400", "400"]}
        there.run(*one.agent(api, "--once"))  # the CRL that lists the canary of the second is newer than what the first applied
        states = [(host["name"], host["current"], host["failed"]) for host in listed(ca)]
        assert states == [("web1", True, None), ("web2", True, None)]
        assert "in force" in ca.run("host", "list").stdout
        again = json.loads(there.run(*one.agent(api, "--once", "--json")).stdout)
        assert (again["changed"], again["certified"]) == (False, [])
        keys = [(host.config.parent / "handclasp" / "app.test.key").read_bytes() for host in (one, two)]
        assert keys[0] != keys[1]
        for key in keys:
            assert not [file for file in ca.home.rglob("*") if file.is_file() and key in file.read_bytes()]
        assert ca.run("audit").returncode == 0


def test_a_revocation_reaches_every_host(ca: Ca, api: str, tmp_path: Path) -> None:
    there = elsewhere(tmp_path)
    with machine(ca, tmp_path / "one", "web1") as one, machine(ca, tmp_path / "two", "web2") as two:
        for host in (one, two):
            order(ca, host)
        agents = [there.start(*host.agent(api, "--every", "0.3")) for host in (one, two)]
        try:
            eventually(lambda: [host.status(ca, "alice") for host in (one, two)] == ["200", "200"])
            eventually(lambda: all(host["current"] for host in listed(ca)))
            ca.run("revoke", "alice")
            eventually(lambda: [host.status(ca, "alice") for host in (one, two)] == ["400", "400"])
            eventually(lambda: all(host["refused_after_seconds"] for host in listed(ca)))
            assert [host.status(ca, "bob") for host in (one, two)] == ["200", "200"]
        finally:
            for agent in agents:
                agent.terminate()
            for agent in agents:
                _, err = agent.communicate(timeout=60)
                assert agent.returncode == 0, err
        assert "newest revocation in force after" in ca.run("host", "list").stdout


def test_what_nginx_cannot_take_is_put_back_and_reported(ca: Ca, api: str, tmp_path: Path) -> None:
    there = elsewhere(tmp_path)
    with machine(ca, tmp_path / "one", "web1") as one:
        order(ca, one)
        there.run(*one.agent(api, "--once"))
        order(ca, one, 'allow = ["bob"]')
        before = {path: path.read_bytes() for path in sorted(one.config.parent.rglob("*.conf"))}
        broken = one.config.parent / "conf.d" / "other.conf"
        broken.write_text("no_such_directive;\n")
        said = there.run(*one.agent(api, "--once"), expect=5).stderr
        assert "no_such_directive" in said
        assert {path: path.read_bytes() for path in before} == before
        assert (one.status(ca, "alice"), one.status(ca, None)) == ("200", "400")
        (host,) = ca.json("host", "list", expect=1)["hosts"]
        assert "no_such_directive" in host["failed"]
        certificates = len(ca.json("show", "app.test")["certificates"])
        there.run(*one.agent(api, "--once"), expect=5)
        assert len(ca.json("show", "app.test")["certificates"]) == certificates
        broken.unlink()
        there.run(*one.agent(api, "--once"))
        assert (one.status(ca, "alice"), one.status(ca, "bob")) == ("403", "200")
        assert ca.json("host", "list")["hosts"][0]["failed"] is None


def test_a_file_changed_by_hand_is_not_overwritten(ca: Ca, api: str, tmp_path: Path) -> None:
    there = elsewhere(tmp_path)
    with machine(ca, tmp_path / "one", "web1") as one:
        order(ca, one)
        there.run(*one.agent(api, "--once"))
        (site,) = (one.config.parent / "conf.d").glob("handclasp-*.conf")
        site.write_text(site.read_text() + "# mine\n")
        order(ca, one, 'allow = ["bob"]')
        assert "changed by hand" in there.run(*one.agent(api, "--once"), expect=4).stderr
        assert site.read_text().endswith("# mine\n")
        assert "changed by hand" in ca.json("host", "list", expect=1)["hosts"][0]["failed"]


def test_a_host_gets_its_own_orders_alone(ca: Ca, api: str, tmp_path: Path) -> None:
    there = elsewhere(tmp_path)
    with machine(ca, tmp_path / "one", "web1") as one, machine(ca, tmp_path / "two", "web2") as two:
        order(ca, one)
        assert "may not serve" in there.run(*two.agent(api, "--name", "web1", "--once"), expect=4).stderr
        assert "no host web2" in there.run(*two.agent(api, "--once"), expect=4).stderr
        ca.run("revoke", "web1")
        assert "refuses" in there.run(*one.agent(api, "--once"), expect=4).stderr
        assert sorted(path.name for path in (two.config.parent / "conf.d").iterdir()) == []


def test_without_the_ca_nginx_goes_on(ca: Ca, tmp_path: Path) -> None:
    there = elsewhere(tmp_path)
    with machine(ca, tmp_path / "one", "web1") as one:
        order(ca, one)
        with serving(ca, "--api-listen", "127.0.0.1:0", "--identity", "app.test") as served:
            api = str(served.document["api"]).removesuffix("/api/v1")
            there.run(*one.agent(api, "--once"))
        said = there.run(*one.agent(api, "--once"), expect=5).stderr
        assert "cannot be asked" in said
        assert (one.status(ca, "alice"), one.status(ca, None)) == ("200", "400")


def test_an_agent_keeps_its_connection_and_opens_another_when_that_is_gone(ca: Ca, tmp_path: Path) -> None:
    ca.run("issue", "web1")
    ca.run("host", "set", "web1", "--file", str(orders_file(tmp_path)))
    files = {"chain": str(ca.identity("web1", "chain.pem")), "key": str(ca.identity("web1", "key.pem"))}
    doors = ("--listen", "127.0.0.1:0", "--identity", "app.test", "--api-listen", f"127.0.0.1:{free_port()}")
    with serving(ca, *doors) as served:
        url = str(served.document["api"]).removesuffix("/api/v1")
        client = FleetClient(url=url, name="web1", trusted=str(ca.home / "ca/bundle.pem"), clock=SystemClock(), **files)
        tag, _ = client.orders(None)
        before = connections(served.process.pid)
        assert [client.orders(tag) for _ in range(5)] == [(tag, None)] * 5
        assert connections(served.process.pid) == before
        ca.identity("web1", "chain.pem").touch()  # renewed, for all it knows: another certificate may be in it
        assert client.orders(tag) == (tag, None)
        assert connections(served.process.pid) != before
    with serving(ca, *doors):
        assert client.orders(tag) == (tag, None)
        ca.run("revoke", "web1")
        with pytest.raises(PolicyError):
            client.orders(tag)
    client.close()


def connections(pid: int) -> set[str]:
    """The sockets of a process."""
    return {one for one in descriptors(str(pid)) if one.startswith("socket:")}


@dataclass(frozen=True)
class Ahead:
    """A clock that goes so many days ahead."""

    days: float

    def now(self) -> datetime:
        return SystemClock().now() + timedelta(days=self.days)


def test_certificates_are_renewed_when_a_third_of_their_life_is_left(ca: Ca, api: str, tmp_path: Path) -> None:
    with machine(ca, tmp_path / "one", "web1") as one:
        order(ca, one)
        files = one.folder / "pki"
        world = World(str(tmp_path / "elsewhere"))
        post = world.post(
            api, name=None, chain=str(files / "chain.pem"), key=str(files / "key.pem"), trusted=str(files / "bundle.pem"),
            config_dir=str(one.config.parent),
        )  # fmt: skip
        first = work(post, None)
        assert (first.renewed, first.certified) == (False, ("app.test",))
        own, key = (files / "chain.pem").read_bytes(), (one.config.parent / "handclasp/app.test.key").read_bytes()
        later = replace(post, gear=replace(post.gear, clock=Ahead(300)))
        second = work(later, first)
        assert (second.renewed, second.certified) == (True, ("app.test",))
        assert (files / "chain.pem").read_bytes() != own
        assert (one.config.parent / "handclasp/app.test.key").read_bytes() != key
        assert one.status(ca, "alice") == "200"
        assert work(post, second).applied is None
        assert_a_wrong_clock_renews_nothing_and_brings_no_crl_into_force_too_early(ca, post, one)
        assert_all_is_renewed_when_its_ca_signs_no_more(ca, post, one)
        post.desk.close()


def assert_a_wrong_clock_renews_nothing_and_brings_no_crl_into_force_too_early(ca: Ca, post: Post, host: Machine) -> None:
    assert isinstance(post.desk, FleetClient)
    wrong = Ahead(250)
    ahead = replace(post, gear=replace(post.gear, clock=wrong), desk=replace(post.desk, clock=wrong))
    before = {path: path.read_bytes() for path in sorted(host.folder.rglob("*.pem"))}
    done = work(ahead, None)
    assert (done.renewed, done.certified, done.ahead.days) == (False, (), 250)
    assert {path: path.read_bytes() for path in sorted(host.folder.rglob("*.pem"))} == before
    ahead.desk.close()
    ca.run("crl", "--refresh")
    behind = replace(post, gear=replace(post.gear, clock=Ahead(-1)))
    with pytest.raises(WorldError, match="the clock of this host is wrong"):
        work(behind, None)
    assert {path: path.read_bytes() for path in sorted(host.folder.rglob("*.pem"))} == before
    assert "clock of this host" in listed(ca)[0]["failed"]
    assert host.status(ca, "alice") == "200"
    assert_a_certificate_of_one_day_proves_what_it_can(ca, post)


def assert_a_certificate_of_one_day_proves_what_it_can(ca: Ca, post: Post) -> None:
    """In its last day a site resumes no session of it, so that none outlives it."""
    ca.run("issue", "short", "--days", "1")
    short = replace(post, chain=str(ca.identity("short", "chain.pem")), key=str(ca.identity("short", "key.pem")))
    applied = work(short, None).applied
    assert applied is not None
    assert applied.proven
    assert applied.reloaded


def assert_all_is_renewed_when_its_ca_signs_no_more(ca: Ca, post: Post, host: Machine) -> None:
    ca.run("ca", "rollover", "issuing")
    done = work(post, None)
    assert (done.renewed, done.certified, done.trusts) == (True, ("app.test",), True)
    (successor,) = x509.load_pem_x509_certificates((ca.home / "ca/issuing-2.pem").read_bytes())
    for chain in (Path(post.chain), host.config.parent / "handclasp/app.test.pem"):
        x509.load_pem_x509_certificates(chain.read_bytes())[0].verify_directly_issued_by(successor)
    assert Path(post.trusted).read_bytes() == (ca.home / "ca/bundle.pem").read_bytes()
    again = work(post, None)
    assert (again.renewed, again.certified, again.trusts) == (False, (), False)
    assert listed(ca)[0]["current"] is True


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            SITE.format(name="app.test", port=8443, more='certificate = "/a.pem"\ncertificate_key = "/a.key"'),
            "names its certificate",
        ),
        (SITE.format(name="app.test", port=8443, more='allow = ["nobody-known"]'), "nobody-known"),
        ("[[site]]\n", "server_names"),
    ],
)
def test_bad_orders_are_said_when_they_are_given(serve_template: Ca, tmp_path: Path, content: str, words: str) -> None:
    ca = copied(serve_template, tmp_path / "own")
    ca.run("issue", "web1")
    path = tmp_path / "web1.toml"
    path.write_text(content)
    for option in ((), ("--json",)):
        process = ca.start("host", "set", "web1", "--file", str(path), *option)
        out, err = process.communicate(timeout=60)
        assert process.returncode in {2, 3, 4}, (out, err)
        assert words in out + err
    assert listed(ca) == []


def test_a_host_needs_an_identity(ca: Ca, tmp_path: Path) -> None:
    path = tmp_path / "web.toml"
    path.write_text(SITE.format(name="app.test", port=8443, more=""))
    assert "no identity web9" in ca.run("host", "set", "web9", "--file", str(path), expect=2).stderr
    assert "no host web9" in ca.run("host", "drop", "web9", expect=2).stderr
    ca.run("host", "set", "bob", "--file", str(path))
    ca.run("host", "drop", "bob")
    assert listed(ca) == []
    assert ca.run("audit").returncode == 0
