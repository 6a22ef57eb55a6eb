"""Profiles that a person writes."""

import pytest

from tests.ca_rig import Ca, assert_consistent, openssl


def write(ca: Ca, name: str, text: str) -> None:
    folder = ca.home / "profiles"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(text)


def test_a_profile_of_ones_own_decides(ca: Ca, tmp_path: object) -> None:
    write(
        ca,
        "staff",
        'base = "client"\ndays = 7\nmax_days = 14\nsan_kinds = ["email"]\nsan_required = true\nkey_types = ["ec-p384"]\n',
    )
    ca.run("issue", "alice@a.test", "--profile", "staff")
    text = openssl("x509", "-in", ca.identity("alice@a.test", "certificate.pem"), "-noout", "-text")
    assert "secp384r1" in text
    assert "email:alice@a.test" in text
    assert "TLS Web Client Authentication" in text
    assert ca.json("list")["certificates"][0]["profile"] == "staff"
    assert "1 to 14 days" in ca.run("issue", "bob@a.test", "--profile", "staff", "--days", "15", expect=4).stderr
    assert "takes no dns:" in ca.run("issue", "bob@a.test", "--profile", "staff", "--san", "dns:x.test", expect=4).stderr
    ca.run("renew", "alice@a.test")
    assert_consistent(ca)


@pytest.mark.parametrize(("text", "line", "words"), [
    ("base = \n", "", "is not TOML"),
    ("days = 3\n", ":1", "base is missing"),
    ('base = "root-ca"\n', ":1", "no profile to build on"),
    ('base = "client"\nca = true\n', ":2", "there is no 'ca'"),
    ('base = "client"\ndays = "3"\n', ":2", "a number of days"),
    ('base = "client"\ndays = 30\nmax_days = 3\n', ":2", "more than max_days"),
    ('base = "client"\nextended_key_usage = ["anyExtendedKeyUsage"]\n', ":2", "a list of these"),
    ('base = "email"\nkey_types = ["ec-p256"]\n', ":2", "takes only"),
])  # fmt: skip
def test_a_broken_profile_names_the_line(ca: Ca, text: str, line: str, words: str) -> None:
    write(ca, "staff", text)
    done = ca.run("issue", "alice", "--profile", "staff", expect=3)
    assert words in done.stderr
    assert f"staff.toml{line}:" in done.stderr


def test_a_profile_cannot_widen_its_base_or_lie_elsewhere(ca: Ca) -> None:
    write(ca, "staff", 'base = "client"\nmax_days = 9999\n')
    assert "more days than client" in ca.run("issue", "alice", "--profile", "staff", expect=4).stderr
    for name in ("../staff", "/etc/x", "STAFF", "nothing", "a\nb"):
        assert "there is no profile" in ca.run("issue", "alice", "--profile", name, expect=2).stderr
