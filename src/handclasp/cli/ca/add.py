"""handclasp ca add."""

import click

from handclasp.cli.ca.shared import limit_options
from handclasp.cli.ca_options import (
    ca_key_type_option,
    days_option,
    dry_run_option,
    key_type_of,
    lifetime,
    passphrase_options,
    world,
)
from handclasp.cli.completing import authorities
from handclasp.cli.frame import Frame, framed


@click.command("add")
@click.argument("label")
@click.option("--parent", metavar="LABEL", shell_complete=authorities, help="The CA above it.  [default: the root]")
@click.option("--name", help="Its common name.  [default: made from the root's name and LABEL]")
@click.option("--organization", help="O of its subject.  [default: that of the CA above]")
@limit_options
@days_option("Life of the CA.  [default: 1825]", "issuing-ca")
@click.option("--in-token", is_flag=True, help="Make its key in the PKCS#11 token of this home.")
@ca_key_type_option()
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    label: str,
    parent: str | None,
    name: str | None,
    organization: str | None,
    purposes: tuple[str, ...],
    permit: tuple[str, ...],
    exclude: tuple[str, ...],
    path_length: int | None,
    days: int | None,
    in_token: bool,
    key_type: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Make another CA below the root, with its first CRL. What is issued for its profiles comes from it from now on.

    \b
    Examples:
      handclasp ca add servers --for server --for peer
      handclasp ca add branch --permit dns:branch.example.test --permit email:branch.example.test
    """
    from handclasp.app.hierarchy import CaOrder, add_authority
    from handclasp.model.issuance import KeyType
    from handclasp.present.ca_words import say

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    order = CaOrder(
        label=label,
        parent=parent,
        name=name,
        organization=organization,
        purposes=purposes,
        permit=permit,
        exclude=exclude,
        path_length=path_length,
        lifetime=lifetime(days),
        key_type=key_type_of(key_type) or KeyType.EC_P256,
        key=f"pkcs11:{label}" if in_token else None,
    )
    made, crls = add_authority(here.ca, order)
    if frame.json:
        from handclasp.cli.ca_json import authority_json, crl_json

        frame.document("ca-add", {"authority": authority_json(made), "crls": [crl_json(one) for one in crls]})
        return
    from handclasp.cli.ca.shared import made_line

    made_line(frame, made)
    frame.hint(say(frame.lang, "next-apply"))
