"""handclasp issue."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import (
    days_option,
    dry_run_option,
    key_type_of,
    key_type_option,
    lifetime,
    passphrase_options,
    world,
)
from handclasp.cli.completing import profiles
from handclasp.cli.frame import Frame, framed
from handclasp.model.command import word

if TYPE_CHECKING:
    from handclasp.app.home import Home
    from handclasp.app.issue import Issued


@click.command("issue")
@click.argument("name", required=False)
@click.option(
    "--from",
    "table",
    type=click.Path(),
    help="Issue every row of this CSV (name,profile,san,days,key_type,organization,csr; - is standard input), or every "
    "request of this folder.",
)
@click.option(
    "--into",
    type=click.Path(file_okay=False),
    help="With --from: archives of keys and chains in this folder; none are kept here.",
)
@click.option(
    "--profile",
    shell_complete=profiles,
    default="client",
    show_default=True,
    help="client, server, peer (both), email, person (client and email), or HOME/profiles/*.toml.",
)
@click.option(
    "--san",
    "names",
    multiple=True,
    metavar="KIND:NAME",
    help="dns:api.test, ip:192.0.2.7, email:a@b.test, uri:spiffe://..., upn:a@b.test; repeatable.",
)
@click.option("--organization", help="O of the subject.")
@click.option("--legacy-p12", is_flag=True, help="PKCS#12 that old devices read (3DES, SHA-1).")
@click.option(
    "--csr", type=click.Path(dir_okay=False), help="Certify the key of this request (PEM or DER) instead of making one."
)
@click.option(
    "--take-names", is_flag=True, help="With --csr: grant the alternative names it asks for, where the profile has such."
)
@days_option("Life in days.  [default: 365]")
@key_type_option
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    name: str | None,
    table: str | None,
    into: str | None,
    profile: str,
    names: tuple[str, ...],
    organization: str | None,
    legacy_p12: bool,
    csr: str | None,
    take_names: bool,
    days: int | None,
    key_type: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> int:
    r"""Make a key and a certificate for NAME: a person, a device or a service.

    The files go to HOME/identities/NAME: key.pem, certificate.pem, chain.pem, and NAME.p12 with its password beside it.
    With --from, the other options hold where a cell is empty; of a folder, alice.csr is for alice.

    \b
    Examples:
      handclasp issue alice
      handclasp issue api.example.test --profile server --san ip:192.0.2.7
      handclasp issue --from people.csv
      handclasp issue --from requests/ --take-names
      handclasp issue --from devices.csv --into fleet     thousands, at once
    """
    from dataclasses import replace

    from handclasp.app.csr_names import refuse_nameless
    from handclasp.app.issue import IssueOrder, issue
    from handclasp.model.errors import UsageError
    from handclasp.pki.csr import read_csr

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    order = IssueOrder(
        name=name or "",
        profile=profile,
        subject_alt_names=names,
        key_type=key_type_of(key_type),
        lifetime=lifetime(days),
        organization=organization,
        legacy_p12=legacy_p12,
        take_names=take_names,
    )
    if table is not None:
        from handclasp.cli.issue_table import issue_table

        if name is not None or csr is not None or names:
            raise UsageError("--from takes names and requests from the table", hint="handclasp issue --from people.csv")
        return issue_table(frame, here, table, order, into)
    if into is not None:
        raise UsageError("--into goes with --from", hint="handclasp issue --from devices.csv --into fleet")
    if name is None:
        raise UsageError("say whom the certificate is for", hint="handclasp issue alice, or handclasp issue --from people.csv")
    if csr:
        order = replace(order, wishes=read_csr(here.files.read(csr), where=csr))
        refuse_nameless(here.ca, order)
    _report(frame, here.ca, issue(here.ca, order))
    return 0


def _report(frame: Frame, home: "Home", made: "Issued") -> None:
    if frame.json:
        from handclasp.cli.ca_json import issued_json

        frame.document("issue", issued_json(made))
        return
    from handclasp.cli.renewed_text import adopted_hint
    from handclasp.model.messages import translate
    from handclasp.pki.ca_extensions import purposes_in
    from handclasp.pki.serials import format_serial
    from handclasp.present.ca_words import say
    from handclasp.present.visible import visible

    end = f"{made.record.not_after:%Y-%m-%d}"
    frame.out(say(frame.lang, "issued", name=made.record.name, profile=made.record.profile, end=end))
    frame.out(say(frame.lang, "serial", serial=format_serial(made.record.serial)))
    for path in made.files:
        frame.out(f"  {path}")
    for wish in made.refused:
        frame.out(say(frame.lang, "not-granted", wish=visible(translate(wish, frame.lang))))
    if made.resumed:
        frame.hint(say(frame.lang, "resumed"))
    own = f"{made.folder}/key.pem"
    key = word(own) if own in made.files else say(frame.lang, "own-key")
    serves = "clientAuth" not in (purposes_in(made.certificate) or ("clientAuth",))
    frame.hint(say(frame.lang, "next-server" if serves else "next-client", chain=word(f"{made.folder}/chain.pem"), key=key))
    if not serves:
        adopted_hint(frame, home)
    if not serves and own in made.files:
        frame.hint(say(frame.lang, "next-device", name=word(made.record.name)))
