"""Many cases as the files of two nginx processes: one `server` or `location` a case on the side under test."""

from collections.abc import Sequence
from functools import cache

from handclasp.lab import extensions as ext
from handclasp.lab import mint
from handclasp.lab.case import Case, pem
from handclasp.lab.mint import Blank, name
from handclasp.model.verdict import Side
from handclasp.pki.throwaway import key
from handclasp.ports.bench import Sheet

_MAIN = """\
user root;
worker_processes 1;
error_log error.log {level};
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
    server_names_hash_max_size 16384; server_names_hash_bucket_size 128;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off; ssl_session_tickets off;
    ssl_certificate own.pem; ssl_certificate_key own.key;
    proxy_ssl_protocols TLSv1.2 TLSv1.3; proxy_ssl_session_reuse off; proxy_ssl_server_name on;
{body}
}}
"""
_LEVELS = "debug_event"  # every raised error, and all that is more important than debug
_ANY_STRENGTH = "DEFAULT:@SECLEVEL=0"


def sheet(cases: Sequence[tuple[str, Case]]) -> Sheet:
    """Cases of one side, each under a name of its own that is a word fit for file and host names."""
    side = cases[0][1].side
    return _client_sheet(cases) if side is Side.CLIENT else _upstream_sheet(cases)


def _client_sheet(cases: Sequence[tuple[str, Case]]) -> Sheet:
    """The counterpart is a proxy that holds each client's chain; nginx under test tells cases apart by SNI."""
    subject, counterpart = _own(), _own()
    servers, locations = [], []
    for label, case in cases:
        subject.update(_trust(label, case))
        servers.append(_verifying_server(label, case))
        counterpart.update(_identity(label, case))
        locations.append(_client_location(label, case))
    subject["nginx.conf"] = _MAIN.format(level=_LEVELS, body="\n".join(servers)).encode()
    counterpart["nginx.conf"] = _MAIN.format(level="error", body=_plain_server(locations)).encode()
    return Sheet(
        subject=subject,
        counterpart=counterpart,
        ask="counterpart/plain.sock",
        requests=tuple(f"/{label}" for label, _ in cases),
    )


def _upstream_sheet(cases: Sequence[tuple[str, Case]]) -> Sheet:
    """The counterpart is the origin: one socket a case, each presenting a chain."""
    subject, counterpart = _own(), _own()
    locations, servers = [], []
    for label, case in cases:
        subject.update(_trust(label, case))
        locations.append(_verifying_location(label, case))
        counterpart.update(_identity(label, case))
        servers.append(_origin(label))
    subject["nginx.conf"] = _MAIN.format(level=_LEVELS, body=_plain_server(locations)).encode()
    counterpart["nginx.conf"] = _MAIN.format(level="error", body="\n".join(servers)).encode()
    return Sheet(
        subject=subject,
        counterpart=counterpart,
        ask="subject/plain.sock",
        requests=tuple(f"/{label}" for label, _ in cases),
    )


def _verifying_server(label: str, case: Case) -> str:
    crl = f"ssl_crl {label}.crl;" if case.crls else ""
    more = f"ssl_trusted_certificate {label}.more.pem;" if case.split else ""
    return f"""\
    server {{
        listen unix:@FOLDER@/tls.sock ssl; server_name {label}.lab;
        ssl_verify_client {case.verify_client}; ssl_verify_depth {case.depth}; ssl_client_certificate {label}.pem; {more} {crl}
        ssl_ciphers DEFAULT:@SECLEVEL={case.security_level};
        add_header X-Connection $connection always; add_header X-Verify $ssl_client_verify always;
        return 200 "in\\n";
    }}"""


def _client_location(label: str, case: Case) -> str:
    sends = f"proxy_ssl_certificate {label}.pem; proxy_ssl_certificate_key {label}.key;" if case.presented else ""
    return f"""\
        location = /{label} {{
            proxy_pass https://unix:@OTHER@/tls.sock:/; proxy_set_header Host {label}.lab; proxy_ssl_name {label}.lab;
            proxy_ssl_ciphers {_ANY_STRENGTH}; {sends}
        }}"""


def _plain_server(locations: Sequence[str]) -> str:
    inner = "\n".join(locations)
    return f"    server {{\n        listen unix:@FOLDER@/plain.sock;\n{inner}\n    }}"


def _verifying_location(label: str, case: Case) -> str:
    crl = f"proxy_ssl_crl {label}.crl;" if case.crls else ""
    return f"""\
        location = /{label} {{
            proxy_pass https://unix:@OTHER@/{label}.sock:/; proxy_ssl_name "{case.host}";
            proxy_ssl_verify on; proxy_ssl_verify_depth {case.depth}; proxy_ssl_trusted_certificate {label}.pem; {crl}
            proxy_ssl_ciphers DEFAULT:@SECLEVEL={case.security_level}; add_header X-Connection $connection always;
        }}"""


def _origin(label: str) -> str:
    return f"""\
    server {{
        listen unix:@FOLDER@/{label}.sock ssl; ssl_ciphers {_ANY_STRENGTH};
        ssl_certificate {label}.pem; ssl_certificate_key {label}.key;
        return 200 "in\\n";
    }}"""


def _trust(label: str, case: Case) -> dict[str, bytes]:
    split = case.split if case.side is Side.CLIENT else None  # towards an upstream there is one file only
    files = {f"{label}.pem": "".join(case.store[:split]).encode()}
    if split:
        files[f"{label}.more.pem"] = "".join(case.store[split:]).encode()
    if case.crls:
        files[f"{label}.crl"] = "".join(case.crls).encode()
    return files


def _identity(label: str, case: Case) -> dict[str, bytes]:
    if not case.presented:
        return {}
    return {f"{label}.pem": "".join(case.presented).encode(), f"{label}.key": case.key.encode()}


@cache
def _own_pair() -> tuple[bytes, bytes]:
    """The certificate that the test servers themselves show; strong enough for every security level in use."""
    pair = key("p521", 9999)
    blank = Blank(subject=name(("CN", "lab server")), key=pair, serial=1, digest="sha512")
    blank.put("subjectAltName", ext.general_names(("dns", "lab.test")))
    return pem(mint.certificate(blank)).encode(), pair.pem.encode()


def _own() -> dict[str, bytes]:
    certificate, private = _own_pair()
    return {"own.pem": certificate, "own.key": private}
