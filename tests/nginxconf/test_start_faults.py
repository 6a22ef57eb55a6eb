"""Predicted refusals, compared word for word with those of the real `nginx -t`."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handclasp.model.nginx import NginxBuild, NginxVersion, OpensslSeries, StartFault
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.start_faults import start_faults
from tests.nginx_rig import MAIN, Issued, Rig, crl, make, rig

TLS = "ssl_certificate server.pem; ssl_certificate_key server.key;"
_PROXY = "location / {{ proxy_pass https://127.0.0.1:1; {} }}"
_VERIFY = "ssl_verify_client on;"

# Inside one `server { listen 127.0.0.1:8443 ssl; ssl_certificate ...; ... }`.
SERVER = [
    "",
    _VERIFY,
    "ssl_verify_client optional;",
    "ssl_verify_client optional_no_ca;",
    "ssl_verify_client yes;",
    f"{_VERIFY} ssl_trusted_certificate root.pem;",
    f"{_VERIFY} ssl_client_certificate root.pem;",
    f'{_VERIFY} ssl_client_certificate "";',
    *(
        f"{_VERIFY} ssl_client_certificate {name};"
        for name in (
            "no.pem", "junk", "empty", "der", "bad64", "trunc", "root.crl", "trusted", "secondbad", "server.key", "bom",
            "indented", "utf16", "oneline", "crlf", "text-around", "$x.pem",
        )
    ),
    "ssl_client_certificate no.pem;",
    *(f"ssl_trusted_certificate {name};" for name in ("no.pem", "junk", "bad64", "trusted", "root.crl", "root.pem")),
    *(f"ssl_crl {name};" for name in ("no.pem", "junk", "empty", "root.pem", "bad64", "badcrl", "twocrl", "root.crl")),
    f"{_VERIFY} {_VERIFY}",
    *(f"ssl_verify_depth {value};" for value in ("-1", "a", "99999999999", "99999999999999999999", "", "1 2", "0")),
    "ssl_ocsp on; ssl_verify_client optional_no_ca;",
    "ssl_ocsp maybe;",
    f"ssl_ocsp on; {_VERIFY} ssl_client_certificate root.pem; ssl_ocsp_responder https://x/;",
    f"ssl_ocsp on; {_VERIFY} ssl_client_certificate root.pem; ssl_ocsp_responder http://127.0.0.1/;",
    "ssl_ocsp_responder https://x/;",
    *(f"ssl_ocsp_cache {value};" for value in ("shared:a:1k", "foo", "off", "shared:a:1m")),
    *(
        f"ssl_session_cache {value};"
        for value in (
            "foo", "shared:a:1k", "shared:a", "shared::10m", "builtin:x", "builtin:100", "off foo", "none", "shared:a:1m",
            "builtin:10 shared:a:32768", "shared:a:32767",
        )
    ),
    "ssl_session_cache shared:a:1m; ssl_session_cache shared:a:2m;",
    *(f"ssl_session_ticket_key {name};" for name in ("junk", "no", "t47", "t48", "t80")),
    *(f"ssl_session_timeout {value};" for value in ("5m", "1h30m", "10", "10ms", "1s1m", "1.5h", '"1h 5m"', "abc")),
    *(f"ssl_buffer_size {value};" for value in ("4k", "1M", "1g", "x", "4096")),
    "ssl_protocols TLSv9;",
    "ssl_protocols;",
    "ssl_protocols TLSv1.2; ssl_protocols TLSv1.3;",
    "ssl_dhparam junk;",
    "ssl_dhparam no;",
    "ssl_session_tickets maybe;",
    "ssl_session_tickets ON;",
    "ssl_conf_command Foo bar;",
    "ssl_conf_command Foo;",
    "ssl_conf_command Options PrioritizeChaCha;",
    "http2 on;",
    "ssl on;",
    "ssl_foo on;",
    "ssl_ca root.pem;",
    "ssl_certificate_cache off;",
    "ssl_reject_handshake maybe;",
    f"location / {{ {_VERIFY} }}",
    "location / { if ($http_a) { ssl_verify_depth 2; } }",
    "if ($http_a) { ssl_verify_client on; }",
    "location / { limit_except GET { proxy_ssl_verify on; } }",
    "location / { server { } }",
    "events { }",
    "server_name;",
    "server_name a; server_name b;",
    *(f"error_page {value};" for value in ("200 /x", "495 =abc /x", "abc /x", "499 /x", "600 /x")),
    *(f"error_page {value};" for value in ("495 = /x", "495", "495 =200")),
    *(f"return{value};" for value in ("", " 200 a b", " abc", " 403", " https://x/", " $scheme://x", " 1000")),
    *(f"error_log {value};" for value in ("logs/x foo", "logs/x info", "stderr", "logs/x info foo", "logs/x debug")),
    *(f"listen {value};" for value in ("127.0.0.1:99999", "127.0.0.1:8444 foo", "a:b", "127.0.0.1:0")),
    *(f"listen {value};" for value in ("70000", "[::1", "90-80", "127.0.0.1:90-80", "8444-8446")),
    "listen 8444; listen *:8444;",
    "listen 127.0.0.1:8443 ssl;",
    "listen 8444 quic;",
    "listen [::1]:8444 ipv6only=on reuseport backlog=5 so_keepalive=on;",
    "ssl_password_file root.pem; ssl_password_file root.pem;",
    "ssl_certificate server.pem;",
    "proxy_ssl_verify on;",
    "proxy_ssl_verify maybe;",
    _PROXY.format("proxy_ssl_verify on;"),
    "location / { proxy_pass http://127.0.0.1:1; proxy_ssl_verify on; }",
    "location / { proxy_pass http://$host; proxy_ssl_verify on; }",
    "location / { proxy_pass $scheme://$host; proxy_ssl_verify on; }",
    "location / { grpc_pass grpcs://127.0.0.1:1; grpc_ssl_verify on; }",
    "location / { grpc_pass grpc://127.0.0.1:1; grpc_ssl_verify on; }",
    "location / { uwsgi_pass suwsgi://127.0.0.1:1; uwsgi_ssl_verify on; }",
    "location / { proxy_pass http://127.0.0.1:1; proxy_pass http://127.0.0.1:2; }",
    "proxy_ssl_verify on; location / { proxy_pass http://127.0.0.1:1; if ($http_a) { proxy_pass https://127.0.0.1:2; } }",
    "proxy_ssl_verify on; location / { limit_except GET { proxy_pass https://127.0.0.1:2; } }",
    "proxy_ssl_verify on; location / { location /a { proxy_pass https://127.0.0.1:2; } }",
    *(
        _PROXY.format(f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {name};")
        for name in ("no", "junk", "root.pem", "bad64")
    ),
    *(
        _PROXY.format(text)
        for text in (
            "proxy_ssl_certificate server.pem;",
            "proxy_ssl_certificate no; proxy_ssl_certificate_key server.key;",
            "proxy_ssl_certificate server.pem; proxy_ssl_certificate_key other.key;",
            "proxy_ssl_certificate server.pem; proxy_ssl_certificate_key server.key;",
            "proxy_ssl_certificate $host.pem; proxy_ssl_certificate_key server.key;",
            'proxy_ssl_certificate "";',
            "proxy_ssl_verify on; proxy_ssl_crl no; proxy_ssl_trusted_certificate root.pem;",
            "proxy_ssl_verify off; proxy_ssl_crl no; proxy_ssl_trusted_certificate no;",
            "proxy_ssl_protocols foo;",
            "proxy_ssl_name;",
            "proxy_ssl_verify_depth x;",
            "proxy_ssl_conf_command Foo bar;",
        )
    ),
    # Several at once: nginx names the one it meets first.
    f"{_VERIFY} {_PROXY.format('proxy_ssl_verify on;')}",
    "location / { grpc_pass grpcs://127.0.0.1:1; grpc_ssl_verify on; location /b { proxy_pass https://[::1]; } }",
    "proxy_ssl_verify on; location /a { grpc_pass grpcs://[::1]:1; grpc_ssl_verify on; } "
    + _PROXY.format("location /b { }"),
    f"ssl_crl no; {_VERIFY}",
    f"{_VERIFY} ssl_foo on;",
    f"{_VERIFY} ssl_client_certificate junk; ssl_trusted_certificate no; ssl_crl no;",
]  # fmt: skip

# In place of the certificate.
CERTIFICATE = [
    "",
    "ssl_certificate server.pem;",
    "ssl_certificate_key server.key;",
    *(
        f"ssl_certificate {name}; ssl_certificate_key server.key;"
        for name in (
            "no", "junk", "empty", "bad64", "secondbad", "chainwrong", "chain", "trusted", "server.key", "$ssl_server_name.pem",
        )
    ),
    *(f"ssl_certificate server.pem; ssl_certificate_key {name};" for name in ("no", "other.key")),
    "ssl_reject_handshake on;",
    "ssl_certificate server.pem; ssl_certificate server.pem; ssl_certificate_key server.key;",
    "ssl on;",
    "ssl on; ssl_certificate server.pem;",
    "ssl on; ssl_certificate server.pem; ssl_certificate server.pem; ssl_certificate_key server.key;",
    "ssl_certificate data:x; ssl_certificate_key server.key;",
    f"{_VERIFY} ssl_client_certificate no.pem;",
]  # fmt: skip

# Certificates below the security level: name, then the cipher list.
WEAK = [
    (name, ciphers)
    for name in ("rsa1024", "sha1", "selfsha1", "p192", "chain-rsa1024", "chain-sha1")
    for ciphers in ("", *(f"ssl_ciphers DEFAULT:@SECLEVEL={level};" for level in (0, 1, 3)))
]

# Inside http.
HTTP = [
    "server { listen 127.0.0.1:8443 default_server; }\nserver { listen 127.0.0.1:8443 default_server; }",
    "server { listen 8443 default_server; }\nserver { listen *:8443 default_server; }",
    "server { listen 8443; ssl_session_cache shared:A:1m; }\nserver { listen 8443; ssl_session_cache shared:A:2m; }",
    "}\nhttp {",
    "server { listen 127.0.0.1:8443; ssl_verify_client on; ssl_client_certificate no; }",
    f"server {{ listen 127.0.0.1:8443 ssl; {TLS} }}\nserver {{ listen 127.0.0.1:8443;\nserver_name b; }}",
    f"server {{ listen 127.0.0.1:8443 ssl; server_name b; }}\nserver {{ listen 127.0.0.1:8443; {TLS} }}",
    f"server {{ listen 127.0.0.1:8443 ssl; {TLS} }}\nserver {{ listen 127.0.0.1:8443 ssl default_server;\nserver_name b; }}",
    "server { listen 127.0.0.1:8443 ssl; ssl_reject_handshake on; }\nserver { listen 127.0.0.1:8443 ssl;\nserver_name x; }",
    f"{TLS} ssl_verify_client on;\nserver {{ listen 127.0.0.1:8443 ssl; ssl_verify_client off; }}",
    f"{TLS} ssl_verify_client on;\nserver {{ listen 127.0.0.1:8443 ssl; ssl_verify_client off; }}\nserver {{ listen 8444; }}",
    "ssl_client_certificate no;\nserver { listen 127.0.0.1:8443; }",
    "server { listen 127.0.0.1:8443;\ninclude extra.conf; }",
    "location / { }",
    "upstream be { server 127.0.0.1:1;\nproxy_ssl_verify on; }",
    *(
        f"upstream be {{ server 127.0.0.1:1;\n{lines} }}"
        for lines in (
            "keepalive 4;",
            "keepalive 0;",
            "keepalive x;",
            "keepalive -1;",
            "keepalive 4 local;",
            "keepalive 4 elsewhere;",
            "keepalive 4;\nkeepalive 5;",
            "keepalive 99999999999999999999;",
        )
    ),
    'map $http_a $b {\ndefault "x";\nssl_verify_client on; }',
]

STREAM = [
    f"listen 127.0.0.1:8443 ssl; {TLS} {_VERIFY}",
    f"listen 127.0.0.1:8443 ssl; {TLS} proxy_ssl on; proxy_ssl_verify on;",
    f"listen 127.0.0.1:8443 ssl; {TLS} proxy_ssl_verify on;",
    f"listen 127.0.0.1:8443 ssl; {TLS} proxy_ssl on; proxy_ssl_certificate server.pem;",
    f"listen 127.0.0.1:8443 ssl; {TLS} {_VERIFY} proxy_ssl on; proxy_ssl_verify on;",
    f"listen 127.0.0.1:8443 ssl; {TLS} ssl_ocsp on;",
    f"listen 127.0.0.1:8443 ssl; {TLS} ssl_reject_handshake on;",
    f"listen 127.0.0.1:8443 ssl; {TLS} server_name a;",
    f"listen 127.0.0.1:8443 ssl; {TLS} ssl_session_ticket_key junk;",
    f"listen 127.0.0.1:8443 ssl; {TLS} location / {{ }}",
    f'listen 127.0.0.1:8443 ssl; {TLS} return "anything at all";',
    f"listen 127.0.0.1:8443 ssl; {TLS} ssl_client_certificate root.pem; {_VERIFY}",
    "listen 127.0.0.1:8443 ssl;",
    "listen 127.0.0.1:8443 ssl; ssl_certificate server.pem;",
    "listen 127.0.0.1:8443 ssl;\nssl_certificate server.pem; ssl_certificate server.pem; ssl_certificate_key server.key;",
    "listen 127.0.0.1:8443;",
    f"listen 127.0.0.1:8443; {_VERIFY} ssl_certificate no;",
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("start") / "prefix") as made:
        _files(made)
        yield made


def _files(made: Rig) -> None:
    broken = b"-----BEGIN %s-----\n!!!!\n-----END %s-----\n"
    pem, root = made.server.pem, made.root.pem
    other = make("Other", ca=True)
    contents: dict[str, bytes] = {
        "junk": b"hello\n", "empty": b"", "der": made.server.certificate.public_bytes(Encoding.DER),
        "bad64": broken % (b"CERTIFICATE", b"CERTIFICATE"), "badcrl": broken % (b"X509 CRL", b"X509 CRL"),
        "secondbad": root + broken % (b"CERTIFICATE", b"CERTIFICATE"), "trunc": root[:300],
        "trusted": root.replace(b"CERTIFICATE-----", b"TRUSTED CERTIFICATE-----"),
        "chainwrong": root + pem, "chain": pem + root, "twocrl": crl(made.root) + crl(other), "other.key": other.key_pem,
        "t47": b"x" * 47, "t48": b"x" * 48, "t80": b"x" * 80, "bom": b"\xef\xbb\xbf" + root,
        "indented": b"".join(b"  " + line for line in root.splitlines(keepends=True)), "utf16": root.decode().encode("utf-16"),
        "oneline": root.replace(b"\n", b" "), "crlf": root.replace(b"\n", b"\r\n"),
        "text-around": b"Subject: x\n" + root + b"end\n",
        "root.key": made.root.key_pem,
        "extra.conf": b"listen 127.0.0.1:8444;\n\nssl_verify_client\n  maybe;\n",
    }  # fmt: skip
    for name, content in contents.items():
        made.write(name, content)


def _spki(item: Issued) -> bytes:
    return item.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _predicted(made: Rig, text: str, version: NginxVersion | None = None) -> tuple[StartFault, ...]:
    folder = Path(made.prefix)
    files: dict[str, bytes | None] = {str(path): path.read_bytes() for path in folder.iterdir() if path.is_file()}
    files |= {f"{folder}/{name}": None for name in ("no", "no.pem", "$x.pem")}
    files[made.config] = text.encode()
    build = made.nginx.build()
    version = version or build.version
    other = _key(folder / "other.key")
    tree = tree_from_files(made.config, files, made.prefix)
    keys = {f"{folder}/server.key": _spki(made.server), f"{folder}/other.key": other}
    return start_faults(tree, effective(tree, version), files, keys, version, _series(build, version))


def _series(build: NginxBuild, version: NginxVersion) -> OpensslSeries:
    return build.series if version == build.version else OpensslSeries.V3_0


def _key(path: Path) -> bytes:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(path.read_bytes(), None)
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _nginx(made: Rig, text: str) -> str:
    made.write("nginx.conf", text)
    said = made.nginx.test(prefix=made.prefix, config=made.config)
    found = re.search(r"\[emerg\] \d+#\d+: (.*)", said.output)
    assert said.ok == (found is None), said.output
    return found[1] if found else ""


def _agree(made: Rig, text: str) -> None:
    faults = _predicted(made, text)
    assert (faults[0].message if faults else "") == _nginx(made, text)
    for fault in faults:
        assert fault.origin.line or not fault.origin.file


@pytest.mark.parametrize("text", SERVER)
def test_settings_of_a_server(bench: Rig, text: str) -> None:
    server = f"server {{\n listen 127.0.0.1:8443 ssl;\n {TLS}\n {text}\n }}"
    _agree(bench, MAIN.format(http=server, user="user root;"))


@pytest.mark.parametrize("text", CERTIFICATE)
def test_certificates_of_a_server(bench: Rig, text: str) -> None:
    _agree(bench, MAIN.format(http=f"server {{\n listen 127.0.0.1:8443 ssl;\n {text}\n }}", user="user root;"))


@pytest.fixture(scope="module")
def weak(bench: Rig) -> Rig:
    """Certificates that only OpenSSL's own tool still makes."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=bench.prefix, check=True, capture_output=True)

    name = ("-subj", "/CN=weak", "-days", "30")
    openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", "rsa1024.key", "-out", "rsa1024.pem", *name)
    openssl("ecparam", "-name", "prime192v1", "-genkey", "-noout", "-out", "p192.key")
    openssl("req", "-x509", "-key", "p192.key", "-out", "p192.pem", *name)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "sha1.key", "-out", "sha1.csr", "-subj", "/CN=weak")
    sign = ("x509", "-req", "-sha1", "-in", "sha1.csr")
    openssl(*sign, "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "7", "-out", "sha1.pem")
    openssl(*sign, "-signkey", "sha1.key", "-out", "selfsha1.pem")
    parts = {one: Path(bench.prefix, f"{one}.pem").read_bytes() for one in ("selfsha1", "rsa1024", "sha1")}
    for chain in ("rsa1024", "sha1"):
        bench.write(f"chain-{chain}.pem", parts["selfsha1"] + parts[chain])
    for copy in ("selfsha1", "chain-rsa1024", "chain-sha1"):
        bench.write(f"{copy}.key", Path(bench.prefix, "sha1.key").read_bytes())
    return bench


@pytest.mark.parametrize(("name", "ciphers"), WEAK)
def test_certificates_below_the_security_level(weak: Rig, name: str, ciphers: str) -> None:
    pair = f"ssl_certificate {name}.pem; ssl_certificate_key {name}.key; {ciphers}"
    _agree(weak, MAIN.format(http=f"server {{\n listen 127.0.0.1:8443 ssl;\n {pair}\n }}", user="user root;"))


def test_a_weak_client_certificate_of_nginx(weak: Rig) -> None:
    text = _PROXY.format("proxy_ssl_certificate rsa1024.pem; proxy_ssl_certificate_key rsa1024.key;")
    for more in ("", "proxy_ssl_ciphers DEFAULT:@SECLEVEL=1;"):
        server = f"server {{\n listen 127.0.0.1:8099;\n {more} {text}\n }}"
        _agree(weak, MAIN.format(http=server, user="user root;"))


@pytest.mark.parametrize("text", HTTP)
def test_several_servers(bench: Rig, text: str) -> None:
    _agree(bench, MAIN.format(http=text, user="user root;"))


@pytest.mark.parametrize("text", STREAM)
def test_stream_servers(bench: Rig, text: str) -> None:
    module = "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
    server = f"stream {{\nserver {{\n{text}\nproxy_pass 127.0.0.1:1; }}\n}}\n"
    _agree(bench, f"{module}pid run/nginx.pid; error_log logs/error.log;\nevents {{ }}\n{server}")


_V18, _V26, _V30, _NEWEST = NginxVersion(1, 18, 0), NginxVersion(1, 26, 3), NginxVersion(1, 30, 6), NginxVersion(1, 31, 5)
_QUIC = '"listen" directive "{}" parameter is incompatible with "quic" in D/nginx.conf:14'
_OLD_WORDS = "no ssl_client_certificate for ssl_verify_client"
_NEW_WORDS = "no ssl_client_certificate or ssl_trusted_certificate for ssl_verify_client"

# Measured on other builds than this machine's; the words up to OpenSSL's bracket.
BY_VERSION = [
    (_VERIFY, _V18, _OLD_WORDS),
    (_VERIFY, _V26, _OLD_WORDS),
    (_VERIFY, NginxVersion(1, 27, 1), _OLD_WORDS),
    (_VERIFY, NginxVersion(1, 27, 2), _NEW_WORDS),
    (f"{_VERIFY} ssl_trusted_certificate root.pem;", _V26, _OLD_WORDS),
    (f"{_VERIFY} ssl_trusted_certificate root.pem;", _NEWEST, ""),
    (f"{_VERIFY} ssl_client_certificate no.pem;", _NEWEST, 'cannot load certificate "D/no.pem": BIO_new_file() failed '),
    (f"{_VERIFY} ssl_client_certificate junk;", _NEWEST, 'cannot load certificate "D/junk": PEM_read_bio_X509_AUX() failed '),
    (f"{_VERIFY} ssl_client_certificate trusted;", _NEWEST, ""),
    (f"{_VERIFY} ssl_client_certificate trusted;", _V26, 'SSL_load_client_CA_file("D/trusted") failed '),
    ("ssl_crl root.pem;", _NEWEST, 'cannot load CRL "D/root.pem": PEM_read_bio_X509_CRL() failed '),
    ("ssl_crl no;", _NEWEST, 'cannot load CRL "D/no": BIO_new_file() failed '),
    ("ssl_crl root.pem;", _V26, ""),
    ("http2 on;", _V26, ""),
    ("http2 on;", _V18, 'unknown directive "http2" in D/nginx.conf:14'),
    ("ssl on;", _V26, 'unknown directive "ssl" in D/nginx.conf:14'),
    ("ssl on;", _V18, ""),
    ("ssl_reject_handshake on;", _V18, 'unknown directive "ssl_reject_handshake" in D/nginx.conf:14'),
    ("ssl_certificate_cache off;", _NEWEST, ""),
    ("listen 8444 quic;", _V26, ""),
    *((f"listen 8444 quic {beside};", _V30, _QUIC.format(beside)) for beside in ("ssl", "http2", "proxy_protocol")),
    ("listen 8443 quic;", _V30, ""),
    ("listen 8444 quic;\nlisten 8444 quic;", _V30, "a duplicate listen 0.0.0.0:8444 in D/nginx.conf:15"),
    (
        "listen 8444 quic default_server; }\nserver { listen 8444 quic default_server;", _V30,
        "a duplicate default server for 0.0.0.0:8444 in D/nginx.conf:15",
    ),
    (
        "}\nserver { listen 8444 quic;", _V30,
        'no "ssl_certificate" is defined for the "listen ... quic" directive in D/nginx.conf:15',
    ),
    ("}\nserver { listen 8444 quic; ssl_reject_handshake on; ssl_protocols TLSv1.2;", _V30, ""),
    (
        "listen 8444 quic; ssl_protocols TLSv1.2;", _V30,
        '"ssl_protocols" must enable TLSv1.3 for the "listen ... quic" directive in D/nginx.conf:11',
    ),
    ("listen 8444 ssl multipath;", _V30, ""),
    ("listen 8444 ssl multipath;", _V26, 'invalid parameter "multipath" in D/nginx.conf:14'),
    ("ssl_certificate_cache max=5 inactive=1h valid=5s;", _V30, ""),
    ("add_header_inherit merge;", _V30, ""),
    ("add_header_inherit yes;", _V30, 'invalid value "yes" in D/nginx.conf:14'),
    ("add_header_inherit merge;", _V26, 'unknown directive "add_header_inherit" in D/nginx.conf:14'),
    ("keepalive_min_timeout x;", _V30, '"keepalive_min_timeout" directive invalid value in D/nginx.conf:14'),
    ("location / { early_hints $host; }", _V30, ""),
    ("location / { early_hints $nobody_sets_it; }", _V30, 'unknown "nobody_sets_it" variable'),
    ("set $how $ssl_client_sigalg;", _V30, ""),
    ("ssl_certificate_cache max=0;", _V30, 'invalid parameter "max=0" in D/nginx.conf:14'),
    ("ssl_certificate_cache off else;", _V30, 'invalid parameter "else" in D/nginx.conf:14'),
    ("ssl_certificate_cache valid=5s;", _V30, '"ssl_certificate_cache" must have the "max" parameter in D/nginx.conf:14'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "version", "words"), BY_VERSION)
def test_words_change_with_the_version(bench: Rig, text: str, version: NginxVersion, words: str) -> None:
    server = f"server {{\n listen 127.0.0.1:8443 ssl;\n {TLS}\n {text}\n }}"
    faults = _predicted(bench, MAIN.format(http=server, user="user root;"), version)
    said = faults[0].message.replace(bench.prefix, "D") if faults else ""
    assert said.split("(SSL:")[0] == words


def test_a_fault_names_the_directive_and_its_place(bench: Rig) -> None:
    server = f"server {{\n listen 127.0.0.1:8443 ssl;\n {TLS}\n ssl_crl\n   no;\n }}"
    (fault,) = _predicted(bench, MAIN.format(http=server, user="user root;"))
    assert (fault.directive, fault.origin.file, fault.origin.line) == ("ssl_crl", bench.config, 14)


def test_all_faults_are_listed_not_only_the_first(bench: Rig) -> None:
    server = f"server {{\n listen 127.0.0.1:8443 ssl;\n {TLS}\n {_VERIFY} ssl_crl no; ssl_foo on;\n }}"
    faults = _predicted(bench, MAIN.format(http=server, user="user root;"))
    assert [fault.directive for fault in faults] == ["ssl_foo", "ssl_verify_client", "ssl_crl"]
