"""A root that is openssl's own: what comes from there is a CA, and one that can sign, or it is refused with what to do."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from handclasp.model.errors import InputError
from handclasp.pki.ca_request import read_reply
from tests.ca_rig import Ca, openssl

EXTENSIONS = {
    "basicConstraints": "critical,CA:TRUE,pathlen:0",
    "keyUsage": "critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier": "hash",
    "authorityKeyIdentifier": "keyid",
}


class Root:
    """A self-signed CA with its CRL, and what it makes of the request of a home."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.request = folder, home / "requests/issuing.csr"
        self.pem, key = folder / "root.pem", folder / "root.key"
        subject = ("-subj", "/O=Elsewhere/CN=Old Root", "-days", "3000", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        openssl("req", "-x509", "-newkey", "rsa:3072", "-nodes", "-keyout", key, "-sha1", "-out", self.pem, *subject)
        (folder / "index.txt").touch()
        (folder / "crlnumber").write_text("01\n")
        config = folder / "ca.cnf"
        config.write_text(
            f"[ca]\ndefault_ca=here\n[here]\ndatabase={folder}/index.txt\ncrlnumber={folder}/crlnumber\n"
            "default_md=sha256\ndefault_crl_days=300\n"
        )
        self.crl = folder / "crl.pem"
        openssl("ca", "-config", config, "-gencrl", "-keyfile", key, "-cert", self.pem, "-out", self.crl)
        self.signer = ("-CA", self.pem, "-CAkey", key, "-CAcreateserial")

    def signed(self, *options: str, extensions: dict[str, str]) -> bytes:
        """The certificate of the request alone."""
        made, lines = self.folder / "made.pem", self.folder / "made.ext"
        lines.write_text("".join(f"{name}={value}\n" for name, value in extensions.items()))
        given = ("-extfile", lines) if extensions else ()
        openssl("x509", "-req", "-in", self.request, *self.signer, *given, "-out", made, *options)
        return made.read_bytes()

    def reply(self, certificate: bytes) -> str:
        """The file that goes back: the root first, as people put it."""
        path = self.folder / "reply.pem"
        path.write_bytes(self.pem.read_bytes() + certificate + self.crl.read_bytes())
        return str(path)


@pytest.fixture
def root(empty: Ca, tmp_path: Path) -> Root:
    empty.run("init", "--offline-root", "--name", "Example")
    return Root(tmp_path, empty.home)


LACKING = {
    "no CA:TRUE": ({}, (), "no basicConstraints say CA:TRUE"),
    "no keyUsage": ({**EXTENSIONS, "keyUsage": "digitalSignature"}, (), "keyUsage does not let this CA sign"),
    "no identifier": ({**EXTENSIONS, "subjectKeyIdentifier": "none"}, (), "no subjectKeyIdentifier"),
    "sha1": (EXTENSIONS, ("-sha1",), "signed with sha1"),
    "ended": (EXTENSIONS, ("-days", "-1"), "this CA ended on"),
}


@pytest.mark.parametrize("lack", LACKING)
def test_a_certificate_that_could_sign_nothing_is_not_accepted(empty: Ca, root: Root, lack: str) -> None:
    extensions, options, told = LACKING[lack]
    refused = empty.run("ca", "accept", root.reply(root.signed(*options, extensions=extensions)), expect=4)
    assert told in refused.stderr
    assert empty.world.store.authorities() == ()


def test_what_openssl_signed_signs_here(empty: Ca, root: Root) -> None:
    reply = root.reply(root.signed("-days", "900", "-subj", "/O=Elsewhere", extensions=EXTENSIONS))
    assert empty.json("ca", "accept", reply)["authority"]["subject"] == "O=Elsewhere"
    empty.run("issue", "alice")
    trust = ("-crl_check_all", "-CRLfile", empty.home / "ca/crl.pem", "-trusted", root.pem)
    alice = empty.home / "identities/alice"
    assert openssl("verify", *trust, "-untrusted", alice / "chain.pem", alice / "certificate.pem").endswith("OK\n")
    der = root.folder / "crl.der"
    openssl("crl", "-in", root.crl, "-outform", "der", "-out", der)
    empty.run("ca", "accept", str(der))
    empty.run("ca", "rollover", "issuing", expect=5)


def vouched(name: str, key: EllipticCurvePrivateKey, by: str, signer: EllipticCurvePrivateKey) -> bytes:
    issuer, subject = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (by, name))
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(issuer, subject, key.public_key(), 7, begin, end)
    return made.sign(signer, SHA256()).public_bytes(Encoding.PEM)


def test_cas_that_vouch_for_each_other_have_no_root() -> None:
    first, second = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    content = vouched("First", first, "Second", second) + vouched("Second", second, "First", first)
    with pytest.raises(InputError, match="lacks the certificate of CN="):
        read_reply(content, where="reply.pem")
