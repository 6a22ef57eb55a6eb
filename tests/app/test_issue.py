"""issue: what is in the certificate and in the folder, and what is refused."""

import pytest

from tests.ca_rig import Ca, assert_consistent, openssl, verify


def test_a_client(ca: Ca) -> None:
    found = ca.json("issue", "alice", "--days", "30", "--organization", "Example")
    text = openssl("x509", "-in", ca.identity("alice", "certificate.pem"), "-noout", "-text", "-nameopt", "oneline")
    assert "Subject: O = Example, CN = alice" in text
    assert "TLS Web Client Authentication" in text
    assert "CA:FALSE" in text
    assert "X509v3 Key Usage: critical\n                Digital Signature" in text
    assert found["serial"].lower() in text.replace(":", "").replace("\n", "").replace(" ", "")
    verify(ca, ca.identity("alice", "certificate.pem"))
    assert_consistent(ca)


def test_a_server_carries_its_own_name_and_the_others(ca: Ca) -> None:
    ca.run("issue", "api.example.test", "--profile", "server", "--san", "ip:192.0.2.7", "--san", "dns:*.Example.Test")
    path = ca.identity("api.example.test", "certificate.pem")
    names = openssl("x509", "-in", path, "-noout", "-ext", "subjectAltName")
    assert "DNS:api.example.test, IP Address:192.0.2.7, DNS:*.example.test" in names
    verify(ca, path, purpose="sslserver")
    verify(ca, path, purpose="sslclient", expect=2)


def test_a_server_without_any_name_is_refused(ca: Ca) -> None:
    assert "common names are ignored" in ca.run("issue", "gateway", "--profile", "server", expect=4).stderr


def test_peer_and_email(ca: Ca) -> None:
    ca.run("issue", "mesh.test", "--profile", "peer")
    for purpose in ("sslclient", "sslserver"):
        verify(ca, ca.identity("mesh.test", "certificate.pem"), purpose=purpose)
    ca.run("issue", "bob@example.test", "--profile", "email")
    path = ca.identity("bob@example.test", "certificate.pem")
    for purpose in ("smimesign", "smimeencrypt"):
        verify(ca, path, purpose=purpose)
    assert "email:bob@example.test" in openssl("x509", "-in", path, "-noout", "-ext", "subjectAltName")
    assert_consistent(ca)


@pytest.mark.parametrize("kind", ["ec-p384", "rsa-2048", "rsa-3072", "ed25519"])
def test_key_types_of_clients(ca: Ca, kind: str) -> None:
    ca.run("issue", "alice", "--key-type", kind)
    assert_consistent(ca)


def test_the_old_container_form(ca: Ca) -> None:
    ca.run("issue", "alice", "--legacy-p12")
    password = f"file:{ca.identity('alice', 'p12-password.txt')}"
    told = openssl("pkcs12", "-in", ca.identity("alice", "alice.p12"), "-passin", password, "-nodes", "-info", "-legacy")
    assert "MAC: sha1" in told
    assert "pbeWithSHA1And3-KeyTripleDES-CBC" in told


def test_a_name_that_is_taken_is_refused_and_nothing_changes(ca: Ca) -> None:
    ca.run("issue", "alice")
    before = ca.identity("alice", "key.pem").read_bytes()
    assert "handclasp renew alice" in ca.run("issue", "alice", expect=4).stderr
    assert "mistaken for 'alice'" in ca.run("issue", "ALICE", expect=4).stderr
    assert ca.identity("alice", "key.pem").read_bytes() == before
    assert_consistent(ca)


@pytest.mark.parametrize(("options", "why"), [
    (["--profile", "root-ca"], "is for CAs"),
    (["--profile", "email", "--san", "dns:a.test"], "takes no dns:a.test"),
    (["--profile", "email", "--key-type", "ec-p256"], "takes no ec-p256"),
])  # fmt: skip
def test_policy(ca: Ca, options: list[str], why: str) -> None:
    assert why in ca.run("issue", "alice", *options, expect=4).stderr
    assert not ca.identity("alice", "key.pem").exists()


def test_no_profile_of_ours_lives_so_long(ca: Ca) -> None:
    assert "1<=x<=1825" in ca.run("issue", "alice", "--days", "2000", expect=2).stderr
    assert not ca.identity("alice").exists()


BAD_NAMES = [
    "", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", ".hidden", "-rf", "--json", "a\nb", "a\rb", "a\tb", "x" * 300, "a;b",
    "a$b", "`id`", "$(id)", "a{b}", "a'b", 'a"b', "a#b", "a|b", "a&b", "a>b", "a*b", "a?b", "a:b", "a=b", "a,b", "a%00b", "a ",
    " a", "con", "NUL.txt", "a..b", "a\u202eb", "a\u200bb", "\u0007bell", "~root", "é" * 130, "a\x7fb", "\ud800x",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_names_that_could_leave_the_folder_or_mean_something_elsewhere(template: Ca, name: str) -> None:
    encoded = name.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    done = template.run("issue", "--", encoded, expect=2)
    assert "error: " in done.stderr
    assert "\x07" not in done.stderr
    assert "\u202e" not in done.stderr
    assert not (template.home / "identities").exists()
    assert sorted(path.name for path in template.home.iterdir()) == ["ca", "keys", "lock", "registry.sqlite"]


@pytest.mark.parametrize("name", ["Ms Müller", "王小明", "build-server.7", "alice+laptop@example.test", "7", "x" * 64])
def test_names_that_are_fine(ca: Ca, name: str) -> None:
    ca.run("issue", name)
    verify(ca, ca.identity(name, "certificate.pem"))
    assert_consistent(ca)


@pytest.mark.parametrize("san", ["dns:a b", "ip:300.1.1.1", "dns:-a.test", "rid:1.2.3", "email:@", "dns:a\nb", "", "dns:"])
def test_bad_alternative_names(template: Ca, san: str) -> None:
    assert "cannot be a subject alternative name" in template.run("issue", "alice", "--san", san, expect=2).stderr


def test_list_and_show(ca: Ca) -> None:
    ca.run("issue", "alice")
    ca.run("issue", "api.test", "--profile", "server")
    listed = ca.json("list")
    assert listed["schema"] == "handclasp/list/1"
    assert [(one["name"], one["profile"], one["status"]) for one in listed["certificates"]] == [
        ("alice", "client", "good"),
        ("api.test", "server", "good"),
    ]
    assert len(ca.json("list", "--all")["certificates"]) == 4
    assert ca.json("list", "--status", "revoked")["certificates"] == []
    shown = ca.json("show", "alice")
    assert shown["newest"]["subject"] == "CN=alice"
    assert set(shown["files"]) == {"key.pem", "certificate.pem", "chain.pem", "alice.p12", "p12-password.txt"}
    assert "there is no identity" in ca.run("show", "nobody", expect=2).stderr


@pytest.mark.parametrize("text", ["", " x", "a\nb", "a\x00b".replace("\x00", "\x01"), "x" * 65, "\u202ex"])
def test_organizations_that_cannot_stand_in_a_certificate(template: Ca, text: str) -> None:
    assert "cannot stand in a certificate" in template.run("issue", "alice", "--organization", text, expect=2).stderr
    assert "cannot stand in a certificate" in template.run("init", "--organization", text, expect=2).stderr


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_modes_whatever_the_umask_and_a_home_with_an_odd_name(tmp_path: object, umask: int) -> None:
    from pathlib import Path

    from tests.ca_rig import fresh

    folder = Path(str(tmp_path)) / "a [b]? #1 %41 'x' ü"
    made = fresh(folder)
    made.run("init", umask=umask)
    made.run("issue", "alice", umask=umask)
    modes = {path.relative_to(made.home).as_posix(): path.stat().st_mode & 0o777 for path in made.home.rglob("*")}
    assert {modes[name] for name in ("registry.sqlite", "lock", "keys/root.pem", "identities/alice/key.pem")} == {0o600}
    assert {modes[name] for name in ("keys", "identities", "identities/alice")} == {0o700}
    assert {modes[name] for name in ("ca/bundle.pem", "ca/crl.pem", "identities/alice/chain.pem")} == {0o644}
    assert modes["ca"] == 0o755
    assert_consistent(made)
