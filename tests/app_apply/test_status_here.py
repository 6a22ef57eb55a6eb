"""nginx status and check without a configuration: the nginx of this home, once sites are applied."""

from pathlib import Path

from tests.app_apply.bench import Bench


def test_they_look_at_the_nginx_of_the_home(bench: Bench) -> None:
    assert bench.ca.json("nginx", "status")["config"] == "/etc/nginx/nginx.conf"
    bench.apply("--allow", "alice")
    found = bench.ca.json("nginx", "status")
    assert found["config"] == str(bench.prefix / "nginx.conf")
    served = [server for socket in found["sockets"] for server in socket["servers"] if server["names"] == ["app.test"]]
    assert [(server["asks"], len(server["authorities"]) > 1) for server in served] == [("on", True)]
    assert bench.ca.json("nginx", "check")["ok"] is True
    told = bench.ca.run("nginx", "status").stderr
    assert ("/etc/nginx/nginx.conf" in told) is Path("/etc/nginx/nginx.conf").exists()
    assert bench.ca.json("nginx", "status", "--config", "/etc/nginx/nginx.conf")["config"] == "/etc/nginx/nginx.conf"


def test_who_may_enter_a_site_of_ours(bench: Bench, tmp_path: Path) -> None:
    intent = tmp_path / "handclasp.toml"
    intent.write_text(
        f'[[site]]\nserver_names = ["app.test"]\nlisten = ["127.0.0.1:{bench.port}"]\nallow = ["alice"]\n'
        '[[site.path]]\npath = "/metrics"\nallow = ["*"]\n[[site.path]]\npath = "/health"\nfree_from = ["any"]\n'
    )
    bench.ca.run("nginx", "apply", "--file", str(intent))
    told = bench.ca.run("nginx", "status").stdout
    assert "app.test / is entered by alice\n" in told
    assert "app.test /metrics is entered by every client of its CAs" in told
    assert "app.test /health is entered by alice; from any without a certificate" in told
    bench.ca.run("revoke", "alice")
    assert "app.test / is entered by nobody\n" in bench.ca.run("nginx", "status").stdout
    assert "可进入 app.test / 的有：无人" in bench.ca.run("nginx", "status", "--lang", "zh").stdout
    assert told.count("CN=Handclasp Root CA (until") == 1, "one file named twice is one list"


def test_who_may_enter_a_server_written_by_hand(bench: Bench, tmp_path: Path) -> None:
    conf = tmp_path / "nginx.conf"
    conf.write_text(
        "events {}\nhttp {\n"
        '  map $ssl_client_s_dn $admin { default 0; "CN=alice" 1; }\n'
        '  map "$admin:x" $who { default ""; "1:x" root; }\n'
        "  server { listen 443 ssl; server_name site.test; ssl_verify_client on;\n"
        f"    ssl_client_certificate {bench.ca.home}/ca/bundle.pem; ssl_verify_depth 2;\n"
        '    location /admin { if ($who = "") { return 403; } proxy_pass http://127.0.0.1:9; }\n'
        "    location /other { if ($http_x) { return 403; } return 200; } } }\n"
    )
    said = bench.ca.json("nginx", "status", "--config", str(conf))
    rules = said["sockets"][0]["servers"][0]["enters"]
    assert [(one["path"], one["enters"], one["names"]) for one in rules] == [
        ("/", "clients", []),
        ("/admin", "condition", ["root"]),
    ]
    assert (
        'site.test /admin is refused: if ($who = "") return 403'
        in bench.ca.run("nginx", "status", "--config", str(conf)).stdout
    )
