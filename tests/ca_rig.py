"""A real CA in a throw-away home, driven through the command line, and the judges of what it leaves behind."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from handclasp.adapters.key_files import ScryptCost, encrypted_pem
from handclasp.pki.signing import SigningKey
from handclasp.wiring import World
from tests import warm

PASSPHRASE = "correct horse battery"


@dataclass(frozen=True)
class Ca:
    """`place`: in front of each command, where it has to run somewhere else (net_rig)."""

    home: Path
    passphrase: Path
    place: tuple[str, ...] = ()

    def start(self, *args: str, env: dict[str, str] | None = None, **options: Any) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*self.place, sys.executable, "-W", "error", "-m", "handclasp", *args],
            env=self._env() | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(
        self, *args: str, expect: int = 0, env: dict[str, str] | None = None, cwd: Path | None = None, **options: Any
    ) -> "subprocess.CompletedProcess[str]":
        environment = self._env() | (env or {})
        if not self.place and not options and warm.fits(environment):
            code, out, err = warm.run(args, environment, str(cwd or Path.cwd()), timeout=120)
        else:
            process = self.start(*args, env=env, cwd=cwd, **options)
            out, err = process.communicate(timeout=120)
            code = process.returncode
        assert code == expect, (args, code, out, err)
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(args, code, out, err)

    def json(self, *args: str, expect: int = 0, env: dict[str, str] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*args, "--json", expect=expect, env=env).stdout)
        return found

    def identity(self, name: str, file: str = "") -> Path:
        return self.home / "identities" / name / file

    @property
    def world(self) -> World:
        return World(str(self.home), passphrase_file=str(self.passphrase))

    def _env(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("HANDCLASP_")}
        return kept | {"HANDCLASP_HOME": str(self.home), "HANDCLASP_PASSPHRASE_FILE": str(self.passphrase), "LC_ALL": "C.UTF-8"}


def fresh(folder: Path) -> Ca:
    """A home that does not exist yet."""
    folder.mkdir(parents=True, exist_ok=True)
    passphrase = folder / "passphrase"
    passphrase.write_text(PASSPHRASE + "\n")
    passphrase.chmod(0o600)
    return Ca(home=folder / "home", passphrase=passphrase)


def founded(folder: Path, *options: str) -> Ca:
    """A CA that has just been made; its keys open without the labour that a passphrase is to cost who guesses it."""
    made = fresh(folder)
    made.run("init", *options)
    secret = PASSPHRASE.encode()
    for path in (made.home / "keys").iterdir():
        key = cast("SigningKey", load_pem_private_key(path.read_bytes(), secret))
        path.write_bytes(encrypted_pem(key, secret, ScryptCost(n=16, p=1)))
    return made


def copied(template: Ca, folder: Path) -> Ca:
    """The same CA in another place."""
    made = fresh(folder)
    shutil.copytree(template.home, made.home)
    return made


def openssl(*args: str | Path, expect: int = 0) -> str:
    done = subprocess.run(
        ["openssl", *map(str, args)], capture_output=True, text=True, errors="replace", check=False, timeout=60
    )
    assert done.returncode == expect, (args, done.stdout, done.stderr)
    return done.stdout + done.stderr


def verify(ca: Ca, certificate: Path, *, purpose: str = "sslclient", expect: int = 0) -> str:
    """What OpenSSL says of the whole path, strictly, with the CRL of every CA."""
    trusted, crl = ca.home / "ca" / "bundle.pem", ca.home / "ca" / "crl.pem"
    judges = ("-x509_strict", "-crl_check_all", "-CRLfile", crl, "-CAfile", trusted, "-purpose", purpose)
    return openssl("verify", *judges, certificate, expect=expect)


def assert_consistent(ca: Ca) -> None:
    """Nothing half-made anywhere, everything signed is known, every folder holds what belongs together."""
    leftovers = [path for path in ca.home.rglob(".*") if path.is_file()]
    assert not leftovers, leftovers
    with sqlite3.connect(ca.home / "registry.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    store = ca.world.store
    assert store.pending() == ()
    assert store.unexported() == ()
    known = {record.serial: record.certificate for record in store.certificates()}
    for path in (ca.home / "ca" / "root.pem", ca.home / "ca" / "issuing.pem", *ca.home.glob("identities/*/certificate.pem")):
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        der = known[certificate.serial_number]
        assert der is not None
        assert x509.load_der_x509_certificate(der) == certificate
    for folder in ca.home.glob("identities/*"):
        if list(folder.iterdir()):  # an empty one is of an issue that died before its signature
            assert_identity_whole(ca, folder)
    ca.run("audit")
    openssl("crl", "-in", ca.home / "ca" / "crl.pem", "-CAfile", ca.home / "ca" / "bundle.pem", "-noout")


def assert_identity_whole(ca: Ca, folder: Path) -> None:
    certificate = x509.load_pem_x509_certificate((folder / "certificate.pem").read_bytes())
    for usage, purpose in (("TLS Web Client", "sslclient"), ("TLS Web Server", "sslserver")):
        if usage in openssl("x509", "-in", folder / "certificate.pem", "-noout", "-ext", "extendedKeyUsage"):
            verify(ca, folder / "certificate.pem", purpose=purpose)
    chain = x509.load_pem_x509_certificates((folder / "chain.pem").read_bytes())
    issuing = x509.load_pem_x509_certificate((ca.home / "ca" / "issuing.pem").read_bytes())
    assert chain == [certificate, issuing]
    if not (folder / "key.pem").exists():
        assert not list(folder.glob("*.p12"))
        return
    public = openssl("x509", "-in", folder / "certificate.pem", "-noout", "-pubkey")
    assert openssl("pkey", "-in", folder / "key.pem", "-pubout") == public
    inside = openssl("pkcs12", "-in", folder / f"{folder.name}.p12", "-passin", f"file:{folder / 'p12-password.txt'}", "-nodes")
    assert "PRIVATE KEY" in inside
    assert inside.count("BEGIN CERTIFICATE") == 2
    for secret in ("key.pem", "p12-password.txt", f"{folder.name}.p12"):
        assert (folder / secret).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
