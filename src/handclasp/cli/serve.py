"""handclasp serve."""

import click

from handclasp.cli.ca_options import passphrase_options
from handclasp.cli.frame import Frame, framed


@click.command("serve")
@click.option("--listen", default="127.0.0.1:8555", show_default=True, metavar="HOST:PORT", help="Port 0: a free one.")
@click.option(
    "--validity", type=click.IntRange(1, 10080), default=60, show_default=True, help="Minutes until nextUpdate of OCSP answers."
)
@click.option(
    "--max-age", type=click.IntRange(0, 86400), default=60, show_default=True, help="Seconds that HTTP caches may keep answers."
)
@click.option("--prepare/--no-prepare", default=True, show_default=True, help="Sign OCSP answers ahead of the questions.")
@passphrase_options
@framed
def command(
    frame: Frame,
    *,
    listen: str,
    validity: int,
    max_age: int,
    prepare: bool,
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
    """
    from datetime import timedelta

    from handclasp.cli.serving import extra
    from handclasp.wiring import World

    with extra("serve"):
        from handclasp.server.running import Service, address, run

    here = World(frame.home, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd, lasting=True)
    service = Service(listen=address(listen), validity=timedelta(minutes=validity), max_age=max_age, prepare=prepare)

    def started(url: str) -> None:
        if frame.json:
            frame.document("serve", {"url": url, "ocsp": f"{url}/ocsp"})
        else:
            frame.out(f"serving on {url}")
        frame.hint(f"next: openssl ocsp -issuer ISSUER.pem -cert CERT.pem -url {url}/ocsp -CAfile {here.layout.bundle}")

    run(here.ca, service, started)
    frame.hint("stopped; every request in hand was answered")
