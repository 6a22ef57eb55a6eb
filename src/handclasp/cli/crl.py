"""handclasp crl."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import days_option, dry_run_option, is_dry_run, lifetime, passphrase_options, world
from handclasp.cli.frame import Frame, framed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handclasp.app.crl import PublishedCrl
    from handclasp.app.enforce import Reached


@click.command("crl")
@click.option("--refresh", is_flag=True, help="Sign fresh CRLs of every CA and publish them.")
@click.option(
    "--unlist",
    "unlisted",
    multiple=True,
    metavar="SERIAL",
    help="With --refresh: this serial may leave the list although it is not revoked in the registry; repeatable, audited.",
)
@click.option(
    "--clock-set-right",
    is_flag=True,
    help="With --refresh: the clock was ahead when something was signed, and is right now: begin the CRLs now; audited.",
)
@days_option("With --refresh: days until nextUpdate.  [default: 365, or as `init --root-only` chose]", "root-ca")
@click.option(
    "--reload/--no-reload",
    default=None,
    help="Give the CRLs to every nginx of this home: reloaded, and proven.  [default: with --refresh]",
)
@click.option("--nginx", "nginx_path", type=click.Path(dir_okay=False), help="The nginx binary.  [default: this machine's]")
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    refresh: bool,
    unlisted: tuple[str, ...],
    clock_set_right: bool,
    days: int | None,
    reload: bool | None,
    nginx_path: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> int:
    r"""Show the published CRLs, or sign fresh ones with --refresh.

    nginx reads ssl_crl when it starts or reloads. After --refresh, every nginx that serves a site of this home or was adopted
    is reloaded, and asked: who is revoked must be refused, a good client let in. An nginx that this home does not know is yours
    to reload. A revocation that the last CRL lists and the registry does not know is never left out by itself: see --unlist.
    Nor does a CRL begin before the last one, except with --clock-set-right.

    \b
    Examples:
      handclasp crl --refresh
      handclasp crl --refresh --no-reload && nginx -s reload
    """
    from handclasp.app.audit import head_of
    from handclasp.app.crl import publish_crls, published_crls
    from handclasp.app.enforce import refresh_everywhere

    if not refresh:
        _refuse_without_refresh(days, unlisted, clock_set_right=clock_set_right)
    leaving = frozenset(_serial(text) for text in unlisted)
    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd, nginx_path=nginx_path)
    found = (
        publish_crls(here.ca, lifetime=lifetime(days), unlisted=leaving, clock_set_right=clock_set_right)
        if refresh
        else published_crls(here.ca)
    )
    giving = (refresh if reload is None else reload) and not is_dry_run()
    reached = refresh_everywhere(here.ca, here.gear) if giving else None
    if frame.json:
        from handclasp.cli.ca_json import crl_json, enforced_json

        nginx = [enforced_json(one) for one in reached.enforced] if reached else []
        fields = {"file": here.layout.crl, "crls": [crl_json(one) for one in found], "nginx": nginx}
        frame.document("crl", fields | {"log": head_of(here.ca)})
    else:
        _show(frame, found, refresh=refresh)
        frame.out(f"  {here.layout.crl}")
    if refresh:
        frame.hint(head_of(here.ca).noted(frame.lang))
    if reached is not None and not reached.nobody:
        return _tell(frame, reached)
    if not refresh:
        frame.hint("sign fresh ones: handclasp crl --refresh")
    elif all(one.parent is None for one in here.ca.authorities()):
        frame.hint("next: bring the file to the machines with CAs below, and there: handclasp ca accept crl.pem")
    else:
        frame.hint("next: nginx -s reload     nginx reads CRLs only then")
    return 0


def _refuse_without_refresh(days: int | None, unlisted: tuple[str, ...], *, clock_set_right: bool) -> None:
    """Options that say how CRLs are signed mean nothing where none is."""
    from handclasp.model.errors import UsageError

    if days is not None:
        raise UsageError("--days goes with --refresh", hint="handclasp crl --refresh --days 30")
    if unlisted:
        raise UsageError("--unlist goes with --refresh", hint="handclasp crl --refresh --unlist SERIAL")
    if clock_set_right:
        raise UsageError("--clock-set-right goes with --refresh", hint="handclasp crl --refresh --clock-set-right")


def _show(frame: Frame, found: "Iterable[PublishedCrl]", *, refresh: bool) -> None:
    for one in found:
        kept = "   (its key is not here: the last CRL stays)" if refresh and not one.signed else ""
        change = f" (+{one.added} -{one.removed})"
        frame.out(
            f"{one.authority:8} number {one.number}, {len(one.revoked)} revoked{change if one.signed else ''}, "
            f"{one.this_update:%Y-%m-%d %H:%M} to {one.next_update:%Y-%m-%d %H:%M} UTC{kept}"
        )


def _tell(frame: Frame, reached: "Reached") -> int:
    """Which nginx took them, and what was seen there; 1: a client got in or was kept out against the CRLs."""
    from handclasp.app.enforce import not_serving
    from handclasp.present.plan_text import proven_lines
    from handclasp.present.visible import visible

    wrong = [proven for one in reached.enforced for proven in one.applied.proven if not proven.ok]
    for one in reached.enforced if not frame.json else ():
        config, done = visible(one.place.instance.config), one.applied
        if done.serving:
            asked = len(done.proven)
            frame.out(f"  {config}: {'reloaded' if done.reloaded else 'had them already'}, asked {asked} times")
        for line in proven_lines((proven for proven in done.proven if not proven.ok), frame.lang):
            frame.out(line)
        for said in not_serving(one):
            frame.hint(f"not asked: {visible(said)}")
    for said in reached.strayed:
        frame.hint(f"left alone: {visible(said)}")
    if reached.failures:
        first = reached.failures[0]
        published = "the CRLs are published; when this is put right: handclasp crl --reload"
        first.hint = f"{first.hint}\n{published}" if first.hint else published
        raise first
    return 1 if wrong else 0


def _serial(text: str) -> int:
    from handclasp.model.errors import UsageError

    try:
        return int(text.replace(":", ""), 16)
    except ValueError:
        raise UsageError(f"{text[:60]!r} is no serial number", hint="as handclasp list shows it, in hex") from None
