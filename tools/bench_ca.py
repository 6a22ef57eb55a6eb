"""Measure the certificate authority beside its peers in one run, and write docs/benchmarks/ca.json and ca.md.

Usage: .venv/bin/python tools/bench_ca.py [--quick]

Every figure is of this machine at this moment; what lasts are the ratios. Peers that are not installed are left out and
named: apt-get install easy-rsa golang-cfssl; pip install django-ca into .bench (or another environment, --django PYTHON).
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import bench_ca_ours as ours  # noqa: E402
import bench_ca_peers as peers  # noqa: E402

FOLDER = ROOT / "docs" / "benchmarks"
ROUNDS = 5
"""What is compared one by one takes turns so often: a machine that is shared is now faster, now slower."""


def main() -> int:
    """Run everything and write what it gave."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--django", default=str(ROOT / ".bench" / "bin" / "python"), help="a Python that has django-ca")
    given = parser.parse_args()
    scale = 10 if given.quick else 1
    rows: list[dict[str, Any]] = []

    def note(name: str, what: str, count: int, seconds: float, cpu: float | None = None) -> None:
        rows.append({"name": name, "what": what, "count": count, "seconds": round(seconds, 3)})
        rows[-1]["per_second"] = round(count / seconds, 2)
        if cpu:
            rows[-1]["per_cpu_second"] = round(count / cpu, 2)
        print(f"{name:24} {count:8} in {seconds:8.2f} s   {count / seconds:12.2f} /s", flush=True)

    missing: dict[str, None] = {}
    rounds = 1 if given.quick else ROUNDS
    in_turn = (ours.one_by_one, peers.cfssl_serve, partial(peers.django_ca, given.django), peers.openssl_loop)
    with tempfile.TemporaryDirectory() as folder:
        for number, bench in enumerate((
            ours.signatures,
            ours.waiting,
            *in_turn * rounds,
            ours.over_http,
            ours.with_files,
            peers.easyrsa_loop,
            peers.cfssl_gencert,
            ours.in_bulk,
            ours.containers,
            ours.crls,
            peers.openssl_gencrl,
            ours.beside_many,
        )):  # fmt: skip
            name = getattr(bench, "__name__", "django_ca")
            place = Path(folder) / f"{number}-{name}"
            place.mkdir()
            try:
                bench(place, note, scale)
            except FileNotFoundError as error:
                missing[f"{name}: {error.filename}"] = None
    write(medians(rows), list(missing), rounds)
    return 0


def medians(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each thing that was measured, that of its median round."""
    kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        kinds.setdefault((row["name"], row["what"]), []).append(row)
    return [sorted(some, key=lambda row: float(row["per_second"]))[len(some) // 2] for some in kinds.values()]


def write(rows: list[dict[str, Any]], missing: list[str], rounds: int) -> None:
    """The figures as JSON and as a table with ratios to `openssl ca`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    machine = {"cores": len(os.sched_getaffinity(0)), "python": interpreter(), "load_at_the_end": round(load, 1)}
    document = {"machine": machine, "rounds": rounds, "rows": rows, "not_installed": missing}
    (FOLDER / "ca.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    (FOLDER / "ca.md").write_text(page(document), "utf-8")


def interpreter() -> str:
    """Which Python ran it: the same code takes a tenth longer where one was compiled without profiles."""
    return f"Python {platform.python_version()} in {sys.base_prefix}"


def page(document: dict[str, Any]) -> str:
    """The document as Markdown."""
    rows, machine = document["rows"], document["machine"]
    loop = rate(rows, "openssl ca loop")
    lines = ["# The certificate authority beside its peers", "", "Written by `tools/bench_ca.py`; one run, one machine "]
    lines[-1] += f"({machine['cores']} cores, {machine['python']}, load {machine['load_at_the_end']} at the end). "
    lines[-1] += "The ratios are what lasts. Desk, `cfssl serve`, django-ca and `openssl` loop: "
    lines[-1] += f"medians of {document['rounds']} rounds, in which they take turns."
    lines += ["", *(f"- {said}" for said in compared(rows))]
    lines += ["", "| what | how | per second | per CPU second | against the `openssl ca` loop |", "|---|---|---:|---:|---:|"]
    for row in rows:
        ratio = f"{row['per_second'] / loop:.1f}" if loop and any(sign in row["name"] for sign in CERTIFICATES) else ""
        cells = (row["name"], row["what"], f"{row['per_second']:,.1f}", row.get("per_cpu_second", ""), ratio)
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    lines += ["", *NOTES, "", *(f"Not measured: {one}." for one in document["not_installed"])]
    return "\n".join(lines).rstrip() + "\n"


def rate(rows: list[dict[str, Any]], name: str, what: str = "") -> float | None:
    """Of the first row of this name whose description has these words."""
    return next((float(row["per_second"]) for row in rows if row["name"] == name and what in row["what"]), None)


def compared(rows: list[dict[str, Any]]) -> list[str]:
    """What the table says of the questions that people ask, in words; only what was measured."""
    desk, memory = (
        rate(rows, "handclasp desk", "1 at a time, on this disk"),
        rate(rows, "handclasp desk", "1 at a time, on tmpfs"),
    )
    group = rate(rows, "handclasp desk", "16 at a time, on this disk")
    few, many = rate(rows, "handclasp desk, few"), rate(rows, "handclasp desk, many")
    pairs = (
        (
            "one by one, durable, against `cfssl serve` (which records nothing), one at a time",
            desk,
            rate(rows, "cfssl serve /newcert", " 1 at"),
        ),
        ("the same where the disk costs nothing", memory, rate(rows, "cfssl serve /newcert", " 1 at")),
        (
            "16 who wait together (group commit), durable, against `cfssl serve` with 8",
            group,
            rate(rows, "cfssl serve /newcert", " 8 at"),
        ),
        ("one by one, durable, against django-ca", desk, rate(rows, "django-ca")),
        ("one by one, durable, against the `openssl ca` loop", desk, rate(rows, "openssl ca loop")),
        ("what 16 who wait together get, against one by one", group, desk),
        ("what the disk takes: one by one on tmpfs, against this disk", memory, desk),
        ("one by one beside very many certificates, against beside none", many, few),
        (
            "CRL of 100,000 from memory, against `openssl ca -gencrl`",
            rate(rows, "handclasp CRL"),
            rate(rows, "openssl ca -gencrl"),
        ),
        (
            "the same, where every entry has a date of its own",
            rate(rows, "handclasp CRL, dates"),
            rate(rows, "openssl ca -gencrl, dates"),
        ),
    )
    return [f"{words}: {ours / theirs:.2f} times" for words, ours, theirs in pairs if ours and theirs]


CERTIFICATES = ("desk", "issue", "fleet", "API", "openssl ca loop", "easy-rsa", "cfssl", "django")
NOTES = (
    "Beside other work on the same cores and disk, who waits for the disk falls behind who waits for nothing: compare",
    "certificates in a CPU second then.",
    "The loops of `openssl`, easy-rsa and `cfssl` wait for no disk: what they record need not survive a power cut. Handclasp",
    "waits for it twice for each certificate (intent before the signature, record after it), unless several wait together:",
    "they share the two. `handclasp issue` writes five files besides and waits for each; a fleet waits seven times for 2,000.",
    "PKCS#12 files have 2,048 rounds on purpose: their passwords are 123 random bits, which no number of rounds makes safer,",
    "and 100,000 rounds would be nearly all of the time. Unlocking the CA key is slow on purpose (scrypt), once for a process.",
)


if __name__ == "__main__":
    sys.exit(main())
