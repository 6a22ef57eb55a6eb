"""handclasp init."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import (
    ca_key_type_option,
    days_option,
    dry_run_option,
    key_type_of,
    lifetime,
    passphrase_options,
    world,
)
from handclasp.cli.frame import Frame, framed

if TYPE_CHECKING:
    from handclasp.app.init import Initialized, InitOrder
    from handclasp.app.token import Token
    from handclasp.wiring import World


@click.command("init")
@click.option("--name", default="Handclasp", show_default=True, help="Goes into the names of both CAs: NAME Root CA.")
@click.option("--organization", help="O of both CAs.")
@days_option("Life of the root CA.  [default: 3650]", "root-ca")
@days_option("Life of the issuing CA.  [default: 1825]", "issuing-ca", name="--issuing-days")
@click.option(
    "--new-passphrase-file", type=click.Path(dir_okay=False), help="Make a passphrase and keep it in this new file (mode 0600)."
)
@click.option("--split", is_flag=True, help="Two issuing CAs: one for clients, one for servers.")
@click.option("--root-only", is_flag=True, help="Only a root, with a CRL as long as it lives: for a machine without network.")
@click.option(
    "--offline-root", is_flag=True, help="No root here: make the issuing CA's key, and a request for the root's machine."
)
@click.option("--pkcs11-module", metavar="LIBRARY", help="Make the root's key in the token of this PKCS#11 library.")
@click.option("--pkcs11-token", metavar="LABEL", help="With --pkcs11-module: which token.")
@click.option("--pin-file", type=click.Path(dir_okay=False), help="File (mode 0600) with the PIN of the token.  [default: ask]")
@click.option("--store", "database", metavar="URL", help="Keep the registry in this empty PostgreSQL database.")
@ca_key_type_option()
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    name: str,
    organization: str | None,
    days: int | None,
    issuing_days: int | None,
    new_passphrase_file: str | None,
    split: bool,
    root_only: bool,
    offline_root: bool,
    pkcs11_module: str | None,
    pkcs11_token: str | None,
    pin_file: str | None,
    database: str | None,
    key_type: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Make a root CA and an issuing CA, with their first CRLs.

    Both keys are encrypted with a passphrase: asked for on the terminal, or from a file. Without a terminal and a file it
    is made and kept in HOME/passphrase (mode 0600): move it to a safer place if you have one. Run again, it goes on where it
    stopped; a complete home stays as it is.

    \b
    Examples:
      handclasp init
      handclasp init --name "Example Corp" --new-passphrase-file ~/.handclasp-passphrase
      handclasp init --split                     # one CA for clients, one for servers
      handclasp init --store postgresql://handclasp@db.example.test/handclasp
    """
    from handclasp.app.init import InitOrder
    from handclasp.catalogue import profiles
    from handclasp.model.issuance import KeyType
    from handclasp.pki.names import organization_name

    _check_kind(split, root_only, offline_root)
    root_lifetime = lifetime(days) or profiles.ROOT.lifetime
    here, makes_passphrase = _world(frame, new_passphrase_file, passphrase_file, passphrase_fd)
    order = InitOrder(
        name=_checked(name),
        organization=organization_name(organization) if organization is not None else None,
        key_type=key_type_of(key_type) or KeyType.EC_P256,
        root_lifetime=root_lifetime,
        issuing_lifetime=lifetime(issuing_days),
        passphrase_file=here.passphrase_path,
        issuing=not root_only,
        split=split,
        crl_lifetime=root_lifetime if root_only else None,
        token=_token(pkcs11_module, pkcs11_token, pin_file),
    )
    if order.token is not None:
        here.check_token(order.token)
    if makes_passphrase:
        here.make_passphrase()
    here.make_home(database)
    _make(frame, here, order, offline_root=offline_root)


def _check_kind(*kinds: bool) -> None:
    """At most one of --split, --root-only and --offline-root."""
    from handclasp.model.errors import UsageError

    if sum(kinds) > 1:
        raise UsageError(
            "--split, --root-only and --offline-root exclude each other",
            hint="below an offline root the second CA is requested like the first: "
            "handclasp ca request servers --name 'Servers CA' --for server",
        )


def _make(frame: Frame, here: "World", order: "InitOrder", *, offline_root: bool) -> None:
    from handclasp.app.init import init, init_below

    if offline_root:
        from handclasp.cli.ca.request import report_request

        report_request(frame, *init_below(here.ca, order))
        return
    _report(frame, here, init(here.ca, order))


def _world(frame: Frame, new: str | None, file: str | None, fd: int | None) -> "tuple[World, bool]":
    """The world of this run, and whether its passphrase is yet to be made: `new` names its file, or nobody is there to ask."""
    from handclasp.model.errors import UsageError
    from handclasp.present.ca_words import say

    if new and (file or fd is not None):
        raise UsageError("--new-passphrase-file makes a passphrase; it does not go with one that exists")
    given = world(frame, passphrase_file=file, passphrase_fd=fd)
    if not new and given.without_passphrase():
        new = given.layout.passphrase
        given.files.make_folder(frame.home, mode=0o700)
        frame.hint(say(frame.lang, "passphrase-made", path=new))
    return (world(frame, passphrase_file=new) if new else given), bool(new)


def _token(module: str | None, label: str | None, pin_file: str | None) -> "Token | None":
    from pathlib import Path

    from handclasp.app.token import Token
    from handclasp.model.errors import UsageError

    if (module is None) != (label is None) or (pin_file and module is None):
        raise UsageError("--pkcs11-module and --pkcs11-token go together")
    if module is None or label is None:
        return None
    path = str(Path(pin_file).absolute()) if pin_file else None
    return Token(module=str(Path(module).absolute()), label=label, pin_file=path)


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
    from handclasp.present.ca_words import say

    alone = all(authority.parent is None for authority in made.authorities)
    frame.out(say(frame.lang, ("root-ready" if alone else "ready") if made.changed else "nothing-to-do"))
    width = max(len(authority.label) for authority in made.authorities)
    for authority in made.authorities:
        path, end = layout.authority(authority.label), end_of_life(authority)
        frame.out(say(frame.lang, "good-until", label=f"{authority.label:{width}}", end=end, path=path))
    if alone:
        frame.hint(say(frame.lang, "keep-safe"))
        frame.hint("next: handclasp ca sign REQUEST -o reply.pem")
        return
    frame.out(say(frame.lang, "for-nginx", bundle=layout.bundle, crl=layout.crl))
    frame.hint(say(frame.lang, "keep-safe"))
    frame.hint("next: handclasp issue alice")
