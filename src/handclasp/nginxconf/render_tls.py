"""The TLS half of a rendered server block: protocols, whom to trust, who is revoked, and which sessions are resumed."""

import re

from handclasp.catalogue.tls_policies import POLICIES, TlsPolicy
from handclasp.model.errors import PolicyError
from handclasp.model.intent import OWN_TLS, OcspIntent, SiteIntent, SiteMaterial
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf import render_words as words
from handclasp.nginxconf.protocols import OWN_PROTOCOLS

SESSIONS_END = NginxVersion(1, 23, 2)
"""From here on a TLS 1.3 session ends with its timeout, however often it is resumed."""

_CONF_COMMAND = NginxVersion(1, 19, 4)
_OCSP = NginxVersion(1, 19, 0)
_RESPONDER = re.compile(r"http://[A-Za-z0-9._:\[\]-]+(?:/[A-Za-z0-9._~/-]*)?")

_CIPHER = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)+")
_NO_CIPHER = re.compile(r"NULL|EXP|RC4|MD5|DES|ADH|AECDH|ANON|PSK|SRP")


def policy_of(site: SiteIntent) -> TlsPolicy:
    """The TLS policy of a site. PolicyError when there is none of that name."""
    if site.tls == OWN_TLS:
        return _own(site)
    found = POLICIES.get(site.tls)
    if found is None:
        raise PolicyError(f"there is no TLS policy {site.tls[:40]!r}", hint=f"one of: {', '.join(POLICIES)}")
    return found


def _own(site: SiteIntent) -> TlsPolicy:
    """The policy that a person wrote out. PolicyError for what is broken, or what no client certificate should go over."""
    allowed = POLICIES["intermediate"].protocols
    for protocol in site.protocols:
        if protocol not in allowed:
            raise PolicyError(f"{protocol[:20]!r} is not a protocol for client certificates", hint=f"of: {', '.join(allowed)}")
    if not site.protocols:
        raise PolicyError(
            "a TLS policy of one's own needs its protocols", hint='for example protocols = ["TLSv1.2", "TLSv1.3"]'
        )
    for cipher in site.ciphers:
        if not _CIPHER.fullmatch(cipher) or _NO_CIPHER.search(cipher):
            raise PolicyError(
                f"{cipher[:60]!r} is no cipher that keeps a secret",
                hint="OpenSSL's name of one, such as ECDHE-RSA-AES128-GCM-SHA256",
            )
    if allowed[0] in site.protocols and not site.ciphers:
        raise PolicyError("a TLS policy with TLSv1.2 needs its ciphers", hint="those of TLSv1.3 are all good")
    if allowed[0] not in site.protocols and site.ciphers:
        raise PolicyError("a TLS policy without TLSv1.2 has no ciphers to choose", hint="those of TLSv1.3 are all good")
    protocols = tuple(protocol for protocol in allowed if protocol in site.protocols)
    return TlsPolicy(name=OWN_TLS, protocols=protocols, ciphers=tuple(dict.fromkeys(site.ciphers)))


def one_policy(pairs: list[tuple[str, SiteIntent]], version: NginxVersion) -> None:
    """PolicyError when sites on one address want different protocols and this nginx could not give them."""
    if version >= OWN_PROTOCOLS:
        return
    first: dict[tuple[str, int], tuple[str, TlsPolicy]] = {}
    for name, site in pairs:
        for address in site.listen:
            other, policy = first.setdefault(address, (name, policy_of(site)))
            if policy != policy_of(site):
                raise PolicyError(
                    f"{name} wants the TLS policy {site.tls}, {other} on the same address wants {policy.name}",
                    hint=f"before nginx {OWN_PROTOCOLS} those of the default server hold for all: use one, or two addresses",
                )


def tls(policy: TlsPolicy, version: NginxVersion, *, stream: bool = False) -> list[str]:
    """Protocols and ciphers. stream{} has no early data."""
    lines = [f"# {policy.source}.", f"ssl_protocols {' '.join(policy.protocols)};"]
    if policy.ciphers:
        lines.append(f"ssl_ciphers {':'.join(policy.ciphers)};")
    lines += [
        "ssl_prefer_server_ciphers off;",
    ]
    if not stream:
        lines += [
            "# Early data can be replayed by a third party: never together with client certificates.",
            "ssl_early_data off;",
        ]
    if version >= _CONF_COMMAND:
        lines += [
            "# One of its own, because those from further out would be inherited, and can add CAs.",
            f"ssl_conf_command MinProtocol {policy.lowest};",
        ]
    return lines


def trust(material: SiteMaterial, *, optional: bool = False) -> list[str]:
    """Certificate, client CAs, depth and CRLs."""
    anchors = words.path(material.client_certificate, "the CA file")
    crl = (
        [
            "# One CRL for every CA, the root included: with one of them missing or expired every client is refused.",
            f"ssl_crl {words.path(material.crl, 'the CRL file')};",
        ]
        if material.crl is not None
        else []
    )
    asks = ["# Some addresses need no certificate; a bad one is refused anywhere.", "ssl_verify_client optional;"]
    return [
        f"ssl_certificate {words.path(material.certificate, 'the certificate')};",
        f"ssl_certificate_key {words.path(material.certificate_key, 'the certificate key')};",
        "",
        *(asks if optional else ["ssl_verify_client on;"]),
        "# Root and issuing CA: nginx needs the root, and clients are told both names to choose their certificate by.",
        f"ssl_client_certificate {anchors};",
        "# This is a second list of trusted CAs. Set here, so that one set for OCSP stapling further out lets nobody in.",
        f"ssl_trusted_certificate {anchors};",
        "# The number of CAs between client and root, at most.",
        f"ssl_verify_depth {max(1, material.verify_depth)};",
        *crl,
    ]


def sessions(material: SiteMaterial, kind: str = "") -> list[str]:
    """The session cache: the only place from which a session can be called back. `kind` keeps zones of modules apart."""
    if material.session_epoch < 0:
        raise PolicyError("the session epoch is negative")
    return [
        "# A resumed session is not verified again. Tickets cannot be called back; cached sessions can: the zone is renamed",
        "# with every revocation, and sessions made before it are gone. The cache that counts is the default server's",
        "# (OpenSSL looks a session up before it knows the SNI), so both servers name the same one.",
        f"ssl_session_cache {session_cache(material, kind)};",
        "ssl_session_tickets off;",
        "ssl_session_timeout 5m;",
    ]


def stale_map(name: str) -> str:
    """1 for a session that was resumed where 0 days remain: on the last day of the certificate, and ever after.

    Then only a full handshake counts, which looks at the date. For nginx before SESSIONS_END.
    """
    why = "# Before 1.23.2 each resumption of a TLS 1.3 session starts its timeout anew, past the end of the certificate.\n"
    rows = "    default 0;\n    r:0 1;\n"
    return f'{why}map "$ssl_session_reused:$ssl_client_v_remain" $handclasp_{name}_stale {{\n{rows}}}\n'


def session_cache(material: SiteMaterial, kind: str = "") -> str:
    """The value of ssl_session_cache: sites with CAs of their own share no sessions with others."""
    mark = f"_{material.session_mark}" if material.session_mark else ""
    return f"shared:handclasp_{kind}{material.session_epoch}{mark}:10m"


def ocsp(intent: OcspIntent | None, material: SiteMaterial, version: NginxVersion, kind: str = "") -> list[str]:
    """Ask a responder about each client, resumed sessions included. `kind` keeps zones of modules apart.

    Raises:
        PolicyError: this nginx cannot, or could not reach the responder.
    """
    if intent is None:
        return []
    if version < _OCSP:
        raise PolicyError(f"nginx {version} cannot ask OCSP responders about clients", hint=f"nginx {_OCSP} or newer can")
    if intent.check not in {"leaf", "on"}:
        raise PolicyError(f"{intent.check[:20]!r} is nothing that OCSP could check", hint='"leaf", or "on" for every CA too')
    lines = [
        "# Revoked, unknown or no answer: refused. Unlike the CRLs it is asked for resumed sessions too.",
        f"ssl_ocsp {intent.check};",
        "# Answers are kept until the next revocation renames the zone, or until they say they are old.",
        f"ssl_ocsp_cache shared:handclasp_{kind}ocsp_{material.session_epoch}:1m;",
    ]
    if intent.responder is not None:
        if not _RESPONDER.fullmatch(intent.responder):
            raise PolicyError(f"{intent.responder[:80]!r} is not a responder that nginx can ask", hint="http://host:port/path")
        lines.append(f"ssl_ocsp_responder {intent.responder};")
    elif intent.resolver is None:
        raise PolicyError(
            "OCSP needs the responder's address: nginx cannot look its name up",
            hint="give responder, or resolver (a DNS server)",
        )
    if intent.resolver is not None:
        if not words.is_ip(intent.resolver):
            raise PolicyError(f"the resolver {intent.resolver[:60]!r} is not an IP address")
        lines.append(f"resolver {words.listen(intent.resolver, 53)};")
    return lines
