"""handclasp init."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import MAX_DAYS, key_type_of, key_type_option, lifetime, passphrase_options, world
from handclasp.cli.frame import Frame, framed

if TYPE_CHECKING:
    from handclasp.app.init import Initialized
    from handclasp.wiring import World


@click.command("init")
@click.option("--name", default="Handclasp", show_default=True, help="Goes into the names of both CAs: NAME Root CA.")
@click.option("--organization", help="O of both CAs.")
@click.option("--days", "root_days", type=click.IntRange(1, MAX_DAYS), help="Life of the root CA.  [default: 3650]")
@click.option("--issuing-days", type=click.IntRange(1, MAX_DAYS), help="Life of the issuing CA.  [default: 1825]")
@click.option(
    "--new-passphrase-file", type=click.Path(dir_okay=False), help="Make a passphrase and keep it in this new file (mode 0600)."
)
@key_type_option
@passphrase_options
@framed
def command(
    frame: Frame,
    *,
    name: str,
    organization: str | None,
    root_days: int | None,
    issuing_days: int | None,
    new_passphrase_file: str | None,
    key_type: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Make a root CA and an issuing CA, with their first CRLs.

    Both keys are encrypted with a passphrase: asked for on the terminal, or from a file. Run again, it goes on where it
    stopped; a complete home stays as it is.

    \b
    Examples:
      handclasp init
      handclasp init --name "Example Corp" --new-passphrase-file ~/.handclasp-passphrase
    """
    from handclasp.app.init import InitOrder, init
    from handclasp.catalogue import profiles
    from handclasp.model.errors import UsageError
    from handclasp.model.issuance import KeyType
    from handclasp.pki.names import organization_name

    if new_passphrase_file and (passphrase_file or passphrase_fd is not None):
        raise UsageError("--new-passphrase-file makes a passphrase; it does not go with one that exists")
    here = world(frame, passphrase_file=new_passphrase_file or passphrase_file, passphrase_fd=passphrase_fd)
    order = InitOrder(
        name=_checked(name),
        organization=organization_name(organization) if organization is not None else None,
        key_type=key_type_of(key_type) or KeyType.EC_P256,
        root_lifetime=lifetime(root_days) or profiles.ROOT.lifetime,
        issuing_lifetime=lifetime(issuing_days),
        passphrase_file=here.passphrase_path,
    )
    if new_passphrase_file:
        here.make_passphrase()
    here.make_home()
    _report(frame, here, init(here.ca, order))


def _checked(name: str) -> str:
    """The name by the rules of identities, with room for the words that follow it."""
    from handclasp.model.errors import UsageError
    from handclasp.pki.names import identity_name

    if len(name) > 50:
        raise UsageError(f"the name has {len(name)} characters", hint="at most 50: the words 'Issuing CA' come behind it")
    return identity_name(name)


def _report(frame: Frame, here: "World", made: "Initialized") -> None:
    layout = here.layout
    if frame.json:
        from handclasp.cli.ca_json import authority_json, crl_json

        document = {
            "home": layout.folder,
            "changed": made.changed,
            "authorities": [authority_json(one) for one in made.authorities],
            "crls": [crl_json(one) for one in made.crls],
            "files": {"client_certificate": layout.bundle, "crl": layout.crl},
        }
        frame.document("init", document)
        return
    from handclasp.app.init import end_of_life

    frame.out("Your certificate authority is ready." if made.changed else "There is a CA here already; nothing to do.")
    for authority in made.authorities:
        frame.out(f"  {authority.label:8} good until {end_of_life(authority)}   {layout.authority(authority.label)}")
    frame.out(f"  for nginx: ssl_client_certificate {layout.bundle};")
    frame.out(f"             ssl_crl                {layout.crl};")
    frame.hint(f"keep safe: a backup (handclasp backup FILE), and the passphrase apart from it; {layout.keys}/root.pem may")
    frame.hint("live offline, since only new CRLs of the root need it")
    frame.hint("next: handclasp issue alice")
