"""A hand-written nginx beside a CA, that `nginx adopt` is to make that CA's."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handclasp.adapters.nginx_process import NginxProcess
from handclasp.adapters.tls_probe import TlsProbe
from handclasp.model.probe import ClientIdentity, ProbeRequest, ProbeResult
from tests.ca_rig import Ca
from tests.nginx_rig import free_port

HEAD = """\
user root; worker_processes 1; error_log logs/error.log warn; pid run/nginx.pid;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path run/body; proxy_temp_path run/proxy; fastcgi_temp_path run/fastcgi;
    uwsgi_temp_path run/uwsgi; scgi_temp_path run/scgi;
    ssl_protocols TLSv1.2 TLSv1.3;
{http}
}}
"""
SITE = """\
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name app.test;   # the site
        ssl_certificate server.pem;
        ssl_certificate_key server.key;
        ssl_client_certificate root.pem;
        ssl_verify_client {mode};
        ssl_verify_depth 2;
        ssl_session_cache shared:SSL:10m;
        ssl_crl root.crl;
        error_log logs/site.log warn;
{rules}
    }}
"""


# Each lets in alice and keeps bob out, as its author meant it; and lets in somebody that he did not think of.
def asking(source: str, rows: str, guard: str = "if ($in = 0) {{ return 403; }}") -> tuple[str, str, str]:
    return f"    map {source} $in {{{{ {rows} }}}}   # who", f"        {guard}", "on"


DN, LEGACY = "$ssl_client_s_dn", "$ssl_client_s_dn_legacy"
_COMMON_NAMES = f'    map {DN} $who {{{{ default ""; "~(^|,)CN=(?<CN>[^,]+)" $CN; }}}}'
_DEEP = """\
        location /deep {{ return 200; }}
        location / {{
            if ($ssl_client_s_dn !~* "cn=(alice|carol)") {{ return 403; }}   # those two
        }}"""
WAYS = {
    "map": asking(DN, "default 0; ~CN=alice 1;"),
    "map-any-case": asking(DN, 'default no; "~*cn=alice" yes;', "if ($in != yes) {{ return 403; }}"),
    "map-legacy": asking(LEGACY, 'default 0; "~/CN=alice" 1;'),
    "map-of-common-names": (f"{_COMMON_NAMES}\n{asking('$who', 'default 0; alice 1;')[0]}", asking("", "")[1], "on"),
    "if": ("", '        if ($ssl_client_s_dn !~ "CN=alice") {{ return 403; }}', "on"),
    "if-equal": ("", '        if ($ssl_client_s_dn != "CN=alice") {{ return 403; }}', "on"),
    "if-in-location": ("", _DEEP, "on"),
    "optional": (
        asking(DN, 'default 0; "~CN=alice" 1;')[0],
        "        if ($ssl_client_verify != SUCCESS) {{ return 403; }}\n        if ($in = 0) {{ return 403; }}",
        "optional",
    ),
}


@dataclass(frozen=True)
class Town:
    """A CA with alice, bob and somebody whose name is longer than alice's; and a hand-written nginx beside it."""

    ca: Ca
    folder: Path
    port: int

    @property
    def config(self) -> Path:
        return self.folder / "nginx.conf"

    def write(self, way: str, change: tuple[str, str] = ("", "")) -> str:
        """Write the configuration; its text."""
        http, rules, mode = WAYS[way]
        text = HEAD.format(http=f"{http.format()}\n{SITE.format(port=self.port, mode=mode, rules=rules.format())}")
        self.config.write_text(text.replace(*change))
        return text

    def serve(self, way: str) -> str:
        text = self.write(way)
        NginxProcess().start(prefix=str(self.folder), config=str(self.config))
        return text

    def adopt(self, *options: str, expect: int = 0) -> dict[str, Any]:
        return self.ca.json("nginx", "adopt", "app.test", "--config", str(self.config), *options, expect=expect)

    def ask(self, who: str | None) -> int | None:
        return told(self, who, "/").status


TUTORIAL = """\
# nginx.conf, as the guide has it
user root; worker_processes 1; pid run/nginx.pid;
error_log  logs/error.log warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path run/body; proxy_temp_path run/proxy; fastcgi_temp_path run/fastcgi;
    uwsgi_temp_path run/uwsgi; scgi_temp_path run/scgi;

    # who is who
    map $ssl_client_s_dn $user_role {{
        default            "none";
        ~CN=alice          "admin";    # Alice from ops
        "~*CN=bob"         "user";
    }}
    # partners are not limited
    map $http_x_partner $limit_key {{
        default   $binary_remote_addr;
        "1"       "";
    }}
    limit_req_zone $limit_key zone=api:10m rate=1r/m;

    server {{
        listen       127.0.0.1:{back};
        location / {{ return 200 "dn=$http_x_client_dn verify=$http_x_client_verify\\n"; }}
    }}
    server {{
        listen       127.0.0.1:{port} ssl;
        server_name  app.test;

        ssl_certificate      server.pem;
        ssl_certificate_key  server.key;
        ssl_session_cache    shared:SSL:10m;   # performance
        ssl_session_timeout  10m;

        ssl_client_certificate root.pem;
        ssl_verify_client      optional;
        ssl_verify_depth       2;
        ssl_crl                root.crl;
        error_log              logs/api.log warn;

        proxy_set_header X-Client-DN     $ssl_client_s_dn;
        proxy_set_header X-Client-Verify $ssl_client_verify;

        location / {{
            limit_req zone=api;
            proxy_pass http://127.0.0.1:{back};
        }}
        location /admin/ {{
            if ($user_role != "admin") {{ return 403; }}
            # the application wants this one
            proxy_set_header Host $host;
            proxy_pass http://127.0.0.1:{back};
        }}
    }}
}}
"""


def told(town: Town, who: str | None, path: str, *headers: tuple[str, str]) -> ProbeResult:
    identity = None
    if who:
        folder = town.ca.identity(who)
        chain, key = (folder / "chain.pem").read_bytes(), (folder / "key.pem").read_bytes()
        identity = ClientIdentity(certificate_chain=chain, private_key=key)
    name = "app.test"
    asked = ProbeRequest(
        address="127.0.0.1", port=town.port, sni=name, host=name, path=path, identity=identity, headers=headers
    )  # fmt: skip
    return TlsProbe().ask(asked)


@contextmanager
def settled(ca: Ca, folder: Path) -> Iterator[Town]:
    ca.run("issue", "alice.cooper")
    for name in ("logs", "run", "html"):
        (folder / name).mkdir(parents=True)
    (folder / "html/index.html").write_text("in\n")
    for source, target in (
        (ca.home / "ca/bundle.pem", "root.pem"), (ca.home / "ca/crl.pem", "root.crl"),
        (ca.identity("app.test", "chain.pem"), "server.pem"), (ca.identity("app.test", "key.pem"), "server.key"),
    ):  # fmt: skip
        shutil.copy(source, folder / target)
    made = Town(ca, folder, free_port())
    try:
        yield made
    finally:
        NginxProcess().stop(prefix=str(folder), config=str(made.config))
