"""The directives of nginx's own modules, wherever somebody puts them: the prediction against the real `nginx -t`."""

import importlib.util
import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from handclasp.catalogue.directives import specs
from handclasp.catalogue.stock_directives import MANY, is_another_modules, meant, right_name, table
from handclasp.model.nginx import StartFault
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.start_faults import start_faults
from tests.nginx_rig import Rig
from tests.nginxconf.test_directives import _CONTEXTS

_WORDS = re.compile(
    r'(unknown directive "\w+"|"\w+" directive is not allowed here|invalid number of arguments in "\w+" directive'
    r'|directive "\w+" (?:has no opening "\{"|is not terminated by ";")|no "events" section in configuration)'
)
HTTP = tuple(context for context in _CONTEXTS if not context.startswith("stream"))


def said(bench: Rig, text: str) -> str | None:
    """The first complaint of nginx that is about names, places and numbers."""
    bench.write("nginx.conf", text)
    output = bench.nginx.test(prefix=bench.prefix, config=bench.config).output
    first = next((line for line in output.splitlines() if "[emerg]" in line), "")
    found = _WORDS.search(first)
    return found[1] if found else None


def faults_of(bench: Rig, text: str) -> Sequence[StartFault]:
    tree = tree_from_files(bench.config, {bench.config: text.encode()}, bench.prefix)
    build = bench.nginx.build()
    return start_faults(tree, effective(tree, build.version), {}, {}, build.version, build.series)


def foreseen(bench: Rig, text: str) -> str | None:
    faults = faults_of(bench, text)
    found = _WORDS.search(faults[0].message) if faults else None
    return found[1] if found else None


@pytest.mark.parametrize("seed", range(6))
def test_any_directive_anywhere(bench: Rig, seed: int) -> None:
    chance = random.Random(seed)
    names = sorted(name for name in table() if not specs(name) and name != "include" and set(table()[name]) <= set(HTTP))
    seen = set()
    for _ in range(40):
        name, context, count = chance.choice(names), chance.choice(HTTP), chance.randint(0, 3)
        if chance.random() < 0.5:
            context = chance.choice(sorted(set(table()[name]) & set(HTTP)) or [context])
        line = f"{name}{' 1' * count}{chance.choice((';', ';', ';', ' { }'))}"
        text = "pid run/x.pid; error_log logs/e;\n" + _CONTEXTS[context].format(line)
        real = said(bench, text)
        if real and f'"{name}"' not in real:
            continue  # a directive around it
        assert foreseen(bench, text) == real, (context, line)
        seen.add(real is None)
    assert seen == {True, False}


@pytest.mark.parametrize("seed", range(3))
def test_a_slip_of_the_pen_is_named(bench: Rig, seed: int) -> None:
    chance = random.Random(seed)
    for name in chance.sample(sorted(table()), 25):
        at = chance.randrange(1, len(name))
        slip = name[:at] + name[at + 1 :]
        text = f"events {{ }} http {{ server {{ listen 127.0.0.1:8099; {slip} a; }} }}"
        real = said(bench, text)
        if slip in table() or "ssl" in slip or len(slip) < 4:
            continue
        assert real == f'unknown directive "{slip}"'
        if right_name(slip) or meant(slip) == name:
            assert foreseen(bench, text) == real


@pytest.mark.parametrize("text", ["", "# nothing\n", "http { }\n", "worker_processes 1;\n", "events { }\n"])
def test_events_are_not_optional(bench: Rig, text: str) -> None:
    assert foreseen(bench, text) == said(bench, text)


def test_what_may_be_another_modules_is_let_be(bench: Rig) -> None:
    others = "more_set_headers X; vhost_traffic_status_zone; brotli on; js_import a; modsecurity on; perl_modules a; naxsi a;"
    assert foreseen(bench, f"events {{ }} http {{ {others} }}") is None
    loaded = "load_module modules/ngx_http_own_module.so; events { } http { own_thing on; }"
    assert foreseen(bench, loaded) is None
    assert foreseen(bench, "events { } http { own_thing on; }") == 'unknown directive "own_thing"'


@pytest.mark.parametrize(
    "lines",
    [
        "lua_ssl_trusted_certificate ca.pem; lua_ssl_verify_depth 2; subs_filter_types text/css; subs_filter a b;",
        "load_module modules/ngx_http_subs_filter_module.so; events { } http { subs_filter a b; subs_filter_types text/css; }",
        "enable_ntls on; ssl_sign_certificate s.pem; ssl_sign_certificate_key s.key; ssl_enc_certificate e.pem; ssl_async on;",
        "ssl_ntls on; proxy_ssl_ntls on; metric_zone a:1m; docker_endpoint unix:/run/docker.sock; acme a; client { }",
        "ssl_ct on; ssl_ct_static_scts /etc/scts; ssl_dyn_rec_enable on; nchan_redis_ssl_trusted_certificate ca.pem;",
        "zone_sync_ssl_trusted_certificate ca.pem; zone_sync_ssl_verify on; proxy_connect; check_shm_size 1M;",
        "upstream app { server 127.0.0.1:80; check interval=3000 type=http; consistent_hash $request_uri; jvm_route $a; }",
    ],
)
def test_what_other_modules_have_about_tls_is_let_be(bench: Rig, lines: str) -> None:
    text = lines if "http {" in lines else f"events {{ }} http {{ {lines} }}"
    assert foreseen(bench, text) is None


@pytest.mark.parametrize(
    "name", ["sub_filterr", "ssl_verify_clients", "proxy_ssl_verify_peer", "SSL_Verify_Client", "Server_Name"]
)
def test_what_is_nearly_nginxs_own_is_no_other_modules(bench: Rig, name: str) -> None:
    text = f"events {{ }} http {{ lua_ssl_verify_depth 2; server {{ {name} on; }} }}"
    assert foreseen(bench, text) == f'unknown directive "{name}"'


@pytest.mark.parametrize("word", ["xquic", "xudp", "xtcp"])
def test_words_of_tengines_listen_are_let_be(bench: Rig, word: str) -> None:
    faults = faults_of(bench, f"events {{ }} http {{ server {{ listen 127.0.0.1:8099 {word}; }} }}")
    assert (len(faults) == 0) is (word != "xtcp")


@pytest.mark.parametrize("word", ["sid=a", "aid=a"])
def test_words_of_angies_server_are_let_be(bench: Rig, word: str) -> None:
    faults = faults_of(bench, f"events {{ }} http {{ upstream a {{ server 127.0.0.1:80 {word}; }} }}")
    assert (len(faults) == 0) is (word == "sid=a")


def test_no_directive_of_nginx_is_another_modules() -> None:
    assert not {name for name in table() if is_another_modules(name)}


def test_the_table_is_whole() -> None:
    assert len(table()) > 500
    assert all(place.arguments and max(place.arguments) <= MANY for places in table().values() for place in places.values())


def test_what_is_in_the_binary_is_in_the_table(bench: Rig) -> None:
    """Read out by the tool that wrote it; `nginx -t` says the same of a sample above."""
    spec = importlib.util.spec_from_file_location("nginx_commands", Path(__file__).parents[2] / "tools/nginx_commands.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    rows = [row for row in tool.Image(Path(bench.nginx.path)).rows() if not row.name.startswith("spdy_")]
    assert len({row.name for row in rows}) > 300
    for row in rows:
        place = table()[row.name][row.context]
        assert row.arguments <= place.arguments
        assert row.block == place.block
