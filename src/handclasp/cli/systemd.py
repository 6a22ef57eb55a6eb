"""handclasp systemd."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed
from handclasp.present.units import NGINX_UNIT


@click.command("systemd")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False),
    default="/etc/systemd/system",
    show_default=True,
    help="Folder of the units.",
)
@click.option("--user", default=None, help="Who runs them.  [default: the owner of the home]")
@click.option(
    "--reload", default="/bin/systemctl reload nginx.service", show_default=True, help="Run after new files; empty: nothing."
)
@click.option(
    "--notify-file", type=click.Path(dir_okay=False), help="Also a unit that sends notices to the places in this file."
)
@click.option("--serve", "listen", metavar="HOST:PORT", help="Also a unit that runs handclasp serve there.")
@click.option(
    "--nginx-user", help="Who runs handclasp-nginx.service.  [default: as --user, if every nginx of this home is that user's]"
)
@click.option("--dry-run", is_flag=True, help="Print the units; write nothing.")
@framed
def command(
    frame: Frame,
    *,
    output: str,
    user: str | None,
    reload: str,
    notify_file: str | None,
    listen: str | None,
    nginx_user: str | None,
    dry_run: bool,
) -> None:
    r"""Write timer units: renew what is due (daily), fresh CRLs (weekly), and notices of what ends soon (daily).

    Where something lives for less than four days, now or by a profile of this home, renewals run every four hours.

    The units may write to the home and nowhere else, but for handclasp-nginx.service: it gives fresh CRLs to every nginx of
    this home, adopted ones too, and asks them. It is left out where it could not do so, because an nginx belongs to somebody
    else than the owner of the home; --nginx-user says who may. The passphrase file that the home remembers is handed to the
    units as a systemd credential.

    \b
    Examples:
      handclasp systemd --dry-run
      handclasp systemd && systemctl daemon-reload && systemctl enable --now handclasp-renew.timer handclasp-crl.timer
    """
    import pwd
    from pathlib import Path

    from handclasp.app.enforce import configs
    from handclasp.app.home import PASSPHRASE_FILE
    from handclasp.app.renew import shortest_life
    from handclasp.present.ca_words import say
    from handclasp.present.units import UnitOrder, units

    here = world(frame)
    here.ca.authorities()
    program = _program()
    owner = user or pwd.getpwuid(Path(here.layout.folder).stat().st_uid).pw_name
    others = _of_others(configs(here.ca, here.gear), owner) if nginx_user is None else []
    made = units(
        UnitOrder(
            program=program,
            home=here.layout.folder,
            user=owner,
            passphrase_file=here.store.value(PASSPHRASE_FILE) or None,
            reload=reload or None,
            notify_file=str(Path(notify_file).absolute()) if notify_file else None,
            lang=frame.lang,
            listen=listen,
            nginx_user=None if others else nginx_user or owner,
            shortest_life=shortest_life(here.ca),
            network=here.files.exists(here.layout.registry_url),
            reads=_installed(program),
        )
    )
    folder = str(Path(output).absolute())
    if not dry_run:
        here.files.make_folder(folder)
    for name, text in made.items() if not dry_run else ():
        here.files.write(f"{folder}/{name}", text.encode(), mode=0o644)
    timers = " ".join(name for name in made if name.endswith(".timer"))
    if frame.json:
        said = {"folder": folder, "units": list(made), "program": program, "user": owner, "out_of_reach": others}
        frame.document("systemd", said)
        return
    _out_of_reach(frame, others, owner=owner, home=here.layout.folder)
    for name, text in made.items() if dry_run else ():
        frame.out(f"# {folder}/{name}\n{text}")
    if dry_run:
        return
    for name in made:
        frame.out(say(frame.lang, "units-written", path=f"{folder}/{name}"))
    frame.hint(say(frame.lang, "next-units", timers=timers))


def _out_of_reach(frame: Frame, others: list[str], *, owner: str, home: str) -> None:
    """Which nginx get no fresh CRLs by a unit of this owner, and who could give them."""
    from handclasp.present.ca_words import say

    for path in others:
        frame.hint(say(frame.lang, "nginx-of-another", unit=NGINX_UNIT, path=path, user=owner))
    if others:
        frame.hint(say(frame.lang, "nginx-user", home=home, unit=NGINX_UNIT))


def _of_others(configs: tuple[str, ...], user: str) -> list[str]:
    """Those of these configurations beside which this account may not write: the apply of its unit would fail there."""
    import pwd
    from pathlib import Path

    from handclasp.model.errors import UsageError

    try:
        number = pwd.getpwnam(user).pw_uid
    except KeyError:
        raise UsageError(f"there is no account {user[:40]!r} on this machine", hint="--user NAME") from None
    return [path for path in configs if number not in {0, Path(path).parent.stat().st_uid}]


def _installed(program: str) -> tuple[str, ...]:
    """Where this program lies in truth: its start, its interpreter, its packages, and itself where it runs from its source."""
    import sys
    from pathlib import Path

    return (str(Path(program).resolve()), sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve()), __file__)


def _program() -> str:
    """The whole path of this command, as units need it."""
    import shutil
    import sys
    from pathlib import Path

    from handclasp.model.errors import UsageError

    beside = str(Path(sys.executable).with_name("handclasp"))  # not on the PATH when a virtual environment is not active
    program = shutil.which(sys.argv[0]) or shutil.which("handclasp") or shutil.which(beside)
    if program is None:
        raise UsageError(
            "the command handclasp is not on the PATH", hint="call it by its full path: /path/to/handclasp systemd"
        )
    return str(Path(program).absolute())
