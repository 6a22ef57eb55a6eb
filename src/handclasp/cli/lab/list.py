"""handclasp lab list."""

import click

from handclasp.cli.frame import Frame, framed


@click.command("list")
@framed
def command(frame: Frame) -> int:
    r"""List the scenarios: cause, forms, remedies, dead ends.

    \b
    Example:
      handclasp lab list
    """
    from handclasp.lab.scenarios import scenarios

    found = scenarios()
    if frame.json:
        rows = [
            {
                "cause": item.cause,
                "forms": list(item.broken),
                "remedies": list(item.remedies),
                "dead_ends": list(item.dead_ends),
            }
            for item in found.values()
        ]
        frame.document("lab-list", {"scenarios": rows})
        return 0
    for item in found.values():
        frame.out(f"{item.cause}: {len(item.broken)} forms, {len(item.remedies)} remedies, {len(item.dead_ends)} dead ends")
    frame.hint(f"run one with:  handclasp lab run {next(iter(found))}")
    return 0
