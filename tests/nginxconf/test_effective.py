"""What holds in a server and a location, compared with what a running nginx does: headers, trust, names, error pages."""

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from handclasp.model.nginx import EffectiveConfig, Location, NginxVersion, Setting, VerifyClient
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.select import select_location, select_server
from tests.nginx_rig import Rig, free_port, rig

CONFIG = """
upstream echo {{ server 127.0.0.1:{tls}; }}
proxy_set_header X-Outer http;
proxy_set_header X-Who $remote_addr;
proxy_ssl_certificate alice.pem; proxy_ssl_certificate_key alice.key; proxy_ssl_session_reuse off;
proxy_ssl_trusted_certificate root.pem; proxy_ssl_name app.test;
server {{
    listen 127.0.0.1:{tls} ssl;
    ssl_certificate server.pem; ssl_certificate_key server.key;
    ssl_client_certificate root.pem; ssl_verify_client optional;
    return 200 "$http_x_outer|$http_x_inner|$http_x_who|$ssl_client_s_dn|$ssl_server_name";
}}
server {{
    listen 127.0.0.1:{port}; server_name inherits.test;
    location / {{ proxy_pass https://127.0.0.1:{tls}; }}
    location /own {{ proxy_set_header X-Inner own; proxy_pass https://127.0.0.1:{tls};
        location /own/nested {{ proxy_pass https://echo; }}
        location /own/again {{ proxy_set_header X-Outer again; proxy_pass https://echo; }}
        location /own/nothing {{ return 200 "|||nothing|"; }}
    }}
    location /verified {{ proxy_ssl_verify on; proxy_pass https://127.0.0.1:{tls}; }}
    location /misnamed {{ proxy_ssl_verify on; proxy_ssl_name other.test; proxy_pass https://127.0.0.1:{tls}; }}
    location /default-name {{ proxy_ssl_verify on; proxy_ssl_name $proxy_host; proxy_pass https://echo; }}
    location /distrusted {{ proxy_ssl_verify on; proxy_ssl_trusted_certificate other.pem; proxy_pass https://echo; }}
    location /sni {{ proxy_ssl_server_name on; proxy_pass https://echo; }}
}}
server {{
    listen 127.0.0.1:{port}; server_name replaces.test;
    proxy_set_header X-Inner server; proxy_ssl_certificate bob.pem; proxy_ssl_certificate_key bob.key;
    location / {{ proxy_pass https://echo; }}
    location /if {{ if ($arg_x) {{ proxy_pass https://127.0.0.1:{tls}; }} proxy_pass https://echo; }}
}}
"""
PAGES = (
    ("inherits.test", "/"), ("inherits.test", "/own"), ("inherits.test", "/own/nested"), ("inherits.test", "/own/again"),
    ("inherits.test", "/own/nothing"), ("inherits.test", "/verified"), ("inherits.test", "/misnamed"),
    ("inherits.test", "/default-name"), ("inherits.test", "/distrusted"), ("inherits.test", "/sni"), ("replaces.test", "/"),
    ("replaces.test", "/if"),
)  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rig, EffectiveConfig]]:
    with rig(tmp_path_factory.mktemp("effective") / "prefix") as made:
        for name, one in (("alice", made.alice), ("bob", made.bob)):
            made.write(f"{name}.pem", one.pem)
            made.write(f"{name}.key", one.key_pem)
        made.write("other.pem", made.stranger.pem)
        made.http(CONFIG.format(tls=free_port(), port=made.port))
        made.start()
        tree = tree_from_files(made.config, {made.config: Path(made.config).read_bytes()})
        yield made, effective(tree, NginxVersion(1, 22, 1))


def _ask(port: int, host: str, uri: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", uri, headers={"Host": host, "X-Inner": "client's"})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def _foreseen(made: Rig, location: Location) -> tuple[int, str]:
    if location.returns:
        return location.returns.status, location.returns.text
    up = location.upstream
    assert up is not None
    if up.verify.value and (up.trusted_certificate.value != f"{made.prefix}/root.pem" or up.name.value != "app.test"):
        return 502, ""
    headers = {header.name: header.value.replace("$remote_addr", "127.0.0.1") for header in location.headers.value}
    subject = f"CN={Path(up.certificate.value or '').stem}"
    sni = up.name.value if up.server_name.value else ""
    passed = headers.get("X-Inner", "client's")
    return 200, f"{headers.get('X-Outer', '')}|{passed}|{headers.get('X-Who', '')}|{subject}|{sni}"


@pytest.mark.parametrize(("host", "uri"), PAGES)
def test_the_backend_is_told_what_was_foreseen(running: tuple[Rig, EffectiveConfig], host: str, uri: str) -> None:
    made, config = running
    server = select_server(config, "127.0.0.1", made.port, host)
    assert server is not None
    location = select_location(server, uri)
    assert location is not None
    status, body = _ask(made.port, host, uri)
    expected = _foreseen(made, location)
    assert (status, body if status == 200 else "") == expected


def test_an_if_with_a_pass_of_its_own_keeps_the_headers_around_it(running: tuple[Rig, EffectiveConfig]) -> None:
    made, config = running
    server = select_server(config, "127.0.0.1", made.port, "replaces.test")
    assert server is not None
    branch = next(location for location in server.locations if location.modifier == "if")
    assert (branch.path, branch.parents) == ("$arg_x", ("/if",))
    assert _ask(made.port, "replaces.test", "/if?x=1") == _foreseen(made, branch)


VERIFY = """
ssl_certificate server.pem; ssl_certificate_key server.key; ssl_client_certificate root.pem; ssl_verify_client on;
error_page 496 =200 /http-level;
server {{ listen 127.0.0.1:{a} ssl; location / {{ return 200 in; }} location /http-level {{ return 200 hole; }} }}
server {{ listen 127.0.0.1:{b} ssl; ssl_verify_client off; location / {{ return 200 free; }} }}
server {{ listen 127.0.0.1:{c} ssl; error_page 404 /x; location / {{ return 200 in; }} }}
"""


def test_verification_and_error_pages_come_from_http_unless_the_server_says_otherwise(tmp_path: Path) -> None:
    with rig(tmp_path / "prefix") as made:
        ports = {"a": free_port(), "b": free_port(), "c": free_port()}
        made.http(VERIFY.format(**ports))
        made.start()
        tree = tree_from_files(made.config, {made.config: Path(made.config).read_bytes()})
        servers = effective(tree, NginxVersion(1, 22, 1)).servers
        seen = [_without_certificate(port) for port in ports.values()]
    assert [server.verify_client.value for server in servers] == [VerifyClient.ON, VerifyClient.OFF, VerifyClient.ON]
    assert [[page.codes for page in server.error_pages] for server in servers] == [[(496,)], [(496,)], [(404,)]]
    assert seen == [(200, "hole"), (200, "free"), (400, "")]


def _without_certificate(port: int) -> tuple[int, str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)
    connection.request("GET", "/")
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body if answer.status == 200 else ""


# --- defaults by version (nginx's change log)


@pytest.mark.parametrize(
    ("version", "protocols"),
    [
        (NginxVersion(1, 8, 1), ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2")),
        (NginxVersion(1, 18, 0), ("TLSv1", "TLSv1.1", "TLSv1.2")),
        (NginxVersion(1, 23, 3), ("TLSv1", "TLSv1.1", "TLSv1.2")),
        (NginxVersion(1, 23, 4), ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")),
        (NginxVersion(1, 27, 3), ("TLSv1.2", "TLSv1.3")),
    ],
)
def test_protocols_by_version(version: NginxVersion, protocols: tuple[str, ...]) -> None:
    config = _effective("server { listen 1 ssl; location / { proxy_pass https://a; } }", version)
    assert config.servers[0].protocols == Setting(protocols)
    upstream = config.servers[0].locations[0].upstream
    assert upstream is not None
    assert upstream.protocols == Setting(protocols)


@pytest.mark.parametrize(
    ("version", "text", "kept", "local"),
    [
        (NginxVersion(1, 29, 6), "", 0, False),
        (NginxVersion(1, 29, 7), "", 32, True),
        (NginxVersion(1, 29, 7), "keepalive 8;", 8, False),
        (NginxVersion(1, 29, 7), "keepalive 0;", 0, False),
        (NginxVersion(1, 29, 7), "keepalive 8 local;", 8, True),
    ],
)
def test_idle_connections_by_version(version: NginxVersion, text: str, kept: int, local: bool) -> None:
    (block,) = _effective(f"upstream a {{ server b; {text} }}", version).upstreams
    assert (block.keepalive.value, block.keepalive_local) == (kept, local)


def test_ssl_on_makes_every_listen_tls_until_it_was_removed() -> None:
    text = "server { listen 1; ssl on; }"
    assert _effective(text, NginxVersion(1, 25, 0)).servers[0].listens[0].ssl
    assert not _effective(text, NginxVersion(1, 25, 1)).servers[0].listens[0].ssl


def test_relative_paths_start_at_the_configuration_and_logs_at_the_prefix() -> None:
    text = b"pid run/x; error_log logs/e; http { server { listen 1 ssl; ssl_client_certificate a/ca.pem; } }"
    config = effective(tree_from_files("/etc/n/nginx.conf", {"/etc/n/nginx.conf": text}, "/srv"), NginxVersion(1, 22, 1))
    assert config.servers[0].client_certificate.value == "/etc/n/a/ca.pem"
    assert config.error_logs.value[0].path == "/srv/logs/e"
    assert config.pid.value == "/srv/run/x"


def test_bad_values_count_as_defaults_and_keep_their_place() -> None:
    config = _effective("server { listen 1 ssl; ssl_verify_depth x; ssl_verify_client yes; }", NginxVersion(1, 22, 1))
    server = config.servers[0]
    assert (server.verify_depth.value, server.verify_client.value) == (1, VerifyClient.OFF)
    assert server.verify_depth.origin is not None
    assert server.verify_depth.origin.column > 1


def _effective(text: str, version: NginxVersion) -> EffectiveConfig:
    return effective(tree_from_files("/n", {"/n": f"http {{ {text} }}".encode()}), version)
