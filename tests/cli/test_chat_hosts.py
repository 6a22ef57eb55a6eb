"""Notices to services that have one host in the world, sent for real on a network of our own where these names are ours."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ca_rig import Ca, openssl
from tests.net_rig import Host, network

PLACES = {
    "hooks.slack.com": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
    "api.telegram.org": "tgram://123456789:abcdefg_hijklmnop/12315544/",
    "discord.com": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "api.pushover.net": "pover://u1234567890123456789012345678a@a1234567890123456789012345678b",
    "oapi.dingtalk.com": "dingtalk://abcdefgh12345678abcdefgh12345678",
    "open.feishu.cn": "feishu://abc123abc123",
    "qyapi.weixin.qq.com": "wecombot://abcd1234",
}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Host]:
    """Where every host of PLACES is this machine, which answers on port 443."""
    hosts, pair = tmp_path / "hosts", tmp_path / "pair.pem"
    hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in PLACES))
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "key.pem",
        "-out", tmp_path / "trusted.pem", "-subj", "/CN=chats", "-addext",
        "subjectAltName=" + ",".join(f"DNS:{name}" for name in PLACES),
    )  # fmt: skip
    pair.write_bytes((tmp_path / "key.pem").read_bytes() + (tmp_path / "trusted.pem").read_bytes())
    script = Path(__file__).with_name("chat_hosts.py")
    with network(0) as net:
        own_names = ("unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh")
        command = [*net.middle.place, sys.executable, str(script), str(pair), str(tmp_path / "told")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield Host(place=(*net.middle.place, *own_names))
            server.terminate()


def test_services_with_a_host_of_their_own_are_told(ca: Ca, town: Host, tmp_path: Path) -> None:
    places = tmp_path / "places"
    places.touch(mode=0o600)
    places.write_text("".join(f"{url}\n" for url in PLACES.values()))
    there = replace(ca, place=town.place)
    words = ("notify", "--to-file", str(places), "--test")
    assert there.run(*words, expect=5).stdout.count("its certificate is not of a CA that is trusted here") == len(PLACES)
    done = there.run(*words, env={"REQUESTS_CA_BUNDLE": str(tmp_path / "trusted.pem")})
    assert f"told to {len(PLACES)} places" in done.stdout
    told = dict(json.loads(line) for line in (tmp_path / "told").read_text().splitlines())
    assert told.keys() == PLACES.keys()
    assert all("all is well" in body.replace("+", " ") for body in told.values())
