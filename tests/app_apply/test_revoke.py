"""`handclasp revoke` on a real nginx: said only when proven, kept through every crash."""

import json
import os
import shutil
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.app.apply_lockout import lockout_faults, refuse_lockout
from handclasp.model.errors import PolicyError
from handclasp.model.octets import Held
from handclasp.pki.read import crls_from_pem
from tests.app_apply.bench import Bench

STEPS = (
    "revoke.recorded",
    "crl.signed",
    "crl.recorded",
    "crl.published",
    "apply.staged",
    "apply.journal-durable",
    "apply.file-switched",
    "apply.file-switched:2",
    "apply.switched",
    "apply.reloaded",
    "apply.proven",
    "apply.committed",
)


def x509_crls(path: Path) -> list[x509.CertificateRevocationList]:
    end = b"-----END X509 CRL-----\n"
    return [x509.load_pem_x509_crl(part + end) for part in path.read_bytes().split(end) if part]


def session(bench: Bench, name: str, tls: str, path: Path) -> None:
    url = f"https://app.test:{bench.port}/"
    where = ("--connect", f"127.0.0.1:{bench.port}", "--tls", tls, "--identity", name)
    bench.ca.run("probe", url, *where, "--save-session", str(path))


def resumed(bench: Bench, path: Path, *, expect: int) -> dict[str, object]:
    where = ("--connect", f"127.0.0.1:{bench.port}", "--session", str(path), "--json")
    found: dict[str, object] = json.loads(
        bench.ca.run("probe", f"https://app.test:{bench.port}/", *where, expect=expect).stdout
    )["anonymous"]
    return found


def test_revoked_is_said_after_the_client_itself_was_refused(bench: Bench, tmp_path: Path) -> None:
    bench.apply()
    for tls in ("1.2", "1.3"):
        session(bench, "alice", tls, tmp_path / tls)
        assert resumed(bench, tmp_path / tls, expect=0)["resumed"] is True
    said = json.loads(bench.ca.run("revoke", "alice", "--reason", "keyCompromise", "--json").stdout)
    assert (said["schema"], said["proven"], said["unproven"]) == ("handclasp/revoke/1", True, [])
    tried = {(one["tls"], one["resumed"]) for one in said["proof"] if one["who"] == "revoked"}
    assert tried == {(tls, again) for tls in ("TLSv1.2", "TLSv1.3") for again in (True, False)}
    assert all(one["ok"] for one in said["proof"])
    assert [one["reason"] for one in said["revoked"]] == ["keyCompromise"]
    assert said["seconds"] > 0
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")
    for tls in ("1.2", "1.3"):
        seen = resumed(bench, tmp_path / tls, expect=1)
        assert (seen["resumed"], seen["status"]) == (False, 400)
    serial = x509.load_pem_x509_certificate(bench.ca.identity("alice", "certificate.pem").read_bytes()).serial_number
    lists = x509_crls(bench.prefix / "pki" / "crl.pem")
    assert [one.get_revoked_certificate_by_serial_number(serial) is not None for one in lists] == [False, True]
    bench.assert_clean()


def test_people_are_told(bench: Bench) -> None:
    bench.apply()
    first = bench.ca.run("revoke", "alice").stdout
    assert "alice is revoked: nginx refused it, fresh and resumed" in first
    again = bench.ca.run("revoke", "alice").stdout
    assert "alice is revoked" in again
    actions = [event.action for event in bench.ca.world.store.audit_events()]
    assert actions.count("revocation-proven") == 1


@pytest.mark.parametrize("step", STEPS)
def test_killed_anywhere_the_next_run_completes_it(bench: Bench, step: str) -> None:
    bench.apply()
    bench.ca.run("revoke", "alice", expect=-signal.SIGKILL, env={"HANDCLASP_CRASHPOINT": step})
    said = json.loads(bench.ca.run("revoke", "alice", "--json").stdout)
    assert [one["ok"] for one in said["proof"]].count(False) == 0
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")
    bench.assert_clean()


@pytest.mark.parametrize("step", ["apply.journal-durable", "apply.file-switched", "apply.switched", "apply.reloaded"])
def test_any_next_command_enforces_a_killed_revocation(bench: Bench, step: str) -> None:
    """The crash does not take the revocation back, whatever is run next."""
    bench.apply()
    bench.ca.run("revoke", "alice", expect=-signal.SIGKILL, env={"HANDCLASP_CRASHPOINT": step})
    said = bench.ca.run("nginx", "apply").stdout
    assert "an interrupted revocation was found and completed first" in said
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")


def test_a_rollback_lets_nobody_back_in(bench: Bench) -> None:
    bench.apply()
    bench.apply("--allow", "alice", "--allow", "bob")
    bench.ca.run("revoke", "alice")
    bench.ca.run("nginx", "rollback")
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")


def test_the_only_name_on_a_list(bench: Bench) -> None:
    bench.apply("--allow", "alice")
    said = json.loads(bench.ca.run("revoke", "alice", "--json").stdout)
    assert any("no good client" in words for words in said["unproven"])
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "403")


def test_without_an_nginx_nothing_is_claimed(bench: Bench) -> None:
    said = json.loads(bench.ca.run("revoke", "alice", "--json").stdout)
    assert (said["proven"], said["nginx"]) == (False, [])
    assert said["unproven"]
    serial = x509.load_pem_x509_certificate(bench.ca.identity("alice", "certificate.pem").read_bytes()).serial_number
    lists = x509_crls(bench.ca.home / "ca" / "crl.pem")
    assert [one.get_revoked_certificate_by_serial_number(serial) is not None for one in lists] == [False, True]
    bench.apply()
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")


def test_a_stopped_nginx_gets_its_files_and_stays_stopped(bench: Bench) -> None:
    bench.apply()
    bench.ca.run("nginx", "stop")
    said = json.loads(bench.ca.run("revoke", "alice", "--json").stdout)
    assert (said["proven"], said["nginx"][0]["serving"]) == (False, False)
    assert bench.masters() == []
    bench.ca.run("nginx", "apply")
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")


def test_a_key_that_is_elsewhere_is_no_proof(bench: Bench, tmp_path: Path) -> None:
    bench.apply()
    shutil.move(bench.ca.identity("alice"), tmp_path / "elsewhere")
    done = bench.ca.run("revoke", "alice")
    assert "the key of alice" in done.stdout
    assert "is revoked:" not in done.stdout
    bench.ca.identity("alice").parent.mkdir(exist_ok=True)
    shutil.move(tmp_path / "elsewhere", bench.ca.identity("alice"))
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")


def test_one_of_several_certificates(bench: Bench) -> None:
    old = x509.load_pem_x509_certificate(bench.ca.identity("alice", "certificate.pem").read_bytes()).serial_number
    bench.ca.run("renew", "alice")
    bench.apply()
    said = json.loads(bench.ca.run("revoke", "alice", "--serial", f"{old:X}", "--json").stdout)
    assert (len(said["revoked"]), said["proven"], said["unproven"]) == (1, True, [])
    assert bench.curl("alice") == "200"
    bench.ca.run("revoke", "alice", "--serial", "ABCDEF0123", expect=2)
    bench.ca.run("revoke", "nobody", expect=2)
    bench.ca.run("revoke", "../../etc", expect=2)


def test_a_crl_set_that_would_lock_clients_out_is_refused(bench: Bench) -> None:
    home = bench.ca.world.ca
    bundle = Path(home.layout.bundle).read_bytes()
    good = Path(home.layout.crl).read_bytes()
    refuse_lockout(home, bundle=bundle, crls=good)
    end = b"-----END X509 CRL-----\n"
    root, issuing = (part + end for part in good.split(end)[:2])
    for crls in (root, issuing):
        assert any("missing" in fault for fault in lockout_faults(home, bundle, crls_from_pem(crls, where="")))
        assert any("would be refused" in fault for fault in lockout_faults(home, bundle, crls_from_pem(crls, where="")))
    subject = x509.load_pem_x509_crl(root).issuer
    now = datetime.now(UTC)  # noqa: TID251 - the home's clock is the real one
    made = x509.CertificateRevocationListBuilder().issuer_name(subject).last_update(now - timedelta(1))
    impostor = made.next_update(now + timedelta(1)).sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    wrong = impostor.public_bytes(Encoding.PEM) + issuing
    assert any("another key" in fault for fault in lockout_faults(home, bundle, crls_from_pem(wrong, where="")))
    with pytest.raises(PolicyError, match="must not be published"):
        refuse_lockout(home, bundle=bundle, crls=wrong)
    with pytest.raises(PolicyError, match="must not be published"):
        refuse_lockout(home, bundle=bundle, crls=b"nonsense")


def test_an_expired_crl_of_an_absent_root_key_stops_a_revocation_before_nginx(bench: Bench, tmp_path: Path) -> None:
    """The root's key is away and its CRL has run out: publishing would shut everybody out, so nginx keeps what it has."""
    bench.apply()
    before = bench.files()
    world = bench.ca.world
    key = next(one.key for one in world.ca.authorities() if one.parent is None)
    root = next(one for one in world.ca.authorities() if one.parent is None)
    authority, signer = x509.load_der_x509_certificate(root.certificate), world.keys.open(key)
    now = datetime.now(UTC)  # noqa: TID251
    made = x509.CertificateRevocationListBuilder().issuer_name(authority.subject).last_update(now - timedelta(days=2))
    made = made.next_update(now - timedelta(days=1)).add_extension(x509.CRLNumber(99), critical=False)
    der = Held(made.sign(signer, hashes.SHA256()).public_bytes(Encoding.DER))
    with world.store.begin() as transaction:
        transaction.save_crl(
            root.label, number=99, der=der, this_update=now - timedelta(days=2), next_update=now - timedelta(days=1)
        )
    for path in (bench.ca.home / "keys").glob("root*"):
        shutil.move(path, tmp_path / path.name)
    refused = bench.ca.run("revoke", "alice", expect=4)
    assert "the CRL of the root CA has expired" in refused.stderr
    assert bench.files() == before
    assert (bench.curl("alice"), bench.curl("bob")) == ("200", "200")
    for path in tmp_path.glob("root*"):
        shutil.move(path, bench.ca.home / "keys" / path.name)
    assert json.loads(bench.ca.run("revoke", "alice", "--json").stdout)["proven"] is True


@pytest.mark.parametrize("delay", [0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
def test_ctrl_c_is_never_half_a_revocation(bench: Bench, delay: float) -> None:
    bench.apply()
    process = bench.ca.start("revoke", "alice", start_new_session=True)
    threading.Event().wait(delay)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=120)
    assert process.returncode in {0, 130, -signal.SIGINT}, said
    assert not (bench.prefix / ".handclasp" / "journal.json").exists()
    assert bench.curl("bob") == "200"
    assert len(bench.masters()) == 1
    again = json.loads(bench.ca.run("revoke", "alice", "--json").stdout)
    assert all(one["ok"] for one in again["proof"])
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")
    bench.assert_clean()
