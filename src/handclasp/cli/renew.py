"""handclasp renew."""

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import days_option, dry_run_option, lifetime, passphrase_options, world
from handclasp.cli.completing import authorities, identities
from handclasp.cli.frame import Frame, framed, report

if TYPE_CHECKING:
    from handclasp.app.home import Home
    from handclasp.app.renew import Renewal
    from handclasp.model.errors import WorldError


@click.command("renew")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=identities)
@click.option(
    "--due",
    is_flag=False,
    flag_value="third",
    metavar="[DAYS]",
    help="Only those that end within DAYS; without DAYS, and for shorter lives: in the last third of it. Without NAME: all.",
)
@click.option(
    "--under",
    metavar="LABEL",
    shell_complete=authorities,
    help="Only those whose newest certificate is below this CA; without NAME: all.",
)
@days_option("Life of the new certificate in days.  [default: as the former one]")
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    names: tuple[str, ...],
    due: str | None,
    under: str | None,
    days: int | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> int:
    r"""Make a new certificate with the same key. The old one stays good until it ends or is revoked.

    It lives as long as the former one was made for, as far as its profile allows.

    With --due it is made for timers: nothing to do is a success, one failure does not keep the others, and the exit code
    is 1 when somebody was not renewed.

    \b
    Examples:
      handclasp renew alice
      handclasp renew alice --days 90
      handclasp renew --due
      handclasp renew --due 30
      handclasp renew --under root               after handclasp ca rollover root
    """
    from handclasp.app.audit import head_of
    from handclasp.app.renew import Renewal, RenewOrder, newest, renew, renew_all
    from handclasp.model.errors import PolicyError, UsageError, WorldError

    if not names and due is None and under is None:
        raise UsageError("say whose certificate to renew", hint="handclasp renew NAME, or handclasp renew --due")
    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    if due is None and under is None and len(names) == 1:
        made = renew(here.ca, RenewOrder(name=names[0], lifetime=lifetime(days)))
        run = iter((Renewal(name=made.record.name, issued=made, failure=None),))
    else:
        for name in names:
            with suppress(PolicyError):  # of one that may not be renewed its turn will tell, or it is not due
                newest(here.ca, name)  # a mistyped one is told before anything is done
        chosen = _chosen(here.ca, names, due, under) if due is not None or under is not None else dict.fromkeys(names)
        run = renew_all(here.ca, chosen, lifetime=lifetime(days))
    done: list[Renewal] = []
    ended: WorldError | None = None
    try:
        for one in run:
            done.append(one)
            _tell(frame, one)
    except WorldError as error:
        ended = error
    _close(frame, here.ca, done, ended)
    if ended is not None:
        return report(ended, ["--lang", frame.lang])  # the one document of this run is about those who were told before
    if due is not None:
        frame.hint(head_of(here.ca).noted(frame.lang))
    return 1 if any(one.failure for one in done) else 0


def _chosen(home: "Home", names: tuple[str, ...], due: str | None, under: str | None) -> tuple[str, ...]:
    """The names that every given condition holds for."""
    from datetime import timedelta

    from handclasp.app.renew import due as ending
    from handclasp.app.renew import hanging_from
    from handclasp.model.errors import UsageError

    home.authorities()
    if due is not None and due != "third" and not (due.isascii() and due.isdigit() and int(due) <= 3650):
        raise UsageError(f"--due takes a number of days, not {due[:40]!r}", hint="handclasp renew NAME --due=30")
    below = hanging_from(home, under) if under is not None else None
    chosen = below or ()
    if due is not None:
        ends = ending(home, None if due == "third" else timedelta(days=int(due)))
        chosen = tuple(name for name in ends if below is None or name in set(below))
    return tuple(name for name in chosen if not names or name in names)


def _tell(frame: Frame, one: "Renewal") -> None:
    """What became of one, as soon as it did: whatever ends the run, it is told who has a new certificate."""
    if frame.json:
        return
    from handclasp.model.messages import translate
    from handclasp.present.ca_words import say
    from handclasp.present.visible import visible

    if one.issued is not None:
        end = f"{one.issued.record.not_after:%Y-%m-%d}"
        frame.out(say(frame.lang, "renewed", name=one.name, end=end, path=f"{one.issued.folder}/chain.pem"))
        if one.issued.resumed:
            frame.hint(say(frame.lang, "resumed"))
    if one.failure is not None:
        why = f"{one.failure.where}: " if one.failure.where else ""
        why += translate(one.failure.what, frame.lang)
        frame.out(say(frame.lang, "not-renewed", name=visible(one.name), why=visible(why)))


def _close(frame: Frame, home: "Home", done: "list[Renewal]", ended: "WorldError | None") -> None:
    """What is to be done next; with --json the document. `ended`: what kept the others from being renewed."""
    made = [one.issued for one in done if one.issued is not None]
    failed = [(one.name, one.failure) for one in done if one.failure is not None]
    if frame.json:
        from handclasp.cli.ca_json import issued_json

        failures = [{"name": name, "what": str(failure), "hint": failure.hint} for name, failure in failed]
        end = {"what": str(ended), "hint": ended.hint} if ended is not None else None
        frame.document("renew", {"renewed": [issued_json(one) for one in made], "failed": failures, "ended": end})
        return
    from handclasp.cli.renewed_text import adopted_hint, stale_hint
    from handclasp.model.messages import translate
    from handclasp.present.ca_words import say
    from handclasp.present.visible import visible

    for hint in dict.fromkeys(failure.hint for _, failure in failed if failure.hint):  # what fails for all is said once
        for line in translate(hint, frame.lang).splitlines():
            frame.hint(visible(line))
    if not done and ended is None:
        frame.out(say(frame.lang, "nothing-due"))
    stale_hint(frame, made)
    if made:
        if ended is None:  # else the registry may not be asked any more
            adopted_hint(frame, home)
        frame.hint(say(frame.lang, "next-renewed"))
