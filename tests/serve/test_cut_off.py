"""Two hosts and the PostgreSQL they share, each in a network of its own: one cable is cut, and no brain is split."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.x509 import ocsp

from tests.ca_rig import Ca
from tests.net_rig import MIDDLE, Host, Network, network
from tests.postgres_rig import Cluster, cluster
from tests.serve.serve_rig import Served, serving
from tests.serve.test_postgresql import second_host
from tests.serve.test_serve import certificate, load, request_for
from tests.waiting import eventually

HOLDS = """
import sys
from handclasp.adapters.sql_store import SqlStore
from handclasp.model.errors import WorldError
store = SqlStore.postgresql(sys.argv[1])
try:
    with store.exclusive():
        print("held", flush=True)
        sys.stdin.readline()
        with store.begin() as transaction:
            transaction.set_value("who", "the host that was cut off")
        print("written", flush=True)
except WorldError:
    print("refused", flush=True)
store.close()
"""


@dataclass(frozen=True)
class Town:
    wires: Network
    server: Cluster
    url: str
    hosts: tuple[Ca, Ca]


@pytest.fixture
def town(ca: Ca, tmp_path: Path) -> Iterator[Town]:
    """The second host is another machine's home. Both reach the database through their own cable alone."""
    with network(2) as wires, cluster(place=wires.middle.place, listen=MIDDLE) as server:
        url = f"postgresql://nobody@{MIDDLE}{urlsplit(server.url()).path}"
        one = replace(ca, place=wires.hosts[0].place)
        one.run("store", "migrate", url)
        two = replace(second_host(one, tmp_path / "second"), place=wires.hosts[1].place)
        yield Town(wires=wires, server=server, url=url, hosts=(one, two))


def get(host: Host, url: str, *options: str) -> tuple[str, bytes]:
    """Asked on that host: status and body; 000 when there is no answer."""
    command = [*host.place, "curl", "-s", "--max-time", "20", "--noproxy", "*", "-w", "\n%{http_code}", *options, url]
    out = subprocess.run(command, capture_output=True, check=False, timeout=60).stdout
    body, _, status = out.rpartition(b"\n")
    return status.decode(), body


def verdict(host: Host, served: Served, ca: Ca, folder: Path, name: str) -> str:
    """What OCSP says there: a certificate's status, or the error."""
    question = folder / "question.der"
    question.write_bytes(request_for(ca, load(certificate(ca, name)).serial_number))
    kind = "content-type: application/ocsp-request"
    code, body = get(host, f"{served.url}/ocsp", "-H", kind, "--data-binary", f"@{question}")
    assert code == "200"
    answer = ocsp.load_der_ocsp_response(body)
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return answer.response_status.name
    return answer.certificate_status.name


def test_a_host_that_is_cut_off_refuses_and_comes_back(town: Town, tmp_path: Path) -> None:
    (one, two), (here, there) = town.hosts, town.wires.hosts
    with ExitStack() as stack:
        ours, theirs = (stack.enter_context(serving(host)) for host in town.hosts)
        said = [verdict(*each, one, tmp_path, "alice") for each in ((here, ours), (there, theirs))]
        assert said == ["GOOD", "GOOD"]
        town.wires.cut(here)
        two.run("revoke", "alice")
        assert verdict(there, theirs, one, tmp_path, "alice") == "REVOKED"
        assert verdict(here, ours, one, tmp_path, "alice") == "TRY_LATER"
        assert verdict(here, ours, one, tmp_path, "mallory") == "TRY_LATER"
        assert get(here, f"{ours.url}/health")[0] == "200"
        assert [get(here, f"{ours.url}{path}")[0] for path in ("/ready", "/crl/issuing.crl")] == ["503", "503"]
        assert "registry" in one.run("issue", "carol", expect=5).stderr
        two.run("issue", "carol")
        town.wires.mend(here)
        eventually(lambda: verdict(here, ours, one, tmp_path, "alice") == "REVOKED")
        eventually(lambda: get(here, f"{ours.url}/ready")[0] == "200")
        crls = [get(*each)[1] for each in ((here, f"{ours.url}/crl/issuing.crl"), (there, f"{theirs.url}/crl/issuing.crl"))]
        assert crls[0] == crls[1]
    one.run("issue", "dora")
    for host in town.hosts:
        assert [entry["name"] for entry in host.json("list")["certificates"]][-2:] == ["carol", "dora"]
        host.run("audit")


def test_the_lock_of_a_host_that_is_cut_off_goes_to_another(town: Town) -> None:
    one, two = town.hosts
    held = [*one.place, sys.executable, "-c", HOLDS, town.url]
    with subprocess.Popen(held, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout is not None
        assert job.stdout.readline() == "held\n"
        town.wires.cut(town.wires.hosts[0])
        two.run("crl", "--refresh")
        two.run("issue", "carol")
        town.wires.mend(town.wires.hosts[0])
        out, _ = job.communicate("go on\n", timeout=120)
        assert out == "refused\n"
    assert one.json("show", "carol")["certificates"]
    one.run("audit")
