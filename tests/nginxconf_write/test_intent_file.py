"""handclasp.toml: what it says, and every error at its place."""

import tomllib

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handclasp.app.intent_file import read_intent, schema
from handclasp.app.toml_places import place_of
from handclasp.model.errors import InputError
from handclasp.model.intent import OcspIntent, PathIntent, RateIntent, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.model.origin import Origin

GOOD = """\
# our sites
[nginx]
version = "1.26.3"
target = "docker"

[[site]]
server_names = ["app.test", "*.app.test"]
listen = [443, "[::]:443"]
allow = ["alice", "build-7"]

[site.upstream]
url = "https://back.test:8443"
ca = "up/root.pem"
certificate = "/abs/c.pem"
key = "k.pem"

[[site]]
server_names = ['second.test']
upstream = { url = "http://127.0.0.1:8080" }
"""


def read(text: str) -> None:
    read_intent(text.encode(), "/srv/handclasp.toml")


def test_what_it_says() -> None:
    made = read_intent(GOOD.encode(), "/srv/handclasp.toml")
    assert (made.version, made.target) == (NginxVersion(1, 26, 3), "docker")
    first, second = made.sites
    assert first.intent.server_names == ("app.test", "*.app.test")
    assert first.intent.listen == (("*", 443), ("[::]", 443))
    assert first.intent.allow == ("alice", "build-7")
    assert first.intent.upstream == UpstreamIntent(
        url="https://back.test:8443",
        trusted_certificate="/srv/up/root.pem",
        certificate="/abs/c.pem",
        certificate_key="/srv/k.pem",
    )
    assert first.home_inside == "/etc/handclasp"
    assert second.intent.allow is None
    assert second.intent.listen == (("*", 443),)


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "says"),
    [
        ("[nginx]", "[nginx", 2, 7, "is not TOML"),
        ('version = "1.26.3"', 'version = "latest"', 3, 11, "not an nginx version"),
        ('"docker"', '"podman"', 4, 1, "Invalid enum value"),
        ("listen = [443", "listen = [true", 8, 1, "Expected"),
        ("443, ", '"localhost", ', 8, 11, "not an address"),
        ('"*.app.test"]', '"a b"]', 7, 29, "not a DNS name"),
        ('"build-7"', '"../up"', 9, 19, "SOLIDUS"),
        ('allow = ["alice", "build-7"]', "allow = []", 9, 1, "length >= 1"),
        ("ca = ", "cafile = ", 13, 1, "unknown field `cafile`"),
        ("'second.test'", "7", 18, 1, "Expected"),
        ("{ url", "{ uri", 19, 1, "unknown field `uri`"),
        ('url = "https', '#url = "https', 11, 2, "missing required field `url`"),
        ("[[site]]\nserver_names = ['second.test']", "[[site]]", 17, 3, "missing required field `server_names`"),
        ("[[site]]", "[[sites]]", 6, 3, "unknown field `sites`"),
    ],
)
def test_an_error_is_at_its_place(old: str, new: str, line: int, column: int, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read(GOOD.replace(old, new))
    assert says in caught.value.what, caught.value.what
    where = caught.value.where
    assert isinstance(where, Origin)
    assert (where.file, where.line) == ("/srv/handclasp.toml", line), (where, caught.value.what)
    assert where.column == column, (where, caught.value.what)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(InputError, match="UTF-8") as caught:
        read_intent(b"# x\n\xff", "/a")
    assert str(caught.value.where) == "/a:2"


def test_a_certificate_without_its_key() -> None:
    with pytest.raises(InputError, match="needs its key") as caught:
        read('[[site]]\nserver_names = ["a.test"]\ncertificate = "/c"\n')
    assert str(caught.value.where) == "/srv/handclasp.toml:1:3"


def test_places_are_not_fooled_by_text() -> None:
    text = '''a = """\n[b]\nc = 1\n"""\n# [d]\n[b] # x\n"c" = 'x # ["'\nd.e = 2\n'''
    assert place_of(text, "b") == (6, 2)
    assert place_of(text, "b.c") == (7, 1)
    assert place_of(text, "b.d.e") == (8, 1)
    assert place_of(text, "nowhere.at.all") == (1, 1)
    assert place_of(text, "b.zzz") == (6, 2)


@given(st.text(alphabet=st.sampled_from(list("[]=\"'.#{}, \nabsite1")), max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        read(text)
    except InputError as error:
        assert isinstance(error.where, Origin)
        assert error.where.line >= 1


def test_the_schema_knows_every_key() -> None:
    made = schema()
    assert set(made["$defs"]["SiteTable"]["properties"]) >= {"server_names", "listen", "allow", "upstream"}
    assert made["$defs"]["UpstreamTable"]["additionalProperties"] is False


@pytest.mark.parametrize("text", [GOOD, "RULES", "BYTES"])
def test_the_schema_takes_what_is_read(text: str) -> None:
    jsonschema.validate(tomllib.loads(globals().get(text, text)), schema())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("allow = [", "alow = ["),
        ('["alice", "build-7"]', "[]"),
        ('"https://back.test:8443"', "8443"),
        ('"docker"', '"podman"'),
        ("[443, ", "[true, "),
    ],
)
def test_the_schema_refuses_what_is_refused(old: str, new: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(GOOD.replace(old, new)), schema())


BYTES = """\
[[site]]
server_names = ["db.test"]
listen = [5432]
allow = ["alice"]
upstream = { url = "tls://db.internal:5432", ca = "up.pem" }

[site.tls]
protocols = ["TLSv1.2", "TLSv1.3"]
ciphers = ["ECDHE-ECDSA-AES256-GCM-SHA384"]

[[site]]
server_names = ["rpc.test"]
upstream = { url = "grpc://127.0.0.1:50051" }
"""


def test_bytes_and_calls() -> None:
    database, service = (order.intent for order in read_intent(BYTES.encode(), "/srv/handclasp.toml").sites)
    assert (database.stream, service.stream) == (True, False)
    assert (database.tls, database.protocols, database.ciphers) == (
        "own",
        ("TLSv1.2", "TLSv1.3"),
        ("ECDHE-ECDSA-AES256-GCM-SHA384",),
    )


RULES = """\
[groups]
ops = ["alice", "bob"]
night-watch = ["carol"]

[[site]]
server_names = ["app.test"]
allow = ["@ops", "dave"]
free_from = ["192.168.0.0/16"]
tls = "modern"
upstream = { url = "http://127.0.0.1:80", websocket = true, client_cert = true }
rate = { strangers = "10r/s", clients = "100r/s", burst = 5 }
ocsp = { responder = "http://127.0.0.1:8888/" }

[[site.path]]
path = "/admin"
allow = ["@night-watch"]
free_from = []

[[site.path]]
path = "/health"
allow = ["*"]
free_from = ["any"]

[[site.path]]
path = "/same"
"""


def test_who_may_enter_what() -> None:
    (site,) = read_intent(RULES.encode(), "/srv/handclasp.toml").sites
    intent = site.intent
    assert (intent.allow, intent.free_from, intent.tls) == (("alice", "bob", "dave"), ("192.168.0.0/16",), "modern")
    assert intent.paths == (
        PathIntent(path="/admin", allow=("carol",)),
        PathIntent(path="/health", free_from=("any",)),
        PathIntent(path="/same", allow=("alice", "bob", "dave"), free_from=("192.168.0.0/16",)),
    )
    assert intent.rate == RateIntent(rate="10r/s", clients="100r/s", burst=5)
    assert intent.ocsp == OcspIntent(responder="http://127.0.0.1:8888/")
    assert intent.upstream == UpstreamIntent(url="http://127.0.0.1:80", websocket=True, client_cert=True)


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "says"),
    [
        ('"@ops"', '"@devs"', 7, 10, "no group 'devs'"),
        ('"carol"', '"../carol"', 3, 16, "SOLIDUS"),
        ("192.168.0.0/16", "192.168.0.1/16", 8, 14, "not a network"),
        ('["@night-watch"]', "[]", 16, 1, "length >= 1"),
        ('path = "/health"', 'path = "health"', 20, 1, "matching regex"),
        ('"modern"', '"old"', 9, 1, "Invalid enum value"),
        ('"10r/s"', '"fast"', 11, 1, "matching regex"),
        ("free_from = []", 'freefrom = ["any"]', 17, 1, "unknown field"),
        ('"modern"', '{ protocols = ["TLSv1.2"] }', 9, 1, "needs its ciphers"),
        ('"modern"', '{ protocols = ["TLSv1.2"], ciphers = ["RC4-SHA"] }', 9, 1, "keeps a secret"),
        ('"modern"', '{ protocols = ["SSLv3"] }', 9, 1, "Invalid enum value"),
        ('"http://127.0.0.1:80"', '"ftp://127.0.0.1:80"', 10, 20, "not of the form"),
        ('"http://127.0.0.1:80"', '"tcp://127.0.0.1"', 10, 20, "not of the form"),
        ('"http://127.0.0.1:80"', '"https://127.0.0.1"', 10, 1, "no CA is given"),
        ('"http://127.0.0.1:80"', '"grpc://127.0.0.1"', 10, 1, "no WebSocket"),
        ('"http://127.0.0.1:80"', '"tcp://127.0.0.1:5432"', 14, 3, "about requests"),
        ('"/health"', '"/health/"', 20, 8, "not one that a rule can be for"),
        ('"/admin"', '"/admin*"', 15, 8, "is a pattern"),
        ('"/same"', '"/Admin"', 14, 3, "two rules for /Admin"),
    ],
)
def test_where_a_rule_is_wrong(old: str, new: str, line: int, column: int, says: str) -> None:
    with pytest.raises(InputError, match=says) as refused:
        read(RULES.replace(old, new, 1))
    assert refused.value.where == Origin("/srv/handclasp.toml", line, column)


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        (
            '{ url = "http://127.0.0.1:80", websocket = true, client_cert = true }',
            '"http://127.0.0.1:80"',
            "upstream = { url =",
        ),
        ('["192.168.0.0/16"]', '"192.168.0.0/16"', "write it as a list: free_from"),
        ('"10r/s"', '"10/s"', "write 10r/s or 30r/m"),
        ("websocket = true", "web_socket = true", "did you mean websocket"),
        ("[groups]", "[group]", "did you mean groups"),
    ],
)
def test_what_to_write_instead(old: str, new: str, hint: str) -> None:
    with pytest.raises(InputError) as refused:
        read(RULES.replace(old, new, 1))
    assert hint in (refused.value.hint or "")


def test_where_an_identity_is_first_named() -> None:
    named = read_intent(RULES.encode(), "/srv/handclasp.toml").named
    assert {name: (where.line, where.column) for name, where in named.items()} == {
        "alice": (2, 8), "bob": (2, 17), "dave": (7, 18), "carol": (3, 16),
    }  # fmt: skip
