"""Issue, revoke, ask, and kill processes at random: no lost revocation, no duplicate serial, never a wrong answer."""

import http.client
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.x509 import ocsp

from tests.ca_rig import Ca
from tests.nginx_rig import free_port
from tests.serve.serve_rig import Served, serving
from tests.serve.test_serve import certificate, load, request_for

SECONDS = 12.0


@dataclass
class Truth:
    """What the commands that came back said. Serials whose command was killed are in neither."""

    good: dict[str, int] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    asked: int = 0
    killed: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


def perhaps_killed(ca: Ca, chance: random.Random, truth: Truth, *args: str) -> bool:
    """Run a command; with one chance in three kill it on the way. Whether it came back with success."""
    process = ca.start(*args)
    if chance.random() < 0.34:
        time.sleep(chance.random() * 1.2)
        if process.poll() is None:
            process.kill()
            truth.killed += 1
    process.communicate(timeout=120)
    return process.returncode == 0


def issue_and_revoke(ca: Ca, truth: Truth, letter: str) -> None:
    chance = random.Random(f"chaos {letter}")
    number = 0
    while not truth.stop.is_set():
        number += 1
        name = f"{letter}{number}"
        if perhaps_killed(ca, chance, truth, "issue", name):
            truth.good[name] = load(certificate(ca, name)).serial_number
        if truth.good and chance.random() < 0.7:
            victim = chance.choice(sorted(one for one in truth.good if one.startswith(letter)) or [""])
            if not victim:
                continue
            serial = truth.good.pop(victim)
            truth.unsure.add(victim)
            if perhaps_killed(ca, chance, truth, "revoke", victim):
                truth.unsure.discard(victim)
                truth.gone[victim] = serial


def ask_all_the_time(ca: Ca, truth: Truth, port: int) -> None:
    chance = random.Random("asking")
    while not truth.stop.is_set():
        gone, good = list(truth.gone.items()), list(truth.good.items())
        for name, serial in chance.sample(gone, min(3, len(gone))):
            status = asked(ca, port, serial)
            if status is not None and status is not ocsp.OCSPCertStatus.REVOKED:
                truth.wrong.append(f"{name} is revoked, and the answer was {status}")
            truth.asked += status is not None
        for name, serial in chance.sample(good, min(3, len(good))):
            status = asked(ca, port, serial)
            if status is not None and status is not ocsp.OCSPCertStatus.GOOD and name in truth.good:
                truth.wrong.append(f"{name} is good, and the answer was {status}")
            truth.asked += status is not None
        time.sleep(0.02)


def asked(ca: Ca, port: int, serial: int) -> ocsp.OCSPCertStatus | None:
    """The status, or None when nobody answers just now."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/ocsp", request_for(ca, serial), {"content-type": "application/ocsp-request"})
        answer = ocsp.load_der_ocsp_response(connection.getresponse().read())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return answer.certificate_status if answer.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL else None


def test_mixed_load_with_processes_killed_at_random(ca: Ca) -> None:
    truth, port = Truth(), free_port()
    workers = [threading.Thread(target=issue_and_revoke, args=(ca, truth, letter)) for letter in "xy"]
    workers.append(threading.Thread(target=ask_all_the_time, args=(ca, truth, port)))
    for worker in workers:
        worker.start()
    lives, deadline = 0, time.monotonic() + SECONDS
    memory: list[int] = []
    while time.monotonic() < deadline:
        with serving(ca, "--listen", f"127.0.0.1:{port}") as served:
            time.sleep(4)
            memory.append(resident_kib(served))
            served.kill()
            lives += 1
    with serving(ca, "--listen", f"127.0.0.1:{port}"):
        time.sleep(1)
        truth.stop.set()
        for worker in workers:
            worker.join()
        for name, serial in truth.gone.items():
            assert asked(ca, port, serial) is ocsp.OCSPCertStatus.REVOKED, name
    assert truth.wrong == []
    assert truth.asked > 50
    assert truth.killed > 0
    assert lives >= 2
    assert max(memory) < 300 * 1024
    ca.run("issue", "afterwards")  # puts right what was interrupted
    ca.run("crl", "--refresh")
    ca.run("audit")
    store = ca.world.store
    assert (store.pending(), store.unexported()) == ((), ())
    assert [path for path in ca.home.rglob(".*") if path.is_file()] == []
    serials = [record.serial for record in store.certificates()]
    assert len(set(serials)) == len(serials)
    listed = {entry.serial_number for entry in issuing_crl(ca)}
    assert set(truth.gone.values()) <= listed


def issuing_crl(ca: Ca) -> x509.CertificateRevocationList:
    pems = (ca.home / "ca" / "crl.pem").read_bytes().split(b"-----BEGIN X509 CRL-----")[1:]
    crls = [x509.load_pem_x509_crl(b"-----BEGIN X509 CRL-----" + pem) for pem in pems]
    return next(crl for crl in crls if "Issuing" in crl.issuer.rfc4514_string())


def resident_kib(served: Served) -> int:
    lines = Path(f"/proc/{served.process.pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))
