"""handclasp lab holes."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from handclasp.cli.frame import Frame, framed
from handclasp.cli.lab.roots import chosen, root_options

if TYPE_CHECKING:
    from handclasp.lab.setup import Setup
    from handclasp.model.evidence import Evidence
    from handclasp.model.finding import FileEdit


@click.command("holes")
@root_options
@click.option("--save", type=click.Path(dir_okay=False), help="Write the table to this file, in Markdown.")
@framed
def command(frame: Frame, *, roots: tuple[str, ...], host: bool, save: str | None) -> int:
    r"""Go through every hole of a hand-written configuration, then through what nginx check and nginx adopt make of it.

    For each: the attack gets through on a real nginx; nginx check tells the cause; after nginx adopt the same attack is refused
    and the client who belongs there is still served. Exit status 1 when one of these is not so.

    \b
    Examples:
      handclasp lab holes
      handclasp lab holes --root /var/cache/handclasp-lab/debian-13 --save holes.md
    """
    from handclasp.lab.holes import holes, try_hole
    from handclasp.lab.holes_page import page
    from handclasp.wiring import World

    world = World(frame.home)
    stages = [world.lab_stage(root) for root in chosen(roots, host=host)]
    found = []
    for hole in holes(world.clock):
        for stage in stages:
            if hole.arises(stage.build().version):
                one = try_hole(hole, stage, world.clock.now(), told, adopted)
                frame.hint(f"{'  ' if one.well else '! '}{one.build} {one.title}")
                found.append(one)
    if save:
        world.files.write(save, page(found).encode())
    if frame.json:
        frame.document("lab-holes", {"holes": found})
    else:
        frame.out(page(found))
    return 0 if all(one.well for one in found) else 1


def told(evidence: "Evidence") -> frozenset[str]:
    """The causes that `nginx check` tells."""
    from handclasp.app.nginx_status import nginx_check

    return frozenset(finding.cause for finding in nginx_check(evidence).findings)


def adopted(evidence: "Evidence", made: "Setup") -> "tuple[FileEdit, ...]":
    """The edits of `nginx adopt app.test` beside the CA that issued the client's certificate."""
    from handclasp.app.doctor import examine
    from handclasp.app.fix import fixes
    from handclasp.app.takeover import Registry, takeover
    from handclasp.diagnose.concern import concerns
    from handclasp.lab.mint import certificate
    from handclasp.model.guarded import Member
    from handclasp.pki.read import certificate_from_der
    from handclasp.pki.serials import format_serial

    leaf = certificate_from_der(certificate(made.leaf))
    name = leaf.common_names[0]
    member = Member(identity=name, issuer_dn=leaf.issuer_text, serial=format_serial(leaf.serial), sha256="")
    registry = Registry(
        authorities=frozenset({certificate(made.root)}), crl="/etc/nginx/ca.crl", members=((member, leaf.subject_text),)
    )
    start = replace(evidence, presented=None)
    taken = takeover(start, "app.test", registry, frozenset({"crl-of-the-ca"}))
    look = partial(examine, tools=None, concerns=concerns)
    fixing = fixes(taken.evidence, look(taken.evidence), look, lambda _step: True)
    return fixing.after(start, taken.steps).edits
