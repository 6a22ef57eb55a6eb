"""Ask a live address in every way that tells causes apart: with and without certificate, SNI, TLS 1.2 and 1.3."""

from collections.abc import Iterator

from handclasp.app.probe import ask, endpoint, target_of
from handclasp.model.evidence import Seen
from handclasp.model.probe import ClientIdentity, ProbeRequest, ProbeResult, TlsVersion
from handclasp.ports.probe import Probe


def look(door: Probe, url: str, identity: ClientIdentity | None, *, connect: str | None = None) -> tuple[Seen, ...]:
    """What the address says to nobody, to a client without SNI, and, if there is one, to the client in question.

    Raises:
        UsageError: the URL cannot be understood.
        WorldError: nobody answers there.
    """
    return tuple(_looks(door, url, identity, connect))


def _looks(door: Probe, url: str, identity: ClientIdentity | None, connect: str | None) -> Iterator[Seen]:
    target = target_of(url)
    address, port = endpoint(connect) if connect else (target.host, target.port)
    sni = target.sni

    def seen(tls: TlsVersion | None, who: ClientIdentity | None, name: str | None) -> Seen:
        request = ProbeRequest(
            address=address, port=port, sni=name, host=target.authority, path=target.path, identity=who, tls=tls
        )  # fmt: skip
        return _seen(url, ask(door, request), certificate=who is not None, sni=name is not None)

    yield seen(None, None, sni)
    if sni is not None:
        yield seen(None, None, None)
    for tls in TlsVersion:
        yield seen(tls, identity, sni)


def _server(result: ProbeResult) -> str:
    return next((value for name, value in result.headers if name.lower() == "server"), "")


def _seen(url: str, result: ProbeResult, *, certificate: bool, sni: bool) -> Seen:
    return Seen(
        url=url, certificate=certificate, sni=sni, asked=result.certificate_requested, tls=result.tls, status=result.status,
        title=result.title, alert=result.alert, error=result.error, advertised=result.advertised_cas,
        server=None if result.status is None else _server(result),
    )  # fmt: skip
