"""A throw-away PKI and a private nginx for tests: loopback, free ports, stopped by prefix when the test ends."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from handclasp.adapters.nginx_process import NginxProcess
from handclasp.model.probe import ClientIdentity
from tests import free_ports

NOW = datetime.now(UTC)  # noqa: TID251 - tests run on real time: nginx does
free_port = free_ports.free_port


@dataclass(frozen=True)
class Issued:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def identity(self, *chain: "Issued") -> ClientIdentity:
        return ClientIdentity(certificate_chain=self.pem + b"".join(above.pem for above in chain), private_key=self.key_pem)


_CA_KEY_USAGE = x509.KeyUsage(
    digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
    key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
)  # fmt: skip


def make(
    name: str, issuer: Issued | None = None, *, ca: bool = False, server: bool = False, not_after: datetime | None = None
) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(not_after or NOW + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if ca:
        builder = builder.add_extension(_CA_KEY_USAGE, critical=True)
    else:
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if server:
        names: list[x509.GeneralName] = [x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Issued(builder.sign(signer, hashes.SHA256()), key)


def crl(issuer: Issued, *revoked: Issued) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(NOW - timedelta(hours=1))
        .next_update(NOW + timedelta(days=7))
    )
    for item in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(item.certificate.serial_number).revocation_date(NOW)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


@contextmanager
def held_port() -> Iterator[tuple[socket.socket, int]]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held, held.getsockname()[1]


MAIN = """\
pid run/nginx.pid;
worker_processes 1;
error_log logs/error.log info;
{user}
events {{ worker_connections 64; }}
http {{
    access_log off;
    ssl_protocols TLSv1.2 TLSv1.3; # TLS 1.3 is not in the default before nginx 1.23.4
    client_body_temp_path run/body; proxy_temp_path run/proxy; fastcgi_temp_path run/fastcgi;
    uwsgi_temp_path run/uwsgi; scgi_temp_path run/scgi;
    {http}
}}
"""

SERVER = """
server {{
    listen 127.0.0.1:{port} ssl;
    server_name {name};
    ssl_certificate server.pem; ssl_certificate_key server.key;
    {tls}
    location / {{ return 200 "{word} $ssl_client_verify $ssl_session_reused\\n"; }}
}}
"""


@dataclass(frozen=True)
class Rig:
    """An nginx prefix. `root` signs `server`, `alice` and `bob`; `stranger` is signed by somebody else."""

    prefix: str
    port: int
    root: Issued
    server: Issued
    alice: Issued
    bob: Issued
    stranger: Issued
    nginx: NginxProcess

    @property
    def config(self) -> str:
        return f"{self.prefix}/nginx.conf"

    def write(self, name: str, content: str | bytes) -> None:
        data = content.encode() if isinstance(content, str) else content
        (Path(self.prefix) / name).write_bytes(data)

    def http(self, http: str) -> None:
        self.write("nginx.conf", MAIN.format(http=http, user="user root;"))

    def site(self, tls: str = "", *, word: str = "hello", port: int | None = None) -> None:
        self.http(SERVER.format(port=port or self.port, name="app.test", tls=tls, word=word))

    def verifying(self, tls: str = "", *, word: str = "hello") -> None:
        self.site(f"ssl_client_certificate root.pem; ssl_verify_client on; ssl_crl root.crl; {tls}", word=word)

    def start(self) -> None:
        self.nginx.start(prefix=self.prefix, config=self.config)

    def reload(self) -> None:
        self.nginx.reload(prefix=self.prefix, config=self.config)


@contextmanager
def rig(folder: Path, *, root_name: str = "Test root") -> Iterator[Rig]:
    for name in ("logs", "run"):
        (folder / name).mkdir(parents=True)
    root, other = make(root_name, ca=True), make("Other root", ca=True)
    made = Rig(
        prefix=str(folder),
        port=free_port(),
        root=root,
        server=make("app.test", root, server=True),
        alice=make("alice", root),
        bob=make("bob", root),
        stranger=make("stranger", other),
        nginx=NginxProcess(),
    )
    made.write("server.pem", made.server.pem)
    made.write("server.key", made.server.key_pem)
    made.write("root.pem", root.pem)
    made.write("root.crl", crl(root))
    try:
        yield made
    finally:
        made.nginx.stop(prefix=made.prefix, config=made.config)
