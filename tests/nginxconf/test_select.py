"""Server and location selection, compared with what a real nginx answers to the same requests."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from handclasp.model.nginx import EffectiveConfig, NginxVersion
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.select import select_location, select_server
from tests.nginx_rig import Rig, free_port, rig

_NAMES = """
server {{ listen 127.0.0.1:{a}; server_name first.test; location / {{ return 200 first; }} }}
server {{ listen 127.0.0.1:{a} default_server; server_name chosen.test; location / {{ return 200 chosen; }} }}
server {{ listen 127.0.0.1:{a}; server_name *.wild.test tail.*; location / {{ return 200 wild; }} }}
server {{ listen 127.0.0.1:{a}; server_name *.deep.wild.test; location / {{ return 200 deep; }} }}
server {{ listen 127.0.0.1:{a}; server_name .dot.test tail.more.*; location / {{ return 200 dot; }} }}
server {{ listen 127.0.0.1:{a}; server_name ~^re\\d+\\.test$ ~^(?<who>\\w+)\\.named\\.test$;
    location / {{ return 200 regex; }} }}
server {{ listen 127.0.0.1:{a}; server_name "~^re1\\.test$" exact.wild.test; location / {{ return 200 later; }} }}
server {{ listen 127.0.0.1:{a}; server_name ""; location / {{ return 200 nameless; }} }}
server {{ listen *:{b}; server_name any.test both.test; location / {{ return 200 any; }} }}
server {{ listen 127.0.0.1:{b}; server_name one.test both.test; location / {{ return 200 one; }} }}
server {{ listen [::1]:{b}; server_name six.test; location / {{ return 200 six; }} }}
server {{
    listen 127.0.0.1:{c};
    location = / {{ return 200 root; }}
    location / {{ return 200 prefix; }}
    location = /exact {{ return 200 exact; }}
    location /exact {{ return 200 not-exact; }}
    location ^~ /static/ {{ return 200 static; location ~ \\.php$ {{ return 200 static-php; }} }}
    location ~ \\.php$ {{ return 200 php; location ~ ^/admin/ {{ return 200 php-admin; }} }}
    location ~* \\.PNG$ {{ return 200 png; }}
    location /outer/ {{
        return 200 outer;
        location /outer/inner/ {{ return 200 inner; }}
        location ^~ /outer/firm/ {{ return 200 firm; }}
        location = /outer/same {{ return 200 same; }}
        location ~ /outer/re {{ return 200 nested-regex; }}
    }}
    location /long {{ return 200 long; }}
    location /longer {{ return 200 longer; }}
    location ~ ^/longer/re {{ return 200 longer-regex; }}
    location "/sp ace" {{ return 200 space; }}
    location ~glued {{ return 200 glued; }}
    location =/glue-exact {{ return 200 glue-exact; }}
    location @named {{ return 200 named; }}
}}
server {{
    listen 127.0.0.1:{c};
    server_name bare.test;
    location /only/ {{ return 200 only; }}
    return 200 server-level;
}}
"""

HOSTS = (
    "first.test", "FIRST.test", "first.test.", "first.test:99", "unknown.test", "chosen.test", "a.wild.test", "a.b.wild.test",
    "wild.test", "x.deep.wild.test", "deep.wild.test", "dot.test", "a.dot.test", "tail.com", "tail.more.org", "tail.more",
    "re7.test", "re1.test", "rex.test", "bob.named.test", "exact.wild.test", "exact.wild.test:8443",
)  # fmt: skip
URIS = (
    "/", "/x", "/exact", "/exact/", "/exact?x=1", "/static/a", "/static/a.php", "/a.php", "/admin/a.php", "/outer/a.php",
    "/a.png", "/A.PNG", "/outer/", "/outer/inner/x", "/outer/inner/x.php", "/outer/firm/x.php", "/outer/firm/x", "/outer/same",
    "/outer/same.php", "/outer/re.php", "/long", "/longer", "/longer/re", "/lon", "/sp%20ace", "/glued", "/glue-exact",
    "/exact/../x", "//exact", "/./exact", "/static/../a.php", "/%65xact", "/outer/inner", "/@named",
)  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EffectiveConfig, dict[str, int]]]:
    with rig(tmp_path_factory.mktemp("select") / "prefix") as made:
        ports = {"a": free_port(), "b": free_port(), "c": free_port()}
        made.http(_NAMES.format(**ports))
        made.start()
        yield _effective(made), ports


def _effective(made: Rig) -> EffectiveConfig:
    tree = tree_from_files(made.config, {made.config: Path(made.config).read_bytes()})
    return effective(tree, NginxVersion(1, 22, 1))


def _ask(port: int, uri: str = "/", host: str | None = None, address: str = "127.0.0.1") -> str:
    connection = http.client.HTTPConnection(address, port, timeout=60)
    connection.putrequest("GET", uri, skip_host=True)
    if host is not None:
        connection.putheader("Host", host)
    connection.endheaders()
    body = connection.getresponse().read().decode()
    connection.close()
    return body


def _predicted(config: EffectiveConfig, address: str, port: int, host: str, uri: str = "/") -> str:
    server = select_server(config, address, port, host)
    assert server is not None
    location = select_location(server, uri)
    answer = location.returns if location else server.returns
    assert answer is not None
    return answer.text


@pytest.mark.parametrize("host", HOSTS)
def test_host_selects_the_server(running: tuple[EffectiveConfig, dict[str, int]], host: str) -> None:
    config, ports = running
    assert _predicted(config, "127.0.0.1", ports["a"], host) == _ask(ports["a"], host=host)


def test_a_request_without_host_reaches_the_server_of_the_empty_name(running: tuple[EffectiveConfig, dict[str, int]]) -> None:
    config, ports = running
    with socket.create_connection(("127.0.0.1", ports["a"]), timeout=60) as raw:
        raw.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = raw.makefile("rb").read()
    assert answer.endswith(b"nameless")
    assert _predicted(config, "127.0.0.1", ports["a"], "") == "nameless"


@pytest.mark.parametrize("host", ["any.test", "one.test", "both.test", "six.test", "other.test"])
@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1"])
def test_a_specific_address_wins_over_the_wildcard(
    running: tuple[EffectiveConfig, dict[str, int]], address: str, host: str
) -> None:
    config, ports = running
    assert _predicted(config, address, ports["b"], host) == _ask(ports["b"], host=host, address=address)


@pytest.mark.parametrize("uri", URIS)
def test_uri_selects_the_location(running: tuple[EffectiveConfig, dict[str, int]], uri: str) -> None:
    config, ports = running
    assert _predicted(config, "127.0.0.1", ports["c"], "x.test", uri) == _ask(ports["c"], uri, "x.test")


def test_without_a_fitting_location_the_server_answers(running: tuple[EffectiveConfig, dict[str, int]]) -> None:
    config, ports = running
    server = select_server(config, "127.0.0.1", ports["c"], "bare.test")
    assert server is not None
    assert select_location(server, "/else") is None
    assert _ask(ports["c"], "/else", "bare.test") == "server-level"


def test_nothing_listens_there(running: tuple[EffectiveConfig, dict[str, int]]) -> None:
    config, ports = running
    assert select_server(config, "127.0.0.1", 1, "first.test") is None
    assert select_server(config, "127.0.0.2", ports["a"], "first.test") is None


_TLS = """
server {{ listen 127.0.0.1:{port}; server_name plain.test; ssl_certificate server.pem; ssl_certificate_key server.key;
    location / {{ return 200 plain; }} }}
server {{ listen 127.0.0.1:{port} ssl; server_name tls.test; ssl_certificate root.pem; ssl_certificate_key root.key;
    location / {{ return 200 tls; }} }}
"""


def test_one_ssl_listen_makes_the_socket_tls_for_its_neighbours_and_no_sni_reaches_the_default(tmp_path: Path) -> None:
    with rig(tmp_path / "prefix") as made:
        made.write("root.key", made.root.key_pem)
        made.http(_TLS.format(port=made.port))
        config = _effective(made)
        assert all(listen.ssl for server in config.servers for listen in server.listens)
        made.start()
        for name, expected in ((None, "app.test"), ("plain.test", "app.test"), ("tls.test", "Test root")):
            chosen = select_server(config, "127.0.0.1", made.port, name)
            assert chosen is not None
            assert chosen.certificates.value[0].endswith("server.pem" if expected == "app.test" else "root.pem")
            assert _presented(made.port, name) == expected


def _presented(port: int, name: str | None) -> str:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as raw,
        context.wrap_socket(raw, server_hostname=name) as tls,
    ):
        der = tls.getpeercert(binary_form=True)
    assert der is not None
    value = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    return str(value)
