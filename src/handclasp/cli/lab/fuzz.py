"""handclasp lab fuzz."""

import click

from handclasp.cli.frame import Frame, framed
from handclasp.cli.lab.roots import chosen, root_options


@click.command("fuzz")
@click.option("--cases", "count", type=click.IntRange(min=1), default=1000, show_default=True, help="How many hierarchies.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same defects.")
@root_options
@click.option("--keep", type=click.Path(dir_okay=False), help="Write the cases that differ to this file (JSON Lines).")
@framed
def command(frame: Frame, count: int, seed: int, roots: tuple[str, ...], host: bool, keep: str | None) -> int:
    r"""Hold the verdict model against nginx: random hierarchies with random defects, every error compared.

    Exit status 1 when model and nginx differ on any case.

    \b
    Example:
      handclasp lab fuzz --cases 10000 --seed 7 --root /var/cache/handclasp-lab/debian-11
    """
    from handclasp.lab.campaign import campaign
    from handclasp.lab.kept import to_lines
    from handclasp.wiring import World

    world = World(frame.home)
    benches = [world.lab_bench(root) for root in chosen(roots, host=host)]
    reports = [campaign(seed, count, bench) for bench in benches]
    kept = [item for report in reports for item in report.kept]
    if keep and kept:
        world.files.write(keep, to_lines(kept))
    if frame.json:
        rows = [{"build": report.build, "cases": report.cases, "disagreements": report.disagreements} for report in reports]
        frame.document("lab-fuzz", {"seed": seed, "builds": rows})
    for report in reports if not frame.json else ():
        frame.out(f"{report.build}: {report.cases} cases, {len(report.disagreements)} differ")
        for found in report.disagreements[:20]:
            frame.out(f"  {' '.join(found.case.labels)}: model {found.said}, nginx {found.seen}")
    return 1 if kept else 0
