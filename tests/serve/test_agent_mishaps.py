"""What goes wrong around an agent is said in one line with what to do; an nginx that stops or starts is noticed."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ca_rig import Ca, copied
from tests.serve.api_rig import api_of
from tests.serve.fleet_rig import Machine, elsewhere, listed, machine, order
from tests.waiting import eventually


@contextmanager
def started(host: Machine) -> Iterator[None]:
    """As people start an nginx by hand: the file is named, the prefix is not."""
    host.nginx.stop(prefix=str(host.config.parent), config=str(host.config))
    subprocess.run(["nginx", "-c", host.config], check=True, capture_output=True, timeout=60)
    try:
        yield
    finally:
        quit_(host)


def quit_(host: Machine) -> None:
    """Stop it, and wait until it is gone."""
    pid = host.folder / "nginx.pid"
    if pid.exists():
        subprocess.run(["nginx", "-c", host.config, "-s", "stop"], check=True, capture_output=True, timeout=60)
        eventually(lambda: not pid.exists())


@contextmanager
def held(pid: int) -> Iterator[None]:
    """A process that is given no time meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_an_nginx_that_was_started_without_a_prefix_is_found(ca: Ca, api: str, tmp_path: Path) -> None:
    with machine(ca, tmp_path / "one", "web1") as one:
        order(ca, one)
        with started(one):
            said = elsewhere(tmp_path).run(*one.agent(api, "--once")).stdout
            assert "came out as intended" in said
            assert one.status(ca, "alice") == "200"
            assert listed(ca)[0]["serving"] is True


def test_that_no_nginx_runs_is_said_here_and_there_until_one_does(ca: Ca, api: str, tmp_path: Path) -> None:
    there = elsewhere(tmp_path)
    with machine(ca, tmp_path / "one", "web1") as one:
        order(ca, one)
        place = {"prefix": str(one.config.parent), "config": str(one.config)}
        agent, crl = there.start(*one.agent(api, "--every", "0.3")), one.config.parent / "handclasp" / "crl.pem"
        try:
            eventually(lambda: listed(ca)[0]["proven_at"] is not None)
            one.nginx.stop(**place)
            former = crl.read_bytes()
            eventually(lambda: listed(ca)[0]["serving"] is False)
            assert "no nginx runs" in ca.run("host", "list", expect=1).stdout
            assert "no nginx runs" in there.run(*one.agent(api, "--once"), expect=1).stdout
            ca.run("revoke", "alice")
            eventually(lambda: crl.read_bytes() != former)
            with held(agent.pid):  # nginx begins with what was there a moment before
                newest = crl.read_bytes()
                crl.write_bytes(former)
                one.nginx.start(**place)
                assert one.status(ca, "alice") == "200"
                crl.write_bytes(newest)
            eventually(lambda: one.status(ca, "alice") == "400")
            eventually(lambda: listed(ca)[0]["serving"] is True and listed(ca)[0]["crls"][0]["proven"])
            ca.run("host", "list")
        finally:
            agent.terminate()
            _, err = agent.communicate(timeout=60)
        assert agent.returncode == 0, err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"--key": "identities/bob/key.pem"}, "--key is not the key of --cert"),
        ({"--ca": "identities/bob/certificate.pem"}, "--ca is ca/bundle.pem of the CA"),
        ({"--ca": "identities/bob/key.pem"}, "are files of certificates in PEM"),
        ({"--cert": "identities/bob/chain.pem", "--key": "identities/bob/key.pem"}, "handclasp host set NAME"),
        (
            {"--cert": "identities/mallory/chain.pem", "--key": "identities/mallory/key.pem"},
            "was revoked, or is not of",
        ),
        ({"--name": "bob"}, "the certificate is of another name"),
        ({"--server": "https://127.1:{port}"}, "lacks this name"),
        ({"--server": "https://127.0.0.1:1"}, "is handclasp serve running there?"),
        ({"--server": "http://127.0.0.1:{port}"}, "write https://"),
    ],
)
def test_what_an_operator_mistook(mistaken: tuple[Ca, Machine, str], tmp_path: Path, given: dict[str, str], words: str) -> None:
    ca, host, api = mistaken
    told = [str(ca.home / value) if "/" in value and "://" not in value else value for value in given.values()]
    more = [text for pair in zip(given, told, strict=True) for text in pair]
    port = api.rpartition(":")[2]
    process = elsewhere(tmp_path).start(*host.agent(api, "--once", *(one.format(port=port) for one in more)))
    _, err = process.communicate(timeout=60)
    assert process.returncode in {2, 4, 5}
    assert words in err
    assert "Traceback" not in err


@pytest.fixture(scope="module")
def mistaken(serve_template: Ca, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ca, Machine, str]]:
    folder = tmp_path_factory.mktemp("mistaken")
    ca = copied(serve_template, folder)
    with api_of(ca) as client, machine(ca, folder / "one", "web1") as one:
        order(ca, one)
        yield ca, one, client.base


def test_an_older_crl_that_is_put_in_place_does_not_stay(ca: Ca, api: str, tmp_path: Path) -> None:
    """As whoever copies a folder of another day over it does: the orders are those of before, and no site changed."""
    with machine(ca, tmp_path / "one", "web1") as one:
        order(ca, one)
        place = {"prefix": str(one.config.parent), "config": str(one.config)}
        agent, crl = elsewhere(tmp_path).start(*one.agent(api, "--every", "0.3")), one.config.parent / "handclasp" / "crl.pem"
        try:
            eventually(lambda: listed(ca)[0]["proven_at"] is not None)
            former = crl.read_bytes()
            ca.run("revoke", "alice")
            eventually(lambda: listed(ca)[0]["crls"][0]["proven"] and one.status(ca, "alice") == "400")
            newest = crl.read_bytes()
            with held(agent.pid):
                crl.write_bytes(former)
                one.nginx.reload(**place)
                assert one.status(ca, "alice") == "200"
            eventually(lambda: one.status(ca, "alice") == "400")
            assert crl.read_bytes() == newest
        finally:
            agent.terminate()
            agent.communicate(timeout=120)
