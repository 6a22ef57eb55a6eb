"""A running `handclasp serve` for tests, and the clients that ask it: openssl, ocsptool, curl, raw sockets."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.ca_rig import Ca


@dataclass
class Served:
    document: dict[str, Any]
    process: "subprocess.Popen[str]"

    @property
    def url(self) -> str:
        return str(self.document["url"])

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def stop(self) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
        out, err = self.process.communicate(timeout=120)
        assert "Traceback" not in err, err
        assert out is not None
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=120)


@contextmanager
def serving(ca: Ca, *options: str, env: dict[str, str] | None = None) -> Iterator[Served]:
    """`handclasp serve` on a free port of loopback, ready for connections."""
    listen = () if "--listen" in options else ("--listen", "127.0.0.1:0")
    process = ca.start("serve", *listen, "--json", *options, env=env)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(process.communicate())
    text = line
    while text.count("{") != text.count("}"):
        text += process.stdout.readline()
    served = Served(document=json.loads(text), process=process)
    try:
        yield served
    finally:
        if process.poll() is None:
            served.stop()
        elif not process.stdout.closed:  # it died, and nobody read its last words
            process.communicate(timeout=120)


def curl(*args: str | Path, expect: int = 0) -> bytes:
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "60", "--noproxy", "*", *map(str, args)], capture_output=True, check=False, timeout=120
    )
    assert done.returncode == expect, (args, done.returncode, done.stderr)
    return done.stdout


def status(url: str, *args: str) -> int:
    return int(curl("-o", "/dev/null", "-w", "%{http_code}", *args, url))


def ask(ca: Ca, url: str, certificate: Path, *options: str, issuer: str = "issuing") -> str:
    """`openssl ocsp`: the verdict of OpenSSL, which verifies the answer against the root."""
    done = subprocess.run(
        [
            "openssl", "ocsp", "-issuer", str(ca.home / "ca" / f"{issuer}.pem"), "-cert", str(certificate),
            "-url", f"{url}/ocsp", "-CAfile", str(ca.home / "ca" / "bundle.pem"), *options,
        ],
        capture_output=True, text=True, check=False, timeout=120, env=os.environ | {"no_proxy": "*"},
    )  # fmt: skip
    return done.stdout + done.stderr
