"""The API in a test: a CA with an identity for every role, a served API, and curl as its client."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from handclasp.app.api_access import Role
from tests.ca_rig import Ca, openssl
from tests.serve.serve_rig import serving

ROLES = {"root-admin": "admin", "desk": "operator", "eyes": "auditor"}
OBJECTS = ("bob", "eyes", "desk", "alice")
HOLDER = {Role.ADMIN: "root-admin", Role.OPERATOR: "desk", Role.AUDITOR: "eyes", Role.SELF: "alice"}


@dataclass(frozen=True)
class Reply:
    status: int
    kind: str
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Client:
    ca: Ca
    base: str

    def ask(self, who: str | None, method: str, path: str, body: object = None, *headers: str, raw: bool = False) -> Reply:
        url = path if raw else f"{self.base}/api/v1{path}"
        command = ["curl", "-sS", "--noproxy", "*", "--max-time", "60", "--cacert",
                   str(self.ca.home / "ca" / "bundle.pem"), "-w", "\n%{http_code} %{content_type}", url]  # fmt: skip
        command += ["--head"] if method == "HEAD" else ["-X", method]
        if who is not None:
            folder = self.ca.identity(who)
            command += ["--cert", str(folder / "chain.pem"), "--key", str(folder / "key.pem")]
        if body is not None:
            command += ["-H", "content-type: application/json", "--data-binary", "@-"]
        for header in headers:
            command += ["-H", header]
        done = subprocess.run(command, input=json.dumps(body), capture_output=True, text=True, check=False, timeout=90)
        assert done.returncode == 0, (command, done.stderr)
        text, _, last = done.stdout.rpartition("\n")
        status, _, kind = last.partition(" ")
        return Reply(int(status), kind.partition(";")[0], text)


@contextmanager
def api_of(ca: Ca, env: dict[str, str] | None = None) -> Iterator[Client]:
    with serving(ca, "--api-listen", "127.0.0.1:0", "--identity", "app.test", env=env) as served:
        yield Client(ca=ca, base=served.document["api"].removesuffix("/api/v1"))


def serial_of(ca: Ca, name: str) -> str:
    return f"{x509.load_pem_x509_certificate(ca.identity(name, 'certificate.pem').read_bytes()).serial_number:X}"


def csr(folder: Path, name: str) -> str:
    key, request = folder / f"{name}.key", folder / f"{name}.csr"
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj",
            f"/CN={name}", "-out", request)  # fmt: skip
    return request.read_text()
