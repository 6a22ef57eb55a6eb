"""An OCSP responder for the lab: signed answers as files that the origin's nginx hands out, whatever is asked."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import ocsp

from handclasp.lab import mint, setup
from handclasp.lab.mint import Blank
from handclasp.lab.setup import Setup

AT_ORIGIN, NOBODY_THERE = "http://127.0.0.1:@ORIGIN@/", "http://127.0.0.1:@CLOSED@/"

# The workers read the answers, and the lab's folder is closed to others.
_NGINX = b"""\
user root;
worker_processes 1;
error_log logs/error.log info;
events { worker_connections 512; }

http {
    access_log off;
    server {
        listen 127.0.0.1:@ORIGIN@;
        location / {
            default_type application/ocsp-response;
            root answers;
            try_files /leaf.der =404;
        }
    }
}
"""


def asking(url: str | None = AT_ORIGIN) -> Setup:
    """Every client certificate's status is asked for, at `url`; None: wherever the certificate says. "Good" is the answer."""
    made = setup.client(0)
    made.server.append("ssl_ocsp leaf;")
    if url is not None:
        made.server.append(f"ssl_ocsp_responder {url};")
    made.origin_files["nginx.conf"] = _NGINX
    answers(made)
    made.visits = [made.visit(setup.CLIENT)]
    return made


def answers(made: Setup, status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD) -> None:
    """What the responder says of the client's certificate."""
    made.origin_files["answers/leaf.der"] = _signed(made.leaf, made.root, status)


def _signed(leaf: Blank, issuer: Blank, status: ocsp.OCSPCertStatus) -> bytes:
    revoked = mint.RECENT if status is ocsp.OCSPCertStatus.REVOKED else None
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=_parsed(leaf), issuer=_parsed(issuer), algorithm=hashes.SHA1(),  # noqa: S303 - the hash that nginx asks with
        cert_status=status, this_update=mint.RECENT, next_update=mint.FAR_FUTURE - timedelta(days=1),
        revocation_time=revoked, revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
    ).responder_id(ocsp.OCSPResponderEncoding.HASH, _parsed(issuer))  # fmt: skip
    private = load_pem_private_key(issuer.key.pem.encode(), None)
    return builder.sign(private, hashes.SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]


def _parsed(blank: Blank) -> x509.Certificate:
    return x509.load_der_x509_certificate(mint.certificate(blank))
