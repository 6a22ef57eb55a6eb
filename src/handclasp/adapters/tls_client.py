"""Sets up the client side of one TLS connection, exactly as a probe asks for it."""

import ipaddress
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto
from OpenSSL._util import ffi, lib

from handclasp.adapters import saved_session
from handclasp.model.errors import InputError
from handclasp.model.probe import ClientIdentity, ProbeRequest, TlsVersion
from handclasp.pki.lenient import NO_X509

_NO_AUTO_CHAIN = 0x8  # SSL_MODE_NO_AUTO_CHAIN (openssl/ssl.h): otherwise the trust store would add to what the client sends
# Level 0: a probe must be able to show weak certificates and to meet old servers; what is acceptable is not its decision.
_CIPHERS = b"DEFAULT:@SECLEVEL=0"
_VERSIONS = {TlsVersion.TLS1_2: SSL.TLS1_2_VERSION, TlsVersion.TLS1_3: SSL.TLS1_3_VERSION}

InfoCallback = Callable[[SSL.Connection, int, int], None]


def connection(request: ProbeRequest, *, on_info: InfoCallback, on_verify: Callable[[int], None]) -> SSL.Connection:
    """A client connection over memory BIOs, ready for its handshake.

    `on_verify` gets the number of every error found in nginx's certificate, in OpenSSL's order; the handshake goes on
    unless the request is strict.

    Raises:
        InputError: certificate, key, CA file or session cannot be used.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_mode(_NO_AUTO_CHAIN)
    context.set_cipher_list(_CIPHERS)
    context.set_info_callback(on_info)
    version = _version(request)
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    if request.identity is not None:
        _present(context, request.identity)
    if request.trusted is not None:
        _trust(context, request.trusted, on_verify, strict=request.strict)
    tls = SSL.Connection(context)
    tls.set_connect_state()
    _name(tls, request)
    if request.session is not None:
        saved_session.use(tls, request.session)
    return tls


def _version(request: ProbeRequest) -> int:
    """The one TLS version to speak; 0 leaves it to OpenSSL. A session is only resumed by a handshake of its own version."""
    if request.tls is not None:
        return _VERSIONS[request.tls]
    return saved_session.protocol(request.session) if request.session is not None else 0


def verify_text(number: int) -> str:
    """OpenSSL's words for a verification error."""
    return str(ffi.string(lib.X509_verify_cert_error_string(number)).decode())


def _present(context: SSL.Context, identity: ClientIdentity) -> None:
    """Send the chain as it is given: nothing added, nothing dropped, nothing sorted."""
    try:
        chain = x509.load_pem_x509_certificates(identity.certificate_chain)
    except NO_X509 as error:
        raise InputError(f"the client certificate cannot be read: {error}") from error
    try:
        key = load_pem_private_key(identity.private_key, password=None)
    except TypeError as error:
        raise InputError("the client key is encrypted", hint="openssl pkey -in KEY -out CLEAR   decrypts it") from error
    except ValueError as error:
        raise InputError(f"the client key cannot be read: {error}") from error
    try:
        context.use_certificate(chain[0])
        context.use_privatekey(key)  # type: ignore[arg-type]  # OpenSSL refuses the kinds that TLS cannot use
        context.check_privatekey()
        for certificate in chain[1:]:
            context.add_extra_chain_cert(certificate)
    except (SSL.Error, TypeError) as error:
        raise InputError(f"certificate and key cannot be used together: {words(error)}") from error


def _trust(context: SSL.Context, trusted: bytes, on_verify: Callable[[int], None], *, strict: bool) -> None:
    try:
        anchors = x509.load_pem_x509_certificates(trusted)
    except NO_X509 as error:
        raise InputError(f"the CA file cannot be read: {error}") from error
    store = context.get_cert_store()
    if store is None:
        raise InputError("this OpenSSL has no certificate store")
    for anchor in anchors:
        store.add_cert(crypto.X509.from_cryptography(anchor))

    def verify(_tls: SSL.Connection, _certificate: object, number: int, _depth: int, ok: int) -> bool:
        if not ok:
            on_verify(number)
        return bool(ok) or not strict

    context.set_verify(SSL.VERIFY_PEER, verify)


def _name(tls: SSL.Connection, request: ProbeRequest) -> None:
    """The SNI to send, and when the server is judged, the name or address its certificate must carry."""
    if request.sni is not None:
        tls.set_tlsext_host_name(request.sni.encode("idna" if not request.sni.isascii() else "ascii"))
    if request.trusted is None:
        return
    name = request.sni or _host_only(request.host)
    param = lib.SSL_get0_param(tls._ssl)  # noqa: SLF001 - pyOpenSSL wraps no name check
    try:
        packed = ipaddress.ip_address(name).packed
    except ValueError:
        lib.X509_VERIFY_PARAM_set1_host(param, name.encode(), len(name.encode()))
    else:
        lib.X509_VERIFY_PARAM_set1_ip(param, packed, len(packed))


def _host_only(host: str) -> str:
    """A Host header without its port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def words(error: BaseException) -> str:
    """The last reason in an OpenSSL error, which is the one that says most; "" when the queue was empty."""
    queue = error.args[0] if error.args else ""
    if isinstance(queue, list):
        return str(queue[-1][-1]) if queue else ""
    return str(error)
