"""Values that people give: nginx reads back exactly them, or they are refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handclasp.model.errors import PolicyError
from handclasp.model.intent import AdmittedCertificate, SiteIntent, SiteMaterial, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf import render_words as words
from handclasp.nginxconf.parse import parse
from handclasp.nginxconf.render import render_site

MATERIAL = SiteMaterial(
    certificate="/c/server.pem", certificate_key="/c/server.key", client_certificate="/c/ca.pem", crl="/c/ca.crl",
    verify_depth=1, session_epoch=1, error_log="/l/error.log", access_log="/l/access.log",
)  # fmt: skip
VERSION = NginxVersion(1, 22, 1)


@given(st.text())
def test_a_word_is_read_back_or_refused(value: str) -> None:
    try:
        made = words.word(value, "the value")
    except PolicyError:
        assert not value or any(c in ";{}$\"'\\" or not c.isprintable() for c in value)
        return
    (directive,) = parse(f"name {made};").directives
    assert directive.args == (value,)


@given(st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=126), max_size=60))
def test_a_literal_is_read_back_or_refused(value: str) -> None:
    try:
        made = words.literal(value, "the issuer")
    except PolicyError:
        assert any(not c.isprintable() for c in value)
        return
    (directive,) = parse(f"name {made};").directives
    assert directive.args == (value,)


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40))
def test_an_issuer_matches_itself_only(issuer: str) -> None:
    """The expression of the access map, judged by another engine: it matches its issuer and nothing that it is a part of."""
    admitted = (AdmittedCertificate(identity="alice", issuer_dn=issuer, serial="0A"),)
    site = SiteIntent(server_names=("a.test",), listen=(("*", 443),), allow=("alice",))
    tree = parse(render_site(site, _with(admitted), VERSION))
    (mapping,) = (item for item in tree.directives if item.args[:1] == ("$ssl_client_i_dn",))
    expression = mapping.block[1].name
    assert expression.startswith("~")
    pattern = re.compile(expression[1:].removesuffix(r"\z") + r"\Z")
    assert pattern.search(issuer)
    for other in (f"{issuer},CN=x", f"CN=x,{issuer}", f"{issuer}\n", issuer[:-1], issuer.swapcase()):
        assert other == issuer or not pattern.search(other)


@pytest.mark.parametrize("serial", ["", "0a", "A", "0A:0B", "0A;", '0A" x', "00" * 21, "0A\n"])
def test_a_serial_that_nginx_never_shows_is_refused(serial: str) -> None:
    admitted = (AdmittedCertificate(identity="alice", issuer_dn="CN=x", serial=serial),)
    site = SiteIntent(server_names=("a.test",), listen=(("*", 443),), allow=("alice",))
    with pytest.raises(PolicyError):
        render_site(site, _with(admitted), VERSION)


def test_an_allowed_name_without_certificate_is_refused_with_what_to_do() -> None:
    site = SiteIntent(server_names=("a.test",), listen=(("*", 443),), allow=("carol",))
    with pytest.raises(PolicyError, match="carol") as caught:
        render_site(site, MATERIAL, VERSION)
    assert caught.value.hint == "handclasp issue carol"


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("off", "not a file path"),
        ("stderr", "not a file path"),
        ("syslog:server=10.0.0.1/x", "not a file path"),
        ("data:-----BEGIN/", "not a file path"),
        ("engine:pkcs11:/x", "not a file path"),
        ("/etc/$ssl_server_name.pem", "variable"),
        ("/etc/a;b", "ends a directive"),
        ("/etc/a\nb", "cannot be seen"),
        ("/etc/a\u202eb", "cannot be seen"),
    ],
)
def test_what_is_no_path_is_refused(bad: str, says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        words.path(bad, "the path")


def test_a_path_with_spaces_is_quoted() -> None:
    assert words.path("/etc/my certs/a.pem", "the path") == '"/etc/my certs/a.pem"'


@pytest.mark.parametrize(
    "bad", ["", "_", "a..b", "-a.test", "a b", "~^x", "*", "a.*", "192.0.2.1", "::1", "a;b", "exämple.test", "a" * 64]
)
def test_what_is_no_server_name_is_refused(bad: str) -> None:
    if bad == "_":
        assert words.server_name(bad) == "_", "nginx's catch-all word is an ordinary name: it matches nobody's SNI"
        return
    with pytest.raises(PolicyError):
        words.server_name(bad)


@pytest.mark.parametrize(
    ("given_", "made"),
    [(("*", 443), "443"), (("127.0.0.1", 8443), "127.0.0.1:8443"), (("[::1]", 1), "[::1]:1"), (("::", 1), "[::]:1")],
)
def test_listen_addresses(given_: tuple[str, int], made: str) -> None:
    assert words.listen(*given_) == made


@pytest.mark.parametrize("bad", [("localhost", 443), ("127.0.0.1", 0), ("127.0.0.1", 65536), ("fe80::1%eth0", 1), ("1;", 1)])
def test_bad_listen_addresses(bad: tuple[str, int]) -> None:
    with pytest.raises(PolicyError):
        words.listen(*bad)


@pytest.mark.parametrize(
    "url",
    ["ftp://a/", "http://", "http://a/path", "http://u@a", "http://a?x", "http://a#x", "a:80", "http://a:0", "http://a:x",
     "http://a;b", "http://$host", "https://back.test", "unix:/x", "http://[::1", "https://127.0.0.1:1"],
)  # fmt: skip
def test_upstreams_that_are_refused(url: str) -> None:
    """The https ones lack a CA, or name an address where nginx compares names."""
    trusted = "/c/up.pem" if "127.0.0.1" in url else None
    site = SiteIntent(
        server_names=("a.test",), listen=(("*", 443),), upstream=UpstreamIntent(url=url, trusted_certificate=trusted)
    )
    with pytest.raises(PolicyError):
        render_site(site, MATERIAL, VERSION)


def test_different_names_have_different_slugs() -> None:
    names = ["a.b", "a-b", "a_b", "a--b", "a.b.c", "a-b.c", "a.b-c", "*.a.b", "any.a", "x" * 40, "x" * 41]
    assert len({words.slug(name) for name in names}) == len(names)
    assert all(len(words.slug(name)) <= 28 for name in names)


def _with(admitted: tuple[AdmittedCertificate, ...]) -> SiteMaterial:
    from dataclasses import replace

    return replace(MATERIAL, admitted=admitted)
