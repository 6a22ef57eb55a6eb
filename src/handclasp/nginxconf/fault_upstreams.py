"""proxy_ssl_*, grpc_ssl_* and uwsgi_ssl_* that nginx refuses when it merges locations."""

from collections.abc import Iterator

from handclasp.model.nginx import NginxVersion, Setting, StartFault, TlsUpstream
from handclasp.model.origin import Origin
from handclasp.nginxconf.effective_upstream import tls_settings
from handclasp.nginxconf.fault_ciphers import cipher_fault
from handclasp.nginxconf.fault_files import StartFiles
from handclasp.nginxconf.fault_servers import command_faults
from handclasp.nginxconf.fault_strength import CIPHERS_FIRST
from handclasp.nginxconf.scope import Scope

EMPTY_MEANS_NONE = NginxVersion(1, 23, 0)
"""From here on `proxy_ssl_certificate "";` takes an inherited certificate away; before, nginx misses its key."""


def upstream_faults(scope: Scope, module: str, known: StartFiles) -> Iterator[StartFault]:
    """Of every location of a server that passes on through `module`; "stream": of a stream server itself."""
    if module == "stream":
        if scope.has("proxy_pass") and scope.flag("proxy_ssl", default=False).value:
            yield from _faults(scope, "proxy", known)
        return
    yield from _locations(scope, module, known)


def _locations(scope: Scope, module: str, known: StartFiles) -> Iterator[StartFault]:
    for block in (item for name in ("location", "if", "limit_except") for item in scope.mine(name)):
        inner = scope.inner(block)
        passed = inner.mine(f"{module}_pass")
        if passed and _has_context(module, "".join(passed[0].args[:1])):
            yield from _faults(inner, module, known)
        yield from _locations(inner, module, known)


def _has_context(module: str, target: str) -> bool:
    """TLS, or variables: then nginx makes a context whatever the scheme."""
    return "$" in target or target.lower().startswith({"proxy": "https://", "grpc": "grpcs://"}.get(module, "suwsgi://"))


def _faults(scope: Scope, module: str, known: StartFiles) -> Iterator[StartFault]:
    settings = tls_settings(scope, module, known.version)
    prefix = f"{module}_ssl_"
    first = known.version >= CIPHERS_FIRST
    ciphers = list(_ciphers(settings, prefix, known))
    yield from ciphers if first else ()
    yield from _certificate(scope, settings, prefix, known)
    yield from () if first else ciphers
    if settings.verify.value:
        trusted, crl = settings.trusted_certificate, settings.crl
        if trusted.value is None:
            yield _fault(f"no {prefix}trusted_certificate for {prefix}verify", settings.verify, f"{prefix}verify")
        elif words := known.anchors(trusted.value, advertised=False):
            yield _fault(words, trusted, f"{prefix}trusted_certificate")
        if crl.value and (words := known.crl(crl.value)):
            yield _fault(words, crl, f"{prefix}crl")
    yield from command_faults(settings.conf_commands, f"{prefix}conf_command", known)


def _ciphers(settings: TlsUpstream, prefix: str, known: StartFiles) -> Iterator[StartFault]:
    ciphers = settings.ciphers
    if ciphers.origin is not None and (words := cipher_fault(ciphers.value, known.series)):
        yield _fault(words, ciphers, f"{prefix}ciphers")


def _certificate(scope: Scope, settings: TlsUpstream, prefix: str, known: StartFiles) -> Iterator[StartFault]:
    certificate, key = settings.certificate, settings.certificate_key
    if certificate.origin is None or (not certificate.value and known.version >= EMPTY_MEANS_NONE):
        return
    if key.origin is None:
        written = "".join(scope.find(f"{prefix}certificate")[0].args[:1])
        words = f'no "{prefix}certificate_key" is defined for certificate "{written}"'
        yield _fault(words, certificate, f"{prefix}certificate")
        return
    paths = (certificate.value or "", key.value or "")
    passwords = scope.path(f"{prefix}password_file").value
    if all(paths) and "$" not in "".join(paths) and (found := known.pair(*paths, settings.ciphers.value, passwords)):
        yield _fault(found, certificate, f"{prefix}certificate")


def _fault(words: str, setting: Setting[object], directive: str) -> StartFault:
    return StartFault(message=words, origin=setting.origin or Origin(""), directive=directive)
