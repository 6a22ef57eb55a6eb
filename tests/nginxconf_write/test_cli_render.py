"""handclasp nginx render, on a home with a real CA, and what it prints on a real nginx."""

import json
from pathlib import Path

import pytest

from handclasp.app.site import parse_listen
from handclasp.cli import main
from handclasp.model.errors import UsageError
from tests.nginxconf_write.site_rig import SiteRig
from tests.waiting import logged


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery staple\n")
    passphrase.chmod(0o600)
    monkeypatch.setenv("HANDCLASP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HANDCLASP_PASSPHRASE_FILE", str(passphrase))
    assert main(["init", "-q"]) == 0
    return tmp_path / "home"


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_from_nothing_to_a_site_that_lets_alice_in(home: Path, rig: SiteRig, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["issue", "app.test", "--profile", "server"], ["issue", "alice"], ["issue", "bob"]):
        assert main([*arguments, "-q"]) == 0
    output = rig.path("sites/app.conf")
    listen = f"127.0.0.1:{rig.port}"
    render = ("nginx", "render", "--server-name", "app.test", "--listen", listen, "--log-folder", rig.path("logs"))
    code, shown = document(capsys, *render, "--allow", "alice", "--output", output)
    assert code == 0
    assert shown["schema"] == "handclasp/nginx-render/1"
    assert Path(output).read_text() == shown["config"]
    rig.serve()
    assert _curl(rig, home, "alice")[0] == 200
    assert _curl(rig, home, "bob")[0] == 403
    assert _curl(rig, home, None)[0] == 400
    logged(rig.prefix / "logs/handclasp-app.test-access.log", '"serial"')  # an answer is logged after it was given


def test_text_goes_to_stdout_and_the_next_step_to_stderr(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["issue", "app.test", "--profile", "server", "-q"]) == 0
    capsys.readouterr()
    assert main(["nginx", "render", "--server-name", "app.test", "--nginx-version", "1.26.0"]) == 0
    shown = capsys.readouterr()
    assert "http2 on;" in shown.out
    assert str(home / "ca/crl.pem") in shown.out
    assert shown.err.startswith("next: ")


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        ((), 2, "handclasp issue app.test --profile server"),
        (("--cert", "/x/c.pem"), 2, "give both paths"),
        (("--listen", "localhost"), 2, "443"),
        (("--upstream-ca", "x"), 2, "--upstream"),
        (("--server-name", "x;", "--cert", "/c", "--key", "/k"), 4, "letters"),
        (("--allow", "../x", "--cert", "/c", "--key", "/k"), 2, "letters"),
        (("--allow", "nobody", "--cert", "/c", "--key", "/k"), 4, "handclasp issue nobody"),
        (("--upstream", "https://a.test", "--cert", "/c", "--key", "/k"), 4, "--upstream-ca"),
        (("--nginx-version", "1.10.0", "--cert", "/c", "--key", "/k"), 4, "1.18.0"),
    ],
)
def test_refusals_say_what_to_do(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, hint: str
) -> None:
    got, shown = document(capsys, "nginx", "render", "--server-name", "app.test", *arguments)
    assert (got, hint in str(shown["hint"])) == (code, True), shown


def test_a_certificate_for_another_name_does_not_serve(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["issue", "app.test", "--profile", "server", "--san", "dns:*.app.test", "-q"]) == 0
    render = ("nginx", "render", "--nginx-version", "1.26.0", "--server-name")
    assert document(capsys, *render, "app.test", "--server-name", "api.app.test")[0] == 0
    assert document(capsys, *render, "*.app.test")[0] == 0
    assert document(capsys, *render, "other.test")[0] == 2
    assert document(capsys, *render, "a.b.app.test")[0] == 2


def test_without_a_ca_it_says_how_to_make_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("nginx", "render", "--server-name", "a.test", "--nginx-version", "1.26.0", "--home", str(tmp_path))
    code, shown = document(capsys, *arguments)
    assert (code, str(shown["hint"]).startswith("handclasp init")) == (2, True)


def test_listen_addresses() -> None:
    assert [parse_listen(text) for text in ("443", ":443", "127.0.0.1:1", "[::1]:2", "*:3")] == [
        ("*", 443), ("*", 443), ("127.0.0.1", 1), ("[::1]", 2), ("*", 3),
    ]  # fmt: skip
    for bad in ("", "x", "127.0.0.1", "::1:443", "1.2.3.4:", "a:٣", "1:999999"):
        with pytest.raises(UsageError):
            parse_listen(bad)


def _curl(rig: SiteRig, home: Path, client: str | None) -> tuple[int, str]:
    folder = f"{home}/identities/{client}"
    who = ("--cert", f"{folder}/chain.pem", "--key", f"{folder}/key.pem") if client else ()
    return rig.curl("--cacert", f"{home}/ca/root.pem", *who, client=None)


def test_sites_from_a_file(home: Path, rig: SiteRig, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["issue", "app.test", "--profile", "server"],
        ["issue", "b.test", "--profile", "server"],
        ["issue", "alice"],
    ):
        assert main([*arguments, "-q"]) == 0
    file = tmp_path / "handclasp.toml"
    logs = rig.path("logs")
    file.write_text(
        f"""
[[site]]
server_names = ["app.test"]
listen = ["127.0.0.1:{rig.port}"]
log_folder = "{logs}"
[[site]]
server_names = ["b.test"]
listen = ["127.0.0.1:{rig.port}"]
log_folder = "{logs}"
allow = ["alice"]
"""
    )
    folder = rig.path("sites")
    code, shown = document(capsys, "nginx", "render", "--file", str(file), "--output-folder", folder)
    assert (code, shown["written"]) == (0, [f"{folder}/handclasp-app.test.conf", f"{folder}/handclasp-b.test.conf"])
    rig.serve()
    who = ("--cert", f"{home}/identities/alice/chain.pem", "--key", f"{home}/identities/alice/key.pem")
    for name in ("app.test", "b.test"):
        assert rig.curl("--cacert", f"{home}/ca/root.pem", *who, client=None, name=name)[0] == 200
        assert rig.curl("-k", client="stranger", name=name)[0] == 400
    code, shown = document(capsys, "nginx", "render", "--file", str(file), "--server-name", "x.test")
    assert code == 2
    file.write_text("[[site]]\nserver_names = 7\n")
    code, shown = document(capsys, "nginx", "render", "--file", str(file))
    assert (code, shown["where"]) == (3, f"{file}:2:1")


def test_a_container_sees_the_home_elsewhere_and_never_its_keys(
    home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["issue", "app.test", "--profile", "server", "-q"]) == 0
    capsys.readouterr()
    output = tmp_path / "conf.d/app.conf"
    output.parent.mkdir()
    render = ["nginx", "render", "--server-name", "app.test", "--nginx-version", "1.28.0", "--target", "docker"]
    assert main([*render, "--output", str(output)]) == 0
    text = output.read_text()
    assert str(home) not in text
    assert "ssl_client_certificate /etc/handclasp/ca/bundle.pem;" in text
    hint = capsys.readouterr().err
    assert f"-v {home}/ca:/etc/handclasp/ca:ro" in hint
    assert f"-v {home}/identities/app.test:/etc/handclasp/identities/app.test:ro" in hint
    assert f"{home}:" not in hint
    assert "keys" not in hint
    assert main([*render[:-1], "sites-available", "--output", str(output)]) == 0
    assert "ln -s" in capsys.readouterr().err


def test_the_schema_can_be_had_without_a_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nginx", "render", "--print-schema", "--home", str(tmp_path)]) == 0
    assert "SiteTable" in json.loads(capsys.readouterr().out)["$defs"]
