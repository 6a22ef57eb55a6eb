"""nginx asks our responder about every client (ssl_ocsp): good in, revoked refused within seconds, no responder: nobody."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from handclasp.adapters.nginx_process import NginxProcess
from tests.ca_rig import Ca
from tests.nginx_rig import MAIN, free_port
from tests.serve.serve_rig import ask, curl, serving, status

SERVER = """
server {{
    listen 127.0.0.1:{port} ssl;
    server_name app.test;
    ssl_certificate {identity}/chain.pem; ssl_certificate_key {identity}/key.pem;
    ssl_client_certificate {bundle};
    ssl_verify_client on; ssl_verify_depth 2;
    {ocsp}
    location / {{ return 200 "hello $ssl_client_verify\\n"; }}
}}
"""


@dataclass(frozen=True)
class Site:
    ca: Ca
    folder: Path
    port: int

    def visit(self, name: str) -> str:
        """The body, or the status when it is not 200."""
        identity = self.ca.identity(name)
        done = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "--max-time", "20", "-w", " %{http_code}", "--cacert",
             str(self.ca.home / "ca" / "bundle.pem"), "--cert", str(identity / "chain.pem"), "--key", str(identity / "key.pem"),
             f"https://127.0.0.1:{self.port}/"],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def log(self) -> str:
        return (self.folder / "logs" / "error.log").read_text()


@contextmanager
def asking(ca: Ca, folder: Path, ocsp: str) -> Iterator[Site]:
    for name in ("logs", "run"):
        (folder / name).mkdir(parents=True)
    port = free_port()
    server = SERVER.format(port=port, identity=ca.identity("app.test"), bundle=ca.home / "ca" / "bundle.pem", ocsp=ocsp)
    config = folder / "nginx.conf"
    config.write_text(MAIN.format(http=server, user="user root;"))
    nginx = NginxProcess()
    nginx.start(prefix=str(folder), config=str(config))
    try:
        yield Site(ca=ca, folder=folder, port=port)
    finally:
        nginx.stop(prefix=str(folder), config=str(config))


@pytest.mark.parametrize("mode", ["on", "leaf"])
def test_revoked_is_refused_within_seconds_and_a_dead_responder_lets_nobody_in(ca: Ca, tmp_path: Path, mode: str) -> None:
    with serving(ca) as served:
        ocsp = f"ssl_ocsp {mode}; ssl_ocsp_responder {served.url}/ocsp;"
        with asking(ca, tmp_path / "nginx", ocsp) as site:
            assert site.visit("alice") == "hello SUCCESS\n 200"
            assert site.visit("mallory").endswith(" 400")
            ca.run("revoke", "alice")
            assert site.visit("alice").endswith(" 400")
            assert "client SSL certificate verify error: certificate revoked" in site.log
            assert site.visit("bob") == "hello SUCCESS\n 200"
            served.stop()
            assert site.visit("bob").endswith(" 400")
            assert "certificate status request failed" in site.log


def test_the_cache_of_nginx_keeps_no_answer_longer_than_its_next_update(ca: Ca, tmp_path: Path) -> None:
    """With ssl_ocsp_cache the answer's nextUpdate is how long a revocation may go unseen: --validity bounds it."""
    with serving(ca, "--validity", "1") as served:
        ocsp = f"ssl_ocsp leaf; ssl_ocsp_responder {served.url}/ocsp; ssl_ocsp_cache shared:ocsp:1m;"
        with asking(ca, tmp_path / "nginx", ocsp) as site:
            assert site.visit("alice") == "hello SUCCESS\n 200"
            served.stop()
            assert site.visit("alice") == "hello SUCCESS\n 200"  # from nginx's cache
            assert site.visit("bob").endswith(" 400")


def test_nginx_finds_the_responder_in_the_certificate(ca: Ca, tmp_path: Path) -> None:
    """With `handclasp ca addresses` new certificates name it, and nginx needs no ssl_ocsp_responder."""
    with serving(ca) as served:
        ca.run("ca", "addresses", "--ocsp", f"{served.url}/ocsp", "--crl", f"{served.url}/crl/{{label}}.crl",
               "--issuer", f"{served.url}/ca/{{label}}.crt")  # fmt: skip
        ca.run("issue", "carol")
        named = x509.load_pem_x509_certificate(ca.identity("carol", "certificate.pem").read_bytes())
        point = named.extensions.get_extension_for_class(x509.CRLDistributionPoints).value[0].full_name
        assert point is not None
        assert x509.load_der_x509_crl(curl(point[0].value)).issuer == named.issuer
        access = named.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        issuer = next(
            one.access_location.value for one in access if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        )
        named.verify_directly_issued_by(x509.load_der_x509_certificate(curl(issuer)))
        with asking(ca, tmp_path / "nginx", "ssl_ocsp leaf;") as site:
            assert site.visit("carol") == "hello SUCCESS\n 200"
            ca.run("revoke", "carol")
            assert site.visit("carol").endswith(" 400")
            assert site.visit("alice").endswith(" 400")  # issued before, it names no responder


def test_a_root_whose_key_is_elsewhere(ca: Ca, tmp_path: Path) -> None:
    """Its responder cannot be made; everything else is served, and nginx asks about the leaf alone."""
    (ca.home / "keys" / "root.pem").unlink()
    with serving(ca) as served:
        assert status(f"{served.url}/ready") == 200
        with asking(ca, tmp_path / "nginx", f"ssl_ocsp leaf; ssl_ocsp_responder {served.url}/ocsp;") as site:
            assert site.visit("alice") == "hello SUCCESS\n 200"
            assert site.visit("mallory").endswith(" 400")
        said = ask(ca, served.url, ca.home / "ca" / "issuing.pem", issuer="root")
        assert "unauthorized" in said
