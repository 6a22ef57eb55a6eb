"""handclasp snippet."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.completing import identities
from handclasp.cli.frame import Frame, framed

PROGRAMS = ("apache", "dovecot", "haproxy", "postfix")


@click.command("snippet")
@click.argument("program", type=click.Choice(PROGRAMS))
@click.option(
    "--server-name", "name", required=True, metavar="NAME", help="DNS name of the service; its certificate is of this CA."
)
@click.option(
    "--allow", multiple=True, metavar="NAME", shell_complete=identities, help="Only these identities may enter; repeatable."
)
@framed
def command(frame: Frame, *, program: str, name: str, allow: tuple[str, ...]) -> None:
    r"""Print what makes Apache, Dovecot, HAProxy or Postfix let in the clients of this CA, and nobody else.

    Nothing is written. The text says what each program leaves open unless it is told, and what has to be made anew after a
    revocation: unlike nginx under `handclasp nginx apply`, these are not reloaded for you.

    \b
    Examples:
      handclasp snippet apache --server-name app.test
      handclasp snippet haproxy --server-name app.test --allow alice --allow bob
    """
    from handclasp.app.guarded import guarded
    from handclasp.present.snippets import SNIPPETS

    snippet = SNIPPETS[program](guarded(world(frame).ca, name, allow))
    if frame.json:
        frame.document("snippet", {"program": program, "server_name": name, "config": snippet.text, "then": list(snippet.then)})
        return
    frame.out(snippet.text.rstrip("\n"))
    for line in snippet.then:
        frame.hint(f"next: {line}")
