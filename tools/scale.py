"""The plan for a large CA: unit costs, measured here and by the other benchmarks, times a simulated year; docs/scale.md.

Usage: .venv/bin/python tools/scale.py            measure (about a minute), simulate, write docs/benchmarks/scale.json and page
       .venv/bin/python tools/scale.py --again    simulate and write anew from the unit costs in scale.json

Needs PostgreSQL, as the tests do. Costs are of one core of this machine; read them beside the ratios in docs/benchmarks.
"""

import argparse
import json
import os
import platform
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from scale_page import page  # noqa: E402
from scale_year import Assumptions, simulate  # noqa: E402

from handclasp.adapters.fleet_client import FleetClient  # noqa: E402
from handclasp.adapters.fork_workers import ForkWorkers  # noqa: E402
from handclasp.adapters.page_files import PageFiles  # noqa: E402
from handclasp.app.answer_ocsp import OcspDesk  # noqa: E402
from handclasp.app.ocsp_responders import responders  # noqa: E402
from handclasp.app.publish import Edition, publish  # noqa: E402
from tests.ca_rig import Ca, copied, fresh  # noqa: E402
from tests.postgres_rig import Cluster, cluster  # noqa: E402
from tests.serve.serve_rig import serving  # noqa: E402

DOCS = ROOT / "docs"
SAVED, PAGE = DOCS / "benchmarks" / "scale.json", DOCS / "scale.md"
ROWS, EVENTS, ANSWERS, SECONDS = 20_000, 5_000, 2_000, 2.0
SITE = '[[site]]\nserver_names = ["app.test"]\nlisten = ["443"]\n'
Unit = dict[str, Any]


def main() -> int:
    """Measure unless told not to, simulate, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--again", action="store_true", help="keep the measured unit costs")
    again = parser.parse_args().again
    own = json.loads(SAVED.read_text())["measured"] if again else measured()
    given = Assumptions()
    saved = {
        "assumptions": asdict(given),
        "measured": own,
        "units": {**elsewhere(), **{name: {"value": value, "from": "tools/scale.py"} for name, value in own["units"].items()}},
        "year": simulate(given),
    }
    SAVED.write_text(json.dumps(saved, indent=1) + "\n")
    PAGE.write_text(page(json.loads(SAVED.read_text())))
    return 0


def elsewhere() -> dict[str, Unit]:
    """Unit costs from the benchmarks that are there."""
    crl = {row["entries"]: row for row in json.loads((DOCS / "bench.json").read_text())["crl"]["rows"]}
    few, many = crl[0], crl[100_000]
    ca = json.loads((DOCS / "benchmarks/ca.json").read_text())["rows"]
    serve = {row["name"]: row for row in json.loads((DOCS / "benchmarks/serve.json").read_text())["rows"]}

    def each(what: str) -> float:
        return round((many[what] - few[what]) / many["entries"], 7)

    def of_ca(name: str, what: str, beginning: str = "") -> float:
        return float(next(row[what] for row in ca if row["name"] == name and row["what"].startswith(beginning)))

    found = {
        "docs/bench.json": {
            "crl_entry_bytes": each("crl_bytes"),
            "crl_entry_worker_bytes": round(each("worker_mb") * 1e6),
            "crl_entry_reload_s": each("test_and_reload_s"),
            "reload_s": few["test_and_reload_s"],
            "refused_s": many["revoked_to_refused_s"],
        },
        "docs/benchmarks/ca.json": {
            "signatures": of_ca("openssl speed", "per_second"),
            "fleet": of_ca("handclasp fleet, 1 proc.", "per_cpu_second"),
            "issue": of_ca("handclasp issue", "per_cpu_second"),
            "crl_entries": of_ca("handclasp CRL", "per_second", "100000 entries"),
        },
        "docs/benchmarks/serve.json": {
            "answer_bytes": int(serve["nginx, static file"]["what"].split()[0]),
            "static": serve["handclasp publish, nginx"]["per_second"],
            "kept": serve["handclasp serve, GET"]["per_second"],
            "live": serve["handclasp serve, live"]["per_second"],
        },
    }
    return {name: {"value": value, "from": file} for file, values in found.items() for name, value in values.items()}


def measured() -> dict[str, Any]:
    """Unit costs that no other benchmark has."""
    units: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name, cluster() as postgres:
        folder = Path(name)
        small = fresh(folder / "small")
        small.run("init")
        small.run("issue", "web1")
        small.run("issue", "app.test", "--profile", "server", "--san", "ip:127.0.0.1")
        (folder / "site.toml").write_text(SITE)
        small.run("host", "set", "web1", "--file", str(folder / "site.toml"))
        units |= polls(small)
        print("polls", units, flush=True)
        large = copied(small, folder / "large")
        table = folder / "names.csv"
        table.write_text("name\n" + "".join(f"device-{number:06}.example.test\n" for number in range(ROWS)))
        large.run("issue", "--from", str(table), "--into", str(folder / "out"), "-q")
        units |= ahead(large)
        units |= published(large, folder / "published")
        units |= sizes(small, large, postgres)
    return {"machine": {"cores": os.cpu_count(), "python": platform.python_version()}, "rows": ROWS, "units": units}


def sizes(small: Ca, large: Ca, postgres: Cluster) -> dict[str, float]:
    """Octets of a certificate and of an audit event, in files of SQLite and of PostgreSQL with their indexes."""
    units = {"sqlite_row": (_sqlite(large) - _sqlite(small)) / ROWS}
    before = _sqlite(large)
    _events(large)
    units["sqlite_event"] = (_sqlite(large) - before) / EVENTS
    urls = {}
    for name, ca in (("small", small), ("large", large)):
        urls[name] = postgres.url()
        ca.run("store", "migrate", urls[name])
    for unit, relation, count in (("postgresql_row", "certificate", ROWS), ("postgresql_event", "audit_event", EVENTS)):
        before, after = (_relation(postgres, urls[name], relation) for name in ("small", "large"))
        units[unit] = (after - before) / count
    return {name: round(value) for name, value in units.items()}


def _sqlite(ca: Ca) -> int:
    with closing(sqlite3.connect(ca.home / "registry.sqlite")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (ca.home / "registry.sqlite").stat().st_size


def _relation(postgres: Cluster, url: str, table: str) -> int:
    return int(postgres.sql(url, f"SELECT pg_total_relation_size('{table}')"))


def _events(ca: Ca) -> None:
    home = ca.world.ca
    details = {"issuer": "issuing", "serial": "7F" * 20, "profile": "client", "not_after": home.clock.now().isoformat()}
    with home.store.begin() as transaction:
        for number in range(EVENTS):
            subject = f"device-{number:06}.example.test"
            transaction.audit(at=home.clock.now(), actor="web1 (api)", action="issued", subject=subject, details=details)


def ahead(ca: Ca) -> dict[str, float]:
    """Seconds of CPU for one OCSP answer that is signed ahead, with the look at the registry."""
    home = ca.world.ca
    desk = OcspDesk(home, responders(home))
    start = time.process_time()
    done = sum(1 for _ in islice(desk.prepare(), ANSWERS // 2))
    return {"ahead_s": round((time.process_time() - start) / (2 * done), 7)}


def published(ca: Ca, folder: Path) -> dict[str, float]:
    """Seconds of CPU for one published answer, signed and then left as it is, and what the answers about a certificate take."""
    home, spent = ca.world.ca, []
    edition = Edition(folder=str(folder), validity=timedelta(days=1), check=True)
    for _ in range(2):
        start = time.process_time()
        done = publish(
            home, PageFiles(), ForkWorkers(1), edition, page=lambda _: "", watch=lambda _: nullcontext(lambda _: None)
        )
        spent.append((time.process_time() - start) / done.answers)
    found = [path.lstat() for path in (folder / "ocsp").rglob("*")]
    octets, files = sum(one.st_blocks * 512 for one in found), len(found)
    signed, kept = (round(one, 7) for one in spent)
    each = done.answers / 2
    return {
        "publish_s": signed,
        "publish_kept_s": kept,
        "publish_bytes": round(octets / each),
        "publish_files": round(files / each, 2),
    }


def polls(ca: Ca) -> dict[str, float]:
    """Unchanged polls in a second from 1 and 10 hosts, on kept connections as the agent asks, and on one each; the CPU."""
    units: dict[str, float] = {}
    with serving(ca, "--api-listen", "127.0.0.1:0", "--identity", "app.test", "--no-prepare") as served:
        api = str(served.document["api"]).removesuffix("/api/v1").replace("localhost", "127.0.0.1")
        files = {"chain": str(ca.identity("web1", "chain.pem")), "key": str(ca.identity("web1", "key.pem"))}
        client = FleetClient(url=api, name="web1", trusted=str(ca.home / "ca/bundle.pem"), **files)
        tag, _ = client.orders(None)
        for hosts in (1, 10):
            for name, asking in (("kept", lambda: _kept(client, tag)), ("apart", lambda: _apart(client, tag))):
                rate, cpu = _asked(asking, hosts, served.process.pid)
                units |= {f"polls_{name}_{hosts}": round(rate), f"poll_{name}_{hosts}_s": round(cpu, 6)}
    return units


def _asked(asking: Callable[[], Any], hosts: int, pid: int) -> tuple[float, float]:
    """Polls in a second, and seconds of the server's CPU for each."""
    counts: list[int] = []
    end = time.perf_counter() + SECONDS

    def ask() -> None:
        with asking() as poll:
            count = 0
            while time.perf_counter() < end:
                poll()
                count += 1
        counts.append(count)

    before, start = _cpu(pid), time.perf_counter()
    threads = [threading.Thread(target=ask) for _ in range(hosts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(counts) != hosts:
        raise RuntimeError("a host was refused")
    return sum(counts) / (time.perf_counter() - start), (_cpu(pid) - before) / sum(counts)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _apart(client: FleetClient, tag: str) -> Any:
    own = replace(client)

    def poll() -> None:
        own.close()
        if own.orders(tag) != (tag, None):
            raise RuntimeError("orders changed")

    with closing(own):
        yield poll


@contextmanager
def _kept(client: FleetClient, tag: str) -> Any:
    with closing(replace(client)) as own:

        def poll() -> None:
            if own.orders(tag) != (tag, None):
                raise RuntimeError("orders changed")

        yield poll


if __name__ == "__main__":
    sys.exit(main())
