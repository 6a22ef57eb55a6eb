"""TLS settings of servers that nginx refuses when it merges them, in the order of its own checks."""

from collections.abc import Iterator

from handclasp.model.nginx import Setting, StartFault, TlsServer, VerifyClient
from handclasp.model.origin import Origin
from handclasp.nginxconf.effective import SSL_ON_REMOVED
from handclasp.nginxconf.fault_ciphers import cipher_fault, command_value_fault, curve_fault
from handclasp.nginxconf.fault_directives import placed
from handclasp.nginxconf.fault_files import OWN_LOADERS, StartFiles
from handclasp.nginxconf.fault_strength import CIPHERS_FIRST
from handclasp.nginxconf.scope import Scope
from handclasp.nginxconf.tree import Directive

_QUIC_TLS = "TLSv1.3"

Blocks = list[tuple[Directive, Scope, TlsServer]]

_ANY_CURVE = "auto"
_COMMANDS = frozenset(
    """SignatureAlgorithms ClientSignatureAlgorithms Curves Groups ECDHParameters CipherString Ciphersuites Protocol MinProtocol
    MaxProtocol Options VerifyMode Certificate PrivateKey ServerInfoFile ChainCAPath ChainCAFile VerifyCAPath VerifyCAFile
    RequestCAFile ClientCAFile RequestCAPath ClientCAPath DHParameters RecordPadding NumTickets ChainCAStore VerifyCAStore
    RequestCAStore""".lower().split()
)


def server_faults(
    block: Directive, scope: Scope, server: TlsServer, module: Directive, known: StartFiles
) -> Iterator[StartFault]:
    """One server of http, or of a stream with virtual servers.

    One that has neither a certificate nor `ssl_reject_handshake on` is not looked at at all.
    """
    enabled = scope.find("ssl") if known.version < SSL_ON_REMOVED and scope.flag("ssl", default=False).value else []
    place = f"{enabled[0].source.file}:{enabled[0].reported_line}" if enabled else ""
    ending = f'the "ssl" directive in {place}' if enabled else ""
    if not server.certificates.value:
        if enabled and not server.reject_handshake.value:
            yield StartFault(message=f'no "ssl_certificate" is defined for {ending}', origin=block.origin, directive="ssl")
        if not server.reject_handshake.value:
            return
    yield from _missing_key(scope, server, ending)
    yield from _context(server, scope, module, known)


def stream_server_faults(
    block: Directive, scope: Scope, server: TlsServer, module: Directive, known: StartFiles
) -> Iterator[StartFault]:
    """One server of a stream without virtual servers: looked at only when it listens with ssl."""
    if not any(listen.ssl for listen in server.listens):
        return
    place = f'the "listen ... ssl" directive in {_listen_place(scope, block)}'
    if not server.certificates.value:
        if not server.reject_handshake.value:
            yield StartFault(message=f'no "ssl_certificate" is defined for {place}', origin=block.origin, directive="listen")
            return
    else:
        yield from _missing_key(scope, server, place)
    yield from _context(server, scope, module, known)


def _listen_place(scope: Scope, block: Directive) -> str:
    found = next((item for item in scope.mine("listen") if "ssl" in item.args), block)
    return f"{found.source.file}:{found.reported_line}"


def _missing_key(scope: Scope, server: TlsServer, ending: str) -> Iterator[StartFault]:
    certificates, keys = scope.find("ssl_certificate"), server.certificate_keys.value
    if not certificates or len(keys) >= len(certificates):
        return
    last = certificates[-1]
    name = f'certificate "{"".join(last.args[:1])}"'
    if not ending:
        words = name
    elif keys:
        words = f"{name} and {ending}"
    else:
        words = ending
    message = f'no "ssl_certificate_key" is defined for {words}'
    yield StartFault(message=message, origin=last.origin, directive="ssl_certificate")


def _context(server: TlsServer, scope: Scope, module: Directive, known: StartFiles) -> Iterator[StartFault]:
    """The files and settings of one SSL_CTX, in the order nginx loads them."""
    first = known.version >= CIPHERS_FIRST
    ciphers = cipher_fault(server.ciphers.value, known.series) if server.ciphers.origin is not None else None
    yield from _of(ciphers if first else None, server.ciphers.origin, "ssl_ciphers")
    pairs = zip(server.certificates.value, server.certificate_keys.value, strict=False)
    if not any("$" in path for path in (*server.certificates.value, *server.certificate_keys.value)):
        for certificate, key in pairs:
            words = known.pair(certificate, key, server.ciphers.value, scope.path("ssl_password_file").value)
            yield from _of(words, server.certificates.origin, "ssl_certificate")
    yield from _of(None if first else ciphers, server.ciphers.origin, "ssl_ciphers")
    yield from _verification(server, known)
    for path in (scope.path("ssl_dhparam"),):
        if path.value:
            yield from _of(known.dhparam(path.value), path.origin, "ssl_dhparam")
    curves = scope.text("ssl_ecdh_curve", _ANY_CURVE)
    if curves.value != _ANY_CURVE:
        yield from _of(curve_fault(curves.value, known.series), curves.origin, "ssl_ecdh_curve")
    for path_text in server.session_ticket_key.value:
        words = known.ticket_key(path_text)
        if words:
            place = f" in {module.source.file}:{module.source.line(module.close)}"
            yield from _of(words + place, server.session_ticket_key.origin, "ssl_session_ticket_key")
    yield from command_faults(server.conf_commands, "ssl_conf_command", known)


def _verification(server: TlsServer, known: StartFiles) -> Iterator[StartFault]:
    client, trusted = server.client_certificate, server.trusted_certificate
    verify = server.verify_client
    if verify.value is not VerifyClient.OFF:
        late = known.version >= OWN_LOADERS
        given = client.value or (late and trusted.value)
        if not given and verify.value is not VerifyClient.OPTIONAL_NO_CA:
            either = "ssl_client_certificate or ssl_trusted_certificate" if late else "ssl_client_certificate"
            yield from _of(f"no {either} for ssl_verify_client", verify.origin, "ssl_verify_client")
        if client.value:
            yield from _of(known.anchors(client.value, advertised=True), client.origin, "ssl_client_certificate")
    if trusted.value:
        yield from _of(known.anchors(trusted.value, advertised=False), trusted.origin, "ssl_trusted_certificate")
    if server.crl.value:
        yield from _of(known.crl(server.crl.value), server.crl.origin, "ssl_crl")
    yield from _ocsp(server)


def _ocsp(server: TlsServer) -> Iterator[StartFault]:
    if server.ocsp.value == "off":
        return
    if server.verify_client.value is VerifyClient.OPTIONAL_NO_CA:
        words = '"ssl_ocsp" is incompatible with "ssl_verify_client optional_no_ca"'
        yield from _of(words, server.ocsp.origin, "ssl_ocsp")
    responder = server.ocsp_responder
    if responder.value and not responder.value.lower().startswith("http://"):
        words = f'invalid URL prefix in OCSP responder "{responder.value}" in "ssl_ocsp_responder"'
        yield from _of(words, responder.origin, "ssl_ocsp_responder")


def command_faults(commands: Setting[tuple[tuple[str, str], ...]], directive: str, known: StartFiles) -> Iterator[StartFault]:
    """Names and values in *_conf_command that OpenSSL does not know."""
    for name, value in commands.value:
        if name.lower() not in _COMMANDS:
            reason = known.reason("command", label=name)
            yield from _of(f'SSL_CONF_cmd("{name}", "{value}") failed {reason}', commands.origin, directive)
        else:
            yield from _of(command_value_fault(name, value, known.series), commands.origin, directive)


def _of(words: str | None, origin: Origin | None, directive: str) -> Iterator[StartFault]:
    if words:
        yield StartFault(message=words, origin=origin or Origin(""), directive=directive)


def socket_faults(blocks: Blocks) -> Iterator[StartFault]:
    """A TLS socket whose default server has no certificate, or not TLS 1.3 for QUIC (ngx_http_ssl_init, ngx_stream_ssl_init).

    The other servers of the socket may do without a certificate only if the default server has one.
    """
    sockets: dict[tuple[str, int, bool], list[tuple[Directive, TlsServer, bool]]] = {}
    for block, _, server in blocks:
        for listen in server.listens:
            if listen.tls:
                entry = (block, server, listen.default_server)
                sockets.setdefault((listen.address, listen.port, listen.quic), []).append(entry)
    named: set[int] = set()
    for (_, _, quic), members in sockets.items():
        option = "quic" if quic else "ssl"
        default = next((entry for entry in members if entry[2]), members[0])
        if default[1].certificates.value:
            if quic and _QUIC_TLS not in default[1].protocols.value:
                yield placed(f'"ssl_protocols" must enable {_QUIC_TLS} for the "listen ... quic" directive', default[0])
            continue
        suspects = members if default[1].reject_handshake.value else [default]
        for block, server, _ in suspects:
            if not server.certificates.value and not server.reject_handshake.value and id(block) not in named:
                named.add(id(block))
                yield placed(f'no "ssl_certificate" is defined for the "listen ... {option}" directive', block)
