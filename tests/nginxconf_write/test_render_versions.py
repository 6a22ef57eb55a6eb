"""Rendered for a version, a site holds no directive that this version does not know."""

import re
from itertools import product

import pytest

from handclasp.catalogue import directives as table
from handclasp.model.errors import PolicyError
from handclasp.model.intent import AdmittedCertificate, OcspIntent, PathIntent, RateIntent, SiteIntent, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf.parse import parse
from handclasp.nginxconf.render import render_sites
from handclasp.nginxconf.render_main import render_main
from handclasp.nginxconf.tree import Directive, walk
from tests.nginxconf_write.test_render_words import MATERIAL, _with

VERSIONS = [
    NginxVersion(1, 18, 0), NginxVersion(1, 19, 3), NginxVersion(1, 19, 4), NginxVersion(1, 20, 2), NginxVersion(1, 22, 1),
    NginxVersion(1, 24, 0), NginxVersion(1, 25, 0), NginxVersion(1, 25, 1), NginxVersion(1, 26, 3), NginxVersion(1, 27, 2),
    NginxVersion(1, 28, 0), NginxVersion(1, 29, 7), NginxVersion(1, 30, 6),
]  # fmt: skip

UPSTREAMS = [
    None,
    UpstreamIntent(url="http://127.0.0.1:8080"),
    UpstreamIntent(
        url="https://back.test",
        trusted_certificate="/c/up.pem",
        crl="/c/up.crl",
        certificate="/c/own.pem",
        certificate_key="/c/own.key",
    ),
    UpstreamIntent(
        url="grpcs://rpc.test", trusted_certificate="/c/up.pem", certificate="/c/own.pem", certificate_key="/c/own.key"
    ),
]
STREAM = UpstreamIntent(url="tls://db.test:5432", trusted_certificate="/c/up.pem", crl="/c/up.crl")

CONTEXTS = {
    "http": table.HTTP,
    "server": table.SERVER,
    "location": table.LOCATION,
    "if": table.SERVER_IF,
    "upstream": table.UPSTREAM,
}


def context(parents: tuple[Directive, ...]) -> str | None:
    """None inside blocks that hold data."""
    return CONTEXTS.get(parents[-1].name) if parents else table.HTTP


def texts(version: NginxVersion) -> list[str]:
    admitted = (AdmittedCertificate(identity="alice", issuer_dn="CN=x", serial="0A"),)
    sites = []
    for number, (up, allow) in enumerate(product(UPSTREAMS, [None, ("alice",)])):
        names, listen = (f"s{number}.test", f"*.s{number}.test"), (("*", 443), ("[::]", 443))
        sites.append((SiteIntent(server_names=names, listen=listen, upstream=up, allow=allow), _with(admitted)))
    full = SiteIntent(
        server_names=("zones.test",),
        listen=(("*", 443),),
        allow=("alice",),
        free_from=("10.0.0.0/8",),
        paths=(PathIntent(path="/open", free_from=("any",)),),
        rate=RateIntent(rate="5r/s", clients="50r/s"),
        ocsp=OcspIntent(resolver="127.0.0.1") if version >= NginxVersion(1, 19, 0) else None,
        upstream=UpstreamIntent(url="http://127.0.0.1:8080", websocket=True, client_cert=True),
    )
    return list(render_sites([*sites, (full, _with(admitted))], version))


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_every_directive_exists_where_it_stands(version: NginxVersion) -> None:
    checked = set()
    for text in texts(version):
        for item, parents in walk(parse(text).directives):
            where = context(parents)
            rows = [row for row in table.specs(item.name) if where in row.contexts]
            if where is None or not table.specs(item.name):
                continue
            assert rows, f"{item.name} does not belong into {where}"
            assert any(row.exists_in((version.major, version.minor, version.patch)) for row in rows), (item.name, version)
            assert any(row.arguments[0] <= len(item.args) <= (row.arguments[1] or 99) for row in rows), item
            checked.add(item.name)
    assert {"ssl_crl", "ssl_verify_client", "listen", "proxy_ssl_crl", "proxy_set_header", "error_page"} <= checked
    assert ("http2" in checked) == (version >= NginxVersion(1, 25, 1))
    assert ("ssl_reject_handshake" in checked) == (version >= NginxVersion(1, 19, 4))


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_every_directive_of_a_stream_exists_there(version: NginxVersion) -> None:
    admitted = (AdmittedCertificate(identity="alice", issuer_dn="CN=x", serial="0A"),)
    site = SiteIntent(server_names=("db.test",), listen=(("*", 5432),), upstream=STREAM, allow=("alice",))
    (text,) = render_sites([(site, _with(admitted))], version)
    checked = set()
    for item, parents in walk(parse(text).directives):
        if table.specs(item.name) and item.name != "server":
            where = table.STREAM_SERVER if parents else table.STREAM
            rows = [row for row in table.specs(item.name) if where in row.contexts]
            assert any(row.exists_in((version.major, version.minor, version.patch)) for row in rows), (item.name, version)
            checked.add(item.name)
    assert {"ssl_crl", "ssl_verify_client", "listen", "proxy_ssl_crl", "proxy_ssl_verify", "proxy_pass"} <= checked


def test_zones_of_requests_and_of_bytes_have_names_of_their_own() -> None:
    """One zone for both is "already declared for a different use"."""
    asked, version = OcspIntent(resolver="127.0.0.1"), VERSIONS[-1]
    requests = SiteIntent(server_names=("a.test",), listen=(("*", 443),), ocsp=asked)
    passing = SiteIntent(server_names=("db.test",), listen=(("*", 5432),), upstream=STREAM, ocsp=asked)
    texts = render_sites([(requests, MATERIAL), (passing, MATERIAL)], version)
    names = [set(re.findall(r"shared:(\w+):", text)) for text in texts]
    assert [len(each) for each in names] == [2, 2]
    assert not names[0] & names[1]


def test_each_address_has_one_default_server() -> None:
    found = [
        item.args[0]
        for text in texts(VERSIONS[-1])
        for item, _ in walk(parse(text).directives)
        if item.name == "listen" and "default_server" in item.args
    ]
    assert sorted(found) == ["443", "[::]:443"]


def test_no_location_leaves_identity_to_the_client() -> None:
    """Every location that passes requests on sets every identity header itself: nothing is left to inheritance."""
    seen = 0
    for text in texts(VERSIONS[4]):
        for item, _ in walk(parse(text).directives):
            if any(child.name in {"proxy_pass", "grpc_pass"} for child in item.block):
                headers = {child.args[0].lower() for child in item.block if child.name.endswith("_set_header")}
                assert {"x-client-verify", "x-client-dn", "x-client-serial", "x-client-name", "client-cert"} <= headers
                seen += 1
    assert seen == 7


def test_too_old_an_nginx_is_refused() -> None:
    with pytest.raises(PolicyError, match="too old"):
        texts(NginxVersion(1, 17, 10))


def test_two_sites_of_one_name_are_refused() -> None:
    site = SiteIntent(server_names=("a.test",), listen=(("*", 443),))
    with pytest.raises(PolicyError, match="first server name"):
        render_sites([(site, MATERIAL), (site, MATERIAL)], VERSIONS[0])


def test_the_main_configuration_stays_in_its_folder() -> None:
    text = render_main("/srv/my nginx", modules=("/m/ngx_stream_module.so",), stream="streams/*.conf")
    paths = [word for item, _ in walk(parse(text).directives) for word in item.args if word.startswith("/")]
    assert paths.pop(0) == "/m/ngx_stream_module.so"
    assert len(paths) == 9
    assert all(path.startswith("/srv/my nginx/") for path in paths)
