"""Measure what grows with the number of people, sites and revocations, on a real nginx, and write docs/bench.json.

Usage: .venv/bin/python tools/bench.py [NAME...]      (NAMES: identities sites crl storm tree; all without)

Figures are of one machine: they show how things grow, and that nothing falls over.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402

from handclasp.adapters import processes  # noqa: E402
from handclasp.adapters.file_tree import PosixFileTree  # noqa: E402
from handclasp.adapters.nginx_process import NginxProcess  # noqa: E402
from handclasp.app.evidence import Given, gather  # noqa: E402
from handclasp.app.nginx_status import nginx_check  # noqa: E402
from handclasp.app.read_config import read_config  # noqa: E402
from handclasp.model.intent import AdmittedCertificate, SiteIntent, UpstreamIntent  # noqa: E402
from handclasp.model.nginx_status import NginxCheck  # noqa: E402
from handclasp.nginxconf.render import render_site, render_sites  # noqa: E402
from tests.app_apply.bench import Bench, benched  # noqa: E402
from tests.ca_rig import fresh  # noqa: E402
from tests.nginx_rig import NOW, crl, free_port, make  # noqa: E402
from tests.nginxconf_write.site_rig import SiteRig, issuer_dn, serial, site_rig  # noqa: E402

RESULTS = ROOT / "docs" / "bench.json"
CLIENT = "alice"
TRIES = 3


def main() -> int:
    """Run the chosen measurements and write what they gave beside those of earlier runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES])
    chosen = parser.parse_args().names or list(BENCHES)
    results: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    for name in chosen:
        print(f"{name}:")
        results[name] = {"machine": machine(), "rows": []}
        measure, counts = BENCHES[name]
        for count in counts:
            row = measure(count)
            print("  " + "  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
            results[name]["rows"].append(row)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    return 0


def identities(count: int) -> dict[str, Any]:
    """An allow list of so many identities: how long until nginx serves it, what it costs each worker and each request."""
    with rig() as bench:
        own = admitted(bench)
        others = tuple(replace(own, identity=f"person-{n}", serial=f"{n + 1:032X}") for n in range(count))
        intent = bench.intent(allow=(CLIENT, *(one.identity for one in others)) if count else None)
        render, text = timed(render_site, intent, bench.material(admitted=(own, *others)), bench.version)
        start, _ = timed(bench.serve, text)
        reload, _ = timed(bench.serve, text)
        return {
            "identities": count,
            "bytes": len(text),
            "render_s": render,
            "start_s": start,
            "test_and_reload_s": reload,
            "worker_mb": worker_memory(bench),
            "requests_per_s": throughput(bench),
        }


def sites(count: int) -> dict[str, Any]:
    """So many sites, each with its own upstream and allow list."""
    with rig() as bench:
        material = bench.material(admitted=(admitted(bench),))
        pairs = [(_site(bench, n), material) for n in range(count)]
        render, texts = timed(render_sites, pairs, bench.version)
        start, _ = timed(bench.serve, *texts)
        reload, _ = timed(bench.serve, *texts)
        check, found = timed(looked_at, bench.config)
        return {
            "sites": count,
            "lines": sum(text.count("\n") for text in texts),
            "render_s": render,
            "start_s": start,
            "test_and_reload_s": reload,
            "check_s": check,
            "faults": len(found.faults),
            "told": len(found.findings),
            "worker_mb": worker_memory(bench),
        }


def revocations(count: int) -> dict[str, Any]:
    """A client is revoked on a list with so many entries: until nginx refuses it."""
    with rig() as bench:
        bench.write("ca.crl", padded(bench, count) + crl(bench.root))
        bench.serve(render_site(bench.intent(), bench.material(), bench.version))
        assert bench.curl(client=CLIENT)[0] == 200
        began = time.perf_counter()
        made, content = timed(padded, bench, count, bench.clients[CLIENT].certificate.serial_number)
        bench.write("ca.crl", content + crl(bench.root))
        reload, _ = timed(bench.serve, render_site(bench.intent(), bench.material(session_epoch=2), bench.version))
        status = bench.curl(client=CLIENT)[0]
        seconds = round(time.perf_counter() - began, 3)
        assert (status, bench.curl(client="bob")[0]) == (400, 200)
        return {
            "entries": count,
            "crl_bytes": len(content),
            "crl_s": made,
            "test_and_reload_s": reload,
            "revoked_to_refused_s": seconds,
            "worker_mb": worker_memory(bench),
        }


def storm(count: int) -> dict[str, Any]:
    """So many clients are revoked at the same moment, each by a run of its own; then as many by one command."""
    with tempfile.TemporaryDirectory() as folder:
        template = fresh(Path(folder) / "template")
        template.run("init")
        names = [f"guest-{number}" for number in range(2 * count)]
        for name in ("alice", *names):
            template.run("issue", name)
        with benched(template, Path(folder) / "bench") as bench:
            bench.apply()
            apart = _revoked(bench, [(name,) for name in names[:count]])
            together = _revoked(bench, [tuple(names[count:])])
    return (
        {"revocations": count}
        | {f"apart_{key}": value for key, value in apart.items()}
        | {f"together_{key}": value for key, value in together.items()}
    )


def _revoked(bench: Bench, orders: list[tuple[str, ...]]) -> dict[str, Any]:
    """Seconds until the last was proven, nginx's reloads, and how many runs were proven."""
    log = bench.prefix / "logs" / "error.log"
    before = log.read_text("utf-8").count("(SIGHUP) received")
    began = time.perf_counter()
    runs = [bench.ca.start("revoke", *names, "--json") for names in orders]
    said = [json.loads(run.communicate()[0]) for run in runs]
    seconds = round(time.perf_counter() - began, 1)
    reloads = log.read_text("utf-8").count("(SIGHUP) received") - before
    return {"s": seconds, "reloads": reloads, "proven": sum(one["proven"] for one in said)}


def tree(count: int) -> dict[str, Any]:
    """Reading a configuration of so many lines, and finding its faults; gixy and crossplane on the same file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "nginx.conf"
        file.write_text(_long(count), "utf-8")
        root = make("root", ca=True)
        own = make("*.test", root, server=True)
        for name, content in (
            ("root.pem", root.pem),
            ("root.crl", crl(root)),
            ("server.pem", own.pem),
            ("server.key", own.key_pem),
        ):
            file.with_name(name).write_bytes(content)
        parse, _ = best(file, lambda: read_config(PosixFileTree(), str(file)))
        check, told = best(file, lambda: checked(str(file)))
        row: dict[str, Any] = {"lines": count, "parse_s": parse, "check_s": check, "told": told}
        return row | {f"{name}_s": other(program, str(file)) for name, program in OTHERS.items()}


OTHERS = {
    "crossplane": """
import sys, time, crossplane
began = time.perf_counter()
crossplane.parse(sys.argv[1])
print(time.perf_counter() - began)
""",
    "gixy": """
import sys, time
from gixy.core.manager import Manager
from gixy.core.config import Config
manager = Manager(Config())
began = time.perf_counter()
with open(sys.argv[1], "rb") as file:
    manager.audit(sys.argv[1], file, is_stdin=False)
print(time.perf_counter() - began)
""",
}


def other(program: str, file: str) -> float | str:
    """Seconds that another program takes for a file, the best of some; in words when it is not there or does not finish."""
    argv = [str(ROOT / ".bench" / "bin" / "python"), "-c", program, file]
    seconds = []
    for _ in range(TRIES):
        try:
            ran = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
        except subprocess.TimeoutExpired:
            return "more than 120"
        except FileNotFoundError:
            return "not installed"
        if ran.returncode:
            return "failed"
        seconds.append(float(ran.stdout.split()[-1]))
    return round(min(seconds), 3)


def checked(config: str) -> int:
    """The faults and holes that `handclasp nginx check` names."""
    found = looked_at(config)
    return len(found.faults) + len(found.findings)


def looked_at(config: str) -> NginxCheck:
    """What `handclasp nginx check` says."""
    return nginx_check(gather(Given(config=config), PosixFileTree(), now=NOW, build=NginxProcess().build()))


def admitted(bench: SiteRig) -> AdmittedCertificate:
    """The client that asks."""
    issued = bench.clients[CLIENT]
    return AdmittedCertificate(identity=CLIENT, issuer_dn=issuer_dn(issued), serial=serial(issued))


@contextmanager
def rig() -> Iterator[SiteRig]:
    """A private nginx in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, site_rig(Path(folder) / "prefix") as made:
        yield made


def padded(bench: SiteRig, count: int, *serials: int) -> bytes:
    """The issuing CA's CRL (PEM) with so many entries besides these."""
    now = NOW
    entries = [
        x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now).build()
        for number in (*range(2**80, 2**80 + count), *serials)
    ]
    builder = x509.CertificateRevocationListBuilder(
        bench.issuing.certificate.subject, now - timedelta(hours=1), now + timedelta(days=7), [], entries
    )
    return builder.sign(bench.issuing.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def throughput(bench: SiteRig, requests: int = 400) -> int:
    """Requests a second over one connection, answered by nginx itself."""
    urls = [f"https://app.test:{bench.port}/?{n}" for n in range(requests)]
    config = bench.write("urls", "".join(f'url = "{url}"\noutput = "/dev/null"\n' for url in urls))
    argv = ["curl", "-sS", "-K", config, "--cacert", bench.path("root.pem"), "--resolve", f"app.test:{bench.port}:127.0.0.1"]
    argv += ["--cert", bench.path(f"clients/{CLIENT}.pem"), "--key", bench.path(f"clients/{CLIENT}.key")]
    seconds, _ = timed(subprocess.run, argv, check=True, capture_output=True)
    return round(requests / seconds)


def worker_memory(bench: SiteRig) -> float:
    """Resident memory of one worker, MB."""
    wanted = f"-p {bench.prefix} "
    masters = [pid for pid in processes.pids() if wanted in processes.title(pid) and processes.children(pid)]
    workers = [pid for master in masters for pid in processes.children(master) if "shutting down" not in processes.title(pid)]
    status = Path(f"/proc/{workers[0]}/status").read_text("utf-8")
    return round(int(status.partition("VmRSS:")[2].split()[0]) / 1024, 1)


def timed(work: Callable[..., Any], *values: Any, **named: Any) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    began = time.perf_counter()
    made = work(*values, **named)
    return round(time.perf_counter() - began, 3), made


def best(file: Path, work: Callable[[], Any]) -> tuple[float, Any]:
    """As `timed`, the shortest of some; the file is another one each time, so that nothing is known of it."""
    found = []
    for _ in range(TRIES):
        file.write_text(f"{file.read_text('utf-8')}# again\n", "utf-8")
        found.append(timed(work))
    return min(found, key=lambda each: each[0])


def machine() -> dict[str, str]:
    """What the figures were made with."""
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout.split()[1]
    nginx = str(NginxProcess().build().version)
    return {"python": platform.python_version(), "nginx": nginx, "openssl": openssl, "system": platform.machine()}


def _site(bench: SiteRig, number: int) -> SiteIntent:
    return SiteIntent(
        server_names=(f"site-{number}.test",),
        listen=(("127.0.0.1", bench.port),),
        allow=(CLIENT,),
        upstream=UpstreamIntent(url=f"http://127.0.0.1:{free_port()}"),
    )


_PLAIN = """\
    server {
        listen 127.0.0.1:8000;
        server_name s@N@.test;
        location / {
            proxy_set_header X-Client-DN $ssl_client_s_dn;
            proxy_pass http://127.0.0.1:9;
        }
        location ~ \\.php$ {
            return 404;
        }
    }
"""
_GUARDED = """\
    server {
        listen 127.0.0.1:8443 ssl;
        server_name s@N@.test;
        ssl_certificate server.pem;
        ssl_certificate_key server.key;
        ssl_client_certificate root.pem;
        ssl_crl root.crl;
        ssl_verify_client optional;
        if ($ssl_client_verify != SUCCESS) {
            return 403;
        }
        location / {
            proxy_set_header X-Client-DN $ssl_client_s_dn;
            proxy_pass http://127.0.0.1:9;
        }
        location /api/ {
            proxy_set_header X-Client-DN $ssl_client_s_dn;
            proxy_pass http://127.0.0.1:10;
        }
    }
"""


def _long(lines: int) -> str:
    """Servers of both kinds by turns: those that anybody enters, and those that ask for certificates."""
    pair = _PLAIN + _GUARDED
    body = "".join(pair.replace("@N@", str(n)) for n in range((lines - 5) // pair.count("\n")))
    return f"events {{ }}\nhttp {{\n    server_names_hash_max_size 65536;\n{body}}}\n"


BENCHES: dict[str, tuple[Callable[[int], dict[str, Any]], tuple[int, ...]]] = {
    "identities": (identities, (0, 1_000, 10_000, 100_000)),
    "sites": (sites, (1, 50, 500)),
    "crl": (revocations, (0, 1_000, 100_000)),
    "storm": (storm, (1, 10, 50)),
    "tree": (tree, (1_000, 10_000, 100_000)),
}

if __name__ == "__main__":
    sys.exit(main())
