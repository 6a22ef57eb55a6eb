"""handclasp notify."""

import click

from handclasp.cli.ca_options import lifetime, world
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural


@click.command("notify")
@click.option(
    "--to-file",
    type=click.Path(dir_okay=False),
    required=True,
    help="File (mode 0600) with one place a line: mailtos://..., json://host/path, slack://..., and so on.",
)
@click.option(
    "--within", type=click.IntRange(0, 3650), help="Days ahead to look.  [default: 30, or a third of what lives shorter]"
)
@click.option(
    "--every", type=click.IntRange(0, 365), default=7, show_default=True, help="Days until the same news is repeated."
)
@click.option("--test", is_flag=True, help="Send also when all is well.")
@framed
def command(frame: Frame, *, to_file: str, within: int | None, every: int, test: bool) -> int:
    r"""Send what ends soon or needs care by mail, webhook or chat (through Apprise). Nothing new: nothing is sent.

    Exit code 5: a place could not be reached.

    \b
    Example:
      handclasp notify --to-file /etc/handclasp/notify --test     tries the places out, whatever there is to tell
      handclasp notify --to-file /etc/handclasp/notify
    """
    from datetime import timedelta

    from handclasp.app.notify import notify, read_places
    from handclasp.model.messages import translate

    here = world(frame)
    places = read_places(here.secret_file(to_file), where=to_file)
    done = notify(
        here.ca,
        here.notifier,
        places,
        within=lifetime(within),
        every=timedelta(days=every),
        always=test,
        lang=frame.lang,
    )
    unreached = [(places[one.place].line, one) for one in done.failed]
    if frame.json:
        reasons = [{"line": line, "scheme": one.scheme, "why": one.why} for line, one in unreached]
        schemes = [one.scheme for one in done.failed]
        frame.document("notify", {"items": len(done.items), "sent": done.sent, "failed": schemes, "unreached": reasons})
    elif done.sent:
        told, reached = len(done.items), len(places) - len(done.failed)
        if told:
            frame.out(f"{told} thing{plural(told)} told to {reached} place{plural(reached)}")
        else:
            frame.out(f"that all is well was told to {reached} place{plural(reached)}")
        for line, one in unreached:
            frame.out(f"  NOT reached: line {line}, {one.scheme}://...: {translate(one.why, frame.lang)}")
    else:
        frame.out("Nothing new to tell.")
    return 5 if done.failed else 0
