"""handclasp audit."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural


@click.command("audit")
@click.argument("verify", type=click.Choice(["verify"]), default="verify", metavar="[verify]")
@click.option(
    "--head",
    "heads",
    metavar="DIGEST",
    multiple=True,
    help="A digest noted earlier: it must still stand in the log. May be repeated.",
)
@click.option(
    "--heads-in",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Text with such digests, for example of the journal; - is standard input.",
)
@click.option("--events", is_flag=True, help="Print every event.")
@click.option("--lines", is_flag=True, help="Print every event as one line of JSON, for other programs, and nothing else.")
@framed
def command(
    frame: Frame,
    *,
    verify: str,  # noqa: ARG001 - all it does
    heads: tuple[str, ...],
    heads_in: str | None,
    events: bool,
    lines: bool,
) -> int:
    r"""Verify the audit log: every event is chained to the one before it. Exit code 1 when it was changed.

    The CRLs in the home must be known to it too: a log that was cut off before them is broken. What was cut off after
    them shows only against the head of the log, noted elsewhere: crl --refresh, renew --due, backup and notices tell it, so
    the journal of the timers, your mail or a log host has it.

    \b
    Example:
      handclasp audit verify --head 5f0c...
      journalctl -u 'handclasp-*' | handclasp audit --heads-in -
      handclasp audit --events
      handclasp audit --lines > audit.jsonl
    """
    from handclasp.app.audit import audit

    found = audit(world(frame).ca, heads=(*heads, *(_noted(heads_in) if heads_in else ())))
    listed = [
        {"sequence": one.sequence, "at": one.at, "actor": one.actor, "action": one.action, "subject": one.subject,
         "details": one.details, "previous": one.previous, "digest": one.digest}
        for one in found.events
    ]  # fmt: skip
    if lines:
        import msgspec

        for event in listed:
            frame.out(msgspec.json.encode(event).decode())
        return 1 if found.faults else 0
    if frame.json:
        fields = {"whole": not found.faults, "faults": found.faults, "count": len(found.events), "head": found.head}
        fields["clock_steps"] = found.clock_steps
        frame.document("audit", fields | ({"events": listed} if events else {}))
        return 1 if found.faults else 0
    from handclasp.model.messages import translate
    from handclasp.present.visible import visible

    if events:
        for one in found.events:
            details = " ".join(f"{key}={value}" for key, value in one.details.items())
            frame.out(visible(f"{one.sequence:6} {one.at:%Y-%m-%d %H:%M:%S} {one.actor}: {one.action} {one.subject} {details}"))
    for number in found.clock_steps:
        frame.out(f"event {number} was recorded at an earlier time than the one before it: the clock was set back")
    for fault in found.faults:
        frame.out(f"broken: {translate(fault, frame.lang)}")
    if not found.faults:
        frame.out(f"The log is whole: {len(found.events)} event{plural(len(found.events))}, the last one {found.head}")
        frame.hint(f"note it elsewhere; later: handclasp audit --head {found.head}")
    return 1 if found.faults else 0


def _noted(path: str) -> tuple[str, ...]:
    """Heads that stand in a file, or on standard input."""
    from handclasp.app.audit import heads_in
    from handclasp.model.errors import InputError

    try:
        with click.open_file(path, errors="replace") as text:
            return heads_in(text.read(), where=path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from error
