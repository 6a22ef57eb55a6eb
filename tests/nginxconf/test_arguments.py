"""Arguments, zones and log formats that nginx refuses: its own words, foreseen; and nothing of what it takes."""

import re

import pytest

from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.start_faults import start_faults
from tests.nginx_rig import Rig

_LIMIT = "limit_req_zone $binary_remote_addr zone=a:1m rate=1r/s; limit_conn_zone $binary_remote_addr zone=c:1m;"
HTTP = (
    "large_client_header_buffers 4 8q;",
    "limit_req_zone $uri zone=a:1m rate=1x/s;",
    "limit_req_zone $uri zone=a:1m rate=0r/s;",
    "limit_req_zone $uri zone=a:1k rate=1r/s;",
    "limit_req_zone $uri zone=a rate=1r/s;",
    "limit_req_zone $uri zone=a:xx rate=1r/s;",
    "limit_req_zone $uri rate=1r/s;",
    "limit_req_zone $uri zone=a:1m rate=30r/m;",
    "limit_conn_zone $uri zone=c:1m rate=1r/s;",
    "limit_conn_zone $uri zone=c:9q;",
    f"{_LIMIT} limit_req_zone $uri zone=a:1m rate=1r/s;",
    f"{_LIMIT} limit_conn_zone $uri zone=c:1m;",
    f"{_LIMIT} limit_req_zone $uri zone=c:1m rate=1r/s;",
    "log_format a x; log_format a y;",
    "access_log logs/x nobody;",
    "log_format mine '$status'; access_log logs/x mine buffer=4k;",
    "access_log logs/x combined;",
    "access_log off;",
)
LOCATION = (
    "proxy_buffers 8 4q;",
    "proxy_buffers 0 4k;",
    "proxy_buffers x 4k;",
    "proxy_buffers 8 4k;",
    "fastcgi_buffers 8 q;",
    "gzip_buffers 4 a;",
    "gzip_buffers 16 8K;",
    "output_buffers 2 0;",
    "limit_req zone=nobody burst=5;",
    "limit_req burst=5;",
    "limit_req zone=a burst=x;",
    "limit_req zone=a delay=0;",
    "limit_req zone=a often;",
    "limit_req zone=a burst=5 nodelay;",
    "limit_req zone=c;",
    "limit_conn nobody 5;",
    "limit_conn c x;",
    "limit_conn c 0;",
    "limit_conn c 70000;",
    "limit_conn c 5;",
    "limit_conn a 5;",
    "proxy_cache nobody; proxy_pass http://127.0.0.1:1;",
    "proxy_cache off; proxy_pass http://127.0.0.1:1;",
    "fastcgi_cache nobody; fastcgi_pass 127.0.0.1:1;",
    "proxy_pass http://127.0.0.1:99999;",
    "proxy_pass http://127.0.0.1:0/x;",
    "proxy_pass http://[::1]:8080/x;",
    "proxy_pass http://unix:/run/app.sock:/x;",
    "rewrite ^ /x lost;",
    "rewrite ^ /x last;",
    "allow 1.2.3.4.5;",
    "allow example.test;",
    "allow 1.2.3.4/33;",
    "deny 10.0.0.0/8;",
    "deny 010.0.0.1;",
    "allow ::1;",
    "allow 2001:db8::/32;",
    "deny unix:;",
    "add_header X 1 perhaps;",
    "add_header X 1 always;",
    "keepalive_timeout 5s x;",
    "keepalive_timeout 5s 10s;",
    "try_files $uri =9999;",
    "try_files $uri =404;",
    "try_files $uri @named;",
    "set name value;",
    "auth_request_set name $uri;",
    "if (uri = /) { return 403; }",
    "if ( $uri = /) { return 403; }",
    "if (!-f $request_filename) { return 404; }",
    "if ($uri) { return 403; }",
)


def _both(bench: Rig, http: str, inside: str) -> tuple[str | None, str | None]:
    """What nginx says first, and what was foreseen."""
    text = (
        "pid run/x.pid;\nerror_log logs/e;\nevents { }\n"
        f"http {{\n{http}\nserver {{\nlisten 127.0.0.1:8080;\nlocation / {{\n{inside}\n}}\n}}\n}}\n"
    )
    bench.write("nginx.conf", text)
    output = bench.nginx.test(prefix=bench.prefix, config=bench.config).output
    real = re.search(r"\[emerg\] (?:\d+#\d+: )?(.*)$", output, re.MULTILINE)
    build = bench.nginx.build()
    tree = tree_from_files(bench.config, {bench.config: text.encode()}, bench.prefix)
    found = start_faults(tree, effective(tree, build.version), {}, {}, build.version, build.openssl)
    return (real[1] if real else None), (found[0].message if found else None)


@pytest.mark.parametrize("text", HTTP)
def test_what_is_said_in_http(bench: Rig, text: str) -> None:
    real, ours = _both(bench, text, "")
    assert ours == real


@pytest.mark.parametrize("text", LOCATION)
def test_what_is_said_in_a_location(bench: Rig, text: str) -> None:
    real, ours = _both(bench, _LIMIT, text)
    assert ours == real


def test_some_are_taken_and_some_are_not(bench: Rig) -> None:
    said = [_both(bench, _LIMIT, text)[0] for text in LOCATION]
    assert said.count(None) > len(said) // 4
    assert len(said) - said.count(None) > len(said) // 4
