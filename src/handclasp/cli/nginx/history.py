"""handclasp nginx history."""

from typing import Any

import click

from handclasp.cli.evidence_options import AbsolutePath
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.applying import config_dir_option, open_world


@click.command("history")
@config_dir_option
@click.option("--config", type=AbsolutePath(), help="The nginx that runs with this main configuration file.")
@framed
def command(frame: Frame, *, config_dir: str | None, config: str | None) -> None:
    r"""List what Handclasp changed in an nginx: when, who, what, and what the proof saw.

    `rollback N` goes back to what change N left. A revocation is listed, and no rollback takes it back. "*" marks the change
    whose configuration is in force.

    \b
    Examples:
      handclasp nginx history
      handclasp nginx history --config /etc/nginx/nginx.conf --json
    """
    from handclasp.app.apply_history import entries, standing
    from handclasp.app.apply_place import gear_at
    from handclasp.present.plan_text import history_text

    here = open_world(frame)
    place = None if config else here.place(config_dir)
    instance = place.instance if place else here.instance(config or "")
    found = entries(gear_at(here.gear, place) if place else here.gear, instance)
    if frame.json:
        frame.document("nginx-history", {"config": instance.config, "standing": standing(found), "changes": _fields(found)})
        return
    if not found:
        frame.out("Handclasp has changed nothing here.")
        return
    frame.out(history_text(found, standing(found), frame.lang))
    frame.hint("next: handclasp nginx rollback N     goes back to what change N left; 0 is before the first")


def _fields(found: "tuple[Any, ...]") -> list[dict[str, Any]]:
    return [
        {
            "number": entry.number,
            "at": entry.at,
            "actor": entry.actor,
            "kind": entry.kind.value,
            "about": entry.about,
            "to": entry.to,
            "files": [
                {"path": one.path, "action": one.action, "before": one.before, "after": one.after} for one in entry.files
            ],
            "probes": entry.probes,
            "failed": list(entry.failed),
        }
        for entry in found
    ]
