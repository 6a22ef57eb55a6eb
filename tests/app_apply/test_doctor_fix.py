"""doctor --fix --apply: somebody's own configuration, mended on the nginx that runs it, or left as it was."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handclasp.adapters.tls_probe import TlsProbe
from handclasp.cli import main
from handclasp.model.probe import ClientIdentity, ProbeRequest
from tests.nginx_rig import SERVER, Issued, Rig, make

SHALLOW = "ssl_client_certificate root.pem; ssl_verify_client on; ssl_verify_depth 1;"


@pytest.fixture
def deep(nginx_rig: Rig) -> tuple[Rig, ClientIdentity]:
    """Two intermediates, and a depth for one: carol is refused."""
    first = make("First CA", nginx_rig.root, ca=True)
    second = make("Second CA", first, ca=True)
    carol: Issued = make("carol", second)
    holds = carol.identity(second, first)
    nginx_rig.write("carol.pem", holds.certificate_chain)
    nginx_rig.write("carol.key", holds.private_key)
    (Path(nginx_rig.prefix) / "sites").mkdir()
    nginx_rig.write("sites/app.conf", SERVER.format(port=nginx_rig.port, name="app.test", tls=SHALLOW, word="hello"))
    nginx_rig.http("include sites/*.conf;")
    nginx_rig.start()
    return nginx_rig, holds


def doctor(rig: Rig, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    argv = ["doctor", "--config", rig.config, "--server", "app.test", "--client-cert", f"{rig.prefix}/carol.pem"]
    code = main([*argv, "--client-key", f"{rig.prefix}/carol.key", *options, "--json"])
    return code, json.loads(capsys.readouterr().out)


def ask(rig: Rig, identity: ClientIdentity | None) -> int | None:
    request = ProbeRequest(address="127.0.0.1", port=rig.port, sni="app.test", host="app.test")
    return TlsProbe().ask(replace(request, identity=identity)).status


def sites(rig: Rig) -> str:
    return (Path(rig.prefix) / "sites/app.conf").read_text()


def test_shown_applied_and_taken_back(deep: tuple[Rig, ClientIdentity], capsys: pytest.CaptureFixture[str]) -> None:
    rig, carol = deep
    before = sites(rig)
    assert ask(rig, carol) == 400
    code, said = doctor(rig, capsys, "--fix")
    assert (code, said["fix"]["applied"], sites(rig)) == (1, False, before)
    assert "+" in said["fix"]["patch"]
    assert "ssl_verify_depth 2" in said["fix"]["patch"]
    code, said = doctor(rig, capsys, "--fix", "--apply")
    assert (code, said["fix"]["applied"], said["fix"]["reloaded"]) == (0, True, True)
    proof = {one["name"]: (one["expect"], one["ok"]) for one in said["fix"]["proof"]}
    assert proof["the client in question"] == ("admitted", True)
    assert proof["no certificate"] == ("refused", True)
    assert (ask(rig, carol), ask(rig, None)) == (200, 400)
    assert "ssl_verify_depth 2" in sites(rig)
    assert main(["nginx", "rollback", "--config", rig.config]) == 0
    capsys.readouterr()
    assert (ask(rig, carol), sites(rig)) == (400, before)


def test_a_fix_that_does_not_work_on_the_running_nginx_is_put_back(
    deep: tuple[Rig, ClientIdentity], capsys: pytest.CaptureFixture[str]
) -> None:
    """Something else refuses carol too: what counts is who was let in."""
    rig, carol = deep
    before = sites(rig)
    (Path(rig.prefix) / "sites/app.conf").write_text(
        before.replace("location / {", "if ($ssl_protocol) { return 403; }\nlocation / {")
    )
    rig.reload()
    changed = sites(rig)
    code, said = doctor(rig, capsys, "--fix", "--apply", "--no-prove")
    assert code == 1
    assert "put back" in said["what"]
    assert (sites(rig), ask(rig, carol)) == (changed, 400)


def test_what_is_no_file_of_this_machine_is_not_changed(
    deep: tuple[Rig, ClientIdentity], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rig, _ = deep
    dump = tmp_path / "dump.txt"
    dump.write_text(rig.nginx.dump(prefix=rig.prefix, config=rig.config))
    for options in (["--config", str(dump)], ["--config", rig.config, "--chroot", "/"], ["--line", "x"]):
        assert main(["doctor", *options, "--fix", "--apply"]) == 2
        assert "name the configuration" in (words := capsys.readouterr().err) or "dump" in words
    assert main(["doctor", "--config", rig.config, "--apply"]) == 2
    assert "go with --fix" in capsys.readouterr().err


@pytest.fixture
def linked(deep: tuple[Rig, ClientIdentity]) -> tuple[Rig, ClientIdentity, Path, Path]:
    """The site lies in sites-available, belongs to somebody and is closed to others; sites/ has a link to it."""
    rig, carol = deep
    link = Path(rig.prefix) / "sites/app.conf"
    available = Path(rig.prefix) / "sites-available"
    available.mkdir()
    target = available / "app.conf"
    target.write_text(link.read_text())
    target.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(target, 1234, 2345)
    link.unlink()
    link.symlink_to("../sites-available/app.conf")
    rig.reload()
    return rig, carol, link, target


def owner_and_mode(path: Path) -> tuple[int, int, int]:
    status = path.lstat()
    return status.st_uid, status.st_gid, status.st_mode


def test_a_link_stays_and_its_file_keeps_owner_and_mode(
    linked: tuple[Rig, ClientIdentity, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    rig, carol, link, target = linked
    was, before = owner_and_mode(target), target.read_text()
    code, said = doctor(rig, capsys, "--fix", "--apply")
    assert (code, said["fix"]["applied"]) == (0, True)
    assert (link.readlink(), owner_and_mode(target)) == (Path("../sites-available/app.conf"), was)
    assert "ssl_verify_depth 2" in target.read_text()
    assert ask(rig, carol) == 200
    assert main(["nginx", "rollback", "--config", rig.config]) == 0
    assert (link.readlink(), owner_and_mode(target)) == (Path("../sites-available/app.conf"), was)
    assert (target.read_text(), ask(rig, carol)) == (before, 400)


def test_what_is_put_back_behind_a_link_is_as_it_was(
    linked: tuple[Rig, ClientIdentity, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    rig, carol, link, target = linked
    target.write_text(target.read_text().replace("location / {", "if ($ssl_protocol) { return 403; }\nlocation / {"))
    rig.reload()
    was, before = owner_and_mode(target), target.read_text()
    code, said = doctor(rig, capsys, "--fix", "--apply", "--no-prove")
    assert code == 1
    assert "put back" in said["what"]
    assert (link.readlink(), owner_and_mode(target)) == (Path("../sites-available/app.conf"), was)
    assert (target.read_text(), ask(rig, carol)) == (before, 400)
    assert sorted(path.name for path in target.parent.iterdir()) == ["app.conf"]
