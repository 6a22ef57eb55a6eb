"""Taking over what easy-rsa, step-ca, cfssl and a bare key left, made with the real tools where they are packaged."""

import json
import os
import shutil
import sqlite3
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from handclasp.pki.serials import format_serial
from tests.ca_rig import Ca, openssl, verify

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

EASYRSA = Path("/usr/share/easy-rsa/easyrsa")
CFSSL_TABLE = """CREATE TABLE certificates (
  serial_number blob NOT NULL, authority_key_identifier blob NOT NULL, ca_label blob, status blob NOT NULL, reason int,
  expiry timestamp, revoked_at timestamp, pem blob NOT NULL, PRIMARY KEY(serial_number, authority_key_identifier))"""


def tool(*args: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    assert shutil.which(str(args[0])), f"{args[0]} is missing: tools/bootstrap.sh test installs it"
    done = subprocess.run(
        [*map(str, args)], cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (args, done.stdout, done.stderr)
    return done.stdout


def secret(folder: Path, word: str = "old secret") -> Path:
    path = folder / "old-secret"
    path.write_text(word + "\n")
    path.chmod(0o600)
    return path


def statuses(ca: Ca) -> dict[str, str]:
    return {one["name"]: one["status"] for one in ca.json("list")["certificates"]}


def slugs(document: dict[str, list[dict[str, str]]]) -> set[str]:
    return {one["finding"] for one in document["findings"]}


def leaf(folder: Path, name: str, authority: tuple[Path, Path], *more: str) -> Path:
    """A client certificate made with `openssl x509 -req`, which remembers nothing."""
    made = folder / name
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{made}.key",
            "-out", f"{made}.csr", "-subj", f"/CN={name}")  # fmt: skip
    (folder / "ext").write_text("extendedKeyUsage=clientAuth\n")
    openssl("x509", "-req", "-in", f"{made}.csr", "-CA", authority[0], "-CAkey", authority[1], "-out", f"{made}.crt",
            "-days", "90", "-extfile", folder / "ext", *more)  # fmt: skip
    return Path(f"{made}.crt")


@pytest.fixture
def easyrsa(tmp_path: Path) -> Path:
    folder = tmp_path / "easy"
    folder.mkdir()
    clients = (("build-client-full", "alice", "nopass"), ("build-client-full", "bob", "nopass"))
    servers = (("build-server-full", "vpn.test", "nopass"), ("revoke", "bob", "keyCompromise"), ("gen-crl",))
    for args in (("init-pki",), ("build-ca", "nopass"), *clients, *servers):
        tool(EASYRSA, "--batch", *args, cwd=folder, env={"EASYRSA_PKI": str(folder / "pki")})
    return folder


def test_easy_rsa(easyrsa: Path, ca: Ca) -> None:
    before = {path: path.read_bytes() for path in easyrsa.rglob("*") if path.is_file()}
    told = ca.json("import", str(easyrsa), "--report", expect=0)
    assert told["kind"] == "easy-rsa"
    assert (told["authorities"][0]["certificates"], told["authorities"][0]["revoked"]) == (3, 1)
    assert "ca-key-clear" in slugs(told)
    assert statuses(ca) == {}
    done = ca.json("import", str(easyrsa))
    assert (done["taken"], done["revoked"], done["missing"]) == (3, 1, [])
    assert statuses(ca) == {"alice": "good", "bob": "revoked", "vpn.test": "good"}
    judges = ("-crl_check_all", "-CRLfile", ca.home / "ca/crl.pem", "-CAfile", ca.home / "ca/bundle.pem")
    openssl("verify", *judges, easyrsa / "pki/issued/alice.crt")
    bob = next((easyrsa / "pki/revoked/certs_by_serial").glob("*.crt"))
    assert "revoked" in openssl("verify", *judges, bob, expect=2)
    ca.run("renew", "alice")
    verify(ca, ca.identity("alice", "certificate.pem"))
    assert {one["authority"]: one["number"] for one in done["crls"]}["old"] > 0
    assert {path: path.read_bytes() for path in easyrsa.rglob("*") if path.is_file()} == before


def test_the_folder_pki_alone_is_enough(easyrsa: Path, ca: Ca) -> None:
    assert ca.json("import", str(easyrsa / "pki"))["taken"] == 3


@pytest.fixture
def step(tmp_path: Path) -> Path:
    """As `step ca init` leaves it: keys in the old encrypted PEM form, a badger database, no list of what was issued."""
    folder = tmp_path / "step"
    for name in ("certs", "secrets", "config", "db"):
        (folder / name).mkdir(parents=True)
    (folder / "config/ca.json").write_text(
        json.dumps({"root": "certs/root_ca.crt", "authority": {}, "db": {"type": "badgerv2"}})
    )
    for name in ("root", "intermediate"):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", tmp_path / f"{name}.plain")
        openssl("ec", "-in", tmp_path / f"{name}.plain", "-aes256", "-passout", "pass:old secret", "-out",
                folder / f"secrets/{name}_ca_key")  # fmt: skip
        (folder / f"secrets/{name}_ca_key").chmod(0o600)
    openssl("req", "-x509", "-key", tmp_path / "root.plain", "-subj", "/CN=Step Root CA", "-days", "900", "-out",
            folder / "certs/root_ca.crt", "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    openssl(
        "req", "-new", "-key", tmp_path / "intermediate.plain", "-subj", "/CN=Step Intermediate CA", "-out", tmp_path / "i.csr"
    )
    (tmp_path / "ext").write_text("basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n")
    openssl("x509", "-req", "-in", tmp_path / "i.csr", "-CA", folder / "certs/root_ca.crt", "-CAkey", tmp_path / "root.plain",
            "-days", "800", "-extfile", tmp_path / "ext", "-out", folder / "certs/intermediate_ca.crt")  # fmt: skip
    return folder


def test_step_ca(step: Path, ca: Ca, tmp_path: Path) -> None:
    issued = tmp_path / "issued"
    issued.mkdir()
    alice = leaf(issued, "alice", (step / "certs/intermediate_ca.crt", tmp_path / "intermediate.plain"))
    told = ca.json("import", str(step), "--report", "--certificates", str(issued), expect=1)
    assert told["kind"] == "step-ca"
    unread = next(one for one in told["findings"] if one["finding"] == "database-unreadable")
    assert "badgerv2" in unread["summary"]
    assert unread["severity"] == "error"  # what was revoked there is not known
    assert "/1.0/crl" in unread["hint"]
    assert {"database-unreadable", "crl-missing"} <= slugs(told)
    assert "issued-ca" not in slugs(told)
    given = ("--old-passphrase-file", str(secret(tmp_path)), "--certificates", str(issued))
    done = ca.json("import", str(step), *given)
    assert [(one["label"], one["signs"]) for one in done["authorities"]] == [("old-root", True), ("old", True)]
    verify(ca, alice)
    assert statuses(ca) == {"alice": "good"}
    assert {one["label"]: one["state"] for one in ca.json("ca", "list")["authorities"]}["old"] == "retired"
    ca.run("revoke", str(openssl("x509", "-in", alice, "-noout", "-serial").partition("=")[2].strip()))
    assert "revoked" in verify(ca, alice, expect=2)
    ca.run("issue", "carl")
    assert ca.json("show", "carl")["certificates"][0]["issuer"] == "issuing"


def step_crl(authority: Path, key: Path, serial: int) -> bytes:
    """As https://CA/1.0/crl gives it: DER, of users alone, with the address of the list (RFC 5280 5.2.5)."""
    issuer = x509.load_pem_x509_certificate(authority.read_bytes())
    begins = issuer.not_valid_before_utc
    address = x509.UniformResourceIdentifier("https://ca.example.test/1.0/crl")
    scope = x509.IssuingDistributionPoint([address], None, True, False, None, False, False)
    entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(begins).build()
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=issuer.subject, last_update=begins, next_update=begins + timedelta(days=1), revoked_certificates=[entry]
    )
    builder = builder.add_extension(scope, critical=True).add_extension(x509.CRLNumber(7), critical=False)
    signer = cast("EllipticCurvePrivateKey", load_pem_private_key(key.read_bytes(), None))
    return builder.sign(signer, SHA256()).public_bytes(Encoding.DER)


def test_what_step_ca_says_is_revoked_is_known(step: Path, ca: Ca, tmp_path: Path) -> None:
    authority = (step / "certs/intermediate_ca.crt", tmp_path / "intermediate.plain")
    alice = leaf(tmp_path, "alice", authority)
    serial = x509.load_pem_x509_certificate(alice.read_bytes()).serial_number
    (tmp_path / "crl").write_bytes(step_crl(*authority, serial))
    given = ("--old-passphrase-file", str(secret(tmp_path)), "--crl", str(tmp_path / "crl"))
    done = ca.json("import", str(step), *given)
    assert (done["revoked"], done["missing"]) == (1, [format_serial(serial)])
    assert {one["severity"] for one in done["findings"] if one["finding"] == "database-unreadable"} == {"warning"}
    assert {one["authority"]: one["number"] for one in done["crls"]}["old"] > 7
    assert "revoked" in verify(ca, alice, expect=2)


def test_a_root_that_is_offline_needs_its_crl(step: Path, ca: Ca, tmp_path: Path) -> None:
    (step / "secrets/root_ca_key").unlink()
    given = ("import", str(step), "--old-passphrase-file", str(secret(tmp_path)))
    assert "--crl FILE" in ca.run(*given, expect=4).stderr
    index = tmp_path / "root-ca"
    index.mkdir()
    (index / "index.txt").write_text("")
    (index / "crlnumber").write_text("07\n")
    config = index / "c.cnf"
    config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={index}/index.txt\ncrlnumber={index}/crlnumber\ndefault_md=sha256\n"
                      "default_crl_days=60\n")  # fmt: skip
    openssl("ca", "-config", config, "-gencrl", "-keyfile", tmp_path / "root.plain", "-cert", step / "certs/root_ca.crt",
            "-out", index / "crl.pem")  # fmt: skip
    done = ca.json(*given, "--crl", str(index / "crl.pem"))
    assert [(one["label"], one["signs"]) for one in done["authorities"]] == [("old-root", False), ("old", True)]
    assert {one["authority"]: one["number"] for one in done["crls"]}["old-root"] == 7


def test_cfssl(ca: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "cfssl"
    folder.mkdir()
    with sqlite3.connect(folder / "certs.db") as connection:
        connection.execute(CFSSL_TABLE)
    connection.close()
    (folder / "db.json").write_text(json.dumps({"driver": "sqlite3", "data_source": "certs.db"}))
    (folder / "ca-csr.json").write_text(json.dumps({"CN": "cfssl CA", "key": {"algo": "ecdsa", "size": 256}}))
    signing = {"default": {"usages": ["digital signature", "client auth"], "expiry": "8760h"}}
    (folder / "config.json").write_text(json.dumps({"signing": signing}))
    made = json.loads(tool("cfssl", "gencert", "-initca", "ca-csr.json", cwd=folder))
    (folder / "ca.pem").write_text(made["cert"])
    (folder / "ca-key.pem").write_text(made["key"])
    for name in ("alice", "bob"):
        (folder / "csr.json").write_text(json.dumps({"CN": name, "hosts": [""], "key": {"algo": "ecdsa", "size": 256}}))
        made = json.loads(
            tool(
                "cfssl",
                "gencert",
                "-ca",
                "ca.pem",
                "-ca-key",
                "ca-key.pem",
                "-config",
                "config.json",
                "-db-config",
                "db.json",
                "csr.json",
                cwd=folder,
            )
        )
        (tmp_path / f"{name}.pem").write_text(made["cert"])
    serial = str(int(openssl("x509", "-in", tmp_path / "bob.pem", "-noout", "-serial").partition("=")[2], 16))
    with sqlite3.connect(folder / "certs.db") as connection:  # as `cfssl revoke` does, which wants a CA with a key identifier
        changed = connection.execute(
            "UPDATE certificates SET status='revoked', revoked_at=CURRENT_TIMESTAMP, reason=1 WHERE serial_number=?", (serial,)
        )
        assert changed.rowcount == 1
    connection.close()
    told = ca.json("import", str(folder), "--report", expect=1)
    assert told["kind"] == "cfssl"
    assert "ca-key-readable" in slugs(told)
    assert not {"copy-extensions", "database-unreadable"} & slugs(told)
    others = {"signing": {"profiles": {"any": {"copy_extensions": True}}}}
    (folder / "other.json").write_text(json.dumps(others))
    (folder / "db2.json").write_text(json.dumps({"driver": "postgres", "data_source": "postgres://a:b@db/certs"}))
    (folder / "odd.json").write_text("[" * 100_000)
    told = ca.json("import", str(folder), "--report", expect=1)
    assert {"copy-extensions", "database-unreadable"} <= slugs(told)
    assert "a:b@db" not in json.dumps(told)
    done = ca.json("import", str(folder))
    assert (done["taken"], done["revoked"], done["missing"]) == (2, 1, [])
    assert statuses(ca) == {"alice": "good", "bob": "revoked"}
    assert ca.json("list", "bob")["certificates"][0]["reason"] == "keyCompromise"
    verify(ca, tmp_path / "alice.pem")
    assert "revoked" in verify(ca, tmp_path / "bob.pem", expect=2)
    ca.run("renew", "alice")


def test_a_bare_certificate_and_key(ca: Ca, tmp_path: Path) -> None:
    authority = (tmp_path / "my.crt", tmp_path / "my.key")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", authority[1], "-out", authority[0], "-subj", "/CN=Mine",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    authority[1].chmod(0o644)
    issued = tmp_path / "issued"
    issued.mkdir()
    alice = leaf(issued, "alice", authority)
    rogue = leaf(issued, "rogue", authority)
    given = ("--ca", str(authority[0]), "--key", str(authority[1]), "--certificates", str(issued))
    told = ca.json("import", *given, "--report", expect=1)
    assert (told["kind"], told["authorities"][0]["certificates"]) == ("key-pair", 2)
    assert {"ca-key-readable", "crl-missing"} <= slugs(told)
    ca.run("import", *given)
    verify(ca, alice)
    ca.run("revoke", "rogue")
    assert "revoked" in verify(ca, rogue, expect=2)


def test_below_another_ca_of_this_home(ca: Ca, tmp_path: Path) -> None:
    """An issuing CA that another program ran below this home's root."""
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "sub.key",
            "-out", tmp_path / "sub.csr", "-subj", "/CN=Branch CA")  # fmt: skip
    ca.run("ca", "sign", str(tmp_path / "sub.csr"), "-o", str(tmp_path / "reply.pem"))
    (tmp_path / "sub.crt").write_text(openssl("x509", "-in", tmp_path / "reply.pem"))
    alice = leaf(tmp_path, "alice", (tmp_path / "sub.crt", tmp_path / "sub.key"))
    given = ("--ca", str(tmp_path / "sub.crt"), "--key", str(tmp_path / "sub.key"), "--certificates", str(alice))
    ca.run("import", *given, "--label", "branch")
    assert {one["label"]: one["parent"] for one in ca.json("ca", "list")["authorities"]}["branch"] == "root"
    verify(ca, alice)


def test_an_unknown_ca_above_is_refused(ca: Ca, step: Path, tmp_path: Path) -> None:
    (step / "certs/root_ca.crt").unlink()
    told = ca.run("import", str(step), "--old-passphrase-file", str(secret(tmp_path)), expect=4).stderr
    assert "CN=Step Root CA" in told
    assert "--certificates FILE" in told


def test_what_is_unsafe_is_told(ca: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "demoCA"
    (folder / "private").mkdir(parents=True)
    (folder / "certs").mkdir()
    authority = (folder / "cacert.pem", folder / "private/cakey.pem")
    openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", authority[1], "-out", authority[0], "-subj", "/CN=Weak",
            "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    alice = leaf(folder / "certs", "alice", authority)
    alice.with_suffix(".key").chmod(0o644)
    authority[1].chmod(0o644)
    (folder / "openssl.cnf").write_text("[ca]\n# copy_extensions = copyall\n[x]\ncopy_extensions = copy\n")
    serial = openssl("x509", "-in", alice, "-noout", "-serial").partition("=")[2].strip()
    (folder / "index.txt").write_text(f"R\t491231235959Z\t251231235959Z,keyCompromise\t{serial}\tunknown\t/CN=alice\n"
                                      "V\t491231235959Z\t\t77\tunknown\t/CN=lost\n")  # fmt: skip
    (folder / "crlnumber").write_text("02\n")
    ca_config = folder / "ca.cnf"
    ca_config.write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={tmp_path}/empty\ncrlnumber={tmp_path}/number\ndefault_md=sha256\n"
    )
    (tmp_path / "empty").write_text("")
    (tmp_path / "number").write_text("01\n")
    openssl("ca", "-config", ca_config, "-gencrl", "-crlsec", "1", "-keyfile", authority[1], "-cert", authority[0], "-out",
            folder / "crl.pem")  # fmt: skip
    import time

    time.sleep(1.2)  # the CRL of one second has ended
    told = ca.json("import", str(folder), "--report", expect=1)
    wanted = {"copy-extensions", "ca-weak", "ca-key-usage", "ca-key-readable", "key-readable", "crl-expired"}
    assert slugs(told) == wanted | {"revocation-unpublished", "certificates-missing"}
    assert next(one["where"] for one in told["findings"] if one["finding"] == "copy-extensions").endswith("openssl.cnf:4")
    chinese = ca.run("import", str(folder), "--report", "--lang", "zh", expect=1).stdout
    assert "吊销列表已于" in chinese


LAYOUT = """
[default]
name = root-ca          # a comment
[ca_default]
home = /somewhere/else/old
database = $home/db/index
serial = $home/db/serial
crlnumber = ${{home}}/db/crlnumber
certificate = $home/$name.crt
private_key = $(home)/private/$name.key
new_certs_dir = {folder}/certs
unique_subject = no
rand_serial = yes
default_days = 3650
default_crl_days = 30
default_md = sha256
policy = any
[any]
commonName = supplied
[ca]
default_ca = ca_default
"""


@pytest.fixture
def cookbook(tmp_path: Path) -> Path:
    """A layout of which only its configuration knows; names, times and reasons as openssl writes them."""
    folder = tmp_path / "old"
    for name in ("certs", "db", "private"):
        (folder / name).mkdir(parents=True)
    (folder / "db/index").touch()
    text = LAYOUT.format(folder=folder)
    (folder / "ca.conf").write_text(text)
    (tmp_path / "here.conf").write_text(text.replace("/somewhere/else/old", str(folder)))
    key, root = folder / "private/root-ca.key", folder / "root-ca.crt"
    new = ("req", "-newkey", "rsa:2048", "-noenc", "-utf8")
    openssl(*new, "-x509", "-keyout", key, "-out", root, "-subj", "/CN=Old Root", "-addext", "keyUsage=keyCertSign,cRLSign")
    old = ("ca", "-batch", "-notext", "-utf8", "-config", tmp_path / "here.conf")
    ends = {"ended": "20210101000000Z", "far": "20651231235959Z"}
    for name in ("gute \u5f20", "stolen", "ca-stolen", "held", "waits", "ended", "far", "twice", "twice"):
        openssl(*new, "-keyout", tmp_path / "k", "-out", tmp_path / "r", "-subj", f"/CN={name}")
        lasts = ("-startdate", "20200101000000Z", "-enddate", ends[name]) if name in ends else ()
        openssl(*old, "-in", tmp_path / "r", "-out", tmp_path / f"{name}.crt", *lasts)
    for name, *why in (
        ("stolen", "-crl_compromise", "20260101000000Z"),
        ("ca-stolen", "-crl_CA_compromise", "20260101000000Z"),
        ("held", "-crl_hold", "holdInstructionReject"),
        ("waits", "-crl_reason", "certificateHold"),
    ):
        openssl(*old, "-revoke", tmp_path / f"{name}.crt", *why)
    openssl(*old, "-updatedb")
    return folder


def test_a_layout_that_only_its_configuration_knows(cookbook: Path, ca: Ca, tmp_path: Path) -> None:
    report = ca.json("import", str(cookbook), "--report")
    assert report["kind"] == "openssl"
    (one,) = report["authorities"]
    assert (one["certificates"], one["revoked"], one["key"]) == (9, 4, str(cookbook / "private/root-ca.key"))
    assert not (cookbook / "db/crlnumber").exists()  # no CRL was ever made
    ca.run("import", str(cookbook), "--label", "old")
    listed = {(one["name"], one["reason"], one["status"]) for one in ca.json("list")["certificates"]}
    assert listed == {
        ("gute \u5f20", None, "good"),
        ("stolen", "keyCompromise", "revoked"),
        ("ca-stolen", "cACompromise", "revoked"),
        ("held", "certificateHold", "revoked"),
        ("waits", "certificateHold", "revoked"),
        ("ended", None, "expired"),
        ("far", None, "good"),
        ("twice", None, "good"),
    }
    ca.run("unhold", "held")
    ca.run("revoke", "gute \u5f20")
    crls, trusted = ca.home / "ca/crl.pem", ca.home / "ca/bundle.pem"
    for name, expect in (("held", 0), ("waits", 2), ("stolen", 2), ("gute \u5f20", 2), ("twice", 0)):
        openssl("verify", "-crl_check", "-CRLfile", crls, "-CAfile", trusted, tmp_path / f"{name}.crt", expect=expect)


def test_a_folder_without_a_known_ca_says_what_to_name(cookbook: Path, ca: Ca) -> None:
    (cookbook / "ca.conf").unlink()
    refused = ca.run("import", str(cookbook), "--report", expect=3)
    assert "--ca FILE --key FILE" in refused.stderr
    named = ("--ca", str(cookbook / "root-ca.crt"), "--key", str(cookbook / "private/root-ca.key"))
    found = ca.json("import", str(cookbook), *named, "--report")
    assert found["authorities"][0]["subject"] == "CN=Old Root"


@pytest.mark.parametrize("line", ["V\t991231235959Z\t\t-1\tunknown\t/CN=a", "V\t991231235959Z\t\t0x10\tunknown\t/CN=a",
                                  "V\tnever\t\t10\tunknown\t/CN=a",
                                  "X\t991231235959Z\t\t10\tunknown\t/CN=a", "V\t10"])  # fmt: skip
def test_a_line_that_is_none_is_named(cookbook: Path, ca: Ca, line: str) -> None:
    index = cookbook / "db/index"
    good = index.read_text()
    index.write_text(good + line + "\n")
    refused = ca.run("import", str(cookbook), "--report", expect=3)
    assert f"{index}:{len(good.splitlines()) + 1}: " in refused.stderr


def test_a_report_needs_no_home_and_no_passphrase(empty: Ca, step: Path) -> None:
    told = empty.json("import", str(step), "--report", expect=1)
    assert [one["subject"] for one in told["authorities"]] == ["CN=Step Root CA", "CN=Step Intermediate CA"]
    assert all(one["key"] for one in told["authorities"])
    assert not empty.home.exists()


def test_a_database_of_something_else(ca: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        folder / "ca.key",
        "-out",
        folder / "ca.crt",
        "-subj",
        "/CN=X",
    )
    with sqlite3.connect(folder / "other.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    assert "certificates" in ca.run("import", str(folder), expect=3).stderr


def test_a_name_that_is_taken_here_gets_the_label(ca: Ca, tmp_path: Path) -> None:
    ca.run("issue", "alice")
    authority = (tmp_path / "my.crt", tmp_path / "my.key")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", authority[1], "-out", authority[0], "-subj", "/CN=Mine",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    alice = leaf(tmp_path, "alice", authority)
    ca.run("import", "--ca", str(authority[0]), "--key", str(authority[1]), "--certificates", str(alice))
    assert statuses(ca) == {"alice": "good", "alice old": "good"}
