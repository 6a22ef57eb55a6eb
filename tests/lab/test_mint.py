"""What the forge makes, judged by the openssl command."""

import subprocess
from pathlib import Path
from random import Random

import pytest
from OpenSSL import crypto

from handclasp.lab import extensions as ext
from handclasp.lab import mint
from handclasp.lab.case import der, pem
from handclasp.lab.defects import FAMILIES, Defect, label
from handclasp.lab.draft import healthy, minted
from handclasp.lab.fuzz import cases
from handclasp.model.verdict import Side
from handclasp.pki.lenient import load_crl
from handclasp.pki.throwaway import KINDS, key


def openssl(*arguments: str, data: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=False)


def test_a_healthy_hierarchy_verifies(tmp_path: Path) -> None:
    case = minted(healthy(Random(1), Side.CLIENT, 1))
    (tmp_path / "root.pem").write_text(case.store[0])
    (tmp_path / "sub.pem").write_text(case.presented[1])
    trust = ("-CAfile", f"{tmp_path}/root.pem", "-untrusted", f"{tmp_path}/sub.pem")
    ran = openssl("verify", "-x509_strict", "-purpose", "sslclient", *trust, data=case.presented[0].encode())
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("digest", ["md5", "sha1", "sha224", "sha256", "sha512"])
def test_every_key_signs_with_every_digest(kind: str, digest: str) -> None:
    blank = mint.Blank(subject=mint.name(("CN", "x")), key=key(kind, 0), serial=1, digest=digest)
    shown = openssl("x509", "-inform", "der", "-noout", "-text", "-nameopt", "oneline", data=mint.certificate(blank))
    assert shown.returncode == 0
    assert b"CN = x" in shown.stdout


@pytest.mark.parametrize("corrupt", [False, True])
def test_only_a_corrupt_signature_fails(tmp_path: Path, *, corrupt: bool) -> None:
    blank = mint.Blank(subject=mint.name(("CN", "x")), key=key("p256", 0), serial=1, corrupt=corrupt)
    (tmp_path / "root.pem").write_text(pem(mint.certificate(blank)))
    ran = openssl("verify", "-check_ss_sig", "-CAfile", f"{tmp_path}/root.pem", f"{tmp_path}/root.pem", data=b"")
    assert (ran.returncode == 0) is not corrupt


def test_extensions_say_what_was_asked() -> None:
    blank = mint.Blank(subject=mint.name(("CN", "x")), key=key("p256", 0), serial=0xABCDEF)
    blank.put("keyUsage", ext.key_usage("decipherOnly", "keyAgreement"), critical=True)
    blank.put("extKeyUsage", ext.extended_key_usage("clientAuth", "anyExtendedKeyUsage"))
    blank.put("nameConstraints", ext.name_constraints((("dns", ".a.test"),), (("ip", "10.0.0.0/8"),)), critical=True)
    blank.put("nsCertType", ext.netscape_type("client", "sslCA"))
    blank.authority_key = ext.authority_key_identifier(b"\x01" * 20, mint.name(("CN", "up")), 0x80)
    text = openssl("x509", "-inform", "der", "-noout", "-text", data=mint.certificate(blank)).stdout.decode()
    for words in (
        "Key Agreement, Decipher Only", "TLS Web Client Authentication, Any Extended Key Usage", "DNS:.a.test",
        "IP:10.0.0.0/255.0.0.0", "SSL Client, SSL CA", "DirName:/CN=up", "serial:80",
    ):  # fmt: skip
        assert words in text


@pytest.mark.parametrize("defect", [defect for family in FAMILIES for defect in family], ids=label)
def test_whatever_a_defect_does_openssl_can_still_load_the_files(defect: Defect) -> None:
    for number in range(4):
        for side in Side:
            draft = healthy(Random(number), side, number % 3)
            defect(draft)
            case = minted(draft)
            assert defect.__doc__
            for text in (item for item in case.presented + case.store if "CERTIFICATE" in item):
                assert crypto.load_certificate(crypto.FILETYPE_ASN1, der(text)).get_pubkey().bits() > 0
            for text in (item for item in case.crls or () if "CRL" in item):
                assert load_crl(der(text)).issuer  # the library alone is stricter than OpenSSL about algorithms


def test_the_same_seed_makes_the_same_defects() -> None:
    one, two = ([case.labels for case in cases(5, 50)] for _ in range(2))
    assert one == two
    assert [case.labels for case in cases(6, 50)] != one
