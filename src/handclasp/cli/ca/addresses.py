"""handclasp ca addresses."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed


@click.command("addresses")
@click.option("--crl", metavar="URL", help="Where the CRL is; {label} stands for the CA's. Empty: nowhere.")
@click.option("--ocsp", metavar="URL", help="Where the OCSP responder is.")
@click.option("--issuer", metavar="URL", help="Where the CA's certificate is.")
@framed
def command(frame: Frame, *, crl: str | None, ocsp: str | None, issuer: str | None) -> None:
    r"""Show or set the addresses that certificates name: CRL (CDP), OCSP responder and CA certificate (AIA).

    \b
    Example:
      handclasp ca addresses --crl 'http://pki.example.test/{label}.crl' --ocsp http://ocsp.example.test/
    """
    from handclasp.app.addresses import addresses, set_addresses
    from handclasp.present.ca_words import say

    home = world(frame).ca
    changed = {kind: url for kind, url in (("crl", crl), ("ocsp", ocsp), ("issuer", issuer)) if url is not None}
    if changed:
        set_addresses(home, changed)
    found = addresses(home)
    if frame.json:
        frame.document("ca-addresses", found)
        return
    for kind, url in found.items():
        if url:
            frame.out(say(frame.lang, "addresses", kind=kind, url=url))
    if not any(found.values()):
        frame.out(say(frame.lang, "no-addresses"))
    elif changed:
        frame.hint(say(frame.lang, "next-addresses"))
