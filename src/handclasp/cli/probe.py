"""handclasp probe."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.completing import identities
from handclasp.cli.frame import Frame, framed
from handclasp.model.command import word

if TYPE_CHECKING:
    from handclasp.app.probe import Probed, ProbeOrder
    from handclasp.model.probe import ClientIdentity
    from handclasp.wiring import World

_FILE = click.Path(dir_okay=False)


@click.command("probe")
@click.argument("url")
@click.option("--cert", type=_FILE, help="PEM of the client certificate and the chain it sends, leaf first.")
@click.option("--key", type=_FILE, help="PEM of its private key, not encrypted.")
@click.option("--identity", shell_complete=identities, help="An identity of this home instead of --cert and --key.")
@click.option("--tls", type=click.Choice(["1.2", "1.3"]), help="Speak only this version.")
@click.option("--sni", help="Server name to send instead of the URL's host.")
@click.option("--no-sni", is_flag=True, help="Send no server name.")
@click.option("--connect", metavar="HOST:PORT", help="Connect there; SNI and Host stay those of the URL.")
@click.option("--cafile", type=_FILE, help="PEM of the CAs that should sign the server's certificate; else it is not judged.")
@click.option("--save-session", type=_FILE, help="Keep the TLS session in this file (mode 0600: it is a secret).")
@click.option("--session", type=_FILE, help="Resume the TLS session in this file.")
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=5.0, show_default=True, help="Seconds for everything.")
@framed
def command(
    frame: Frame,
    *,
    url: str,
    cert: str | None,
    key: str | None,
    identity: str | None,
    tls: str | None,
    sni: str | None,
    no_sni: bool,
    connect: str | None,
    cafile: str | None,
    save_session: str | None,
    session: str | None,
    timeout: float,
) -> int:
    r"""Make a real handshake, with and without a client certificate, and say what the server does.

    Exit code 0: the client (with its certificate, if one is given) gets in; 1: it is refused; 5: nobody answers.

    \b
    Examples:
      handclasp probe https://api.example.com/
      handclasp probe https://api.example.com/ --identity alice --tls 1.3
      handclasp probe https://api.example.com/ --connect 127.0.0.1:8443 --cert alice.pem --key alice.key
    """
    from handclasp.app.probe import ProbeOrder, probe
    from handclasp.model.errors import UsageError
    from handclasp.model.probe import TlsVersion
    from handclasp.wiring import World

    if sni is not None and no_sni:
        raise UsageError("--sni and --no-sni exclude each other")
    here = World(frame.home)
    order = ProbeOrder(
        url=url,
        connect=connect,
        sni="" if no_sni else sni,
        tls=TlsVersion(f"TLSv{tls}") if tls else None,
        identity=_identity(here, cert, key, identity),
        session=here.files.read(session) if session else None,
        trusted=here.files.read(cafile) if cafile else None,
        timeout=timeout,
    )
    probed = probe(here.probe, order)
    if save_session:
        _save(here, probed, save_session)
    _report(frame, probed, order)
    if save_session:
        frame.hint(f"next: handclasp probe {word(url)} --session {word(save_session)}")
    return 1 if probed.refused else 0


def _identity(here: "World", cert: str | None, key: str | None, name: str | None) -> "ClientIdentity | None":
    from handclasp.app.probe import home_identity
    from handclasp.model.errors import UsageError
    from handclasp.model.probe import ClientIdentity

    if name is not None:
        if cert or key:
            raise UsageError("--identity stands for --cert and --key: give one or the other")
        return home_identity(here.files, here.layout.at("identities"), name)
    if (cert is None) != (key is None):
        raise UsageError("--cert and --key belong together", hint="give both, or --identity NAME")
    if cert is None or key is None:
        return None
    return ClientIdentity(certificate_chain=here.files.read(cert), private_key=here.files.read(key))


def _save(here: "World", probed: "Probed", path: str) -> None:
    from handclasp.model.errors import WorldError

    if probed.client.session is None:
        raise WorldError(
            "the server gave no session that could be resumed", where=probed.url, hint="try the other --tls version"
        )
    here.files.write(path, probed.client.session, mode=0o600)


def _report(frame: Frame, probed: "Probed", order: "ProbeOrder") -> None:
    from handclasp.present.probe_text import WITH_YOURS, WITHOUT, answer_text, asked_line, fact, handshake_lines, result_json
    from handclasp.present.visible import visible

    if frame.json:
        frame.document(
            "probe",
            {
                "url": probed.url,
                "address": probed.address,
                "port": probed.port,
                "sni": probed.sni,
                "certificate_requested": probed.requested,
                "refused": probed.refused,
                "anonymous": result_json(probed.anonymous),
                "identified": result_json(probed.identified),
            },
        )
        return
    frame.out(f"{visible(probed.url)} at {visible(probed.address)}:{probed.port}, SNI {visible(probed.sni or 'none')}")
    lines = [asked_line(probed, frame.lang), *handshake_lines(probed.anonymous or probed.client, frame.lang)]
    if probed.anonymous is not None:
        lines.append(fact(WITHOUT, answer_text(probed.anonymous, frame.lang), frame.lang))
    if probed.identified is not None:
        lines.append(fact(WITH_YOURS, answer_text(probed.identified, frame.lang), frame.lang))
    for line in lines:
        frame.out(f"  {line}")
    if probed.refused and probed.client.title:
        frame.hint(f"next: handclasp explain {probed.client.title!r}")
    elif probed.requested and order.identity is None:
        frame.hint("next: give --identity NAME, or --cert FILE --key FILE")
