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
    "access_log off combined;",
    "access_log logs/x combined buffer=4q;",
    "access_log logs/x combined gzip=11;",
    "log_format a escape=xml x;",
    "log_format a '$';",
    "log_format a '${uri';",
    "map $uri $a { default 0; default 1; }",
    "map $uri $a { A 0; a 1; }",
    "map $uri $a { a; }",
    "map $uri a { a 1; }",
    "map $uri $a { ~*(x 1; }",
    "map $host $a { hostnames; a*b 1; }",
    "map $host $a { hostnames; *.b 1; .c 1; volatile; default 0; }",
    "geo $a { default 0; 10.0.0.0/33 1; }",
    "geo $a { ranges; 10.0.0.9-10.0.0.1 1; }",
    "geo $nobody $a { default 0; }",
    "geo $a { default 0; 10.0.0.0/8 1; ::/0 2; }",
    "split_clients $uri $a { 60% a; 50% b; }",
    "split_clients $uri $a { 0% a; }",
    "split_clients $uri $a { 0.5% a; * b; }",
    "proxy_cache_path c levels=1:3 keys_zone=a:1m;",
    "proxy_cache_path c levels=1:2;",
    "proxy_cache_path c keys_zone=a:1m inactive=x;",
    "proxy_cache_path c keys_zone=a:1k;",
    "proxy_cache_path c keys_zone=a:1m use_temp_path=maybe;",
    "proxy_cache_path c keys_zone=a:1m; proxy_cache_path c keys_zone=b:1m;",
    "proxy_cache_path c keys_zone=a:1m; proxy_cache_path d keys_zone=a:1m;",
    "proxy_cache_path c keys_zone=a:1m max_size=10g inactive=1h manager_sleep=50ms;",
    "open_file_cache inactive=5s;",
    "open_file_cache max=x;",
    "resolver 127.0.0.1 valid=x;",
    "resolver 127.0.0.1 ipv6=never;",
    "resolver 127.0.0.1:99999;",
    "resolver [::1 ipv6=off;",
    "resolver 127.0.0.1 [::1]:5353 valid=30s ipv6=off;",
    "request_pool_size 100;",
    "connection_pool_size 1000;",
    "proxy_redirect default;",
    "proxy_redirect ~^(/ /;",
    "fastcgi_buffer_size 32k;",
    "proxy_buffer_size 128k; proxy_buffers 4 256k; proxy_busy_buffers_size 256k;",
    "proxy_buffers 8 8k; proxy_busy_buffers_size 4k;",
    "proxy_buffers 1 8k;",
    "proxy_max_temp_file_size 1k;",
    "proxy_set_header X $;",
    "add_header X $;",
    "server { server_name a*b; } server { server_name c; }",
    "server { server_name ~^(a; }",
    "server { server_name *; }",
    "server { server_name *.a .b a.*; } server { server_name c; }",
    "server { listen 8081 backlog=5; } server { listen 8081 reuseport; }",
    "server { listen 8081 backlog=5; } server { listen 8081; }",
    "server { listen 8081 backlog=0; }",
    "server { listen 8081 so_keepalive=on:2; }",
    "server { listen 8081 so_keepalive=30m::10; }",
    "server { listen [::1]:8081 ipv6only=often; }",
    "server { listen 8081 udp; }",
    "server { listen 8081/x; }",
    "server { [ 1; }",
    "things on;",
)
UPSTREAM = (
    "server 127.0.0.1:99999;",
    "server 127.0.0.1:1/x;",
    "server [::1;",
    "server unix:;",
    "server 127.0.0.1:1 weight=0;",
    "server 127.0.0.1:1 max_fails=x;",
    "server 127.0.0.1:1 fail_timeout=5q;",
    "server 127.0.0.1:1 weight=2 max_fails=0 fail_timeout=1m down;",
    "server 127.0.0.1:1 often;",
    "server 127.0.0.1:1 backup;",
    "ip_hash; server 127.0.0.1:1; server 127.0.0.1:2 backup;",
    "hash $uri consistent; server 127.0.0.1:1; server 127.0.0.1:2 backup;",
    "hash $uri twice; server 127.0.0.1:1;",
    "random two least_time; server 127.0.0.1:1;",
    "random two least_conn; server 127.0.0.1:1;",
    "zone z 1k; server 127.0.0.1:1;",
    "zone z 64k; server 127.0.0.1:1;",
)
STREAM = (
    "proxy_pass 127.0.0.1;",
    "proxy_pass be; gzip on;",
    "proxy_pass be; listen 127.0.0.1:8082 often;",
    "proxy_pass be; limit_conn nobody 5;",
    "proxy_pass be; access_log logs/x;",
    "proxy_pass be; access_log logs/x nobody;",
    "proxy_pass be; allow 1.2.3.4.5;",
    "proxy_pass be; deny;",
    "proxy_pass be; proxy_bind 127.0.0.1:x;",
    "proxy_pass $nobody;",
    "return $ssl_preread_name;",
    "return a; return b;",
    "return $ssl_preread_server_name$upstream_addr$ssl_client_verify;",
    "proxy_pass be; limit_conn c 5; limit_conn c 5;",
    "127.0.0.1:1;",
    "proxy_pass http://be;",
    "proxy_pass be; proxy_timeout 5q;",
    "proxy_pass be; allow 127.0.0.1; deny all;",
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
    "if $uri { return 403; }",
    "if ($uri = /x { return 403; }",
    "if ($uri ~! x) { return 403; }",
    "if ($uri = a b) { return 403; }",
    "if (-f) { return 403; }",
    "if ($uri ~ (a) { return 403; }",
    "if ($nobody+ = a) { return 403; }",
    "rewrite ^/(.* /x;",
    "location ~ *.php$ { return 404; }",
    "location ~ [a-z { return 404; }",
    "location /a /b { return 404; }",
    "limit_except FETCH { deny all; }",
    "limit_except GET { deny all; } limit_except GET { deny all; }",
    "expires epoch 5h;",
    "expires @25h;",
    "expires modified @5h;",
    "expires modified +24h;",
    "proxy_cache_valid 99 1m;",
    "proxy_cache_valid 200 5q;",
    "proxy_cache_valid 200 302 10m;",
    "proxy_store_access user:x;",
    "proxy_cookie_path /a;",
    "proxy_bind 127.0.0.1:x;",
    "proxy_bind 127.0.0.1 opaque;",
    "proxy_pass http://be:80;",
    "proxy_pass http://;",
    "fastcgi_pass 127.0.0.1;",
    "fastcgi_pass 127.0.0.1:x;",
    "grpc_pass grpc://nobody.invalid;",
    "uwsgi_pass unix:/run/app.sock;",
    "memcached_pass 127.0.0.1:11211;",
    "set $m /x; set $memcached_key $m; memcached_pass 127.0.0.1:11211;",
    "aio sometimes;",
    "directio 5q;",
    "disable_symlinks from=/;",
    "fastcgi_param A b if_empty;",
    "try_files $uri =404; try_files $uri =404;",
    "limit_req zone=a; limit_req zone=a burst=5;",
    "return https://$nobody;",
    "proxy_buffers 8 4k; proxy_buffers 8 4k;",
    "proxy_redirect off; proxy_redirect off;",
    "proxy_redirect /a /b; proxy_redirect /c /d;",
    "proxy_cookie_path off; proxy_cookie_path /a /b;",
    "proxy_cookie_flags ~ secure; proxy_cookie_flags ~ secure;",
    "return $uri;",
    "return $scheme://a;",
    "gzip_disable (;",
)
MAIN = (
    "worker_processes often;",
    "worker_processes 2; worker_processes 2;",
    "worker_priority x;",
    "worker_cpu_affinity 012;",
    "thread_pool extra threads=0;",
    "thread_pool extra threads=2 max_queue=x;",
    "worker_processes auto; worker_priority -5; worker_cpu_affinity auto;",
)


def _asked(bench: Rig, text: str) -> tuple[str | None, str | None]:
    """What nginx says first, and what was foreseen."""
    bench.write("nginx.conf", text)
    output = bench.nginx.test(prefix=bench.prefix, config=bench.config).output
    real = re.search(r"\[emerg\] (?:\d+#\d+: )?(.*)$", output, re.MULTILINE)
    build = bench.nginx.build()
    tree = tree_from_files(bench.config, {bench.config: text.encode()}, bench.prefix)
    found = start_faults(tree, effective(tree, build.version), {}, {}, build.version, build.openssl)
    return (real[1] if real else None), (found[0].message if found else None)


def _both(bench: Rig, http: str, inside: str, main: str = "") -> tuple[str | None, str | None]:
    upstream = "" if "upstream be" in http else "upstream be { server 127.0.0.1:1; }"
    return _asked(
        bench,
        f"pid run/x.pid;\nerror_log logs/e;\n{main}\nevents {{ }}\n"
        f"http {{\n{upstream}\n{http}\nserver {{\nlisten 127.0.0.1:8080;\nlocation / {{\n{inside}\n}}\n}}\n}}\n",
    )


@pytest.mark.parametrize("text", HTTP)
def test_what_is_said_in_http(bench: Rig, text: str) -> None:
    real, ours = _both(bench, text, "")
    assert ours == real


@pytest.mark.parametrize("text", LOCATION)
def test_what_is_said_in_a_location(bench: Rig, text: str) -> None:
    real, ours = _both(bench, _LIMIT, text)
    assert ours == real


@pytest.mark.parametrize("text", UPSTREAM)
def test_what_is_said_in_an_upstream(bench: Rig, text: str) -> None:
    real, ours = _both(bench, f"upstream be {{ {text} }}", "")
    assert ours == real


@pytest.mark.parametrize("text", MAIN)
def test_what_is_said_outside(bench: Rig, text: str) -> None:
    real, ours = _both(bench, "", "", text)
    assert ours == real


@pytest.mark.parametrize("text", STREAM)
def test_what_is_said_in_stream(bench: Rig, text: str) -> None:
    real, ours = _asked(
        bench,
        f"load_module /usr/lib/nginx/modules/ngx_stream_module.so;\npid run/x.pid;\nerror_log logs/e;\nevents {{ }}\n"
        f"stream {{\nupstream be {{ server 127.0.0.1:1; }}\nserver {{\nlisten 127.0.0.1:8081;\n{text}\n}}\n}}\n",
    )
    assert ours == real


def test_some_are_taken_and_some_are_not(bench: Rig) -> None:
    said = [_both(bench, _LIMIT, text)[0] for text in LOCATION]
    assert said.count(None) > len(said) // 4
    assert len(said) - said.count(None) > len(said) // 4
