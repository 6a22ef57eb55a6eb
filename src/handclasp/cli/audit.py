"""handclasp audit."""

from functools import partial
from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from handclasp.model.issuance import AuditEvent


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

    The records of the registry are compared with it: one that was changed, swapped, added, taken away or is revoked no longer
    by another hand than Handclasp's is named. Of an import and a restore the log knows how many records they made.

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

    listed: list[AuditEvent] = []
    each = _printed(frame) if lines else listed.append if frame.json else partial(_shown, frame)
    wanted = (*heads, *(_noted(heads_in) if heads_in else ()))
    found = audit(world(frame).ca, heads=wanted, each=each if lines or events else None)
    if lines:
        return 1 if found.faults else 0
    if frame.json:
        fields = {"whole": not found.faults, "faults": found.faults, "count": found.head.count, "head": found.head.digest}
        fields |= {"records": found.records, "clock_steps": found.clock_steps}
        frame.document("audit", fields | ({"events": [_fields(one) for one in listed]} if events else {}))
        return 1 if found.faults else 0
    from handclasp.model.messages import translate
    from handclasp.present.visible import visible

    for number in found.clock_steps:
        frame.out(f"event {number} was recorded at an earlier time than the one before it: the clock was set back")
    for fault in found.faults:
        frame.out(f"broken: {visible(translate(fault, frame.lang))}")
    if not found.faults:
        count, digest = found.head.count, found.head.digest
        frame.out(f"The log is whole: {count} event{plural(count)}, the last one {digest}")
        frame.out(f"{found.records} record{plural(found.records)} compared with it")
        frame.hint(f"note it elsewhere; later: handclasp audit --head {digest}")
    return 1 if found.faults else 0


def _printed(frame: Frame) -> "Callable[[AuditEvent], None]":
    """Prints an event as a line of JSON."""
    import msgspec

    return lambda event: frame.out(msgspec.json.encode(_fields(event)).decode())


def _shown(frame: Frame, one: "AuditEvent") -> None:
    from handclasp.present.visible import visible

    details = " ".join(f"{key}={value}" for key, value in one.details.items())
    frame.out(visible(f"{one.sequence:6} {one.at:%Y-%m-%d %H:%M:%S} {one.actor}: {one.action} {one.subject} {details}"))


def _fields(one: "AuditEvent") -> dict[str, object]:
    return {
        "sequence": one.sequence,
        "at": one.at,
        "actor": one.actor,
        "action": one.action,
        "subject": one.subject,
        "details": one.details,
        "previous": one.previous,
        "digest": one.digest,
    }


def _noted(path: str) -> tuple[str, ...]:
    """Heads that stand in a file, or on standard input."""
    from handclasp.app.audit import heads_in
    from handclasp.model.errors import InputError

    try:
        with click.open_file(path, errors="replace") as text:
            return heads_in(text.read(), where=path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from error
