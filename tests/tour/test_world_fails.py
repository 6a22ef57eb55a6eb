"""No nginx, no port, no room, no right to write: one clear message each, and everything as before or whole."""

import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from handclasp.adapters.nginx_process import NginxProcess
from tests.ca_rig import Ca, copied, openssl
from tests.disk_rig import disk_of, fill
from tests.nginx_rig import free_port

PORT = free_port()  # the default, 443, would be that of another run of these tests too
SITE = ("--server-name", "app.test", "--listen", f"127.0.0.1:{PORT}")


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def one_message(err: str) -> str:
    assert err.count("error: ") == 1, err
    assert "Traceback" not in err
    return err


@contextmanager
def stopping(ca: Ca) -> Iterator[None]:
    try:
        yield
    finally:
        NginxProcess().stop(prefix=str(ca.home / "nginx"), config=str(ca.home / "nginx" / "nginx.conf"))


@pytest.mark.parametrize(
    "words",
    [
        "nginx render --server-name app.test",
        "nginx apply --server-name app.test",
        "demo",
        "doctor --config {} --client-cert {}",
    ],
)
def test_no_nginx_on_this_machine(words: str, ca: Ca, tmp_path: Path, tour: Ca) -> None:
    """In a mount namespace an empty file lies over the binary. A diagnosis works without nginx, and says what is missing."""
    ca.run("issue", "app.test", "--profile", "server")
    (tmp_path / "nothing").write_text("")
    chain = tour.home.parent / "files" / "server.pem"
    arguments = words.format(tour.home.parent / "files" / "ok.conf", chain)
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    inner = f"mount --bind {shlex.quote(str(tmp_path / 'nothing'))} {binary} && exec {shlex.quote(sys.executable)} -m handclasp"
    env = {**os.environ, "HANDCLASP_HOME": str(ca.home), "HANDCLASP_PASSPHRASE_FILE": str(ca.passphrase)}
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f"{inner} {arguments}"],
        env=env, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if words.startswith("doctor"):
        assert done.returncode in {0, 1}, done.stderr
        assert "nginx is not installed" in done.stdout + done.stderr
        return
    assert done.returncode == 5, done.stderr
    assert done.stdout == ""
    assert "nginx is not installed" in one_message(done.stderr)
    assert "apt-get install nginx" in done.stderr


def test_a_busy_port_is_named_with_its_holder(ca: Ca) -> None:
    address = f"127.0.0.1:{PORT}"
    with socket.create_server(("127.0.0.1", PORT)), stopping(ca):
        done = ca.run("nginx", "apply", *SITE, expect=5)
        assert f"{address} is in use by" in one_message(done.stderr)
        assert str(os.getpid()) in done.stderr
        assert not list((ca.home / "nginx" / "sites").iterdir())
    with stopping(ca):
        ca.run("nginx", "apply", *SITE)


@pytest.mark.parametrize("keep", [0, 4096, 16384, 65536])
def test_a_full_disk_while_a_site_is_applied(template: Ca, tmp_path: Path, keep: int) -> None:
    with disk_of(tmp_path / "disk", 900) as folder:
        ca = copied(template, folder / "ca")
        with stopping(ca):
            ca.run("issue", "app.test", "--profile", "server")
            ballast = fill(folder, keep)
            process = ca.start("nginx", "apply", *SITE)
            _, err = process.communicate(timeout=60)
            assert process.returncode in ({5} if keep < 16384 else {0, 5}), err
            if process.returncode:
                assert "space" in one_message(err)
                assert not list((ca.home / "nginx").glob("sites/*"))
                assert not list((ca.home / "nginx").glob("pki/*"))
            ballast.unlink()
            ca.run("nginx", "apply", *SITE)


@pytest.mark.parametrize("keep", [0, 4096, 16384, 32768])
def test_a_full_disk_while_somebody_is_revoked(template: Ca, tmp_path: Path, keep: int) -> None:
    """Recorded or not, never half: the next try, with room, revokes and proves it."""
    with disk_of(tmp_path / "disk", 1000) as folder:
        ca = copied(template, folder / "ca")
        with stopping(ca):
            ca.run("nginx", "apply", *SITE)
            ballast = fill(folder, keep)
            process = ca.start("revoke", "bob")
            _, err = process.communicate(timeout=60)
            assert process.returncode in ({5} if keep < 16384 else {0, 5}), err
            if process.returncode:
                one_message(err)
            ballast.unlink()
            assert ca.json("revoke", "bob")["revoked"][0]["revoked_at"]
            assert "revoked" in ca.run("list").stdout
            ca.run("audit")
            leftovers = list(ca.home.rglob("*handclasp-new*"))
            assert not leftovers, leftovers
            bundle, crls, chain = (
                ca.home / "ca" / "bundle.pem",
                ca.home / "ca" / "crl.pem",
                ca.identity("bob", "certificate.pem"),
            )
            said = openssl("verify", "-crl_check_all", "-CRLfile", crls, "-CAfile", bundle, chain, expect=2)
            assert "certificate revoked" in said


def test_a_read_only_home(template: Ca, tmp_path: Path) -> None:
    with disk_of(tmp_path / "disk", 1000) as folder:
        ca = copied(template, folder / "ca")
        with stopping(ca):
            ca.run("nginx", "apply", *SITE)
            ca.run("nginx", "stop")  # its open logs would keep the disk writable
            remount(folder, "ro")
            try:
                for words in (["nginx", "apply", *SITE, "--allow", "alice"], ["revoke", "bob"], ["nginx", "rollback"]):
                    done = ca.run(*words, expect=5)
                    assert "read-only" in one_message(done.stderr).lower() or "readonly" in done.stderr.lower()
            finally:
                remount(folder, "rw")
            assert "revoked" not in ca.run("list").stdout
            ca.run("nginx", "apply", *SITE, "--allow", "alice")
            ca.run("revoke", "bob")


@pytest.mark.parametrize(
    "words",
    [
        ["nginx", "render", *SITE, "--output", "{}/site.conf"],
        ["nginx", "render", *SITE, "--output-folder", "{}"],
        ["nginx", "render", *SITE, "--output", "{}/no/such/folder/site.conf"],
        ["doctor", "--config", "{0}/../ok.conf", "--no-prove", "--save", "{}/evidence.json"],
    ],
    ids=["output", "output-folder", "no-folder", "save"],
)
@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_files_for_the_user(words: list[str], fault: str, template: Ca, made: Ca, tmp_path: Path) -> None:
    ca = copied(template, tmp_path / "own")
    ca.run("issue", "app.test", "--profile", "server")
    for path in (made.home.parent / "files").glob("*.*"):
        shutil.copy(path, tmp_path)
    with disk_of(tmp_path / "disk", 64) as folder:
        if fault == "full":
            fill(folder, 0)
        else:
            remount(folder, "ro")
        before = sorted(folder.iterdir())
        done = ca.run(*(word.format(folder) for word in words), expect=5)
        assert str(folder) in one_message(done.stderr)
        assert sorted(folder.iterdir()) == before


def test_a_revocation_with_a_wrong_passphrase_says_what_is_recorded(ca: Ca, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("not the passphrase\n")
    wrong.chmod(0o600)
    done = ca.run("revoke", "bob", "--passphrase-file", str(wrong), expect=5)
    assert "the passphrase is wrong" in one_message(done.stderr)
    assert "the revocation is recorded" in done.stderr
    assert "revoked" in ca.run("list").stdout
    crls = ca.home / "ca" / "crl.pem"
    before = crls.read_bytes()
    ca.run("revoke", "bob")
    assert crls.read_bytes() != before
