"""A judge without nginx: OpenSSL's own TLS handshake in memory, with a callback that records every error and goes on."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto

from handclasp.lab.case import Case, Raised, der
from handclasp.model.verdict import Side
from handclasp.pki.lenient import quiet
from handclasp.pki.throwaway import key

ANY_STRENGTH = b"ALL:@SECLEVEL=0"


def judge(case: Case) -> tuple[Raised, ...] | None:
    """Every error raised about the presented chain; None when the handshake itself fails."""
    raised: list[Raised] = []

    def note(_connection: SSL.Connection, _certificate: crypto.X509, number: int, depth: int, ok: int) -> bool:
        if not ok:
            raised.append(Raised(number, depth))
        return True

    with quiet():  # odd serial numbers are what some cases are about
        verifier, peer = _verifier(case), _peer(case)
    verifier.set_verify(SSL.VERIFY_PEER, note)
    client, server = (peer, verifier) if case.side is Side.CLIENT else (verifier, peer)
    return tuple(raised) if _shake(client, server) else None


def _verifier(case: Case) -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(f"DEFAULT:@SECLEVEL={case.security_level}".encode())
    if case.side is Side.CLIENT:
        _identify(context, key("p521", 9998))
    context.set_verify_depth(case.depth)
    store = context.get_cert_store()
    assert store is not None
    for text in dict.fromkeys(case.store):
        store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, der(text)))
    if case.crls:
        for text in dict.fromkeys(case.crls):
            store.add_crl(x509.load_der_x509_crl(der(text)))
        store.set_flags(crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL)
    return context


def _peer(case: Case) -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(ANY_STRENGTH)
    context.set_mode(0x8)  # SSL_MODE_NO_AUTO_CHAIN
    context.use_privatekey(load_pem_private_key(case.key.encode(), None))  # type: ignore[arg-type]
    context.use_certificate(x509.load_der_x509_certificate(der(case.presented[0])))
    for text in case.presented[1:]:
        context.add_extra_chain_cert(x509.load_der_x509_certificate(der(text)))
    return context


def _identify(context: SSL.Context, own: object) -> None:
    from handclasp.lab import mint

    blank = mint.Blank(subject=mint.name(("CN", "judge")), key=own, serial=1, digest="sha512")  # type: ignore[arg-type]
    context.use_privatekey(load_pem_private_key(blank.key.pem.encode(), None))  # type: ignore[arg-type]
    context.use_certificate(x509.load_der_x509_certificate(mint.certificate(blank)))


def _shake(client_context: SSL.Context, server_context: SSL.Context) -> bool:
    client, server = SSL.Connection(client_context), SSL.Connection(server_context)
    client.set_connect_state()
    server.set_accept_state()
    done: set[SSL.Connection] = set()
    for _ in range(20):
        for one, other in ((client, server), (server, client)):
            try:
                one.do_handshake()
                done.add(one)
            except SSL.WantReadError:
                pass
            except SSL.Error:
                return False
            _carry(one, other)
        if len(done) == 2:
            return True
    return False


def _carry(one: SSL.Connection, other: SSL.Connection) -> None:
    while True:
        try:
            other.bio_write(one.bio_read(65536))
        except SSL.WantReadError:
            return
