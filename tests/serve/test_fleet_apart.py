"""A fleet over wires that can be cut: two homes of the CA on one PostgreSQL, and two nginx hosts in networks of their own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.ca_rig import Ca, fresh
from tests.net_rig import MIDDLE, Host, network
from tests.postgres_rig import cluster
from tests.serve.fleet_rig import MAIN, SITE, listed
from tests.serve.serve_rig import serving
from tests.serve.test_postgresql import second_host
from tests.waiting import eventually

PORT = 8443


def nginx(where: Host, folder: Path, *more: str) -> None:
    config = folder / "etc" / "nginx.conf"
    command = [*where.place, "nginx", "-p", str(config.parent), "-c", str(config), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@contextmanager
def web(ca: Ca, where: Host, folder: Path, name: str) -> Iterator[list[str]]:
    """An nginx there, with orders; the words that start its agent, without the CA's address."""
    for each in ("etc/conf.d", "pki"):
        (folder / each).mkdir(parents=True)
    (folder / "etc" / "nginx.conf").write_text(MAIN.format(folder=folder, user="user root;\n"))
    ca.run("issue", name)
    for file in ("chain.pem", "key.pem"):
        (folder / "pki" / file).write_bytes(ca.identity(name, file).read_bytes())
    (folder / "pki" / "bundle.pem").write_bytes((ca.home / "ca" / "bundle.pem").read_bytes())
    orders = folder / "orders.toml"
    orders.write_text(SITE.format(name=f"{name}.test", port=PORT, more=""))
    ca.run("host", "set", name, "--file", str(orders))
    nginx(where, folder)
    try:
        yield [
            "agent", "--cert", str(folder / "pki" / "chain.pem"), "--key", str(folder / "pki" / "key.pem"), "--ca",
            str(folder / "pki" / "bundle.pem"), "--config-dir", str(folder / "etc"), "--every", "0.3",
        ]  # fmt: skip
    finally:
        nginx(where, folder, "-s", "quit")


def status(ca: Ca, where: Host, name: str, who: str) -> str:
    """What nginx there answers a client of the CA."""
    shown = ("--cert", str(ca.identity(who, "chain.pem")), "--key", str(ca.identity(who, "key.pem")))
    done = subprocess.run(
        [*where.place, "curl", "-sS", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}", "--cacert",
         str(ca.home / "ca" / "bundle.pem"), "--resolve", f"{name}.test:{PORT}:127.0.0.1", *shown,
         f"https://{name}.test:{PORT}/"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.stdout


def host(ca: Ca, name: str) -> dict[str, Any]:
    return next(one for one in listed(ca) if one["name"] == name)


def test_each_host_says_when_it_refused_whom_the_ca_revoked(ca: Ca, tmp_path: Path) -> None:
    with ExitStack() as stack:
        wires = stack.enter_context(network(2))
        server = stack.enter_context(cluster(place=wires.middle.place, listen=MIDDLE))
        fields = wires.hosts
        one = replace(ca, place=wires.middle.place)
        one.run("issue", "ca.test", "--profile", "server", "--san", f"ip:{MIDDLE}")
        one.run("store", "migrate", f"postgresql://nobody@{MIDDLE}{urlsplit(server.url()).path}")
        two = replace(second_host(one, tmp_path / "second"), place=wires.middle.place)
        shutil.copytree(one.identity("ca.test"), two.identity("ca.test"))
        homes = (one, two)
        doors = ("--api-listen", f"{MIDDLE}:0", "--identity", "ca.test")
        apis = [stack.enter_context(serving(home, *doors)) for home in homes]
        agents = []
        for number, (field, served) in enumerate(zip(fields, apis, strict=True), 1):
            words = stack.enter_context(web(one, field, tmp_path / f"web{number}", f"web{number}"))
            there = replace(fresh(tmp_path / f"elsewhere{number}"), place=field.place)
            agents.append(there.start(*words, "--server", str(served.document["api"]).removesuffix("/api/v1")))
        try:
            names = ("web1", "web2")
            eventually(lambda: all(host(one, name)["current"] and host(one, name)["proven_at"] for name in names))
            assert [status(one, field, name, "alice") for field, name in zip(fields, names, strict=True)] == ["200", "200"]
            wires.cut(fields[1])
            two.run("revoke", "alice")
            eventually(lambda: status(one, fields[0], "web1", "alice") == "400")
            eventually(lambda: host(two, "web1")["current"])
            assert host(one, "web1")["refused_after_seconds"] is not None
            assert (host(one, "web2")["current"], status(one, fields[1], "web2", "alice")) == (False, "200")
            assert "behind" in one.run("host", "list", expect=1).stdout
            wires.mend(fields[1])
            eventually(lambda: status(one, fields[1], "web2", "alice") == "400")
            eventually(lambda: host(one, "web2")["current"])
            first, second = host(two, "web1"), host(two, "web2")
            assert second["refused_after_seconds"] > first["refused_after_seconds"]
            assert first["crls"] == second["crls"]
            assert [proof["proven"] for proof in first["crls"]] == [True]
            assert [status(one, field, name, "bob") for field, name in zip(fields, names, strict=True)] == ["200", "200"]
        finally:
            for agent in agents:
                agent.terminate()
            for agent in agents:
                _, err = agent.communicate(timeout=120)
                assert agent.returncode == 0, err
        for home in homes:
            assert home.run("audit").returncode == 0
