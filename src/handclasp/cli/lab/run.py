"""handclasp lab run."""

import click

from handclasp.cli.frame import Frame, framed
from handclasp.cli.lab.roots import chosen, root_options
from handclasp.model.text import plural


@click.command("run")
@click.argument("causes", nargs=-1, metavar="[CAUSE]...")
@root_options
@click.option("--save", type=click.Path(dir_okay=False), help="Write the results to this file.")
@framed
def command(frame: Frame, causes: tuple[str, ...], roots: tuple[str, ...], host: bool, save: str | None) -> int:
    r"""Run scenarios on real nginx: each form of the cause, the control, every remedy and every dead end.

    Exit status 1 when a run did not end as it must: a remedy that does not help, a dead end that does.

    \b
    Examples:
      handclasp lab run client-verify-depth-too-small
      handclasp lab run client-crl-expired -v      set-up, request, raised errors, log, remedy and effect
      handclasp lab run --root /var/cache/handclasp-lab/debian-13 --save results.json
    """
    from handclasp.lab.report import as_expected, sentence
    from handclasp.lab.results import planned, to_json
    from handclasp.lab.scenarios import selected
    from handclasp.lab.telling import plain, told
    from handclasp.present.visible import visible
    from handclasp.wiring import World

    world = World(frame.home)
    stages = [world.lab_stage(root) for root in chosen(roots, host=host)]
    results = []
    show = told if frame.verbose else plain
    for variant, stage in planned(selected(causes), stages):
        result, details = show(variant, stage)
        results.append(result)
        frame.hint(("  " if as_expected(result) else "! ") + sentence(result))
        for line in details:
            frame.hint(f"      {visible(line)}")
    if save:
        world.files.write(save, to_json(results))
    wrong = [result for result in results if not as_expected(result)]
    if frame.json:
        frame.document("lab-run", {"runs": len(results), "unexpected": wrong, "results": results})
    else:
        frame.out(f"{len(results)} run{plural(len(results))}, {len(wrong)} not as expected")
        frame.hint("see the counts with:  handclasp lab report" + (f" --results {save}" if save else ""))
    return 1 if wrong else 0
