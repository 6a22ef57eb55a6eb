"""Gives every file of the library's vectors, PKITS included, to every command that reads files of people: `make fuzz`.

Each is read, refused in words, or unknown; none is a bug of ours, and none takes longer than LONGEST.
"""

import argparse
import contextlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cryptography_vectors

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from handclasp.cli import main
from tests.ca_rig import Ca, founded

VECTORS = Path(cryptography_vectors.__file__).parent
LONGEST = 60.0
EXPECTED = frozenset({0, 1, 2, 3, 4})
SITE = "events {{}}\nhttp {{ server {{ listen 8443 ssl; server_name a.test; ssl_verify_client on; {} }} }}\n"


def vectors() -> list[Path]:
    """Certificates, requests, CRLs, keys, containers; good, odd and broken."""
    return [
        path
        for path in sorted(VECTORS.rglob("*"))
        if (path.is_file() and {"x509", "pkcs7", "pkcs12"} & set(path.parts)) or path.suffix in {".pem", ".der", ".p12", ".pub"}
    ]


def commands(ca: Ca, folder: Path, path: Path) -> Iterator[list[str]]:
    """Every command that reads such a file, with this one."""
    file, new = str(path), ["--home", str(folder / "new"), "--dry-run"]
    trusting, listing = folder / "trusting.conf", folder / "listing.conf"
    trusting.write_text(SITE.format(f"ssl_client_certificate {file};"))
    listing.write_text(SITE.format(f"ssl_client_certificate {ca.home}/ca/bundle.pem; ssl_crl {file};"))
    for conf in (trusting, listing):
        yield ["doctor", "--config", str(conf), "--client-cert", file, "--no-prove"]
        yield ["predict", "--config", str(conf), "--client-cert", file]
    for words in ("show", "list", "unhold", "revoke --from", "ca accept", "restore --crl", "restore --certificates"):
        yield [*words.split(), file, *(["--dry-run"] if words.startswith(("ca", "restore")) else [])]
    yield ["issue", "somebody", "--csr", file, "--take-names", "--dry-run"]
    yield ["ca", "sign", file, "-o", str(folder / "reply.pem"), "--dry-run"]
    yield ["import", "--ca", file, "--key", file, "--crl", file, "--certificates", file, *new]


def judged(words: list[str]) -> str | None:
    """Run it here; what is wrong with how it ended."""
    said, began = io.StringIO(), time.monotonic()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(words)
    took = time.monotonic() - began
    if code not in EXPECTED or took > LONGEST:
        return f"exit {code} after {took:.0f} s: {said.getvalue().strip()[-300:]}"
    return None


def run(every: int) -> int:
    """Every so-many-th file; 1 when something was wrong."""
    wrong = runs = 0
    with tempfile.TemporaryDirectory() as place:
        ca = founded(Path(place))
        os.environ |= {"HANDCLASP_HOME": str(ca.home), "HANDCLASP_PASSPHRASE_FILE": str(ca.passphrase)}
        for path in vectors()[::every]:
            for words in commands(ca, Path(place), path):
                runs += 1
                if found := judged(words):
                    wrong += 1
                    print(" ".join(words), found, sep="\n  ")
    print(f"{runs} runs, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so-many-th file")
    sys.exit(run(parser.parse_args().every))
