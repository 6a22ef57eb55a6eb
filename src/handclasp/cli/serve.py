"""handclasp serve."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import passphrase_options
from handclasp.cli.completing import identities
from handclasp.cli.frame import Frame, framed

if TYPE_CHECKING:
    from handclasp.server.running import Tls
    from handclasp.wiring import World


@click.command("serve")
@click.option("--listen", default="127.0.0.1:8555", show_default=True, metavar="HOST:PORT", help="Port 0: a free one.")
@click.option(
    "--validity", type=click.IntRange(1, 10080), default=60, show_default=True, help="Minutes until nextUpdate of OCSP answers."
)
@click.option(
    "--max-age", type=click.IntRange(0, 86400), default=60, show_default=True, help="Seconds that HTTP caches may keep answers."
)
@click.option("--prepare/--no-prepare", default=True, show_default=True, help="Sign OCSP answers ahead of the questions.")
@click.option("--api-listen", metavar="HOST:PORT", help="Serve the API over TLS there, to clients with a certificate.")
@click.option(
    "--identity", metavar="NAME", shell_complete=identities, help="With --api-listen: the server certificate of this identity."
)
@click.option("--api-socket", type=click.Path(), help="Unix socket for an nginx that passes on client certificates.")
@click.option("--api-group", metavar="GROUP", help="Group that may open that socket, for example www-data.")
@passphrase_options
@framed
def command(
    frame: Frame,
    *,
    listen: str,
    validity: int,
    max_age: int,
    prepare: bool,
    api_listen: str | None,
    identity: str | None,
    api_socket: str | None,
    api_group: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Answer OCSP, and serve CRLs, CA certificates, fingerprints, health and metrics over HTTP, until it is stopped.

    /ocsp answers GET and POST; /crl/LABEL.crl, /ca/LABEL.crt and the same in PEM; / shows fingerprints; /health, /ready;
    /metrics for this machine. Whatever any other handclasp command revokes shows in the next answer. Responder
    certificates are made and renewed by themselves. SIGTERM and Ctrl-C finish the requests in hand.

    \b
    Example, and nginx that asks it about every client (nginx 1.19 or newer):
      handclasp serve --listen 127.0.0.1:8555
      ssl_verify_client on;  ssl_ocsp leaf;  ssl_ocsp_responder http://127.0.0.1:8555/ocsp;

    \b
    The API (HOME/roles.toml says who is "admin", "operator" or "auditor"; GET /api/v1/openapi.json describes it):
      handclasp serve --api-listen 127.0.0.1:8556 --identity api.example.test
      curl --cert chain.pem --key key.pem https://api.example.test:8556/api/v1/certificates
    """
    from dataclasses import replace
    from datetime import timedelta
    from functools import partial

    from handclasp.cli.serving import extra
    from handclasp.model.errors import UsageError
    from handclasp.wiring import World

    with extra("serve"):
        from handclasp.server.api.application import Api
        from handclasp.server.logs import log_to_stderr
        from handclasp.server.running import Service, run
        from handclasp.server.sockets import address

    log_to_stderr(verbose=frame.verbose > 0)
    if api_group and not api_socket:
        raise UsageError("--api-group is of the --api-socket", hint="--api-socket /run/handclasp/api.sock --api-group www-data")
    here = World(frame.home, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd, lasting=True)
    places = Service(listen=address(listen), tls=_tls(here, api_listen, identity), socket=api_socket, group=api_group)
    service = replace(places, validity=timedelta(minutes=validity), max_age=max_age, prepare=prepare)
    api = partial(Api, here.ca, here.gear) if api_listen or api_socket else None
    if api:
        _look_at_roles(frame, here)
    try:
        run(here.ca, service, lambda urls: _announce(frame, here, urls, api_socket), api=api)
    finally:
        here.store.close()
    frame.hint("stopped; every request in hand was answered")


def _tls(here: "World", api_listen: str | None, identity: str | None) -> "Tls | None":
    from handclasp.app.api_access import serves_tls
    from handclasp.app.names_here import which_identity
    from handclasp.model.errors import UsageError
    from handclasp.server.running import Tls
    from handclasp.server.sockets import address

    if (api_listen is None) != (identity is None):
        raise UsageError("--api-listen and --identity go together", hint="--api-listen 127.0.0.1:8556 --identity api.test")
    if api_listen is None or identity is None:
        return None
    hint, held = "handclasp issue api.example.test --profile server", here.store.certificates(name=identity)
    if not held:
        raise UsageError(f"there is no identity {identity[:64]!r}", hint=which_identity(here.ca, identity, hint))
    newest = next((one.certificate for one in reversed(held) if one.certificate is not None), None)
    if newest is None or not serves_tls(newest):
        raise UsageError(f"{identity} has no certificate of a server", hint=hint)
    layout = here.layout
    return Tls(
        listen=address(api_listen),
        chain=layout.identity(identity, "chain.pem"),
        key=layout.identity(identity, "key.pem"),
        trusted=layout.bundle,
    )


def _look_at_roles(frame: Frame, here: "World") -> None:
    """Say at once that the file of roles is broken. It ends nothing: OCSP has to go on, and nobody gets in by such a file."""
    from handclasp.app.api_access import roles
    from handclasp.cli.frame import report
    from handclasp.model.errors import InputError

    try:
        roles(here.ca)
    except InputError as error:
        report(error, ["--lang", frame.lang])


def _announce(frame: Frame, here: "World", urls: tuple[str, ...], api_socket: str | None) -> None:
    url, api = urls[0], urls[1] if len(urls) > 1 else None
    if frame.json:
        frame.document("serve", {"url": url, "ocsp": f"{url}/ocsp", "api": f"{api}/api/v1" if api else None})
    else:
        frame.out(f"serving on {url}")
        for where in (api, f"the socket {api_socket}" if api_socket else None):
            if where:
                frame.out(f"  the API on {where}")
    frame.hint(f"next: openssl ocsp -issuer ISSUER.pem -cert CERT.pem -url {url}/ocsp -CAfile {here.layout.bundle}")
