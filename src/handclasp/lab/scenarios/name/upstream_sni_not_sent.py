"""nginx sends no SNI by default; an origin with several names shows its default certificate, or refuses."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.mint import name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup, pems

_DEFAULT = """\
worker_processes 1;
error_log logs/error.log info;
events {{ worker_connections 512; }}

http {{
    access_log off;
    server {{
        listen 127.0.0.1:@ORIGIN@ ssl default_server;
{default}
    }}
    server {{
        listen 127.0.0.1:@ORIGIN@ ssl;
        server_name lab.test;
        ssl_certificate origin.pem;
        ssl_certificate_key origin.key;
        location / {{ return 200 "the right site\\n"; }}
    }}
    server {{
        listen 127.0.0.1:@ORIGIN2@ ssl;
        ssl_certificate impostor.pem;
        ssl_certificate_key impostor.key;
        location / {{ return 200 "from an impostor\\n"; }}
    }}
}}
"""
_OTHER_SITE = "        ssl_certificate other.pem; ssl_certificate_key other.key; return 200 other;"


def _origin(default: str) -> Setup:
    made = setup.upstream(1)
    other = made.draft.end_entity(name(("CN", "other.test")), made.leaf.issuer)
    other.put("subjectAltName", ext.general_names(("dns", "other.test")))
    made.origin_files = {
        "nginx.conf": _DEFAULT.format(default=default).encode(),
        "other.pem": pems([other, *made.intermediates]).encode(),
        "other.key": other.key.pem.encode(),
        "origin.pem": pems(made.chain).encode(),
        "origin.key": made.leaf.key.pem.encode(),
    }
    return made


def _send(made: Setup) -> None:
    made.server += ["proxy_ssl_server_name on;", "proxy_set_header Host lab.test;"]


def _host_only(made: Setup) -> None:
    made.server.append("proxy_set_header Host lab.test;")


def _control() -> Setup:
    made = _origin(_OTHER_SITE)
    _send(made)
    return made


SCENARIO = Scenario(
    cause="upstream-sni-not-sent",
    broken={
        "verify-on-default-cert": lambda: _origin(_OTHER_SITE),
        "handshake-rejected": lambda: _origin("        ssl_reject_handshake on;"),
    },
    control={"sni-sent": _control},
    remedies={"send-sni": _send},
    dead_ends={"set-host-header": _host_only, "verify-off": changes.verify_off},
    history=True,
)
