"""What people have of an old CA, in the forms they have it: DER, base64, PKCS#12, delta CRLs, serials counted by hand."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.app.old_keys import belongs, key_in
from handclasp.app.old_material import newest_base, revoked_by
from handclasp.pki.read import certificates_from_bytes, crl_from_der
from tests.ca_rig import Ca, openssl, verify

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
INDEX = "[ca]\ndefault_ca=x\n[x]\ndatabase={0}/index\ncrlnumber={0}/number\ndefault_md=sha256\ndefault_crl_days=30\n"


def made_ca(folder: Path, name: str = "Old CA", *, serial: str = "77") -> tuple[Path, Path]:
    """As the tutorials make it: two files."""
    folder.mkdir()
    certificate, key = folder / "ca.crt", folder / "ca.key"
    openssl("req", "-x509", *EC, "-keyout", key, "-out", certificate, "-subj", f"/CN={name}", "-days", "900",
            "-set_serial", serial, "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    key.chmod(0o600)
    return certificate, key


def client(folder: Path, name: str, serial: str, *, days: int = 90) -> Path:
    """As the tutorials make it: `-set_serial` by hand, no extensions."""
    made = folder / name
    openssl("req", "-new", *EC, "-keyout", f"{made}.key", "-out", f"{made}.csr", "-subj", f"/CN={name}")
    openssl("x509", "-req", "-in", f"{made}.csr", "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-set_serial", serial,
            "-days", str(days), "-out", f"{made}.crt")  # fmt: skip
    return Path(f"{made}.crt")


def crl_of(folder: Path, *revoked: Path) -> bytes:
    """Its CRL in DER, by openssl."""
    place = folder / "list"
    place.mkdir()
    (place / "index").touch()
    (place / "number").write_text("10\n")
    (place / "cnf").write_text(INDEX.format(place))
    words = ("ca", "-config", place / "cnf", "-cert", folder / "ca.crt", "-keyfile", folder / "ca.key")
    for one in revoked:
        openssl(*words, "-revoke", one)
    openssl(*words, "-gencrl", "-out", place / "crl.out")
    content = x509.load_pem_x509_crl((place / "crl.out").read_bytes()).public_bytes(Encoding.DER)
    for path in place.iterdir():
        path.unlink()
    place.rmdir()
    return content


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("revoked.der", lambda der: der),
        ("step", lambda der: der),  # curl -o step, from https://CA/1.0/crl
        ("cfssl.crl", lambda der: base64.b64encode(der) + b"\n"),  # what cfssl crl prints
        ("list", lambda der: base64.encodebytes(der).join((b"-----BEGIN X509 CRL-----\n", b"-----END X509 CRL-----\n"))),
    ],
)
def test_a_crl_counts_in_every_form_and_under_every_name(
    ca: Ca, tmp_path: Path, name: str, form: Callable[[bytes], bytes]
) -> None:
    folder = tmp_path / "old"
    certificate, key = made_ca(folder)
    bob = client(folder, "bob", "02")
    (tmp_path / name).write_bytes(form(crl_of(folder, bob)))
    done = ca.json("import", "--ca", str(certificate), "--key", str(key), "--crl", str(tmp_path / name))
    assert done["revoked"] == 1
    assert "revoked" in verify(ca, bob, expect=2)


def test_a_crl_that_cannot_be_taken_is_told(ca: Ca, tmp_path: Path) -> None:
    certificate, _key = made_ca(tmp_path / "old")
    report = ("import", str(tmp_path / "old"), "--report", "--crl")
    assert "holds no CRL" in ca.run(*report, str(certificate), expect=3).stderr
    assert "another CA" in ca.run(*report, str(ca.home / "ca/crl.pem"), expect=3).stderr


def test_a_certificate_that_is_given_counts_in_every_form(ca: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    made_ca(folder)
    for name in ("alice", "bob"):
        client(folder, name, {"alice": "1", "bob": "2"}[name])
    openssl("x509", "-in", folder / "alice.crt", "-outform", "DER", "-out", tmp_path / "alice")
    openssl("crl2pkcs7", "-nocrl", "-certfile", folder / "bob.crt", "-out", tmp_path / "bob.p7b")
    for name in ("alice", "bob"):
        (folder / f"{name}.crt").unlink()
    (tmp_path / "notes").write_text("nothing of the kind\n")
    report = ("import", str(folder), "--report", "--certificates")
    told = ca.json(*report, str(tmp_path / "alice"), "--certificates", str(tmp_path / "bob.p7b"))
    assert told["authorities"][0]["certificates"] == 2
    assert "holds no certificate" in ca.run(*report, str(tmp_path / "notes"), expect=3).stderr
    told = ca.json(*report, str(ca.home / "ca/issuing.pem"))
    assert "CN=Handclasp Issuing CA" in next(one["summary"] for one in told["findings"] if one["finding"] == "issued-elsewhere")


def test_serials_that_were_counted_by_hand(ca: Ca, tmp_path: Path) -> None:
    """The best-known tutorial gives root, server and client the serial 01."""
    folder = tmp_path / "old"
    made_ca(folder, serial="1")
    client(folder, "alice", "01", days=30)
    shop, carol, dave = client(folder, "shop", "01"), client(folder, "carol", "02"), client(folder, "dave", "02", days=30)
    done = ca.json("import", str(folder))
    told = {(one["finding"], one["severity"]): one["summary"] for one in done["findings"]}
    assert "CN=shop" in told[("serial-of-ca", "error")]
    assert {one["summary"] for one in done["findings"] if one["finding"] == "serial-twice"} == {
        "2 certificates have the serial 01: CN=shop, CN=alice",
        "2 certificates have the serial 02: CN=carol, CN=dave",
    }
    assert {one["name"] for one in ca.json("list")["certificates"]} == {"shop", "carol"}
    assert "shut out everybody" in ca.run("revoke", "shop", expect=4).stderr
    ca.run("revoke", "carol")
    assert "revoked" in verify(ca, carol, expect=2)
    assert "revoked" in verify(ca, dave, expect=2)
    verify(ca, shop)


def test_a_serial_of_the_ca_that_was_revoked_shuts_nobody_out(ca: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    made_ca(folder, serial="1")
    alice, bob = client(folder, "alice", "01"), client(folder, "bob", "02")
    (folder / "old.crl").write_bytes(crl_of(folder, alice))
    done = ca.json("import", str(folder))
    assert "serial-of-ca" in {one["finding"] for one in done["findings"]}
    verify(ca, bob)


@pytest.mark.parametrize(
    "words",
    [
        ("pkcs8", "-topk8", "-passout", "pass:old secret", "-outform", "DER"),
        ("pkcs8", "-topk8", "-passout", "pass:old secret"),
        ("pkcs8", "-topk8", "-nocrypt", "-outform", "DER"),
        ("ec", "-aes256", "-passout", "pass:old secret"),
        ("ec", "-outform", "DER"),
        ("pkcs12", "-passout", "pass:old secret"),
    ],
)
def test_a_key_opens_in_every_form(tmp_path: Path, words: tuple[str, ...]) -> None:
    certificate, key = made_ca(tmp_path / "old")
    made = tmp_path / "key"
    if words[0] == "pkcs12":
        openssl("pkcs12", "-export", "-inkey", key, "-in", certificate, *words[1:], "-out", made)
    else:
        openssl(words[0], "-in", key, *words[1:], "-out", made)
    owner = certificates_from_bytes(certificate.read_bytes(), where="")[0]
    found = key_in(PosixFileTree(), str(made), b"old secret")
    assert belongs(found, owner)
    locked = "pass:old secret" in words
    assert found.encrypted is locked
    without = key_in(PosixFileTree(), str(made), None)
    assert (belongs(without, owner), without.encrypted) == (not locked, locked)
    if locked:
        assert not belongs(key_in(PosixFileTree(), str(made), b"wrong"), owner)


def test_a_ca_in_one_file(ca: Ca, tmp_path: Path) -> None:
    certificate, key = made_ca(tmp_path / "old")
    alice, both, secret = client(tmp_path / "old", "alice", "5"), tmp_path / "ca.pfx", tmp_path / "secret"
    openssl("pkcs12", "-export", "-inkey", key, "-in", certificate, "-passout", "pass:old secret", "-out", both)
    assert "with a password" in ca.run("import", str(both), expect=2).stderr
    for word, code in (("wrong", 3), ("old secret", 0)):
        secret.write_text(f"{word}\n")
        secret.chmod(0o600)
        given = ("--certificates", str(alice), "--old-passphrase-file", str(secret))
        said = ca.run("import", str(both), *given, expect=code)
    assert said.returncode == 0
    ca.run("revoke", "alice")
    assert "revoked" in verify(ca, alice, expect=2)
    pem = tmp_path / "both.pem"
    pem.write_bytes(certificate.read_bytes() + key.read_bytes())
    assert ca.json("import", str(pem), "--label", "again")["authorities"][0]["signs"] is True


def test_a_database_of_xca_is_told_by_its_name(ca: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "xca"
    folder.mkdir()
    (folder / "my.xdb").write_bytes(b"SQLite format 3\0" + bytes(100))
    for place in (folder, folder / "my.xdb"):
        said = ca.run("import", str(place), "--report", expect=3).stderr
        assert "XCA" in said
        assert "--old-passphrase-file" in said


def crl(number: int, *entries: tuple[int, x509.ReasonFlags], base: int | None = None, only_user: bool = False) -> bytes:
    """A CRL of nobody in particular; with `base` a delta."""
    begins = NOW + timedelta(days=number)
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Old CA")]),
        last_update=begins,
        next_update=begins + timedelta(days=9),
    )
    builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    if base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(base), critical=True)
    if only_user:
        scope = x509.IssuingDistributionPoint(None, None, only_user, False, None, False, False)
        builder = builder.add_extension(scope, critical=True)
    for serial, reason in entries:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW)
        builder = builder.add_revoked_certificate(entry.add_extension(x509.CRLReason(reason), critical=False).build())
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256()).public_bytes(Encoding.DER)


def test_a_delta_adds_to_its_base_and_lifts_only_holds() -> None:
    """Windows publishes NAME.crl and NAME+.crl; the delta alone has the higher number."""
    flags = x509.ReasonFlags
    base = crl(5, (1, flags.key_compromise), (2, flags.certificate_hold), (3, flags.superseded))
    before = crl(4, (9, flags.certificate_hold), base=3)
    delta = crl(6, (2, flags.remove_from_crl), (3, flags.remove_from_crl), (4, flags.key_compromise), base=5)
    lists = tuple(crl_from_der(one) for one in (before, base, delta))
    assert set(revoked_by(lists)) == {1, 3, 4}
    assert newest_base(lists) == lists[1]


def test_lists_of_another_scope_count_beside_the_newest() -> None:
    flags = x509.ReasonFlags
    users, everybody = crl(7, (1, flags.superseded), only_user=True), crl(8, (2, flags.superseded))
    former = crl(6, (3, flags.superseded))
    lists = tuple(crl_from_der(one) for one in (former, users, everybody))
    assert set(revoked_by(lists)) == {1, 2}
    assert newest_base(lists) == lists[2]
    assert newest_base(lists[1:2]) == lists[1]  # as of step-ca: it counts where there is no other
    assert set(revoked_by(lists[:1])) == {3}


@pytest.mark.parametrize(("name", "word"), [("certdb.sql", "cfssl crl"), ("ca.xdb", "XCA")])
def test_a_database_beside_a_key_pair_is_not_passed_over(ca: Ca, tmp_path: Path, name: str, word: str) -> None:
    folder = tmp_path / "old"
    made_ca(folder)
    bob = client(folder, "bob", "02")
    (folder / name).write_bytes(b"COPY public.certificates FROM stdin;\n")
    (told,) = [one for one in ca.json("import", str(folder), "--report", expect=1)["findings"] if one["severity"] == "error"]
    assert (told["finding"], told["where"]) == ("database-unreadable", str(folder / name))
    assert word in told["hint"]
    (folder / "old.crl").write_bytes(crl_of(folder, bob))
    told = ca.json("import", str(folder), "--report")
    assert {one["severity"] for one in told["findings"]} == {"warning"}
