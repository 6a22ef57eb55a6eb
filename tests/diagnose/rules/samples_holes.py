"""Holes that nobody notices: everything works, and more than should."""

from datetime import UTC, datetime, timedelta

from handclasp.lab import mint
from handclasp.lab.case import pem
from handclasp.lab.extensions import PURPOSES
from handclasp.lab.mint import PAST, Blank, name
from handclasp.model.evidence import Wish
from handclasp.pki.der import encode
from handclasp.pki.der_write import oid, sequence
from handclasp.pki.throwaway import key
from tests.diagnose.rules.samples_placement import server
from tests.diagnose.rules.workshop import ASKS, TLS, Sample, Workshop
from tests.diagnose.scenes import blank_pem

_CRL = f"{ASKS} ssl_crl crl.pem;"


def sound(shop: Workshop) -> Workshop:
    return shop.http(server(ASKS)).sends()


def _with_crl(shop: Workshop, lines: str = "") -> Workshop:
    shop.draft.with_crls()
    return shop.http(server(f"{_CRL} {lines}")).sends()


def shared_cache(shop: Workshop) -> Workshop:
    return _with_crl(shop, "ssl_session_cache shared:S:1m; ssl_session_tickets off;")


def shared_cache_tickets(shop: Workshop) -> Workshop:
    return _with_crl(shop, "ssl_session_cache shared:S:1m;")


def ticket_key(shop: Workshop) -> Workshop:
    return _with_crl(shop, "ssl_session_ticket_key ticket.key;").put("ticket.key", bytes(80))


def defaults(shop: Workshop) -> Workshop:
    return _with_crl(shop)


def _two(shop: Workshop, second: str) -> Workshop:
    first = ASKS.replace("site.test", "first.test")
    guard = "if ($ssl_server_name != $host) { return 421; }"
    return shop.http(server(f"{first} {guard}") + server(f"{second} {guard}")).say(server="first.test").sends()


def depth_differs(shop: Workshop) -> Workshop:
    return _two(shop, f"{ASKS} ssl_verify_depth 4;")


def other_ca(shop: Workshop) -> Workshop:
    shop.other_ca()
    tls13 = "ssl_protocols TLSv1.2 TLSv1.3;"
    first = ASKS.replace("site.test", "first.test")
    guard = "if ($ssl_server_name != $host) { return 421; }"
    second = ASKS.replace("ca.pem", "other.pem")
    text = server(f"{first} {tls13} {guard}") + server(f"{second} {tls13} {guard}")
    return shop.http(text).say(server="first.test").sends()


def alike(shop: Workshop) -> Workshop:
    return _two(shop, ASKS)


_PASS = "proxy_pass http://127.0.0.1:9000;"
_NAME = "proxy_set_header X-Client-DN $ssl_client_s_dn;"


def forgeable(shop: Workshop) -> Workshop:
    other = "listen 127.0.0.1:9443 ssl; server_name open.test;"
    return shop.http(
        server(ASKS, f"location / {{ {_PASS} {_NAME} }}") + server(other, f"location / {{ {_PASS} }}")
    ).sends()  # fmt: skip


def forgeable_inside(shop: Workshop) -> Workshop:
    inside = f"location / {{ {_PASS} {_NAME} }} location /api/ {{ {_PASS} }}"
    return shop.http(server(ASKS, inside)).sends()


def dropped(shop: Workshop) -> Workshop:
    return shop.http(server(f"{ASKS} {_NAME}", f"location / {{ {_PASS} proxy_set_header Host $host; }}")).sends()


def told(shop: Workshop) -> Workshop:
    inside = f"location / {{ {_PASS} proxy_set_header Host $host; {_NAME} }} location /api/ {{ {_PASS} }}"
    return shop.http(server(f"{ASKS} {_NAME}", inside)).sends()


def underscores_let_through(shop: Workshop) -> Workshop:
    return shop.http(server(f"{ASKS} underscores_in_headers on;", f"location / {{ {_PASS} {_NAME} }}")).sends()


def invalid_let_through(shop: Workshop) -> Workshop:
    return shop.http(server(f"{ASKS} ignore_invalid_headers off;", f"location / {{ {_PASS} {_NAME} }}")).sends()


def underscores_of_no_name(shop: Workshop) -> Workshop:
    return shop.http(server(f"{ASKS} underscores_in_headers on;", f"location / {{ {_PASS} }}")).sends()


def any_case(shop: Workshop) -> Workshop:
    return _mapped(shop, "ssl_client_s_dn", '"~*^CN=leaf,O=Lab$"')


def stapling_that_is_verified(shop: Workshop) -> Workshop:
    shop.other_ca("stapling.pem")
    return shop.http(server(f"{ASKS} ssl_trusted_certificate stapling.pem; ssl_stapling_verify on;")).sends()


def read_behind(shop: Workshop) -> Workshop:
    """The backend is a server of this configuration, and reads a name that nobody sets."""
    inner = 'server { listen 127.0.0.1:9000; return 200 "$http_x_client_dn\\n"; }'
    return shop.http(server(ASKS, f"location / {{ {_PASS} }}") + inner).sends()


def untold(shop: Workshop) -> Workshop:
    return shop.http(server(ASKS, f"location / {{ {_PASS} }}")).sends()


def _header(text: str) -> str:
    return f"location / {{ {_PASS} proxy_set_header {text}; }}"


def raw_certificate(shop: Workshop) -> Workshop:
    return shop.http(server(ASKS, _header("X-Cert $ssl_client_raw_cert"))).sends()


def underscore(shop: Workshop) -> Workshop:
    return shop.http(server(ASKS, _header("X_VERIFY $ssl_client_verify"))).sends()


def escaped(shop: Workshop) -> Workshop:
    return shop.http(server(ASKS, _header("X-Cert $ssl_client_escaped_cert"))).sends()


def failed(shop: Workshop) -> Workshop:
    lines = f"{TLS} ssl_client_certificate ca.pem; ssl_verify_client optional_no_ca;"
    ifs = "if ($ssl_client_verify = NONE) { return 403; } if ($ssl_client_verify = FAILED) { return 403; }"
    return shop.http(server(f"{lines} {ifs}")).sends()


def success(shop: Workshop) -> Workshop:
    lines = f"{TLS} ssl_client_certificate ca.pem; ssl_verify_client optional_no_ca;"
    return shop.http(server(f"{lines} if ($ssl_client_verify != SUCCESS) {{ return 403; }}")).sends()


def _mapped(shop: Workshop, variable: str, entry: str) -> Workshop:
    table = f"    map ${variable} $stranger {{ default 1; {entry} 0; }}\n"
    return shop.http(table + server(f"{ASKS} if ($stranger) {{ return 403; }}")).sends()


def slashes(shop: Workshop) -> Workshop:
    return _mapped(shop, "ssl_client_s_dn", '"/O=Lab/CN=leaf"')


def spaces(shop: Workshop) -> Workshop:
    return _mapped(shop, "ssl_client_s_dn", '"CN=leaf, O=Lab"')


def backwards(shop: Workshop) -> Workshop:
    return _mapped(shop, "ssl_client_s_dn", '"O=Lab,CN=leaf"')


def cn_alone(shop: Workshop) -> Workshop:
    return _mapped(shop, "ssl_client_s_dn", '"CN=leaf"')


def unanchored(shop: Workshop) -> Workshop:
    return _mapped(shop, "ssl_client_s_dn", '"~CN=leaf"')


def injectable(shop: Workshop) -> Workshop:
    return _mapped(shop, "ssl_client_s_dn", '"~(^|,)CN=leaf(,|$)"')


def anchored(shop: Workshop) -> Workshop:
    return _mapped(shop, "ssl_client_s_dn", '"~^CN=leaf,O=Lab$"')


def behind_escape(shop: Workshop) -> Workshop:
    return _mapped(shop, "ssl_client_s_dn", '"~(^|(?<!\\\\\\\\),)CN=leaf(,|$)"')


def slashed(shop: Workshop) -> Workshop:
    return _mapped(shop, "ssl_client_s_dn_legacy", '"/O=Lab/CN=leaf"')


def whole(shop: Workshop) -> Workshop:
    return _mapped(shop, "ssl_client_s_dn", '"CN=leaf,O=Lab"')


def _leaf(shop: Workshop) -> bytes:
    return mint.certificate(shop.draft.leaf)


def _sha1(shop: Workshop) -> str:
    import hashlib

    return hashlib.sha1(_leaf(shop)).hexdigest()


def colons(shop: Workshop) -> Workshop:
    digits = _sha1(shop)
    return _mapped(shop, "ssl_client_fingerprint", ":".join(digits[at : at + 2] for at in range(0, 40, 2)))


def sha1(shop: Workshop) -> Workshop:
    return _mapped(shop, "ssl_client_fingerprint", _sha1(shop))


def decimal(shop: Workshop) -> Workshop:
    return _mapped(shop, "ssl_client_serial", str(shop.draft.leaf.serial))


def siblings(shop: Workshop) -> Workshop:
    draft = shop.draft
    other = draft.authority(name(("O", "Lab"), ("CN", "Sibling CA")), draft.root)
    shop.scene.trust = [draft.root, draft.tiers[1]]
    return shop.http(server(ASKS)).put("sibling.pem", blank_pem(other)).sends()


def one_ca(shop: Workshop) -> Workshop:
    shop.scene.trust = [shop.draft.root, shop.draft.tiers[1]]
    return shop.http(server(ASKS)).sends()


def _two_cas(shop: Workshop) -> Workshop:
    shop.scene.trust = [shop.draft.root, shop.other_ca()]
    return shop


def namesakes(shop: Workshop) -> Workshop:
    return _mapped(_two_cas(shop), "ssl_client_s_dn", '"CN=leaf,O=Lab"')


def namesakes_by_if(shop: Workshop) -> Workshop:
    inside = 'location / { if ($ssl_client_s_dn != "CN=leaf,O=Lab") { return 403; } }'
    return _two_cas(shop).http(server(ASKS, inside)).sends()


def named_with_issuer(shop: Workshop) -> Workshop:
    table = 'map "$ssl_client_i_dn;$ssl_client_s_dn" $known { default 0; "CN=Lab Root,O=Lab;CN=leaf,O=Lab" 1; }\n'
    again = 'map $known $stranger { 1 0; default 1; }\nmap $ssl_client_s_dn $who { default 0; "CN=leaf,O=Lab" 1; }\n'
    guards = "if ($who = 0) { return 403; } if ($stranger) { return 403; }"
    return _two_cas(shop).http(table + again + server(f"{ASKS} {guards}")).sends()


def stapling(shop: Workshop) -> Workshop:
    shop.other_ca("stapling.pem")
    return shop.http(server(f"{ASKS} ssl_trusted_certificate stapling.pem;")).sends()


def crl_with_ca(shop: Workshop) -> Workshop:
    _with_crl(shop)
    other = shop.other_ca()
    lists = (shop.folder / "crl.pem").read_text()
    revokes = pem(mint.crl(mint.BlankCrl(issuer=other)), "X509 CRL")
    return shop.put("crl.pem", lists + revokes + blank_pem(other))


def _dated(shop: Workshop, begin: timedelta, end: timedelta) -> Workshop:
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251
    for crl in shop.draft.with_crls():
        crl.this_update, crl.next_update = now + begin, now + end
    return shop.http(server(_CRL))


def crl_ending(shop: Workshop) -> Workshop:
    return _dated(shop, timedelta(days=-6), timedelta(hours=12)).sends()


def crl_over(shop: Workshop) -> Workshop:
    return _dated(shop, timedelta(days=-6), timedelta(hours=-1))


def crl_fresh(shop: Workshop) -> Workshop:
    return _dated(shop, timedelta(hours=-1), timedelta(hours=23)).sends()


def crl_of_tomorrow(shop: Workshop) -> Workshop:
    return _dated(shop, timedelta(hours=2), timedelta(days=6))


def root_over(shop: Workshop) -> Workshop:
    shop.draft.root.not_after = PAST
    return shop.http(server(ASKS))


def root_in_use(shop: Workshop) -> Workshop:
    return shop.http(server(ASKS)).sends()


def limited(shop: Workshop, source: str, rows: str) -> Workshop:
    table = f"map {source} $key {{ {rows} }} limit_req_zone $key zone=strangers:1m rate=1r/s;\n"
    return shop.http(table + server(ASKS)).sends()


def exempt_by_header(shop: Workshop) -> Workshop:
    return limited(shop, "$http_x_partner", 'default $binary_remote_addr; 1 ""; yes "";')


def exempt_by_cookie(shop: Workshop) -> Workshop:
    known = 'map $cookie_partner $partner { default 0; "~^[0-9]+$" 1; }\n'
    table = 'map $partner $key { default $binary_remote_addr; 1 ""; } limit_conn_zone $key zone=strangers:1m;\n'
    return shop.http(known + table + server(ASKS)).sends()


def exempt_by_anything(shop: Workshop) -> Workshop:
    return limited(shop, "$ssl_client_s_dn", 'default $binary_remote_addr; "" "";')


def exempt_when_verified(shop: Workshop) -> Workshop:
    return limited(shop, "$ssl_client_verify", 'default $binary_remote_addr; SUCCESS "";')


def limit_of_each(shop: Workshop) -> Workshop:
    return limited(shop, "$ssl_client_verify", 'default ""; SUCCESS $ssl_client_fingerprint;')


def exempt_inside(shop: Workshop) -> Workshop:
    network = "geo $inside { default 0; 10.0.0.0/8 1; }\n"
    table = 'map $inside $key { default $binary_remote_addr; 1 ""; } limit_req_zone $key zone=z:1m rate=1r/s;\n'
    return shop.http(network + table + server(ASKS)).sends()


def unwanted(shop: Workshop) -> Workshop:
    return shop.http(server(ASKS)).sends().say(wish=Wish.REFUSED)


def unwanted_revoked(shop: Workshop) -> Workshop:
    shop.draft.with_crls()[0].revoked.append((shop.draft.leaf.serial, 1, ()))
    return shop.http(server(_CRL)).sends().say(wish=Wish.REFUSED)


def revoked_and_served(shop: Workshop) -> Workshop:
    return unwanted_revoked(shop).say(answer="200")


def revoked_and_served_after_reload(shop: Workshop) -> Workshop:
    return revoked_and_served(shop).changed("server.pem")


def issuing_alone(shop: Workshop) -> Workshop:
    shop.scene.trust = [shop.draft.tiers[1]]
    return shop.http(server(ASKS))


def client_for_ca(shop: Workshop) -> Workshop:
    shop.scene.trust = [shop.draft.leaf]
    return shop.http(server(ASKS))


def server_for_ca(shop: Workshop) -> Workshop:
    shop.http(server(ASKS))
    own, key = ((shop.folder / f"peer.{ending}").read_text() for ending in ("pem", "key"))
    return shop.put("server.pem", own).put("server.key", key).put("ca.pem", own)


def crl_of_issuing(shop: Workshop) -> Workshop:
    shop.draft.crls = shop.draft.with_crls()[:1]
    return shop.http(server(_CRL))


def crl_beside_pinned(shop: Workshop) -> Workshop:
    """A client's own self-signed certificate is trusted, and no CRL is its own."""
    shop.draft.with_crls()
    shop.http(server(_CRL))
    alone = Blank(subject=name(("CN", "alone")), key=key("p256", 1), serial=1, digest="sha256")
    return shop.put("ca.pem", (shop.folder / "ca.pem").read_text() + blank_pem(alone))


def settings_of(shop: Workshop, authority: Blank, *, trusted: str = "", rejected: str = "") -> Workshop:
    """The CA as a TRUSTED CERTIFICATE, in ca.pem."""
    shop.http(server(ASKS))
    said = sequence(
        sequence(oid(PURPOSES[trusted])) if trusted else b"", encode(0xA0, oid(PURPOSES[rejected])) if rejected else b""
    )
    return shop.put("ca.pem", pem(mint.certificate(authority) + said, "TRUSTED CERTIFICATE"))


def issuing_vouched(shop: Workshop) -> Workshop:
    assert shop.draft.leaf.parent is not shop.draft.root
    return settings_of(shop, shop.draft.leaf.parent, trusted="clientAuth")


def clients_excluded(shop: Workshop) -> Workshop:
    return settings_of(shop, shop.draft.root, rejected="clientAuth").sends()


def clients_included(shop: Workshop) -> Workshop:
    return settings_of(shop, shop.draft.root, trusted="clientAuth", rejected="serverAuth").sends()


def crl_in_ca_file(shop: Workshop) -> Workshop:
    lists = "".join(pem(mint.crl(one), "X509 CRL") for one in shop.draft.with_crls())
    shop.http(server(ASKS)).sends()
    return shop.put("ca.pem", (shop.folder / "ca.pem").read_text() + lists)


_REJECTS = "listen 127.0.0.1:8443 ssl default_server; ssl_reject_handshake on;"


def rejecting_with_content(shop: Workshop) -> Workshop:
    return shop.http(server(_REJECTS) + server(ASKS)).sends()


def rejecting(shop: Workshop) -> Workshop:
    return shop.http(server(f"{_REJECTS} return 421;") + server(ASKS)).sends()


SAMPLES = (
    Sample("crl-unread", "in-ca-file", crl_in_ca_file, "client-crl-file-format", severity="warning"),
    Sample("crl-unread", "read", _with_crl),
    Sample("split-default", "content", rejecting_with_content, "sni-host-split", severity="warning"),
    Sample("split-default", "nothing", rejecting),
    Sample("unusable-trust", "issuing-alone", issuing_alone, "client-trust-intermediate-only", intermediates=1),
    Sample("unusable-trust", "client-for-ca", client_for_ca, "client-trust-file-is-leaf"),
    Sample("unusable-trust", "crl-of-issuing", crl_of_issuing, "client-crl-missing-for-a-level", intermediates=1),
    Sample("unusable-trust", "server-for-ca", server_for_ca, "client-trust-file-is-server-cert"),
    Sample("unusable-trust", "root", root_in_use),
    Sample("unusable-trust", "issuing-vouched", issuing_vouched, intermediates=1, version="1.30.6", openssl="3.6.5"),
    Sample("purpose", "settings", clients_excluded, "ca-file-trusted-certificate", version="1.30.6", openssl="3.6.5"),
    Sample("purpose", "settings-fit", clients_included, version="1.30.6", openssl="3.6.5"),
    Sample("unusable-trust", "pinned", crl_beside_pinned, "client-crl-missing-for-a-level"),
    Sample("unusable-trust", "pinned-3.6", crl_beside_pinned, version="1.30.6", openssl="3.6.5"),
    Sample("reload", "revoked-and-served", revoked_and_served, "client-crl-changed-without-reload"),
    Sample("reload", "served-after-reload", revoked_and_served_after_reload, "client-crl-changed-without-reload"),
    Sample("limit-exemption", "header", exempt_by_header, "header-spoofable"),
    Sample("limit-exemption", "cookie", exempt_by_cookie, "header-spoofable"),
    Sample("limit-exemption", "no-certificate", exempt_by_anything, "header-spoofable"),
    Sample("limit-exemption", "verified", exempt_when_verified),
    Sample("limit-exemption", "network", exempt_inside),
    Sample("limit-exemption", "each-certificate", limit_of_each),
    Sample("sessions-revoked", "shared", shared_cache, "revoked-client-resumes-session", severity="warning"),
    Sample("sessions-revoked", "ticket-key", ticket_key, "revoked-client-resumes-session", severity="warning"),
    Sample(
        "sessions-revoked",
        "tickets-new",
        shared_cache_tickets,
        "revoked-client-resumes-session",
        severity="warning",
        version="1.26.3",
        openssl="3.5.1",
    ),
    Sample("sessions-revoked", "tickets-old", shared_cache_tickets),
    Sample("sessions-revoked", "defaults", defaults),
    Sample("sessions-across", "depth", depth_differs, "tls13-cross-server-session-resumption", severity="warning"),
    Sample("sessions-across", "other-ca", other_ca, "tls13-cross-server-session-resumption", severity="warning"),
    Sample("sessions-across", "alike", alike),
    Sample("header-identity", "elsewhere", forgeable, "header-spoofable"),
    Sample("header-identity", "inside", forgeable_inside, "header-spoofable", severity="warning"),
    Sample("header-identity", "dropped", dropped, "proxy-set-header-inheritance"),
    Sample("header-identity", "told", told),
    Sample("header-alike", "on", underscores_let_through, "header-spoofable", severity="warning"),
    Sample("header-alike", "invalid", invalid_let_through, "header-spoofable", severity="warning"),
    Sample("header-alike", "no-name", underscores_of_no_name),
    Sample("header-identity", "read-behind", read_behind, "header-missing-at-backend"),
    Sample("header-told", "nobody", untold, "header-missing-at-backend", severity="notice"),
    Sample("header-told", "told", told),
    Sample("header-form", "raw", raw_certificate, "header-raw-cert-newlines"),
    Sample("header-form", "underscore", underscore, "header-underscore-dropped", severity="warning"),
    Sample("header-form", "escaped", escaped),
    Sample("authz-failed", "failed", failed, "verify-failed-compare"),
    Sample("authz-failed", "success", success),
    Sample("authz-dn", "slashes", slashes, "authz-dn-format"),
    Sample("authz-dn", "spaces", spaces, "authz-dn-format"),
    Sample("authz-dn", "backwards", backwards, "authz-dn-format"),
    Sample("authz-dn", "cn-alone", cn_alone, "authz-dn-format"),
    Sample("authz-dn", "unanchored", unanchored, "authz-dn-format", severity="warning"),
    Sample("authz-dn", "injectable", injectable, "authz-dn-format", severity="warning"),
    Sample("authz-dn", "slashed", slashed, "authz-dn-format", severity="warning"),
    Sample("authz-dn", "any-case", any_case, "authz-dn-format", severity="warning"),
    Sample("authz-dn", "anchored", anchored),
    Sample("authz-dn", "behind-escape", behind_escape),
    Sample("authz-dn", "whole", whole),
    Sample("authz-digits", "colons", colons, "authz-fingerprint-format"),
    Sample("authz-digits", "decimal", decimal, "authz-serial-format"),
    Sample("authz-digits", "sha1", sha1),
    Sample("trust-siblings", "sibling", siblings, "client-trust-too-wide", severity="warning", intermediates=1),
    Sample("trust-siblings", "one-ca", one_ca, intermediates=1),
    Sample("trust-path", "by-root", sound, "client-trust-too-wide", severity="notice", intermediates=1),
    Sample("trust-path", "listed", one_ca, intermediates=1),
    Sample("trust-unwanted", "no-list", unwanted, "client-trust-too-wide"),
    Sample("trust-unwanted", "revoked", unwanted_revoked),
    Sample("trust-stapling", "stapling", stapling, "client-trust-too-wide", severity="warning"),
    Sample("trust-stapling", "verified", stapling_that_is_verified, "client-trust-too-wide", severity="warning"),
    Sample("trust-stapling", "none", sound),
    Sample("trust-crl-file", "ca-in-crl", crl_with_ca, "client-trust-too-wide"),
    Sample("trust-crl-file", "crls", defaults),
    Sample("trust-namesakes", "map", namesakes, "client-trust-too-wide", severity="warning"),
    Sample("trust-namesakes", "if", namesakes_by_if, "client-trust-too-wide", severity="warning"),
    Sample("trust-namesakes", "issuer", named_with_issuer),
    Sample("trust-namesakes", "one-ca", whole, intermediates=1),
    Sample("crl-life", "ending", crl_ending, "client-crl-expired", severity="warning"),
    Sample("crl-life", "over", crl_over, "client-crl-expired"),
    Sample("crl-life", "of-tomorrow", crl_of_tomorrow, "client-crl-not-yet-valid"),
    Sample("crl-life", "fresh", crl_fresh),
    Sample("ca-life", "over", root_over, "client-ca-expired", severity="warning"),
    Sample("ca-life", "in-use", root_in_use),
)
