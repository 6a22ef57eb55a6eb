"""Several CAs, their succession, and a root whose key is elsewhere; OpenSSL is the judge."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.ca_rig import Ca, copied, fresh, openssl, verify


@pytest.fixture
def peopled(ca: Ca) -> Ca:
    ca.run("issue", "alice")
    ca.run("issue", "api.test", "--profile", "server")
    return ca


def verified(ca: Ca, name: str, root: str, *, expect: int = 0) -> str:
    """What OpenSSL says with one root alone and the chain that the identity shows."""
    folder = ca.home / "identities" / name
    crl, anchor = ca.home / "ca" / "crl.pem", ca.home / "ca" / f"{root}.pem"
    judges = ("-x509_strict", "-crl_check_all", "-CRLfile", crl, "-trusted", anchor, "-untrusted", folder / "chain.pem")
    return openssl("verify", *judges, folder / "certificate.pem", expect=expect)


def issuer_of(ca: Ca, name: str) -> str:
    return openssl("x509", "-in", ca.identity(name, "certificate.pem"), "-noout", "-issuer", "-nameopt", "oneline")


def test_a_ca_for_servers_signs_servers_and_nothing_else_does(ca: Ca) -> None:
    made = ca.json("ca", "add", "servers", "--for", "server")
    assert made["authority"]["subject"] == "CN=Handclasp Servers CA"
    ca.run("issue", "api.test", "--profile", "server")
    ca.run("issue", "alice")
    assert "Handclasp Servers CA" in issuer_of(ca, "api.test")
    assert "Handclasp Issuing CA" in issuer_of(ca, "alice")
    assert "TLS Web Server Authentication" in openssl("x509", "-in", ca.home / "ca/servers.pem", "-noout", "-text")
    verify(ca, ca.identity("api.test", "certificate.pem"), purpose="sslserver")
    verify(ca, ca.identity("alice", "certificate.pem"))


def test_split_homes_have_a_ca_for_each_side(empty: Ca) -> None:
    made = empty.json("init", "--split")
    assert [one["label"] for one in made["authorities"]] == ["root", "clients", "servers"]
    empty.run("issue", "alice")
    assert "Clients CA" in issuer_of(empty, "alice")
    assert verified(empty, "alice", "root").endswith("OK\n")


def test_a_constrained_ca_signs_only_what_openssl_would_believe(ca: Ca) -> None:
    limits = ("--permit", "dns:example.test", "--exclude", "dns:secret.example.test", "--permit", "ip:192.0.2.0/24")
    ca.run("ca", "add", "branch", "--for", "server", *limits)
    ca.run("issue", "api.example.test", "--profile", "server", "--san", "ip:192.0.2.7")
    verify(ca, ca.identity("api.example.test", "certificate.pem"), purpose="sslserver")
    for name, more in (("api.test", ()), ("a.secret.example.test", ()), ("b.example.test", ("--san", "ip:198.51.100.1"))):
        refused = ca.run("issue", name, "--profile", "server", *more, expect=4)
        assert "the CA may not sign this" in refused.stderr
    text = openssl("x509", "-in", ca.home / "ca/branch.pem", "-noout", "-text")
    assert "X509v3 Name Constraints: critical" in text


def test_deeper_hierarchies_within_the_path_length(ca: Ca) -> None:
    ca.run("ca", "add", "region", "--path-length", "1")
    ca.run("ca", "add", "city", "--parent", "region", "--for", "client")
    refused = ca.run("ca", "add", "house", "--parent", "city", expect=4)
    assert "path length" in refused.stderr
    ca.run("issue", "alice")
    assert verified(ca, "alice", "root").endswith("OK\n")
    assert openssl("crl2pkcs7", "-nocrl", "-certfile", ca.identity("alice", "chain.pem")).count("BEGIN") == 1
    assert ca.identity("alice", "chain.pem").read_text().count("BEGIN CERTIFICATE") == 3


def test_what_a_ca_above_forbids_is_not_signed_levels_below(ca: Ca) -> None:
    ca.run("ca", "add", "country", "--path-length", "2", "--permit", "dns:example.test", "--permit", "ip:192.0.2.0/24")
    ca.run("ca", "add", "region", "--parent", "country", "--path-length", "1", "--exclude", "dns:secret.example.test")
    ca.run("ca", "add", "city", "--parent", "region", "--for", "server")
    ca.run("issue", "api.example.test", "--profile", "server", "--san", "ip:192.0.2.7")
    assert verified(ca, "api.example.test", "root").endswith("OK\n")
    assert ca.identity("api.example.test", "chain.pem").read_text().count("BEGIN CERTIFICATE") == 4
    for name, more in (("api.test", ()), ("a.secret.example.test", ()), ("b.example.test", ("--san", "ip:198.51.100.1"))):
        refused = ca.run("issue", name, "--profile", "server", *more, expect=4)
        assert "the CA may not sign this" in refused.stderr
    refused = ca.run("ca", "add", "town", "--parent", "region", "--permit", "dns:other.test", expect=4)
    assert "dns:other.test is outside example.test" in refused.stderr
    listed = ca.run("ca", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["root", "issuing", "country", "region", "city"]
    assert [len(line) - len(line.lstrip()) for line in listed] == [0, 2, 2, 4, 6]


def test_what_was_refused_leaves_no_key_behind_and_a_key_of_another_kind_is_told(ca: Ca) -> None:
    ca.run("ca", "add", "deep", "--parent", "issuing", expect=4)
    assert not (ca.home / "keys/deep.pem").exists()
    died = ca.run("ca", "add", "more", env={"HANDCLASP_CRASHPOINT": "ca.key-made"}, expect=-signal.SIGKILL)
    assert not died.stdout
    refused = ca.run("ca", "add", "more", "--key-type", "rsa-3072", expect=4)
    assert "it is ec-p256, not rsa-3072" in refused.stderr
    ca.run("ca", "add", "more")


def test_a_ca_whose_first_crl_was_not_written_gets_it_when_it_is_added_again(ca: Ca) -> None:
    """nginx has no CRL of it until then, and refuses everybody below it."""
    ca.run("ca", "add", "more", env={"HANDCLASP_CRASHPOINT": "crl.recorded:3"}, expect=-signal.SIGKILL)
    assert (ca.home / "ca/crl.pem").read_text().count("END X509 CRL") == 2
    ca.run("ca", "add", "more")
    assert (ca.home / "ca/crl.pem").read_text().count("END X509 CRL") == 3
    assert "there is a CA named more already" in ca.run("ca", "add", "more", expect=4).stderr


def test_lives_that_no_profile_allows_are_refused_before_anything_is_made(empty: Ca) -> None:
    empty.run("init", "--days", "36500", expect=2)
    refused = empty.run("init", "--days", "800", "--issuing-days", "900", expect=4)
    assert "--issuing-days 800" in refused.stderr
    assert not list(empty.home.glob("keys/*"))
    empty.run("init", "--days", "800", "--issuing-days", "800", "--key-type", "rsa-3072")
    assert "rsaEncryption" in openssl("x509", "-in", empty.home / "ca/root.pem", "-noout", "-text")


@pytest.mark.parametrize("bad", [("Ab",), ("x", "--permit", "dns:*.test"), ("x", "--permit", "ip:1"), ("x", "--for", "none")])
def test_orders_that_make_no_sense(ca: Ca, bad: tuple[str, ...]) -> None:
    ca.run("ca", "add", *bad, expect=2)
    assert [one["label"] for one in ca.json("ca", "list")["authorities"]] == ["root", "issuing"]


def believed_by_gnutls_and_nss(ca: Ca, name: str, root: str, store: Path) -> None:
    """With one root alone and the chain that the identity shows."""
    chain, anchor = ca.identity(name, "chain.pem"), ca.home / "ca" / f"{root}.pem"
    said = subprocess.run(
        ["certtool", "--verify", "--load-ca-certificate", anchor, "--infile", chain], capture_output=True, text=True, check=True
    )
    assert "Chain verification output: Verified." in said.stdout + said.stderr
    store.mkdir()
    subprocess.run(["certutil", "-N", "-d", f"sql:{store}", "--empty-password"], check=True)
    shown = [f"-----BEGIN CERT{one}" for one in chain.read_text().split("-----BEGIN CERT")[1:]]
    for number, pem in enumerate([anchor.read_text(), *shown]):
        trust = ",," if number else "C,,"
        words = ["certutil", "-A", "-d", f"sql:{store}", "-n", str(number), "-t", trust]
        subprocess.run(words, input=pem, text=True, check=True)
    judged = subprocess.run(
        ["certutil", "-V", "-d", f"sql:{store}", "-n", "1", "-u", "V"], capture_output=True, text=True, check=True
    )
    assert "certificate is valid" in judged.stdout + judged.stderr


def test_a_new_root_is_believed_by_those_who_know_only_the_old_one(peopled: Ca, tmp_path: Path) -> None:
    done = peopled.json("ca", "rollover", "root")
    assert done["successors"] == {"root": "root-2", "issuing": "issuing-2"}
    assert {one["name"] for one in done["users"]} == {"alice", "api.test"}
    verified(peopled, "alice", "root")  # nobody is locked out
    peopled.run("ca", "users", "root", expect=1)
    assert len(peopled.json("renew", "--under", "root")["renewed"]) == 2
    for name in ("alice", "api.test"):
        for root in ("root", "root-2"):
            assert verified(peopled, name, root).endswith("OK\n")
    for root in ("root", "root-2"):
        believed_by_gnutls_and_nss(peopled, "api.test", root, tmp_path / f"{root}.nss")
    peopled.run("ca", "users", "root")
    peopled.run("ca", "drop", "root")
    assert "was dropped" in peopled.run("ca", "revoke", "issuing", expect=2).stderr
    assert (peopled.home / "ca/bundle.pem").read_text().count("BEGIN CERT") == 2
    assert (peopled.home / "ca/crl.pem").read_text().count("BEGIN X509") == 2
    assert verified(peopled, "alice", "root-2").endswith("OK\n")
    peopled.run("status")
    peopled.run("crl", "--refresh")


def test_a_ca_that_somebody_needs_is_not_dropped(peopled: Ca) -> None:
    peopled.run("ca", "rollover", "issuing")
    refused = peopled.run("ca", "drop", "issuing", expect=4)
    assert "alice, api.test would be locked out" in refused.stderr
    peopled.run("ca", "drop", "issuing-2", expect=4)
    assert issuer_of(peopled, "alice") == "issuer=CN = Handclasp Issuing CA\n"
    peopled.run("renew", "--under", "issuing")
    assert issuer_of(peopled, "alice") == "issuer=CN = Handclasp Issuing CA 2\n"
    peopled.run("ca", "drop", "issuing")


@pytest.mark.parametrize("point", ["hierarchy.dropped", "ca-files.bundle-written", "crl.recorded"])
def test_a_ca_that_was_half_dropped_is_gone_after_the_next_publication(ca: Ca, point: str) -> None:
    ca.run("ca", "rollover", "root")
    ca.run("ca", "drop", "root", env={"HANDCLASP_CRASHPOINT": point}, expect=-signal.SIGKILL)
    ca.run("init")  # completes the files of a home
    ca.run("crl", "--refresh")
    assert (ca.home / "ca/bundle.pem").read_text().count("BEGIN CERT") == 2
    assert (ca.home / "ca/crl.pem").read_text().count("BEGIN X509") == 2
    ca.run("issue", "alice")
    verify(ca, ca.identity("alice", "certificate.pem"))


def test_without_a_ca_nothing_is_signed(ca: Ca) -> None:
    ca.run("ca", "retire", "issuing")
    assert "no CA of this home signs client certificates" in ca.run("issue", "alice", expect=2).stderr


ROLLOVER = ["rollover.decided", "ca.key-made", "ca.intent-durable:2", "ca.signed:2", "ca.recorded:2", "rollover.vouched",
            "hierarchy.retired", "crl.recorded:2"]  # fmt: skip


@pytest.mark.parametrize("point", ROLLOVER)
def test_a_rollover_killed_anywhere_goes_on(ca: Ca, point: str) -> None:
    ca.run("ca", "rollover", "root", env={"HANDCLASP_CRASHPOINT": point}, expect=-signal.SIGKILL)
    assert ca.json("ca", "rollover", "root")["successors"] == {"root": "root-2", "issuing": "issuing-2"}
    states = {one["label"]: one["state"] for one in ca.json("ca", "list")["authorities"]}
    assert states == {"root": "retired", "issuing": "retired", "root-2": "active", "issuing-2": "active"}
    ca.run("issue", "alice")
    for root in ("root", "root-2"):
        verified(ca, "alice", root)
    ca.run("audit")


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    made = fresh(tmp_path_factory.mktemp("offline"))
    made.run("init", "--root-only", "--name", "Example")
    return made


def ceremony(here: Ca, there: Ca, folder: Path, *options: str) -> dict[str, object]:
    here.run("init", "--offline-root", "--name", "Example")
    reply = folder / "reply.pem"
    there.run("ca", "sign", str(here.home / "requests/issuing.csr"), "-o", str(reply), *options)
    assert b"PRIVATE" not in reply.read_bytes()
    return here.json("ca", "accept", str(reply))


def test_a_root_key_that_never_touches_this_machine(empty: Ca, offline: Ca, tmp_path: Path) -> None:
    there = copied(offline, tmp_path / "there")
    done = ceremony(empty, there, tmp_path)
    assert done["root_sha256"] == there.json("ca", "list")["authorities"][0]["sha256"]
    assert [path.name for path in (empty.home / "keys").iterdir()] == ["issuing.pem"]
    empty.run("issue", "alice")
    assert verified(empty, "alice", "root").endswith("OK\n")
    empty.run("status")
    there.run("crl", "--refresh", "--days", "3650")
    newer = empty.json("ca", "accept", str(there.home / "ca/crl.pem"))
    assert {one["authority"]: one["number"] for one in newer["crls"]}["root"] == 2
    assert verified(empty, "alice", "root").endswith("OK\n")
    stale = tmp_path / "stale.pem"
    stale.write_bytes((offline.home / "ca/crl.pem").read_bytes())
    assert "older than number 2" in empty.run("ca", "accept", str(stale), expect=4).stderr


def test_mistakes_in_a_ceremony_say_what_to_do(empty: Ca, offline: Ca, tmp_path: Path) -> None:
    there = copied(offline, tmp_path / "there")
    empty.run("init", "--offline-root")
    request = str(empty.home / "requests/issuing.csr")
    for command in (["issue", "alice"], ["init"]):
        told = empty.run(*command, expect=2).stderr
        assert "the issuing CA waits for its certificate" in told
        assert "then here: handclasp ca accept reply.pem" in told
    assert [path.name for path in (empty.home / "keys").iterdir()] == ["issuing.pem"]  # no root was made here
    assert "the request itself" in empty.run("ca", "accept", request, expect=3).stderr
    assert "handclasp ca sign REQUEST" in empty.run("ca", "accept", str(there.home / "ca/root.pem"), expect=3).stderr
    first, second = (tmp_path / f"{number}.pem" for number in "12")
    there.run("ca", "sign", request, "-o", str(first))
    assert "another name with -o" in there.run("ca", "sign", request, "-o", str(first), expect=4).stderr
    there.run("ca", "sign", request, "-o", str(second))
    empty.run("ca", "accept", str(first))
    empty.run("ca", "accept", str(first))
    told = empty.run("ca", "accept", str(second), expect=4).stderr
    assert "the issuing CA has another certificate already" in told
    serial = told.split("handclasp ca revoke ")[1].split()[0]
    there.run("ca", "revoke", serial, "--reason", "superseded")
    empty.run("ca", "accept", str(there.home / "ca/crl.pem"))
    empty.run("issue", "alice")
    assert verified(empty, "alice", "root").endswith("OK\n")


@pytest.mark.parametrize("point", ["ceremony.accepted", "ca-files.bundle-written", "crl.signed"])
def test_an_acceptance_killed_anywhere_goes_on(empty: Ca, offline: Ca, tmp_path: Path, point: str) -> None:
    there = copied(offline, tmp_path / "there")
    killed = {"HANDCLASP_CRASHPOINT": "ceremony.requested"}
    empty.run("init", "--offline-root", env=killed, expect=-signal.SIGKILL)
    empty.run("init", "--offline-root")
    assert [path.name for path in (empty.home / "keys").iterdir()] == ["issuing.pem"]
    reply = tmp_path / "reply.pem"
    there.run("ca", "sign", str(empty.home / "requests/issuing.csr"), "-o", str(reply))
    empty.run("ca", "accept", str(reply), env={"HANDCLASP_CRASHPOINT": point}, expect=-signal.SIGKILL)
    empty.run("ca", "accept", str(reply))
    empty.run("issue", "alice")
    assert verified(empty, "alice", "root").endswith("OK\n")
    empty.run("audit")


@pytest.mark.parametrize("spoil", ["no-crl", "no-root", "foreign", "cut"])
def test_replies_that_lack_something(empty: Ca, offline: Ca, tmp_path: Path, spoil: str) -> None:
    there = copied(offline, tmp_path / "there")
    empty.run("init", "--offline-root")
    reply = tmp_path / "reply.pem"
    there.run("ca", "sign", str(empty.home / "requests/issuing.csr"), "-o", str(reply))
    text = reply.read_text()
    first, second = text.split("-----BEGIN CERTIFICATE-----")[1:]
    bad = {
        "no-crl": text.partition("-----BEGIN X509 CRL")[0],
        "no-root": "-----BEGIN CERTIFICATE-----" + first + "-----BEGIN X509 CRL" + text.partition("-----BEGIN X509 CRL")[2],
        "foreign": "-----BEGIN CERTIFICATE-----" + second,
        "cut": text[: len(text) // 3],
    }[spoil]
    reply.write_text(bad)
    empty.run("ca", "accept", str(reply), expect=3)
    assert empty.world.store.authorities() == ()


def test_addresses_go_into_new_certificates(ca: Ca) -> None:
    ca.run("ca", "addresses", "--crl", "http://pki.test/{label}.crl", "--ocsp", "http://ocsp.test/")
    ca.run("issue", "alice")
    text = openssl("x509", "-in", ca.identity("alice", "certificate.pem"), "-noout", "-text")
    assert "URI:http://pki.test/issuing.crl" in text
    assert "OCSP - URI:http://ocsp.test/" in text
    ca.run("ca", "addresses", "--crl", "javascript:alert(1)", expect=2)


@pytest.mark.parametrize(
    "command", [("issue", "bob"), ("renew", "alice"), ("rekey", "alice"), ("ca", "rollover", "root"), ("ca", "add", "x"),
                ("crl", "--refresh")],
)  # fmt: skip
def test_a_dry_run_says_what_would_be_done_and_changes_nothing(peopled: Ca, command: tuple[str, ...]) -> None:
    def content() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in peopled.home.rglob("*") if path.is_file() and "sqlite-" not in path.name}

    before = content()
    said = peopled.run(*command, "--dry-run")
    assert content() == before
    assert "dry run" in said.stderr
    assert "/tmp/handclasp-" not in said.stdout + said.stderr
    done = peopled.run(*command)
    serials = "[0-9A-F]{38,40}"
    import re

    def masked(text: str) -> str:
        return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME", re.sub(serials, "SERIAL", text))

    assert masked(said.stdout) == masked(done.stdout)


def test_a_dry_run_of_a_revocation_revokes_nobody(peopled: Ca) -> None:
    said = peopled.run("revoke", "alice", "--dry-run")
    assert "alice: serial" in said.stdout
    assert "would be revoked" in said.stdout
    assert "将吊销" in peopled.run("revoke", "alice", "--dry-run", "--lang", "zh").stdout
    verify(peopled, peopled.identity("alice", "certificate.pem"))
    assert peopled.json("crl")["crls"][1]["revoked"] == []


def test_status_names_retired_cas_that_are_still_needed(peopled: Ca) -> None:
    peopled.run("ca", "rollover", "issuing")
    assert "handclasp renew --under issuing" in peopled.run("status", expect=1).stdout
    peopled.run("renew", "--under", "issuing")
    peopled.run("status")


def test_the_log_as_lines_can_be_verified_by_others(ca: Ca) -> None:
    import json
    from itertools import pairwise

    events = [json.loads(line) for line in ca.run("audit", "--lines").stdout.splitlines()]
    assert [one["sequence"] for one in events] == list(range(1, len(events) + 1))
    assert all(after["previous"] == before["digest"] for before, after in pairwise(events))
