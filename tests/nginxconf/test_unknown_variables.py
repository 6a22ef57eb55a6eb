"""Variables that nobody sets, in every place that reads one: what `nginx -t` says is foreseen, and of known ones nothing is."""

import re

import pytest

from handclasp.catalogue.stock_variables import is_known
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.start_faults import start_faults
from tests.nginx_rig import Rig

READS = (
    "log_format f '$remote_addr @';",
    'log_format f escape=json \'{"a":"$status"\' \'"b":"@"}\';',
    "map @ $made { default 1; }",
    "map $host $made { default @; }",
    "map $host $made { hostnames; volatile; default 1; *.a @; }",
    "limit_req_zone @ zone=z:1m rate=1r/s;",
    "limit_conn_zone @ zone=z:1m;",
    "server { set $made @; }",
    "server { set $made a@-b; }",
    "server { if (@) { return 403; } }",
    "server { if (@ = a) { return 403; } }",
    "server { return 301 https://@/; }",
    "server { rewrite ^ /@ last; }",
    "server { add_header X-A @ always; }",
    "server { add_header X-A @; }",
    "server { error_page 404 /@; }",
    "server { root /@; }",
    "server { access_log logs/@; }",
    "server { location / { proxy_pass http://127.0.0.1:1; proxy_set_header X-A @; } }",
    "server { location / { proxy_pass http://@; } }",
    "server { location / { fastcgi_pass 127.0.0.1:1; fastcgi_param A @; } }",
    "server { location / { grpc_pass 127.0.0.1:1; grpc_set_header A @; } }",
    "server { location / { auth_request /a; auth_request_set $made @; } }",
    "server { location / { try_files @ /b =404; } }",
    "server { location / { sub_filter a @; } }",
)
KNOWN = (
    "$host", "${request_uri}", "$ssl_client_s_dn", "$http_anything", "$arg_x", "$cookie_y", "$sent_http_z", "$upstream_http_w",
    "$scheme", "$document_root", "$proxy_host", "$binary_remote_addr", "$upstream_cache_status", "$1", "$realpath_root",
)  # fmt: skip
SETS = (
    "map $host $mine { default 1; } server { return 200 $mine; }",
    "geo $mine { default 1; } server { return 200 $mine; }",
    "geo $http_x $mine { default 1; } server { return 200 $mine; }",
    'split_clients "$host" $mine { 50% a; * b; } server { return 200 $mine; }',
    "server { set $mine 1; return 200 $mine; }",
    "server { return 200 $mine; } server { listen 127.0.0.1:8097; set $mine 1; }",
    "server { server_name ~^(?<mine>.+)$; return 200 $mine; }",
    "server { location ~ ^/(?P<mine>.+)$ { return 200 $mine; } }",
    "server { if ($host ~ (?<mine>.+)) { return 200 $mine; } }",
    "map $host $a { ~(?<mine>.) $mine; default 0; } server { return 200 $a; }",
    "server { rewrite ^/(?<mine>.*)$ /x/$mine last; }",
    "server { location / { auth_request /a; auth_request_set $mine $status; add_header A $mine; } }",
    "server { set $MINE 1; return 200 $mine; }",
)


def compared(bench: Rig, http: str) -> str:
    text = f"pid run/p; error_log logs/e;\nevents {{ }}\nhttp {{\n {http}\n}}\n"
    bench.write("nginx.conf", text)
    output = bench.nginx.test(prefix=bench.prefix, config=bench.config).output
    found = re.search(r"\[emerg\] \d+#\d+: (.*)$", output, re.MULTILINE)
    build = bench.nginx.build()
    tree = tree_from_files(bench.config, {bench.config: text.encode()}, bench.prefix)
    faults = start_faults(tree, effective(tree, build.version), {}, {}, build.version, build.series)
    real = found[1] if found else ""
    assert (faults[0].message if faults else "") == real, text
    return real


@pytest.mark.parametrize("line", READS)
def test_one_that_nobody_sets(bench: Rig, line: str) -> None:
    assert compared(bench, line.replace("@", "$nobody_sets_this")) == 'unknown "nobody_sets_this" variable'


@pytest.mark.parametrize("variable", KNOWN)
def test_one_of_nginx_itself(bench: Rig, variable: str) -> None:
    assert compared(bench, f"server {{ set $made {variable}; return 200 {variable}; }}") == ""


@pytest.mark.parametrize("text", SETS)
def test_one_that_somebody_sets(bench: Rig, text: str) -> None:
    assert compared(bench, text) == ""


def test_what_modules_of_others_may_set_is_let_be(bench: Rig) -> None:
    for other in ("js_set $mine main.f;", "more_set_headers X;", "perl_set $mine f;", "geoip2 a { $mine country; }"):
        text = f"events {{ }} http {{ {other} server {{ return 200 $mine; }} }}"
        tree = tree_from_files(bench.config, {bench.config: text.encode()}, bench.prefix)
        build = bench.nginx.build()
        faults = start_faults(tree, effective(tree, build.version), {}, {}, build.version, build.series)
        assert not [fault for fault in faults if "variable" in fault.message]


def test_what_the_rest_of_a_part_may_set_is_let_be(bench: Rig) -> None:
    path = f"{bench.prefix}/nginx.conf around site.conf"
    text = "events { } http { server { return 200 $mine; } }"
    tree = tree_from_files(path, {path: text.encode()}, bench.prefix)
    build = bench.nginx.build()
    assert tree.part
    assert start_faults(tree, effective(tree, build.version), {}, {}, build.version, build.series) == ()


def test_the_names_are_whole() -> None:
    assert all(map(is_known, ("host", "scheme", "document_root", "ssl_client_verify", "upstream_addr", "request_time", "msec")))
