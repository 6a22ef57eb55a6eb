"""Where a reference of a cause is found on the net: nginx.org, the RFC editor, OpenSSL's manual, a public thread.

Addresses follow from the titles; nothing is fetched.
"""

import re

from handclasp.catalogue.cause import Reference

NGINX = "https://nginx.org/en/docs/"
OPENSSL = "https://docs.openssl.org/3.5/"
_NAMED = {
    "Android developers: KeyChain": "https://developer.android.com/reference/android/security/KeyChain",
    "Cloudflare: Authenticated Origin Pulls": "https://developers.cloudflare.com/ssl/origin-configuration/authenticated-origin-pull/",
    "Docker: bind mounts": "https://docs.docker.com/engine/storage/bind-mounts/",
    "Fetch standard: CORS-preflight fetch": "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
    "Fetch standard: credentials mode": "https://fetch.spec.whatwg.org/#concept-request-credentials-mode",
    "chcon(1)": "https://man7.org/linux/man-pages/man1/chcon.1.html",
    "Accepting the PROXY Protocol": "https://docs.nginx.com/nginx/admin-guide/load-balancer/using-proxy-protocol/",
    "Configuring HTTPS servers: name-based HTTPS servers": (
        f"{NGINX}http/configuring_https_servers.html#name_based_https_servers"
    ),
    "Controlling nginx: reload": f"{NGINX}control.html#reconfiguration",
}
_SITES = {"stackoverflow": "stackoverflow.com", "serverfault": "serverfault.com"}


def url(reference: Reference) -> str | None:
    """The address of a reference; None when its title does not say enough."""
    ways = {"vendor": _nginx, "rfc": _rfc, "man": _manual, "advisory": _advisory, "report": _thread}
    return _NAMED.get(reference.title) or ways[reference.kind](reference.title)


def _nginx(title: str) -> str | None:
    module, _, part = title.partition(": ")
    if not re.fullmatch(r"ngx_[a-z0-9_]+_module", module):
        return None
    kind = re.match(r"ngx_(http|stream|mail)_", module)
    anchor = {"": "", "error processing": "#errors"}.get(part, f"#{part.replace('$', 'var_')}")
    return f"{NGINX}{kind[1] + '/' if kind else ''}{module}.html{anchor}"


def _rfc(title: str) -> str | None:
    found = re.fullmatch(r"RFC (\d+)(?:, section ([\d.]+))?", title)
    return f"https://www.rfc-editor.org/rfc/rfc{found[1]}.html{f'#section-{found[2]}' if found[2] else ''}" if found else None


def _manual(title: str) -> str | None:
    if title.startswith("curl(1)"):
        return "https://curl.se/docs/manpage.html"
    found = re.match(r"([\w-]+)\((\d)\)", title)
    return f"{OPENSSL}man{found[2]}/{found[1]}/" if found else None


def _advisory(title: str) -> str | None:
    return f"https://www.cve.org/CVERecord?id={title}" if re.fullmatch(r"CVE-\d{4}-\d+", title) else None


def _thread(title: str) -> str | None:
    if found := re.fullmatch(r"(stackoverflow|serverfault) (\d+)", title):
        return f"https://{_SITES[found[1]]}/questions/{found[2]}"
    if found := re.fullmatch(r"([a-z]+)\.stackexchange (\d+)", title):
        return f"https://{found[1]}.stackexchange.com/questions/{found[2]}"
    if found := re.fullmatch(r"gist ([\w-]+/\w+)", title):
        return f"https://gist.github.com/{found[1]}"
    found = re.fullmatch(r"([\w.-]+/[\w.-]+)#(\d+)", title)
    return f"https://github.com/{found[1]}/issues/{found[2]}" if found else None
