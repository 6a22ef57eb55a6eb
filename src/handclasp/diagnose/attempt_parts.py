"""What attempts are put together from."""

from dataclasses import replace

from handclasp.diagnose.attempt import Attempt, Who
from handclasp.diagnose.case import Case
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Finding, Where
from handclasp.model.nginx import TlsServer, TlsUpstream, VerifyClient
from handclasp.model.origin import Origin
from handclasp.nginxconf.select import Socket
from handclasp.verdict.issued import self_signed
from handclasp.verdict.scene import plain_name
from handclasp.verdict.trust import certificates_in, client_trust


def visit(socket: Socket, server: TlsServer, uri: str) -> Attempt:
    """A well-behaved request without a certificate."""
    name = plain_name(server)
    return Attempt(address=socket.address, port=socket.port, sni=name or None, host=name or "localhost", uri=uri)


def client_of(request: Attempt, issuer: Certificate, below: int = 0) -> Attempt:
    """The same, made by a client of a CA, with so many CAs between them."""
    return replace(request, who=Who.CLIENT_OF, issuer=issuer, below=below)


def anchors(case: Case, server: TlsServer) -> tuple[Certificate, ...]:
    """The self-signed CAs that a server trusts."""
    store = client_trust(server, case.evidence.files, case.stage.version).store.certificates
    return tuple(item for item in store if self_signed(item, case.stage.series))


def let_in(case: Case, server: TlsServer, request: Attempt) -> Attempt:
    """The same, made by somebody with a good certificate where one is asked for and a CA is known."""
    asks = server.verify_client.value is not VerifyClient.OFF
    roots = anchors(case, server) if asks else ()
    return client_of(request, roots[0]) if roots else request


def at(finding: Finding, origin: Origin | None) -> bool:
    """Whether a finding points at this place."""
    here, where = Where.at(origin), finding.where
    return (where.file, where.line, where.column) == (here.file, here.line, here.column)


def believed_by(case: Case, upstream: TlsUpstream) -> Certificate | None:
    """A CA whose certificates a location believes; None when it does not look, or none is known."""
    trusted = certificates_in(case.evidence.files, upstream.trusted_certificate.value)
    return next((item for item in trusted if self_signed(item, case.stage.series)), None)
