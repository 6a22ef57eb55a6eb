"""What nginx refuses because of where things stand, compared word for word with the real `nginx -t`."""

import re
from pathlib import Path

import pytest

from handclasp.model.nginx import NginxVersion, OpensslSeries
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.start_faults import start_faults
from tests.nginx_rig import Rig

PASS = "proxy_pass http://127.0.0.1:1{};"
HTTP = {
    "two of one name": "location /a { } location /a { }",
    "one of them ^~": "location /a { } location ^~ /a { }",
    "one of them exact": "location /a { } location = /a { }",
    "two exact": "location = /a { } location = /a { }",
    "two expressions": "location ~ a { } location ~ a { }",
    "two inside": "location / { location /b { } location /b { } }",
    "one outside the one around it": "location /a { location /b { } }",
    "an expression inside": "location /a { location ~ b { } }",
    "inside an expression": "location ~ a { location /a { } }",
    "inside an expression, as it begins": "location ~ /a { location /a { } }",
    "inside an exact one": "location = /a { location /a/b { } }",
    "inside a named one": "location @a { location /b { } }",
    "a named one inside": "location / { location @a { } }",
    "no scheme": "location / { proxy_pass 127.0.0.1:1; }",
    "another scheme": "location / { proxy_pass ftp://127.0.0.1:1; }",
    "capitals": "location / { proxy_pass HTTP://127.0.0.1:1; }",
    "a variable": "location / { proxy_pass $http_x; }",
    "a path behind an expression": f"location ~ a {{ {PASS.format('/x')} }}",
    "a question behind an expression": f"location ~ a {{ {PASS.format('?x')} }}",
    "no path behind an expression": f"location ~ a {{ {PASS.format('')} }}",
    "a path in a named one": f"location @a {{ {PASS.format('/')} }}",
    "a path under a condition": f"location / {{ if ($http_x) {{ {PASS.format('/')} }} }}",
    "a path by method": f"location / {{ limit_except GET {{ {PASS.format('/')} }} }}",
    "a path of a socket behind an expression": "location ~ a { proxy_pass http://unix:/tmp/x:/a; }",
    "a socket behind an expression": "location ~ a { proxy_pass http://unix:/tmp/x; }",
    "a path": f"location / {{ {PASS.format('/x')} }}",
}
TOP = {
    "two upstreams": "http { upstream a { server 127.0.0.1:1; } upstream A { server 127.0.0.1:1; } }",
    "an empty upstream": "http { upstream a {\n\n} }",
    "one of each kind": "http { upstream a { server 127.0.0.1:1; } } stream { upstream a { server 127.0.0.1:1; } }",
    "a module after http": "http { }\nload_module modules/none.so;",
    "a stream server without listen": "stream { server { proxy_pass 127.0.0.1:1; } }",
    "one that does nothing": "stream { server { listen 127.0.0.1:@PORT@; } }",
    "one that answers": "stream { server { listen 127.0.0.1:@PORT@; return x; } }",
    "two on an address": "stream {{ server {{ {0} }} server {{ {0} }} }}".format("listen 127.0.0.1:@PORT@; return x;"),
    "one of them udp": "stream { server { listen @PORT@; return x; } server { listen @PORT@ udp; return x; } }",
}


def compared(bench: Rig, text: str) -> None:
    bench.write("nginx.conf", text)
    said = bench.nginx.test(prefix=bench.prefix, config=bench.config).output
    found = re.search(r"\[emerg\] \d+#\d+: (.*)$", said, re.MULTILINE)
    build = bench.nginx.build()
    tree = tree_from_files(bench.config, {bench.config: Path(bench.config).read_bytes()}, bench.prefix)
    faults = start_faults(tree, effective(tree, build.version), {}, {}, build.version, OpensslSeries.V3_0)
    assert (faults[0].message if faults else None) == (found[1] if found else None), said


@pytest.mark.parametrize("inside", HTTP.values(), ids=HTTP)
def test_in_a_server(bench: Rig, inside: str) -> None:
    server = f"server {{ listen 127.0.0.1:{bench.port};\n{inside}\n}}"
    compared(bench, f"pid run/p; error_log logs/e;\nevents {{ }}\nhttp {{\n {server} }}\n")


@pytest.mark.parametrize("text", TOP.values(), ids=TOP)
def test_at_the_top(bench: Rig, text: str) -> None:
    module = "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n" if "stream {" in text else ""
    compared(bench, f"{module}pid run/p; error_log logs/e;\nevents {{ }}\n{text.replace('@PORT@', str(bench.port))}\n")


@pytest.mark.parametrize(("version", "refused"), [(NginxVersion(1, 26, 3), True), (NginxVersion(1, 30, 6), False)])
def test_a_stream_server_that_does_nothing_is_refused_until_it_is_not(version: NginxVersion, refused: bool) -> None:
    text = b"events { }\nstream { server { listen 127.0.0.1:1; } }\n"
    tree = tree_from_files("/n/nginx.conf", {"/n/nginx.conf": text}, "/n")
    faults = start_faults(tree, effective(tree, version), {}, {}, version, OpensslSeries.V3_5)
    assert [fault.message for fault in faults] == ["no handler for server in /n/nginx.conf:2"] * refused
