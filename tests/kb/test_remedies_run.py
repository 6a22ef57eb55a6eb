"""Every directive of every entry is taken by a real nginx, and every command runs as it is printed.

For the commands a throw-away folder stands at /etc/nginx, in a mount namespace. Hosts are turned to a private nginx, a password
that somebody would type is given, and nothing else is changed.
"""

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from pwd import getpwnam

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates

from handclasp.catalogue import causes
from handclasp.catalogue.steps import Step, steps
from tests.nginx_rig import Issued, crl, free_port, make
from tests.waiting import eventually

BUILT = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=True).stderr
STREAM = next(Path("/usr/lib/nginx/modules").glob("ngx_stream_module.so"), None)
DIRECTIVES = [
    (slug, remedy.id, remedy.directives)
    for slug in causes.slugs()
    for remedy in causes.load(slug).remedies
    if remedy.directives
]
COMMANDS = [
    (slug, remedy.id, remedy.commands) for slug in causes.slugs() for remedy in causes.load(slug).remedies if remedy.commands
]
STEPS = [(name, step) for table in (steps().proofs, steps().undos) for name, step in table.items() if step.commands]

# Directives of modules or versions that this nginx has not: it must say so in just these words.
FOREIGN = {
    "js_fetch_trusted_certificate": "unknown directive",
    "lua_ssl_trusted_certificate": "unknown directive",
    "js_set": "unknown directive",
} | ({} if "--with-http_v3_module" in BUILT else {"http3": "unknown directive"})
NETSCAPE = x509.ObjectIdentifier("2.16.840.1.113730.1.1")
HTTP_LEVEL = {"map", "log_format", "server", "large_client_header_buffers", "resolver"}
LOCATION_LEVEL = {"proxy_pass"}
# The folder stands at the very paths of the texts, for the command alone: every user can go there, and a label can be set.
ENTER = """
mount -t tmpfs tmpfs /mnt
for place in etc var; do
    mkdir "/mnt/$place" "/mnt/work-$place"
    mount -t overlay overlay -o "lowerdir=/$place,upperdir=/mnt/$place,workdir=/mnt/work-$place" "/$place"
done
mkdir -p /etc/nginx /var/log/nginx /var/www
for place in /etc/nginx /var/log/nginx /var/www; do mount --bind "$0" "$place"; done
umask 022
exec bash -c "$1"
"""
LABEL = b"system_u:object_r:httpd_config_t:s0\0"


@dataclass(frozen=True)
class Place:
    """Files as the texts name them, below a folder; a port of a private nginx, and one nobody listens on."""

    root: Path
    port: int
    free: int

    def turned(self, text: str) -> str:
        """The same text for this place."""
        for folder in ("/etc/nginx/", "/var/log/nginx/", "/var/www/"):
            text = text.replace(folder, f"{self.root}/")
        return self.served(text)

    def served(self, text: str) -> str:
        """The same text for the servers of this place; files are left where they are."""
        text = text.replace("http://ocsp.internal.example/", f"http://127.0.0.1:{self.free}/")
        text = re.sub(r"\b(upstream:8443|host:443)\b", f"127.0.0.1:{self.port}", text)
        text = text.replace("https://host/", f"https://localhost:{self.port}/")
        return re.sub(r"\blisten (127\.0\.0\.1:)?\d+", f"listen 127.0.0.1:{self.free}", text)


class _Quiet(BaseHTTPRequestHandler):
    def __init__(self, root: Path, *rest: object) -> None:
        self.root = root
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        """An OCSP answer, made by openssl."""
        (self.root / "request.der").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        subprocess.run(
            [
                *("openssl", "ocsp", "-index", "index.txt", "-CA", "issuing.pem", "-rsigner", "issuing.pem"),
                *("-rkey", "issuing.key", "-reqin", "request.der", "-respout", "response.der"),
            ],
            cwd=self.root, check=True, capture_output=True,
        )  # fmt: skip
        self.send_response(200)
        self.send_header("Content-Type", "application/ocsp-response")
        self.end_headers()
        self.wfile.write((self.root / "response.der").read_bytes())

    def log_message(self, *rest: object) -> None:
        """Nothing."""


def _with_netscape_type(issued: Issued, issuer: Issued) -> Issued:
    """The same certificate with nsCertType client, which one of the commands looks for."""
    old = issued.certificate
    kind = x509.Extension(NETSCAPE, False, x509.UnrecognizedExtension(NETSCAPE, b"\x03\x02\x07\x80"))
    builder = x509.CertificateBuilder(
        old.issuer, old.subject, old.public_key(), old.serial_number, old.not_valid_before_utc, old.not_valid_after_utc,
        [*old.extensions, kind],
    )  # fmt: skip
    return Issued(builder.sign(issuer.key, hashes.SHA256()), issued.key)


def _files(root: Path) -> None:
    top = make("Root", ca=True)
    issuing = make("Issuing", top, ca=True)
    alice = _with_netscape_type(make("alice", issuing), issuing)
    server, proxy = make("localhost", issuing, server=True), make("proxy", issuing)

    def write(names: str, *parts: bytes) -> None:
        for name in names.split():
            for folder in (root, root / "pki"):
                (folder / name).write_bytes(b"".join(parts))

    def chain(*parts: Issued) -> bytes:
        return b"".join(part.pem for part in parts)

    for name in ("pki", "snippets", "errors"):
        (root / name).mkdir()
    write("root.pem server-root.pem upstream-root.pem upstream-self-signed.pem api-root.pem", top.pem)
    write("cdn-origin-pull-ca.pem trusted.pem", top.pem)
    write("intermediate.pem issuing.pem", issuing.pem)
    write("issuing.key", issuing.key_pem)
    write("ca.pem client-ca.pem upstream-ca.pem ca-bundle.pem all-client-cas.pem", chain(top, issuing))
    write("client.pem", alice.pem)
    write("client.key", alice.key_pem)
    write("client-chain.pem", chain(alice, issuing))
    write("server.pem server-fullchain.pem", chain(server, issuing))
    write("server.key", server.key_pem)
    write("server.pass", b"secret\n")
    write("proxy.pem", proxy.pem)
    write("proxy.key", proxy.key_pem)
    write("proxy-chain.pem", chain(proxy, issuing))
    write("crls.pem upstream-crls.pem", crl(top), crl(issuing, alice))
    write("root-crl.pem", crl(top))
    write("issuing-crl.pem crl.pem", crl(top, alice))
    write("ca.der", top.certificate.public_bytes(Encoding.DER))
    write("ca.p7b", serialize_certificates([top.certificate], Encoding.PEM))
    (root / "crl.der").write_bytes(
        subprocess.run(["openssl", "crl", "-in", root / "crl.pem", "-outform", "DER"], capture_output=True, check=True).stdout
    )
    serial = f"{alice.certificate.serial_number:X}"
    (root / "index.txt").write_text(f"V\t350101000000Z\t\t{serial.zfill(len(serial) + len(serial) % 2)}\tunknown\t/CN=alice\n")
    (root / "snippets/identity-headers.conf").write_text("proxy_set_header X-SSL-Client-Verify $ssl_client_verify;\n")
    (root / "error.log").write_text("1 SSL_do_handshake() failed while SSL handshaking to upstream\n")
    export = "openssl pkcs12 -export -in client-chain.pem -inkey client.key -out client.p12 -passout pass:x"
    subprocess.run(export.split(), cwd=root, check=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("remedies")
    root.chmod(0o755)
    _files(root)
    made = Place(root, free_port(), free_port())
    (root / "nginx.conf").write_text(
        f"daemon on; pid {root}/nginx.pid; error_log {root}/run.log info; events {{}} http {{ access_log off; "
        f"server {{ listen 127.0.0.1:{made.port} ssl; server_name localhost; ssl_certificate {root}/server.pem; "
        f"ssl_certificate_key {root}/server.key; ssl_client_certificate {root}/client-ca.pem; ssl_verify_client optional; "
        f"location / {{ proxy_set_header X-Serial $ssl_client_serial; return 200 ok; }} "
        f"location /up {{ proxy_pass https://127.0.0.1:{made.port}; proxy_ssl_verify on; proxy_ssl_name localhost; "
        f"proxy_ssl_trusted_certificate {root}/root.pem; }} }} }}"
    )
    os.setxattr(root / "nginx.conf", "security.selinux", LABEL)
    (root / "bin").mkdir()
    wrapper = root / "bin" / "nginx"  # the reader's nginx: the real one, on this configuration
    wrapper.write_text(f'#!/bin/sh\nexec {real_nginx()} -p {root} -c {root}/nginx.conf "$@"\n')
    wrapper.chmod(0o755)
    subprocess.run([wrapper], check=True)
    eventually(lambda: (root / "nginx.pid").exists() and (root / "nginx.pid").read_text())  # it ends before its daemon begins
    responder = HTTPServer(("127.0.0.1", made.free), partial(_Quiet, root))
    thread = threading.Thread(target=responder.serve_forever)
    thread.start()
    yield made
    responder.shutdown()
    thread.join()
    responder.server_close()
    subprocess.run([wrapper, "-s", "quit"], check=True)


def real_nginx() -> str:
    return subprocess.run(["which", "nginx"], capture_output=True, text=True, check=True).stdout.strip()


def config(place: Place, directives: tuple[str, ...]) -> str:
    """A configuration with each directive where a reader would put it. What it sets anew is left out of the frame."""
    named = [(directive.split(None, 1)[0].rstrip(";"), place.turned(directive)) for directive in directives]
    names = {name for name, _ in named}
    levels: dict[str, list[str]] = {"main": [], "http": [], "server": [], "location": [], "stream": []}
    for name, text in named:
        level = (
            "main" if name in {"stream", "error_log", "worker_shutdown_timeout"} else "http" if name in HTTP_LEVEL else "server"
        )
        level = "location" if name in LOCATION_LEVEL else "stream" if text == "proxy_ssl on;" else level
        levels[level].append(text)
    frame = {
        "listen": f"listen 127.0.0.1:{free_port()} ssl;",
        "ssl_certificate": "ssl_certificate server.pem;",
        "ssl_client_certificate": "ssl_client_certificate client-ca.pem;",
        "ssl_verify_client": "ssl_verify_client optional;",
    }
    server = " ".join(text for name, text in frame.items() if name not in names)
    proxied = "" if names & LOCATION_LEVEL else "proxy_pass https://backend;"
    stream = f"stream {{ server {{ listen 127.0.0.1:{free_port()}; proxy_pass 127.0.0.1:1; {' '.join(levels['stream'])} }} }}"
    load = f"load_module {STREAM};" if STREAM and (levels["stream"] or "stream" in names) else ""
    return (
        f"{load} pid t.pid; {' '.join(levels['main'])} events {{}} {stream if levels['stream'] else ''} "
        f"http {{ access_log off; upstream backend {{ server 127.0.0.1:1; }} {' '.join(levels['http'])} "
        f"server {{ {server} ssl_certificate_key server.key; {' '.join(levels['server'])} "
        f"location /proxied {{ {proxied} {' '.join(levels['location'])} }} }} }}"
    )


@pytest.mark.parametrize(("slug", "remedy", "directives"), DIRECTIVES, ids=[f"{slug}/{name}" for slug, name, _ in DIRECTIVES])
def test_nginx_takes_the_directives(place: Place, slug: str, remedy: str, directives: tuple[str, ...]) -> None:
    foreign = [name for name in FOREIGN if any(directive.startswith(name) for directive in directives)]
    text = config(place, directives)
    path = place.root / "try.conf"
    path.write_text(text)
    ran = subprocess.run([real_nginx(), "-t", "-p", place.root, "-c", path], capture_output=True, text=True, check=False)
    if foreign:
        assert any(f'{FOREIGN[name]} "{name}"' in ran.stderr for name in foreign), ran.stderr
    else:
        assert ran.returncode == 0, f"{slug}: {ran.stderr}\n{text}"


@pytest.mark.parametrize(("slug", "remedy", "commands"), COMMANDS, ids=[f"{slug}/{name}" for slug, name, _ in COMMANDS])
def test_the_commands_run(place: Place, slug: str, remedy: str, commands: tuple[str, ...]) -> None:
    """Each as it is printed, one after the other."""
    for command in commands:
        run(place, f"{slug}/{remedy}", command)


def test_files_get_the_label_of_the_configuration(place: Place) -> None:
    """What the remedy for SELinux does shows on any file system that keeps labels, whether a policy looks at them or not."""
    run(place, "selinux-or-apparmor-denies", commands_of("selinux-or-apparmor-denies", "label-file")[0])
    assert os.getxattr(place.root / "pki" / "server.key", "security.selinux") == LABEL


def test_the_key_is_given_to_one_user_alone(place: Place) -> None:
    run(place, "file-permission-denied", commands_of("file-permission-denied", "readable-for-start-user")[0])
    mode = (place.root / "pki" / "server.key").stat()
    assert (mode.st_uid, mode.st_mode & 0o777) == (getpwnam("www-data").pw_uid, 0o400)


def commands_of(slug: str, remedy: str) -> tuple[str, ...]:
    return next(one.commands for one in causes.load(slug).remedies if one.id == remedy)


@pytest.mark.parametrize(("name", "step"), STEPS, ids=[name for name, _ in STEPS])
def test_the_proof_or_undo_runs(place: Place, name: str, step: Step) -> None:
    """What is run before, then what is run after."""
    for command in (*step.first, *step.commands):
        run(place, name, command)


def run(place: Place, slug: str, command: str) -> None:
    environment = os.environ | {"PATH": f"{place.root}/bin:{Path('.venv/bin').absolute()}:{os.environ['PATH']}", "LC_ALL": "C"}
    environment |= {"HANDCLASP_HOME": f"{place.root}/home", "CURL_CA_BUNDLE": f"{place.root}/root.pem"}
    text = place.served(command)
    if "handclasp issue" in command:
        subprocess.run(["handclasp", "init", "-q"], env=environment, check=True, capture_output=True)
    if "pkcs12" in command:
        text = text.replace("openssl pkcs12 -export", "openssl pkcs12 -export -passout pass:x").replace(
            "-info", "-info -passin pass:x"
        )
    ran = subprocess.run(
        ["unshare", "--mount", "sh", "-e", "-c", ENTER, place.root, text],
        cwd=place.root, env=environment, capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ran.returncode == 0, f"{slug}: {text}\n{ran.stdout[-500:]}{ran.stderr[-800:]}"
    assert "nown option" not in ran.stderr
