"""A two-tier PKI and a private nginx whose whole configuration is rendered; questions are asked with curl."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from handclasp.adapters.nginx_process import NginxProcess
from handclasp.model.intent import SiteIntent, SiteMaterial
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf.render import render_site
from handclasp.nginxconf.render_main import FOLDERS, render_main
from handclasp.pki.distinguished_name import rfc2253
from tests.nginx_rig import Issued, crl, free_port, make

_OLDER_HTTP2 = 'the "listen ... http2" directive is deprecated'


def issuer_dn(issued: Issued) -> str:
    return rfc2253(issued.certificate.issuer.public_bytes())


def serial(issued: Issued) -> str:
    text = f"{issued.certificate.serial_number:X}"
    return "0" * (len(text) % 2) + text


@dataclass(frozen=True)
class SiteRig:
    prefix: Path
    port: int
    root: Issued
    issuing: Issued
    server: Issued
    clients: dict[str, Issued]
    nginx: NginxProcess

    @property
    def config(self) -> str:
        return str(self.prefix / "nginx.conf")

    @property
    def version(self) -> NginxVersion:
        return self.nginx.build().version

    def path(self, name: str) -> str:
        return str(self.prefix / name)

    def write(self, name: str, content: bytes | str) -> str:
        file = self.prefix / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(file)

    def client(self, name: str, issuer: Issued, *chain: Issued) -> None:
        made = make(name, issuer)
        self.clients[name] = made
        self.write(f"clients/{name}.pem", made.pem + b"".join(above.pem for above in chain))
        self.write(f"clients/{name}.key", made.key_pem)

    def material(self, **changes: object) -> SiteMaterial:
        values: dict[str, object] = {
            "certificate": self.path("server.pem"),
            "certificate_key": self.path("server.key"),
            "client_certificate": self.path("ca.pem"),
            "crl": self.path("ca.crl"),
            "verify_depth": 1,
            "session_epoch": 1,
            "error_log": self.path("logs/site-error.log"),
            "access_log": self.path("logs/site-access.log"),
        }
        return SiteMaterial(**{**values, **changes})  # type: ignore[arg-type]

    def intent(self, **changes: object) -> SiteIntent:
        values: dict[str, object] = {"server_names": ("app.test",), "listen": (("127.0.0.1", self.port),)}
        return SiteIntent(**{**values, **changes})  # type: ignore[arg-type]

    def serve(self, *sites: str, foreign: bool = False) -> None:
        """Write the configuration and start it, or reload what runs. `foreign`: the text was made for an older nginx."""
        for number, text in enumerate(sites):
            self.write(f"sites/{number}.conf", text)
        self.write("nginx.conf", render_main(str(self.prefix), user="root"))
        tested = self.nginx.test(prefix=str(self.prefix), config=self.config)
        assert tested.ok, tested.output
        warnings = [line for line in tested.output.splitlines() if "[warn]" in line]
        assert not warnings or foreign, tested.output
        assert all(_OLDER_HTTP2 in line for line in warnings), tested.output
        if self.nginx.running(prefix=str(self.prefix), config=self.config):
            self.nginx.reload(prefix=str(self.prefix), config=self.config)
        else:
            self.nginx.start(prefix=str(self.prefix), config=self.config)

    def site(self, version: NginxVersion | None = None, **intent: object) -> None:
        text = render_site(self.intent(**intent), self.material(), version or self.version)
        self.serve(text, foreign=version is not None)

    def curl(self, *options: str, client: str | None = "alice", name: str = "app.test", path: str = "/") -> tuple[int, str]:
        """(HTTP status, body and errors); status 0 when there was no HTTP answer."""
        who = ["--cert", self.path(f"clients/{client}.pem"), "--key", self.path(f"clients/{client}.key")] if client else []
        argv = ["curl", "-sS", "-m", "60", "--cacert", self.path("root.pem"), "--resolve", f"{name}:{self.port}:127.0.0.1"]
        argv += [*who, "-w", "\n%{http_code}", *options, f"https://{name}:{self.port}{path}"]
        ran = subprocess.run(argv, capture_output=True, text=True, check=False)
        body, _, code = ran.stdout.rpartition("\n")
        return int(code or 0), body + ran.stderr

    def log(self, name: str = "site-error.log") -> str:
        return (self.prefix / "logs" / name).read_text()


@contextmanager
def site_rig(folder: Path) -> Iterator[SiteRig]:
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    root, other = make("Test root", ca=True), make("Other root", ca=True)
    issuing = make("Test issuing CA", root, ca=True)
    server = make("app.test", issuing, server=True)
    made = SiteRig(folder, free_port(), root, issuing, server, {}, NginxProcess())
    made.write("server.pem", server.pem + issuing.pem)
    made.write("server.key", server.key_pem)
    made.write("root.pem", root.pem)
    made.write("ca.pem", issuing.pem + root.pem)
    for name in ("alice", "bob", "mallory"):
        made.client(name, issuing, issuing)
    made.client("stranger", other)
    made.write("ca.crl", crl(issuing, made.clients["mallory"]) + crl(root))
    try:
        yield made
    finally:
        made.nginx.stop(prefix=str(folder), config=made.config)
