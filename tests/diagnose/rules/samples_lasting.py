"""What goes on without its grounds: sessions of ended certificates, connections of revoked clients, requests sent twice."""

from tests.diagnose.rules.samples_placement import server
from tests.diagnose.rules.workshop import ASKS, Sample, Workshop

_TLS13 = "ssl_protocols TLSv1.2 TLSv1.3;"
_MOST = "ssl_session_timeout 1d; ssl_session_cache shared:SSL:10m; ssl_session_tickets off;"
_PASS = "proxy_pass http://127.0.0.1:9000; proxy_set_header X-Client-DN $ssl_client_s_dn;"
_UPGRADED = f"location / {{ {_PASS} proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; }}"


def _of(shop: Workshop, lines: str, location: str = "", before: str = "") -> Workshop:
    return shop.http(before + (server(f"{ASKS} {lines}", location) if location else server(f"{ASKS} {lines}"))).sends()


def a_day(shop: Workshop) -> Workshop:
    return _of(shop, _MOST)


def minutes(shop: Workshop) -> Workshop:
    return _of(shop, _MOST.replace("1d", "10m"))


def with_tls13(shop: Workshop) -> Workshop:
    return _of(shop, _TLS13)


def no_tickets(shop: Workshop) -> Workshop:
    return _of(shop, f"{_TLS13} ssl_conf_command NumTickets 0;")


def second_look(shop: Workshop) -> Workshop:
    stale = 'map "$ssl_session_reused:$ssl_client_v_remain" $stale { default 0; r:0 1; }\n'
    return _of(shop, f"{_TLS13} if ($stale) {{ return 421; }}", before=stale)


def none_resumed(shop: Workshop) -> Workshop:
    return _of(shop, f"{_TLS13} ssl_session_tickets off;")


def _revoking(shop: Workshop, location: str, main: str = "") -> Workshop:
    shop.draft.with_crls()
    shop.http(server(f"{ASKS} ssl_crl crl.pem;", location)).sends()
    return shop.main(main + (shop.folder / "nginx.conf").read_text())


def websocket(shop: Workshop) -> Workshop:
    return _revoking(shop, _UPGRADED)


def websocket_unbounded(shop: Workshop) -> Workshop:
    return _revoking(shop, _UPGRADED, "worker_shutdown_timeout 0;\n")


def websocket_bounded(shop: Workshop) -> Workshop:
    return _revoking(shop, _UPGRADED, "worker_shutdown_timeout 30s;\n")


def grpc(shop: Workshop) -> Workshop:
    return _revoking(shop, "location / { grpc_pass 127.0.0.1:9000; grpc_set_header X-Client-DN $ssl_client_s_dn; }")


def requests_alone(shop: Workshop) -> Workshop:
    return _revoking(shop, f"location / {{ {_PASS} }}")


def _early(shop: Workshop, location: str, lines: str = "") -> Workshop:
    return _of(shop, f"ssl_protocols TLSv1.3; ssl_early_data on; {lines}", f"location / {{ {location} }}")


def early(shop: Workshop) -> Workshop:
    return _early(shop, _PASS)


def too_early(shop: Workshop) -> Workshop:
    return _early(shop, _PASS, "if ($ssl_early_data) { return 425; }")


def told(shop: Workshop) -> Workshop:
    return _early(shop, f"{_PASS} proxy_set_header Early-Data $ssl_early_data;")


def nothing_resumed(shop: Workshop) -> Workshop:
    return _early(shop, _PASS, "ssl_session_tickets off;")


_LASTS, _HELD, _TWICE = "session-outlives-certificate", "connection-outlives-revocation", "early-data-replayed"


def two_addresses(shop: Workshop) -> Workshop:
    other = server(f"{ASKS} {_MOST.replace('1d', '2d')}").replace("8443", "8444").replace("site.test", "second.test")
    return shop.http(server(f"{ASKS} {_MOST}") + other).sends()


SAMPLES = (
    Sample("sessions-outlive", "two-addresses", two_addresses, _LASTS, severity="warning", version="1.26.3", openssl="3.5.0"),
    Sample("sessions-outlive", "a-day", a_day, _LASTS, severity="warning", version="1.26.3", openssl="3.5.0"),
    Sample("sessions-outlive", "tls13-renewed", with_tls13, _LASTS, severity="warning"),
    Sample("sessions-outlive", "tls13-counted", with_tls13, version="1.26.3", openssl="3.5.0"),
    Sample("sessions-outlive", "minutes", minutes),
    Sample("sessions-outlive", "no-tickets", no_tickets),
    Sample("sessions-outlive", "second-look", second_look),
    Sample("sessions-outlive", "none-resumed", none_resumed),
    Sample("connections-outlive", "websocket", websocket, _HELD, severity="warning"),
    Sample("connections-outlive", "zero", websocket_unbounded, _HELD, severity="warning"),
    Sample("connections-outlive", "grpc", grpc, _HELD, severity="warning"),
    Sample("connections-outlive", "bounded", websocket_bounded),
    Sample("connections-outlive", "requests", requests_alone),
    Sample("early-data", "on", early, _TWICE, severity="warning", version="1.26.3", openssl="3.5.0"),
    Sample("early-data", "guarded", too_early, version="1.26.3", openssl="3.5.0"),
    Sample("early-data", "backend-told", told, version="1.26.3", openssl="3.5.0"),
    Sample("early-data", "nothing-resumed", nothing_resumed, version="1.26.3", openssl="3.5.0"),
)
