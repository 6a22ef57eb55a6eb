"""handclasp nginx status and check, as a person runs them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handclasp.cli import main
from tests.nginx_rig import MAIN, Rig, rig

SITES = """
map $ssl_client_s_dn $who {{ default ""; "CN=alice" alice; }}
upstream backend {{ server 127.0.0.1:9; }}
server {{
    listen 127.0.0.1:{port} ssl default_server;
    listen 127.0.0.1:{plain};
    server_name open.test;
    ssl_certificate server.pem; ssl_certificate_key server.key;
    location / {{ return 200 open; }}
}}
server {{
    listen 127.0.0.1:{port} ssl;
    server_name shut.test *.shut.test;
    ssl_certificate server.pem; ssl_certificate_key server.key;
    ssl_client_certificate root.pem; ssl_verify_client on; ssl_verify_depth 2; ssl_crl root.crl;
    proxy_set_header X-Client-DN $ssl_client_s_dn;
    location / {{ proxy_pass http://backend; }}
    location /who {{ proxy_pass http://backend; proxy_set_header X-Who $who; }}
    location /forgets {{ proxy_pass http://backend; proxy_set_header Host $host; }}
}}
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("status") / "prefix") as made:
        made.http(SITES.format(port=8443, plain=8080))
        yield made


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["nginx", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_status_says_who_asks_whom(bench: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = _json(capsys, "status", "--config", bench.config)
    assert (code, found["schema"]) == (0, "handclasp/nginx-status/1")
    tls, plain = found["sockets"]
    assert (tls["address"], tls["port"], tls["tls"], plain["tls"]) == ("127.0.0.1", 8443, True, False)
    assert (tls["without_sni"], tls["without_sni_asks"]) == ("open.test", "off")
    opened, shut = tls["servers"]
    assert (opened["asks"], shut["asks"], shut["depth"]) == ("off", "on", 2)
    assert [one["subject"] for one in shut["authorities"]] == ["CN=Test root"]
    assert [(one["issuer"], one["expired"]) for one in shut["crls"]] == [("CN=Test root", False)]
    told = {one["location"]: one["headers"] for one in shut["backends"]}
    assert told == {"/": [["X-Client-DN", "$ssl_client_s_dn"]], "/who": [["X-Who", "$who"]], "/forgets": []}


def test_status_as_a_table(bench: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nginx", "status", "--config", bench.config, "--lang", "en", "--at", "2099-01-01"]) == 0
    said = capsys.readouterr()
    assert "127.0.0.1:8443  TLS\n  without SNI: open.test (no certificate is asked for)" in said.out
    assert "EXPIRED" in said.out
    assert "shut.test /forgets -> http://backend is told nothing about the client" in said.out
    assert said.err.startswith("next: handclasp nginx check")


def test_status_of_a_dump_without_the_files(bench: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump = tmp_path / "dump.txt"
    dump.write_text(bench.nginx.dump(prefix=bench.prefix, config=bench.config).replace(bench.prefix, "/nowhere"))
    code, found = _json(capsys, "status", "--config", str(dump))
    assert code == 0
    (authority,) = found["sockets"][0]["servers"][1]["authorities"]
    assert (authority["path"], "No such file" in authority["error"]) == ("/nowhere/root.pem", True)


def test_check_of_a_good_configuration(bench: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.nginx.test(prefix=bench.prefix, config=bench.config).ok
    code, found = _json(capsys, "check", "--config", bench.config)
    assert (found["ok"], found["faults"], found["servers"]) == (True, [], 2)
    told = [(one["cause"], one["severity"], one["where"]["line"]) for one in found["findings"]]
    lines = Path(bench.config).read_text().splitlines()
    at = next(number for number, line in enumerate(lines, 1) if "/forgets" in line)
    assert ("proxy-set-header-inheritance", "error", at) in told
    assert code == 1
    assert main(["nginx", "check", "--config", bench.config, "--lang", "en"]) == 1
    assert f"{bench.config}:{at}: error: " in capsys.readouterr().out


def test_check_lists_what_nginx_would_refuse(bench: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("server.pem", "root.pem"):
        (tmp_path / name).write_bytes(Path(bench.prefix, name).read_bytes())
    (tmp_path / "server.key").write_bytes(bench.stranger.key_pem)
    (tmp_path / "run").mkdir()
    (tmp_path / "logs").mkdir()
    config = tmp_path / "nginx.conf"
    tls = "ssl_certificate server.pem; ssl_certificate_key server.key;\nssl_verify_client on;\nssl_crl gone.crl;"
    config.write_text(MAIN.format(http=f"server {{\nlisten 127.0.0.1:8443 ssl;\n{tls}\n}}", user="user root;"))
    code, found = _json(capsys, "check", "--config", str(config))
    assert (code, found["ok"]) == (1, False)
    places = [(fault["directive"], fault["where"]["line"]) for fault in found["faults"]]
    assert places == [("ssl_certificate", 13), ("ssl_verify_client", 14), ("ssl_crl", 15)]
    first = found["faults"][0]["message"]
    assert first.startswith(f'SSL_CTX_use_PrivateKey("{tmp_path}/server.key") failed')
    assert first in bench.nginx.test(prefix=str(tmp_path), config=str(config)).output


def test_check_judges_as_another_version(bench: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "nginx.conf"
    config.write_text("events { }\nhttp {\nserver {\nlisten 80;\nhttp2 on;\n}\n}\n")
    assert main(["nginx", "check", "--config", str(config), "--nginx-version", "1.22.1", "--lang", "en"]) == 1
    said = capsys.readouterr()
    assert said.out.startswith(f'{config}:5:1: unknown directive "http2" in {config}:5\n')
    assert main(["nginx", "check", "--config", str(config), "--nginx-version", "1.28.0", "--lang", "en"]) == 0


def test_check_of_a_text_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "nginx.conf"
    config.write_text("events { }\nhttp {\n  server_tokens off\n}\n")
    assert main(["nginx", "check", "--config", str(config)]) == 3
    assert f"{config}:4:1" in capsys.readouterr().err


def test_names_from_the_configuration_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "nginx.conf"
    config.write_text('events { }\nhttp {\nserver {\nlisten 127.0.0.1:80;\nserver_name "\x1b[2Jevil";\n}\n}\n')
    assert main(["nginx", "status", "--config", str(config)]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_status_says_what_ends_next(bench: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    _, found = _json(capsys, "status", "--config", bench.config)
    ends = [(one["kind"], one["name"], one["servers"]) for one in found["deadlines"]]
    assert ends[0] == ("crl", "CN=Test root", ["shut.test"])  # 7 days; the certificates have 30
    assert {("authority", "CN=Test root"), ("certificate", "CN=app.test")} <= {(kind, name) for kind, name, _ in ends}
    assert [one["at"] for one in found["deadlines"]] == sorted(one["at"] for one in found["deadlines"])
    main(["nginx", "status", "--config", bench.config, "--lang", "en"])
    assert "the CRL of CN=Test root: shut.test refuses its clients then" in capsys.readouterr().out
    main(["nginx", "status", "--config", bench.config, "--lang", "en", "--at", "2099-01-01"])
    assert capsys.readouterr().out.count(" EXPIRED  the ") == len(found["deadlines"])


def test_status_says_that_a_reload_would_be_refused(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    with rig(tmp_path_factory.mktemp("refused") / "prefix") as made:
        made.http(SITES.format(port=8443, plain=8080))
        _, before = _json(capsys, "status", "--config", made.config)
        made.write("root.crl", "no list any more\n")
        _, after = _json(capsys, "status", "--config", made.config)
        real = made.nginx.test(prefix=made.prefix, config=made.config).output
        main(["nginx", "status", "--config", made.config])
    assert before["refused"] is None
    assert after["refused"].partition(" (SSL:")[0] in real
    assert "nginx refuses these files as they are now" in capsys.readouterr().out
