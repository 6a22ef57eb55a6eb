"""A site on an address that somebody else's servers use already."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

from handclasp.adapters.tls_probe import TlsProbe
from handclasp.model.probe import ProbeRequest
from tests.app_apply.bench import Bench
from tests.ca_rig import fresh
from tests.nginx_rig import Rig, free_port

THEIRS = """server {{ listen 127.0.0.1:{port} ssl{default}; server_name other.test; {more}
    ssl_certificate server.pem; ssl_certificate_key server.key; ssl_session_tickets off;
    location / {{ return 200 "other"; }} }}
"""


def prepared(rig: Rig, bench: Bench, *, default: str = "", more: str = "", first: bool = True) -> Bench:
    """Somebody else's server in front of, or behind, the folder that our file goes into."""
    (Path(rig.prefix) / "conf.d").mkdir(exist_ok=True)
    theirs = THEIRS.format(port=rig.port, default=default, more=more)
    rig.http(f"{theirs}include conf.d/*.conf;" if first else f"include conf.d/*.conf;{theirs}")
    rig.start()
    return replace(bench, port=rig.port)


def apply(bench: Bench, rig: Rig, *, expect: int = 0) -> "subprocess.CompletedProcess[str]":
    return bench.ca.run("nginx", "apply", *bench.site, "--config-dir", rig.prefix, "--json", expect=expect)


def other(rig: Rig, sni: str | None = "other.test") -> bytes:
    seen = TlsProbe().ask(ProbeRequest(address="127.0.0.1", port=rig.port, sni=sni, host="other.test"))
    return seen.body


def test_their_default_server_stays_theirs(nginx_rig: Rig, bench: Bench) -> None:
    ours = prepared(nginx_rig, bench)
    said = json.loads(apply(ours, nginx_rig).stdout)
    assert all(one["ok"] for one in said["proven"])
    assert " default_server" not in (Path(nginx_rig.prefix) / "conf.d/handclasp-app.test.conf").read_text()
    assert (other(nginx_rig), other(nginx_rig, None)) == (b"other", b"other")
    assert (ours.curl("alice"), ours.curl()) == ("200", "400")
    assert ours.ca.json("revoke", "alice")["nginx"][0]["reloaded"] is True
    assert (ours.curl("alice"), ours.curl("bob")) == ("400", "200")
    assert other(nginx_rig, None) == b"other"


def test_an_explicit_default_server_behind_our_file(nginx_rig: Rig, bench: Bench) -> None:
    ours = prepared(nginx_rig, bench, default=" default_server", first=False)
    apply(ours, nginx_rig)
    assert other(nginx_rig, None) == b"other"
    assert (ours.curl("bob"), ours.curl()) == ("200", "400")


def test_our_file_does_not_become_the_default_by_its_name(nginx_rig: Rig, bench: Bench) -> None:
    refused = apply(prepared(nginx_rig, bench, first=False), nginx_rig, expect=4)
    assert "default_server" in refused.stdout
    assert list((Path(nginx_rig.prefix) / "conf.d").iterdir()) == []
    assert other(nginx_rig, None) == b"other"


def test_a_cache_that_no_revocation_could_reach_is_refused(nginx_rig: Rig, bench: Bench) -> None:
    refused = json.loads(apply(prepared(nginx_rig, bench, more="ssl_session_cache shared:SSL:1m;"), nginx_rig, expect=4).stdout)
    assert "shared:SSL:1m" in refused["what"]
    assert refused["where"].startswith(f"{nginx_rig.config}:")
    assert list((Path(nginx_rig.prefix) / "conf.d").iterdir()) == []


def test_the_sites_of_another_home_are_not_taken_over(bench: Bench, nginx_rig: Rig, tmp_path: Path) -> None:
    """Its clients would all be shut out, and whom it revoked would be on no list any more."""
    Path(nginx_rig.prefix, "conf.d").mkdir()
    nginx_rig.http("include conf.d/*.conf;")
    nginx_rig.start()
    there = ("--config-dir", nginx_rig.prefix)
    bench.apply(*there)
    other = fresh(tmp_path / "other")
    other.run("init")
    mine = ("nginx", "apply", "--server-name", "mine.test", "--listen", f"127.0.0.1:{free_port()}", *there)
    assert "another home put them there" in other.run(*mine, expect=4).stderr
    assert bench.curl("alice") == "200"
    bench.ca.run("nginx", "rollback", "0", *there)
    other.run("nginx", "apply", *mine[2:])


def test_from_one_address_to_all_of_them(bench: Bench) -> None:
    """nginx cannot bind the wildcard while it holds one address of the port: the refusal says what helps, and it does."""
    bench.apply()
    every = ("nginx", "apply", "--server-name", "app.test", "--listen", f"*:{bench.port}")
    said = bench.ca.run(*every, expect=5).stderr
    assert "stop it, and apply again" in said
    assert bench.curl("alice") == "200"
    bench.ca.run("nginx", "stop")
    bench.ca.run(*every)
    assert bench.curl("alice") == "200"


def test_the_versions_of_tls_are_those_of_the_default_server(nginx_rig: Rig, bench: Bench) -> None:
    """Before nginx 1.29.2 a site beside such a server cannot be had with its own: the refusal says whose they are."""
    refused = json.loads(apply(prepared(nginx_rig, bench, more="ssl_protocols TLSv1.2;"), nginx_rig, expect=1).stdout)
    assert "alert protocol_version" in refused["hint"]
    assert "write ssl_protocols TLSv1.2 TLSv1.3; there" in refused["hint"]
    assert list((Path(nginx_rig.prefix) / "conf.d").iterdir()) == []
    assert other(nginx_rig) == b"other"
