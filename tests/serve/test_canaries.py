"""A fleet proves CRLs: each host has a client of its own that is revoked, and shows what its nginx says of it."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from handclasp.adapters.fleet_client import FleetClient
from handclasp.adapters.system_clock import SystemClock
from handclasp.app.crashpoint import VARIABLE
from handclasp.model.errors import PolicyError, WorldError
from handclasp.pki.ca_request import read_crls, request_pem
from tests.ca_rig import Ca
from tests.nginx_rig import free_port
from tests.nginxconf_write.test_stream_live import shouting
from tests.serve.fleet_rig import elsewhere, listed, machine, order, orders_file
from tests.serve.serve_rig import serving


def desk_of(ca: Ca, api: str, name: str) -> FleetClient:
    files = {"chain": str(ca.identity(name, "chain.pem")), "key": str(ca.identity(name, "key.pem"))}
    return FleetClient(url=api, name=name, trusted=str(ca.home / "ca/bundle.pem"), clock=SystemClock(), **files)


def crl_number(ca: Ca) -> int:
    return int(next(crl["number"] for crl in ca.json("crl")["crls"] if crl["authority"] == "issuing"))


def test_each_host_proves_the_crl_by_a_revoked_client_of_its_own(ca: Ca, api: str, tmp_path: Path) -> None:
    there, good = elsewhere(tmp_path), ca.json("status")["good"]
    with machine(ca, tmp_path / "one", "web1") as one:
        order(ca, one)
        before = ca.json("status")
        (proof,) = json.loads(there.run(*one.agent(api, "--once", "--json")).stdout)["crls"]
        assert proof == {"ca": "issuing", "number": crl_number(ca), "proven": True, "why": None}
        (host,) = listed(ca)
        assert (host["crls"], host["proven_at"]) == ([proof], host["seen"])
        assert f"CRL {proof['number']} of issuing proven" in ca.run("host", "list").stdout
        assert "已证明 issuing 的 CRL" in ca.run("host", "list", "--lang", "zh").stdout
        (line,) = [one for one in ca.json("list", "--all")["certificates"] if one["profile"] == "canary"]
        assert (line["name"], line["status"], line["reason"]) == ("web1 canary", "revoked", "cessationOfOperation")
        assert "canary" not in ca.run("list").stdout
        after = ca.json("status")
        assert (after["good"], after["revoked"]) == (before["good"] + 1, before["revoked"])  # the certificate of the site
        assert before["good"] == good + 1  # web1 itself
        (key,) = one.config.parent.rglob("canaries/*.key")
        assert key.stat().st_mode & 0o777 == 0o600
        assert not [file for file in ca.home.rglob("*") if file.is_file() and key.read_bytes() in file.read_bytes()]
        ca.run("revoke", "alice")
        (later,) = json.loads(there.run(*one.agent(api, "--once", "--json")).stdout)["crls"]
        assert later == {**proof, "number": crl_number(ca)}
        assert later["number"] > proof["number"]
        assert listed(ca)[0]["refused_after_seconds"] is not None
        assert len([one for one in ca.json("list", "--all")["certificates"] if one["profile"] == "canary"]) == 1


SHADOW = """server {{
    listen 127.0.0.1:{port} ssl;
    server_name app.test;
    ssl_certificate {own}/handclasp/app.test.pem;
    ssl_certificate_key {own}/handclasp/app.test.key;
    ssl_client_certificate {own}/handclasp/ca.pem;
    ssl_verify_client on;
    ssl_verify_depth 2;
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {{ return 200; }}
}}
"""


def test_a_server_that_reads_no_crl_is_found_and_the_revocation_stays(ca: Ca, api: str, tmp_path: Path) -> None:
    """Somebody's server of the same name comes first in the configuration: nginx takes that one."""
    there = elsewhere(tmp_path)
    with machine(ca, tmp_path / "one", "web1") as one:
        order(ca, one)
        there.run(*one.agent(api, "--once"))
        (one.config.parent / "conf.d" / "00-mine.conf").write_text(SHADOW.format(port=one.port, own=one.config.parent))
        ca.run("revoke", "alice")
        said = there.run(*one.agent(api, "--once"), expect=1).stderr
        assert "canary of issuing (revoked) fresh" in said
        (host,) = listed(ca)
        assert "canary of issuing (revoked)" in host["failed"]
        assert host["proven_at"] < host["seen"]
        crl = (one.config.parent / "handclasp" / "crl.pem").read_bytes()
        assert crl == (ca.home / "ca" / "crl.pem").read_bytes()  # what keeps somebody out is not taken back


def test_a_log_that_says_nothing_proves_nothing(ca: Ca, api: str, tmp_path: Path) -> None:
    there = elsewhere(tmp_path)
    with machine(ca, tmp_path / "one", "web1") as one:
        order(ca, one)
        there.run(*one.agent(api, "--once"))
        log = one.folder / "handclasp-app.test-access.log"  # beside the error_log of that nginx
        log.unlink()  # nginx goes on writing into the file that has no name any more
        done = json.loads(there.run(*one.agent(api, "--once", "--json"), expect=1).stdout)
        (proof,) = done["crls"]
        assert not proof["proven"]
        assert "does not say" in proof["why"]
        assert ca.json("host", "list", expect=1)["hosts"][0]["crls"] == [proof]
        ca.run("revoke", "alice")  # nginx opens its logs anew
        there.run(*one.agent(api, "--once"))
        assert listed(ca)[0]["crls"][0]["proven"]


def test_a_site_that_passes_bytes_proves_the_crl_too(ca: Ca, api: str, tmp_path: Path) -> None:
    with shouting() as service, machine(ca, tmp_path / "one", "web1") as one:
        build = one.nginx.build()
        load = (
            f"load_module {build.modules_path}/ngx_stream_module.so;\n" if "ngx_stream_module" in build.dynamic_modules else ""
        )
        (one.config.parent / "stream.d").mkdir()
        one.config.write_text(f"{load}{one.config.read_text()}stream {{ include stream.d/*.conf; }}\n")
        one.nginx.reload(prefix=str(one.config.parent), config=str(one.config))
        order(ca, one, f'upstream = {{ url = "tcp://127.0.0.1:{service}" }}')
        done = json.loads(elsewhere(tmp_path).run(*one.agent(api, "--once", "--json")).stdout)
        assert done["crls"] == [{"ca": "issuing", "number": crl_number(ca), "proven": True, "why": None}]


def test_a_canary_is_revoked_before_anybody_gets_it(ca: Ca, api: str, tmp_path: Path) -> None:
    for name in ("web1", "web2"):
        ca.run("issue", name)
        ca.run("host", "set", name, "--file", str(orders_file(tmp_path)))
    desks = {name: desk_of(ca, api, name) for name in ("web1", "web2")}
    request = request_pem(ec.generate_private_key(ec.SECP256R1()))
    chain = desks["web1"].canary("issuing", request)
    assert desks["web1"].canary("issuing", request) == chain  # the answer may have been lost
    crls = read_crls((ca.home / "ca" / "crl.pem").read_bytes(), where="crl.pem")
    assert x509.load_pem_x509_certificates(chain)[0].serial_number in {one.serial_number for crl in crls for one in crl}
    with pytest.raises(PolicyError, match="was certified"):
        desks["web2"].canary("issuing", request)
    with pytest.raises(PolicyError, match="no CA 'root'"):
        desks["web1"].canary("root", request_pem(ec.generate_private_key(ec.SECP256R1())))
    ca.run("issue", "carol")
    desks["carol"] = desk_of(ca, api, "carol")
    with pytest.raises(PolicyError, match="no host carol"):
        desks["carol"].canary("issuing", request_pem(ec.generate_private_key(ec.SECP256R1())))
    for desk in desks.values():
        desk.close()
    assert ca.run("audit").returncode == 0


TWO_SITES = """[[site]]
server_names = ["app.test"]
listen = ["127.0.0.1:{port}"]
client_ca = "issuing"

[[site]]
server_names = ["b.test"]
listen = ["127.0.0.1:{other}"]
"""


def test_a_site_with_a_ca_of_its_own_has_it_on_a_host_too(ca: Ca, tmp_path: Path) -> None:
    """alice is of the first CA, carol and the host itself of the second."""
    there = elsewhere(tmp_path)
    ca.run("ca", "add", "partners")
    ca.run("issue", "carol")
    with (
        serving(ca, "--api-listen", "127.0.0.1:0", "--identity", "app.test") as served,
        machine(ca, tmp_path / "one", "web1") as one,
    ):
        api = str(served.document["api"]).removesuffix("/api/v1")
        path = tmp_path / "orders.toml"
        path.write_text(TWO_SITES.format(port=one.port, other=free_port()))
        ca.run("host", "set", "web1", "--file", str(path))
        done = json.loads(there.run(*one.agent(api, "--once", "--json")).stdout)
        assert {(proof["ca"], proof["proven"]) for proof in done["crls"]} == {("issuing", True), ("partners", True)}
        assert [one.status(ca, who) for who in ("alice", "carol", "mallory", None)] == ["200", "400", "400", "400"]
        path.write_text(TWO_SITES.format(port=one.port, other=free_port()).partition('[[site]]\nserver_names = ["b.test')[0])
        ca.run("host", "set", "web1", "--file", str(path))
        done = json.loads(there.run(*one.agent(api, "--once", "--json")).stdout)
        assert [(proof["ca"], proof["proven"]) for proof in done["crls"]] == [("issuing", True)]  # nobody of the other enters
        assert len(list(one.config.parent.rglob("canaries/*.key"))) == 1
        ca.run("revoke", "alice")
        there.run(*one.agent(api, "--once"))
        assert one.status(ca, "alice") == "400"


@pytest.mark.parametrize(
    ("point", "states"), [("canary.intent-durable", ["abandoned", "revoked"]), ("canary.recorded", ["revoked"])]
)
def test_a_ca_that_dies_over_a_canary_hands_none_out_unrevoked(ca: Ca, tmp_path: Path, point: str, states: list[str]) -> None:
    ca.run("issue", "web1")
    ca.run("host", "set", "web1", "--file", str(orders_file(tmp_path)))
    request = request_pem(ec.generate_private_key(ec.SECP256R1()))
    doors = ("--api-listen", "127.0.0.1:0", "--identity", "app.test")
    with (
        serving(ca, *doors, env={VARIABLE: point}) as dying,
        closing(desk_of(ca, str(dying.document["api"]).removesuffix("/api/v1"), "web1")) as desk,
        pytest.raises(WorldError),
    ):
        desk.canary("issuing", request)
    with (
        serving(ca, *doors) as served,
        closing(desk_of(ca, str(served.document["api"]).removesuffix("/api/v1"), "web1")) as desk,
    ):
        chain = desk.canary("issuing", request)
    crls = read_crls((ca.home / "ca" / "crl.pem").read_bytes(), where="crl.pem")
    assert x509.load_pem_x509_certificates(chain)[0].serial_number in {one.serial_number for crl in crls for one in crl}
    found = [one["status"] for one in ca.json("list", "--all")["certificates"] if one["profile"] == "canary"]
    assert sorted(found) == states
    assert ca.run("audit").returncode == 0
