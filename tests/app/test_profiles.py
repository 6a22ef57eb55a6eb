"""Profiles that a person writes."""

import pytest

from handclasp.app.profile_file import EXAMPLE, KEYS, read_profile
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


@pytest.mark.parametrize(("text", "place", "words"), [
    ("base = \n", ":1:8", "is not TOML"),
    ('base = "client"\ndays = 3\ndays = 4\n', ":3:", "is not TOML"),
    ('base = "client', ":1:15", "is not TOML"),
    (f"base = {'[' * 5000}", "", "nested too deep"),
    (f'base = "client"\ndays = {"9" * 5000}\n', "", "a number is too long"),
    ("days = 3\n", ":1:1", "base is missing"),
    ('[profile]\nbase = "client"\n', ":1:2", "there is no 'profile'"),
    ('base = "root-ca"\n', ":1:1", "no profile to build on"),
    ('base = "ocsp"\n', ":1:1", "no profile to build on"),
    ("base = 3\n", ":1:1", "base: a text in quotes"),
    ('base = "client"\nca = true\n', ":2:1", "there is no 'ca'"),
    ('base = "client"\n# days\n  day = 3\n', ":3:3", "there is no 'day'"),
    ('base = "client"\nmax_days = 30\n"days" = -1\n', ":3:1", "days: a number of days"),
    ('base = "client"\ndays = "3"\n', ":2:1", "a number of days"),
    ('base = "client"\ndays = 0\n', ":2:1", "from 1 to"),
    ('base = "client"\nmax_days = true\n', ":2:1", "max_days: a number of days"),
    ('base = "client"\nmax_days = 3\ndays = 30\n', ":3:1", "more than max_days"),
    ('base = "client"\nextended_key_usage = ["anyExtendedKeyUsage"]\n', ":2:1", "a list of these"),
    ('base = "client"\nextended_key_usage = ["OCSPSigning"]\n', ":2:1", "a list of these"),
    ('base = "client"\nextended_key_usage = []\n', ":2:1", "a list of these"),
    ('base = "client"\nsan_kinds = ["dirname"]\n', ":2:1", "a list of these"),
    ('base = "client"\nsan_required = 1\n', ":2:1", "true or false"),
    ('base = "client"\nsan_kinds = []\nsan_required = true\n', ":3:1", "no kind of name is allowed"),
    ('base = "client"\nkey_types = ["rsa-1024"]\n', ":2:1", "a list of these"),
    ('base = "email"\nkey_types = ["ec-p256"]\n', ":2:1", "takes only"),
    ('base = "client"\nreference = 3\n', ":2:1", "reference: a text"),
])  # fmt: skip
def test_a_broken_profile_names_line_and_column(ca: Ca, text: str, place: str, words: str) -> None:
    write(ca, "staff", text)
    done = ca.run("issue", "alice", "--profile", "staff", expect=3)
    assert words in done.stderr
    assert f"staff.toml{place}" in done.stderr
    assert "extended_key_usage = " in done.stderr  # the hint shows every key


def test_every_key_of_the_example_is_read_and_the_example_is_a_profile() -> None:
    made = read_profile(b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode(), name="staff", where="staff.toml")
    assert (made.lifetime.days, made.max_lifetime.days, made.san_kinds) == (90, 180, ("email",))
    assert (made.extended_key_usage, made.reference) == (("clientAuth",), "our handbook 4.2")
    assert all(f"\n{key} = " in f"\n{EXAMPLE}" for key in KEYS)


def test_a_profile_cannot_widen_its_base_or_lie_elsewhere(ca: Ca) -> None:
    write(ca, "staff", 'base = "client"\nmax_days = 9999\n')
    refused = ca.run("issue", "alice", "--profile", "staff", expect=4).stderr
    assert "staff.toml:2:1: profile staff allows more days than client" in refused
    for name in ("../staff", "/etc/x", "STAFF", "nothing", "a\nb"):
        refused = ca.run("issue", "alice", "--profile", name, expect=2).stderr
        assert "there is no profile" in refused
        assert ("or write" in refused) is (name == "nothing")
