"""handclasp lab report."""

import click

from handclasp.cli.frame import Frame, framed


@click.command("report")
@click.argument("cause", required=False)
@click.option("--results", type=click.Path(exists=True, dir_okay=False), help="A file that `lab run --save` wrote.")
@framed
def command(frame: Frame, cause: str | None, results: str | None) -> int:
    r"""Say what the runs showed: where each cause was reproduced, which remedies fixed it how often, which dead ends did not.

    Without --results: the full run that Handclasp ships.

    \b
    Examples:
      handclasp lab report
      handclasp lab report client-cert-revoked
    """
    from handclasp.lab.report import counts, lines, recorded
    from handclasp.lab.results import from_json
    from handclasp.model.errors import UsageError
    from handclasp.model.near import did_you_mean
    from handclasp.wiring import World

    found = from_json(World(frame.home).files.read(results), where=results) if results else recorded()
    if cause and not any(result.cause == cause for result in found):
        hint = did_you_mean(cause, {result.cause for result in found}, "handclasp lab list   shows the scenarios")
        raise UsageError(f"no scenario of {cause} was run", hint=hint)
    if frame.json:
        chosen = [result for result in found if cause in (None, result.cause)]
        frame.document("lab-report", {"runs": len(chosen), "causes": counts(chosen)})
        return 0
    for line in lines(found, cause):
        frame.out(line)
    frame.hint("run them here with:  handclasp lab run" + (f" {cause}" if cause else ""))
    return 0
