"""Measure the doctor on large input, beside grep on the same log, and write docs/benchmarks/doctor.md.

Usage: .venv/bin/python tools/bench_doctor.py [MEGABYTES]      (logs of 1000 MB without)

A log is read once before anything is measured, but where the disk is compared. Times are the best of three.
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

from handclasp.nginxconf.include import MAX_DIRECTIVES  # noqa: E402
from tests.diagnose.test_scale import SERVER, large  # noqa: E402

PAGE = ROOT / "docs" / "benchmarks" / "doctor.md"
RUNS = 3
CLIENTS, SERVERS = 3000, 7
WHO, HOST = ", client: {client}, server: {server}", ', request: "GET /api/items HTTP/1.1", host: "{server}"'
# As nginx writes them: the level, and what follows the number of the connection.
NOISE = (
    ("error", f'open() "/srv/favicon.ico" failed (2: No such file or directory){WHO}{HOST}'),
    ("warn", f"an upstream response is buffered to a temporary file /var/lib/nginx/proxy/1/23/231{WHO}{HOST}"),
    ("error", f"connect() failed (111: Connection refused) while connecting to upstream{WHO}{HOST}"),
    ("info", "client {client} closed keepalive connection"),
)
TLS = (
    (
        "info",
        f"client SSL certificate verify error: (10:certificate has expired) while reading client request headers{WHO}{HOST}",
    ),
    (
        "info",
        f"client SSL certificate verify error: (18:self-signed certificate) while reading client request headers{WHO}{HOST}",
    ),
    ("info", f"client sent no required SSL certificate while reading client request headers{WHO}{HOST}"),
    (
        "info",
        (
            "SSL_do_handshake() failed (SSL: error:0A000412:SSL routines::sslv3 alert bad certificate) while SSL handshaking"
            ", client: {client}, server: 0.0.0.0:443"
        ),
    ),
)
LOGS = {
    "no line about TLS": 0.0, "one line in 1000": 0.001, "one line in 50": 0.02, "one line in 5": 0.2, "every line": 1.0
}  # fmt: skip
FROM_DISK = 0.001
DOCTOR = [sys.executable, "-m", "handclasp", "doctor"]
UNCOMPILED = """\
import sys
from handclasp.adapters import log_files
from handclasp.cli import main
log_files.line_table = lambda: None  # as where the package was installed without a compiler
sys.exit(main(sys.argv[1:]))
"""
SMALL = """\
    server {{
        listen 127.0.0.1:8443 ssl;
        server_name site{n}.test;
        ssl_certificate server.pem;
        ssl_certificate_key server.key;
        ssl_client_certificate ca.pem;
        ssl_verify_client on;
    }}
"""


def main() -> int:
    """Measure, and write the page."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "error.log"
        rows, disks = [], []
        for what, share in LOGS.items():
            rows.append(log_row(log, what, share, size * 10**6))
            if share == FROM_DISK:
                disks.append(disk_row(log, what))
        log.unlink()
        configs = [config_row(Path(folder) / name, servers, server, runs) for name, servers, server, runs in CONFIGS]
    PAGE.write_text(page(rows, disks, configs, size), "utf-8")
    print(PAGE.read_text("utf-8"))
    return 0


CONFIGS = (("500", 500, SERVER, RUNS), ("5000", 5000, SERVER, RUNS), ("small", 100_000, SMALL, 1))


def log_row(path: Path, what: str, share: float, size: int) -> list[str]:
    """The two on one log."""
    write(path, share, size)
    found = int(subprocess.run(["grep", "-c", "SSL", path], capture_output=True, check=False, env=C).stdout)
    grep, doctor = best(["grep", "-c", "SSL", str(path)]), best([*DOCTOR, "--log", str(path), "--json"])
    begun = start(share)
    wall, work = doctor[0] - begun[0], doctor[1] - begun[1]
    seconds = [f"{grep[0]:.2f}", f"{wall:.2f}", f"{wall / grep[0]:.1f}", f"{doctor[0]:.2f}", f"{doctor[0] / grep[0]:.1f}"]
    processors = len(os.sched_getaffinity(0))
    spent = [f"{grep[1]:.2f}", f"{work:.2f}", f"{work / grep[1] / processors:.1f}"]
    python = best([sys.executable, "-c", UNCOMPILED, "doctor", "--log", str(path), "--json"])
    return [what, f"{found:,}", *seconds, *spent, f"{doctor[2]:.0f}", f"{(python[0] - begun[0]) / grep[0]:.1f}"]


def write(path: Path, share: float, size: int) -> None:
    """Make a log, and let the disk come to rest."""
    with path.open("wb") as file:
        file.writelines(lines(share, size))
        file.flush()
        os.fsync(file.fileno())


def start(share: float) -> tuple[float, float, float]:
    """What the doctor takes for a log of a few lines of the kinds that are in it: Python, its modules, and the diagnosis."""
    with tempfile.NamedTemporaryFile() as file:
        file.writelines(lines(1.0 if share else 0.0, 2000))
        file.flush()
        return best([*DOCTOR, "--log", file.name, "--json"])


def disk_row(path: Path, what: str) -> list[str]:
    """Both on a log that has to be read from the disk."""
    grep = best(["grep", "-c", "SSL", str(path)], forget=path)
    doctor = best([*DOCTOR, "--log", str(path), "--json"], forget=path)
    return [what, f"{grep[0]:.2f}", f"{doctor[0]:.2f}", f"{doctor[0] / grep[0]:.1f}"]


def config_row(folder: Path, servers: int, server: str, runs: int) -> list[str]:
    """Diagnosis and check of one large configuration, the start of Python included."""
    folder.mkdir()
    large(folder, servers, server)
    config = ["--config", str(folder / "nginx.conf")]
    client = ["--client-cert", str(folder / "peer.pem"), "--server", "site400.test"]
    doctor = best([*DOCTOR, "--no-prove", *config, *client], runs=runs)
    check = best([sys.executable, "-m", "handclasp", "nginx", "check", *config], runs=runs)
    written = (folder / "nginx.conf").read_text("utf-8").count("\n")
    return [
        f"{servers:,}",
        f"{written:,}",
        *(f"{number:.{digits}f}" for one in (doctor, check) for number, digits in zip(one, (2, 2, 0), strict=True)),
    ]


C = {**os.environ, "LC_ALL": "C"}


def best(argv: list[str], *, runs: int = RUNS, forget: Path | None = None) -> tuple[float, float, float]:
    """Seconds on the clock, seconds of processor, and MB of the largest process: each the least of some runs.

    `forget`: a file that is not to be in memory when a run begins.
    """
    found = []
    for _ in range(runs):
        if forget:
            with forget.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        found.append(once(argv))
    wall, work, memory = (min(column) for column in zip(*found, strict=True))
    return wall, work, memory


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
        client = f"192.0.{int(CLIENTS ** chance.random()) // 250}.{number % 250}"
        level, text = chance.choice(TLS if chance.random() < share else NOISE)
        second = number // 50
        clock = f"2026/11/{1 + second // 86400 % 28:02d} {second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        said = text.format(client=client, server=f"site{number % SERVERS}.test")
        line = f"{clock} [{level}] 7#7: *{number} {said}\n".encode()
        made += len(line)
        yield line


def page(logs: list[list[str]], disks: list[list[str]], configs: list[list[str]], size: int) -> str:
    """The page."""
    first = ["lines about TLS", "grep finds", "grep, s", "doctor, s", "times", "with its start, s", "times"]
    ways = (("by the clock", 4), ("with its start", 6), ("by what processors spend", 9))
    within = "; ".join(
        f"{way}: {', '.join(row[0] for row in logs if float(row[column]) <= TIMES) or 'none'}" for way, column in ways
    )
    return f"""# The doctor on large input

Written by `tools/bench_doctor.py`; {len(os.sched_getaffinity(0))} processors, load {os.getloadavg()[0]:.1f} at the end.
The ratios are what lasts.

Error logs of {size} MB in memory, beside `grep -c SSL` on the same file. From the doctor's time is taken off what it takes for
a log of a few lines: Python, its modules, the diagnosis; "with its start" is the whole command. The last "times" compares what
processors spend, the doctor's divided by their number: what the clock would say were they free. "MB" is the largest process.
"In Python": the times by the clock, without its start, where the package was installed without a compiler.

{table([*first, "grep, CPU s", "doctor, CPU s", "times", "MB", "in Python"], logs)}
Within {TIMES} times {within}.

grep counts the lines; the doctor says which messages they are, of which servers and clients, from when to when. Half of the
log is for each processor. While they count, the rest of the doctor is loaded. They count in C (`adapters/log_table.c`,
compiled when the package is installed): words are sought in 64 bytes at once, a line that has one is taken apart by memchr,
and two entries of a table are counted up. Python reads what is left: one line of each message, and lines of unusual form.
Most of what remains is waiting for memory, where the clients' counts are.

Without a compiler Python does it: the words are sought by the library ahocorasick-rs, lines read by a regular expression and
counted by dictionaries, 0.65 microseconds of a processor for a line about TLS, half of it the expression. Tried there: libc's
strstr for each word (half as much again as one search for all), GNU grep for the eight words (more than twice as much),
Hyperscan (the same where lines are few; where they are many each match costs a call), PCRE2's pcre2_substitute with its JIT
over whole blocks (0.46 microseconds for a line, Python's own findall 0.30), looser expressions (a sixth less for the match,
and no longer sure of the line), splitting lines first, and counting without a number for each key (the same). In C, a table
of numbers beside the entries cost a third more than entries that hold their keys: each place in memory is waited for.

The same from the disk, when the log is not in memory:

{table(["lines about TLS", "grep, s", "doctor with its start, s", "times"], disks)}
A diagnosis without proof, and `handclasp nginx check`; Python's start is included:

{table(["servers", "lines", "doctor, s", "CPU s", "MB", "check, s", "CPU s", "MB"], configs)}
A configuration of more than {MAX_DIRECTIVES:,} directives is refused, with what to do.
"""


TIMES = 3
"""What the doctor is held to."""


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table of a page."""
    return "".join(f"| {' | '.join(row)} |\n" for row in [heads, ["---"] * len(heads), *rows])


if __name__ == "__main__":
    sys.exit(main())
