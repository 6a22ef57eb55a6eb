"""What came of the holes, as a page: one row a hole, one column a build."""

from collections.abc import Iterable

from handclasp.catalogue.builds import BUILDS
from handclasp.lab.holes import HoleResult


def page(found: Iterable[HoleResult]) -> str:
    """The table in Markdown, with how to make it anew."""
    results = list(found)
    order = list(BUILDS)
    builds = sorted({one.build for one in results}, key=lambda build: order.index(build) if build in order else len(order))
    rows: dict[tuple[str, str], dict[str, HoleResult]] = {}
    for one in results:
        rows.setdefault((one.title, one.cause), {})[one.build] = one
    lines = (
        f"| {title} | `{cause}` | {' | '.join(_cell(cells.get(build)) for build in builds)} |"
        for (title, cause), cells in rows.items()
    )
    return f"""# Holes, gone through

Written by `handclasp lab holes --save docs/holes.md` with every build of `tools/lab_roots.sh`; each cell is a run on that nginx
and OpenSSL. *open*: the attack got through the configuration as people write it; *told*: `handclasp nginx check` tells the
cause; *shut*: the same attack was refused after `handclasp nginx adopt`, and the client who belongs there was still served.

| who gets in | cause | {" | ".join(builds)} |
|---|---|{"---|" * len(builds)}
{chr(10).join(lines)}
"""


def _cell(one: HoleResult | None) -> str:
    if one is None:
        return "does not arise there"
    words = (("open", one.open), ("told", one.reported), ("shut", one.shut))
    return ", ".join(word if yes else f"**not {word}**" for word, yes in words)
