"""Certificates found by whatever a person has of them."""

import re
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.ca_rig import Ca, openssl, verify


@pytest.fixture
def peopled(ca: Ca) -> Ca:
    ca.run("issue", "alice", "--san", "email:alice@example.test")
    ca.run("issue", "api.test", "--profile", "server", "--days", "5")
    return ca


def named(ca: Ca, *words: str, expect: int = 0) -> list[str]:
    return [one["name"] for one in ca.json("list", *words, expect=expect)["certificates"]]


def test_by_everything_that_a_certificate_says(peopled: Ca) -> None:
    path = peopled.identity("alice", "certificate.pem")
    serial = openssl("x509", "-in", path, "-noout", "-serial").strip().partition("=")[2]
    prints = [
        openssl("x509", "-in", path, "-noout", "-fingerprint", kind).strip().partition("=")[2] for kind in ("-sha256", "-sha1")
    ]
    for what in ("alice", serial, serial.lower(), *prints, prints[0].replace(":", "").lower(), "alice@example.test",
                 "email:alice@example.test", str(path)):  # fmt: skip
        assert named(peopled, what) == ["alice"], what
    assert named(peopled, "dns:api.test") == ["api.test"]
    assert named(peopled, "nobody", expect=1) == []
    assert named(peopled, "00:11:22", expect=1) == []


def test_as_it_is_pasted(ca: Ca) -> None:
    ca.run(
        "issue", "J\u00fcrgen", "--san", "upn:Juergen@example.test", "--san", "ip:2001:db8::7", "--san", "uri:spiffe://a.test/j"
    )
    path = ca.identity("J\u00fcrgen", "certificate.pem")
    lines = [openssl("x509", "-in", path, "-noout", *words) for words in (
        ("-fingerprint",), ("-fingerprint", "-sha256"), ("-serial",),
    )]  # fmt: skip
    number = x509.load_pem_x509_certificate(path.read_bytes()).serial_number
    for what in (*lines, "SHA-1 Fingerprint: " + lines[0].partition("=")[2], f" {number:X} ", str(number), f"0x{number:x}",
                 "upn:juergen@example.test", "juergen@example.test", "ip:2001:db8::7", "2001:db8::7", "spiffe://a.test/j",
                 "Ju\u0308rgen", path.read_text(), f"Bag Attributes\n{path.read_text()}"):  # fmt: skip
        assert named(ca, what) == ["J\u00fcrgen"], what
        assert ca.json("show", what)["name"] == "J\u00fcrgen"


def test_standard_input(peopled: Ca) -> None:
    with peopled.identity("alice", "certificate.pem").open() as pasted:
        done = subprocess.run(
            [sys.executable, "-m", "handclasp", "list", "-", "--home", str(peopled.home)],
            stdin=pasted, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("alice ")


def test_orders_and_filters(peopled: Ca) -> None:
    assert named(peopled, "--expiring", "30") == ["api.test"]
    assert named(peopled, "--sort", "end") == ["api.test", "alice"]
    assert named(peopled, "--sort", "name") == ["alice", "api.test"]
    assert named(peopled, "--from-ca", "root") == []
    for words in (("list", "--from-ca"), ("renew", "--under")):
        assert "there is no CA 'isuing' in this home" in peopled.run(*words, "isuing", expect=2).stderr
    assert "alice" in peopled.run("list", "--lang", "zh").stdout


def test_revoked_by_fingerprint(peopled: Ca) -> None:
    path = peopled.identity("alice", "certificate.pem")
    digest = openssl("x509", "-in", path, "-noout", "-fingerprint", "-sha256").strip().partition("=")[2]
    peopled.run("revoke", digest, "--reason", "privilegeWithdrawn")
    verify(peopled, path, expect=2)
    assert "privilegeWithdrawn" in peopled.run("list", "--status", "revoked").stdout


def test_an_expired_certificate_is_revoked_by_its_serial(peopled: Ca) -> None:
    import sqlite3

    serial = peopled.json("show", "api.test")["certificates"][0]["serial"]
    with sqlite3.connect(peopled.home / "registry.sqlite") as connection:
        connection.execute("UPDATE certificate SET not_after='2026-01-01 00:00:00.000000' WHERE name='api.test'")
    connection.close()
    assert "has ended" in peopled.run("revoke", "api.test", expect=2).stderr
    peopled.run("revoke", serial)
    assert Path(peopled.home / "ca/crl.pem").read_text()
    assert serial in openssl("crl", "-in", peopled.home / "ca/crl.pem", "-noout", "-text") or serial in str(peopled.json("crl"))


def test_shown_by_all_that_list_knows(peopled: Ca) -> None:
    path = peopled.identity("alice", "certificate.pem")
    serial = peopled.json("show", "alice")["certificates"][0]["serial"]
    for what in (serial, str(path), "ALICE".lower()):
        assert peopled.json("show", what)["name"] == "alice", what
    assert "no identity" in peopled.run("show", "00" * 16, expect=2).stderr


def test_what_ends_within_a_time(peopled: Ca) -> None:
    peopled.run("issue", "soon", "--days", "5")
    both = ["api.test", "soon"]
    for within, wanted in (("1d", []), ("12h", []), ("30d", both), ("1w", both), ("6", both)):
        assert named(peopled, "--expiring", within) == wanted, within
    assert "30d" in peopled.run("list", "--expiring", "soon", expect=2).stderr


@pytest.mark.parametrize("form", ["pem", "der", "chain"])
def test_revoked_by_its_file(peopled: Ca, tmp_path: Path, form: str) -> None:
    path = peopled.identity("alice", "certificate.pem")
    given = tmp_path / "found.crt"
    if form == "chain":
        given.write_bytes(peopled.identity("alice", "chain.pem").read_bytes())
    else:
        openssl("x509", "-in", path, "-outform", form, "-out", given)
    peopled.run("renew", "alice")
    renewed = peopled.identity("alice", "certificate.pem").read_bytes()
    peopled.run("revoke", "found.crt", "--reason", "certificateHold", cwd=tmp_path)
    states = {one["serial"]: one["status"] for one in peopled.json("show", "alice")["certificates"]}
    assert sorted(states.values()) == ["good", "revoked"]
    verify(peopled, given, expect=2) if form == "pem" else None
    assert peopled.identity("alice", "certificate.pem").read_bytes() == renewed
    verify(peopled, peopled.identity("alice", "certificate.pem"))
    peopled.run("unhold", str(given))
    assert {one["status"] for one in peopled.json("show", "alice")["certificates"]} == {"good"}


def test_a_file_of_somebody_else(peopled: Ca, tmp_path: Path) -> None:
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=alice", "-keyout", tmp_path / "k.pem",
            "-out", tmp_path / "c.pem")  # fmt: skip
    assert "knows nothing of that certificate" in peopled.run("revoke", str(tmp_path / "c.pem"), expect=2).stderr
    assert "handclasp ca revoke" in peopled.run("revoke", str(peopled.home / "ca/issuing.pem"), expect=4).stderr


def test_a_pasted_certificate_that_was_cut_off_is_told(ca: Ca) -> None:
    for words in (("show",), ("list",), ("revoke",)):
        told = ca.run(*words, "-----BEGIN CERTIFICATE-----\nMIIB", expect=3).stderr
        assert "does not end" in told
        assert "paste it whole" in told


def test_as_other_tools_write_it(ca: Ca, tmp_path: Path) -> None:
    for name, user in (("li", "\u674e\u96f7"), ("unal", "\u00dcnal")):
        ca.run("issue", name, "--san", f"upn:{user}@a.test")
        assert named(ca, f"{user.lower()}@a.test") == named(ca, f"upn:{user}@a.test") == [name]
    ca.run("issue", "web", "--profile", "server", "--san", "dns:\u4f8b\u5b50.test")
    path = ca.identity("web", "certificate.pem")
    der = x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    (digest,) = re.findall(r"=(\S+)", openssl("x509", "-in", path, "-noout", "-fingerprint", "-sha256"))
    blanks = digest.replace(":", " ").lower()
    seen = subprocess.run(["keytool", "-printcert", "-file", path], capture_output=True, text=True, check=True, timeout=60)
    lines = [line for line in seen.stdout.splitlines() if re.search(r"SHA1:|SHA256:|Serial number:", line)]
    assert len(lines) == 3
    broken = f"Fingerprint (SHA-256):\n    {digest[:48]}\n  {digest[48:]}"
    for what in (*lines, blanks, f"\u200e{blanks}", f"SHA-256:{digest}", broken,
                 quote(path.read_text()), b64encode(der).decode(), "\u4f8b\u5b50.test", "dns:\u4f8b\u5b50.TEST"):  # fmt: skip
        assert named(ca, what) == ["web"], what
    openssl("crl2pkcs7", "-nocrl", "-certfile", ca.identity("web", "chain.pem"), "-out", tmp_path / "web.p7b")
    (tmp_path / "web.txt").write_text(path.read_text(), encoding="utf-16")
    for file in ("web.p7b", "web.txt"):
        assert named(ca, str(tmp_path / file)) == ["web"], file
    assert ca.json("show", "web")["newest"]["names"] == ["dns:xn--fsqu00a.test"]


def test_a_file_that_holds_no_certificate_is_told_by_what_it_holds(peopled: Ca) -> None:
    for file, said in (("alice.p12", "is a PKCS#12 file"), ("key.pem", "is a private key")):
        for command in ("list", "show", "revoke"):
            assert said in peopled.run(command, str(peopled.identity("alice", file)), expect=3).stderr
