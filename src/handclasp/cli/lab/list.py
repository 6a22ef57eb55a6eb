"""handclasp lab list."""

import click

from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural


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
        forms, remedies, dead = len(item.broken), len(item.remedies), len(item.dead_ends)
        frame.out(
            f"{item.cause}: {forms} form{plural(forms)}, {remedies} remed{plural(remedies, 'y', 'ies')}, "
            f"{dead} dead end{plural(dead)}"
        )
    frame.hint(f"run one with:  handclasp lab run {next(iter(found))}")
    return 0
