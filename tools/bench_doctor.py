"""Measure the doctor on large input, beside grep on the same log, and write docs/benchmarks/doctor.md.

Usage: .venv/bin/python tools/bench_doctor.py [MEGABYTES]      (logs of 1000 MB without)

A log is read once before anything is measured: what is compared is work, not the disk. Times are the best of three.
"""

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.diagnose.test_scale import large  # noqa: E402

PAGE = ROOT / "docs" / "benchmarks" / "doctor.md"
RUNS = 3
CLIENTS, SERVERS = 3000, 7
NOISE = (
    'open() "/srv/favicon.ico" failed (2: No such file or directory), {who}, request: "GET /favicon.ico HTTP/1.1"',
    "upstream response is buffered to a temporary file /var/lib/nginx/proxy/1/23/231 while reading upstream, {who}",
    'connect() failed (111: Connection refused) while connecting to upstream, {who}, upstream: "http://10.0.0.7:8080/"',
)
TLS = (
    "client SSL certificate verify error: (10:certificate has expired) while reading client request headers, {who}",
    "client SSL certificate verify error: (20:unable to get local issuer certificate) while reading client request, {who}",
    'client sent no required SSL certificate while reading client request headers, {who}, request: "GET / HTTP/1.1"',
    "SSL_do_handshake() failed (SSL: error:0A000412:SSL routines::sslv3 alert bad certificate) while SSL handshaking, {who}",
)
LOGS = {"no line about TLS": 0.0, "one line in 1000": 0.001, "one line in 50": 0.02, "every line": 1.0}
DOCTOR = [sys.executable, "-m", "handclasp", "doctor"]


def main() -> int:
    """Measure, and write the page."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        rows = [log_row(Path(folder) / "error.log", what, share, size * 10**6) for what, share in LOGS.items()]
        configs = [config_row(Path(folder) / str(servers), servers) for servers in (500, 5000)]
    PAGE.write_text(page(rows, configs, size), "utf-8")
    print(PAGE.read_text("utf-8"))
    return 0


def log_row(path: Path, what: str, share: float, size: int) -> list[str]:
    """The two on one log."""
    with path.open("wb") as file:
        file.writelines(lines(share, size))
    found = int(subprocess.run(["grep", "-c", "SSL", path], capture_output=True, check=False, env=C).stdout)
    grep = best(["grep", "-c", "SSL", str(path)])
    doctor = best([*DOCTOR, "--log", str(path), "--json"])
    start = best([sys.executable, "-m", "handclasp", "doctor", "--help"])
    wall, work = doctor[0] - start[0], doctor[1] - start[1]
    cells = [what, f"{found:,}", f"{grep[0]:.2f}", f"{wall:.2f}", f"{wall / grep[0]:.1f}", f"{grep[1]:.2f}", f"{work:.2f}"]
    return [*cells, f"{doctor[2]:.0f}"]


def config_row(folder: Path, servers: int) -> list[str]:
    """A diagnosis of one large configuration, the start of Python included."""
    folder.mkdir()
    large(folder, servers)
    argv = ["--config", str(folder / "nginx.conf"), "--client-cert", str(folder / "peer.pem"), "--server", "site400.test"]
    wall, work, memory = best([*DOCTOR, "--no-prove", *argv])
    written = (folder / "nginx.conf").read_text("utf-8").count("\n")
    return [f"{servers:,}", f"{written:,}", f"{wall:.2f}", f"{work:.2f}", f"{memory:.0f}"]


C = {**os.environ, "LC_ALL": "C"}


def best(argv: list[str]) -> tuple[float, float, float]:
    """Seconds on the clock, seconds of processor, and MB of the largest process, of the best of some runs."""
    return min(once(argv) for _ in range(RUNS))


def once(argv: list[str]) -> tuple[float, float, float]:
    """One run, in a process of its own so that its children's time and memory are told apart from those of others."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        began = time.perf_counter()
        ran = subprocess.run(argv, capture_output=True, check=False, env=C)  # captured: grep stops at once when nobody reads it
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        told = f"{time.perf_counter() - began} {used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024}"
        os.write(write, told.encode())
        os._exit(ran.returncode)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(write)
    if code not in {0, 1, 3}:  # 3: a log without a line about TLS
        raise SystemExit(f"{' '.join(argv)} ended with {code}")
    with os.fdopen(read) as told_by:
        wall, work, memory = map(float, told_by.read().split())
    return wall, work, memory


def lines(share: float, size: int) -> Iterator[bytes]:
    """A log of this size; few clients make most of the trouble."""
    chance = random.Random(1)  # noqa: S311 - a log to measure with
    made = number = 0
    while made < size:
        number += 1
        who = f"client: 192.0.{int(CLIENTS ** chance.random()) // 250}.{number % 250}, server: site{number % SERVERS}.test"
        text = chance.choice(TLS if chance.random() < share else NOISE).format(who=who)
        second = number // 50
        clock = f"2026/11/{1 + second // 86400 % 28:02d} {second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        line = f'{clock} [info] 7#7: *{number} {text}, host: "site.test"\n'.encode()
        made += len(line)
        yield line


def page(logs: list[list[str]], configs: list[list[str]], size: int) -> str:
    """The page."""
    heads = ["lines about TLS", "grep finds", "grep, s", "doctor, s", "times", "grep, CPU s", "doctor, CPU s", "MB"]
    return f"""# The doctor on large input

Written by `tools/bench_doctor.py`; {len(os.sched_getaffinity(0))} processors, load {os.getloadavg()[0]:.1f} at the end.
Logs in memory. The ratios are what lasts.

Error logs of {size} MB, beside `grep -c SSL` on the same file; the doctor's start (Python and its modules) is taken off.
"MB" is the largest process.

{table(heads, logs)}
grep counts the lines; the doctor says which messages they are, of which servers and clients, from when to when. What it costs
is looking for eight words instead of one where lines about TLS are few, and reading each line where all are.

A diagnosis without proof, the start included:

{table(["servers", "lines", "s", "CPU s", "MB"], configs)}"""


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table of a page."""
    return "".join(f"| {' | '.join(row)} |\n" for row in [heads, ["---"] * len(heads), *rows])


if __name__ == "__main__":
    sys.exit(main())
