"""The same client CA in servers that are not nginx: their own words for CA, CRL, depth, sessions and who may enter.

Each text says what its server does not do by itself. All of them were knocked at by a wanted client, a stranger, a revoked
client and one without certificate: tests/present/test_snippets.py runs the real programs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handclasp.model.errors import PolicyError
from handclasp.model.guarded import Guarded, Member
from handclasp.nginxconf import render_words as words


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """`text` for the server's configuration, and `then`: what to run, first what makes the files that it names."""

    text: str
    then: tuple[str, ...]


def apache(site: Guarded) -> Snippet:
    """Apache httpd 2.4 with mod_ssl and mod_headers."""
    lines = [
        "# Outside of <VirtualHost>: a session that is resumed is not verified again, so none is kept.",
        "SSLSessionCache none",
        "",
        "# Inside of it:",
        "SSLEngine on",
        "SSLProtocol -all +TLSv1.2 +TLSv1.3",
        "SSLSessionTickets off",
        f"SSLCertificateFile {_path(site.certificate)}",
        f"SSLCertificateKeyFile {_path(site.certificate_key)}",
        f"SSLCACertificateFile {_path(site.authorities)}",
        f"SSLCARevocationFile {_path(site.crl)}",
        "# Without this line the CRLs are loaded and never looked at.",
        "SSLCARevocationCheck chain",
        "SSLVerifyClient require",
        "# The root counts here, unlike in nginx.",
        f"SSLVerifyDepth {max(1, site.depth) + 1}",
        "# The application is told who it is, and never what the client says of itself (a2enmod headers).",
        'RequestHeader set X-Client-Verify "%{SSL_CLIENT_VERIFY}s"',
        'RequestHeader set X-Client-Serial "%{SSL_CLIENT_M_SERIAL}s"',
        'RequestHeader set X-Client-DN "%{SSL_CLIENT_S_DN}s"',
        'RequestHeader set X-Client-Issuer-DN "%{SSL_CLIENT_I_DN}s"',
    ]
    if site.listed:
        lines += ['<Location "/">', "    <RequireAny>", *(f"        {_apache_row(one)}" for one in site.members)]
        lines += ["    </RequireAny>", "</Location>"]
    return Snippet(text=_text(lines), then=("apachectl configtest && apachectl graceful",))


def _apache_row(member: Member) -> str:
    if "'" in member.issuer_dn or "\\" in member.issuer_dn or '"' in member.issuer_dn:
        raise PolicyError(f"the issuer {member.issuer_dn[:80]!r} cannot be written in an expression of Apache")
    return f"Require expr \"%{{SSL_CLIENT_I_DN}} == '{member.issuer_dn}' && %{{SSL_CLIENT_M_SERIAL}} == '{member.serial}'\""


def haproxy(site: Guarded) -> Snippet:
    """HAProxy 2.2 and newer."""
    pair = f"/etc/haproxy/handclasp-{site.name}.pem"
    lines = [
        "# In global: a session that is resumed is not verified again, so none is kept.",
        "global",
        "    tune.ssl.cachesize 0",
        "    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
        "",
        f"frontend handclasp-{site.name}",
        "    mode http",
        f"    bind :443 ssl crt {pair} ca-file {_path(site.authorities)} crl-file {_path(site.crl)} verify required",
        "    # The application is told who it is, and never what the client says of itself.",
        "    http-request set-header X-Client-Verify SUCCESS",
        "    http-request set-header X-Client-Serial %[ssl_c_serial,hex]",
        "    http-request set-header X-Client-DN %{+Q}[ssl_c_s_dn]",
        "    http-request set-header X-Client-Issuer-DN %{+Q}[ssl_c_i_dn]",
    ]
    if site.listed:
        lines.append("    # By SHA-256 of the whole certificate: nothing else has it.")
        lines += [f"    acl handclasp_listed ssl_c_der,sha2(256),hex -m str {one.sha256.upper()}" for one in site.members]
        lines.append("    http-request deny unless handclasp_listed")
    lines.append("    default_backend application")
    made = f"(umask 077; cat {_path(site.certificate)} {_path(site.certificate_key)} > {pair})"
    return Snippet(text=_text(lines), then=(made, "haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy"))


def dovecot(site: Guarded) -> Snippet:
    """Dovecot 2.3."""
    if site.listed:
        raise PolicyError(
            "Dovecot cannot be told which certificates of a CA may enter",
            hint="leave --allow out; its passdb says which accounts there are, and each needs a certificate of its name",
        )
    both = "/etc/dovecot/handclasp-ca.pem"
    lines = [
        "# For Dovecot 2.3. The password is asked for as before; who has no good certificate cannot log in at all.",
        "ssl = required",
        "ssl_min_protocol = TLSv1.2",
        f"ssl_cert = <{_path(site.certificate)}",
        f"ssl_key = <{_path(site.certificate_key)}",
        "# CAs and CRLs in one file: Dovecot knows no other place for CRLs.",
        f"ssl_ca = <{both}",
        "ssl_require_crl = yes",
        "ssl_verify_client_cert = yes",
        "# Without this line the certificate is looked at, and those without one are let in.",
        "auth_ssl_require_client_cert = yes",
        "# The name in the certificate is the name of the account: nobody logs in as somebody else.",
        "auth_ssl_username_from_cert = yes",
        "ssl_cert_username_field = commonName",
        "ssl_options = no_ticket",
    ]
    made = f"cat {_path(site.authorities)} {_path(site.crl)} > {both}"
    return Snippet(text=_text(lines), then=(f"{made}     again after every revocation", "doveadm reload"))


def postfix(site: Guarded) -> Snippet:
    """Postfix 3.4 and newer, for submission."""
    table = "/etc/postfix/handclasp-clients"
    lines = [
        "# In main.cf, or with -o in the submission service of master.cf. Postfix reads no CRL: so it is told each certificate",
        "# that may enter, and this list is made anew after every revocation and renewal.",
        "smtpd_tls_security_level = encrypt",
        "smtpd_tls_protocols = >=TLSv1.2",
        "smtpd_tls_mandatory_protocols = >=TLSv1.2",
        f"smtpd_tls_chain_files = {_path(site.certificate_key)}, {_path(site.certificate)}",
        f"smtpd_tls_CAfile = {_path(site.authorities)}",
        f"smtpd_tls_ccert_verifydepth = {max(1, site.depth) + 1}",
        "smtpd_tls_req_ccert = yes",
        "smtpd_tls_fingerprint_digest = sha256",
        f"relay_clientcerts = texthash:{table}",
        "smtpd_client_restrictions = permit_tls_clientcerts, reject",
        "smtpd_tls_session_cache_database =",
        "tls_ssl_options = NO_TICKET",
        "",
        f"# {table}:",
        *(f"# {_pairs(one.sha256)} {one.identity}" for one in site.members),
    ]
    made = f"handclasp snippet postfix --server-name {site.name} | sed -n 's/^# \\(..:.*\\)/\\1/p' > {table}"
    return Snippet(text=_text(lines), then=(f"{made}     again after every revocation", "postfix reload"))


def _pairs(digest: str) -> str:
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2)).upper()


def _path(path: str) -> str:
    """A path that every one of these servers reads as one word."""
    if any(character.isspace() for character in path):
        raise PolicyError(f"the path {path!r} has a space, and not all servers take that", hint="copy the files elsewhere")
    return words.path(path, "the path").strip('"')


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


SNIPPETS: Mapping[str, Callable[[Guarded], Snippet]] = {
    "apache": apache,
    "dovecot": dovecot,
    "haproxy": haproxy,
    "postfix": postfix,
}
"""By the name of the program."""
