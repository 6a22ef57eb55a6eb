"""handclasp ca list."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural


@click.command("list")
@framed
def command(frame: Frame) -> None:
    r"""List every CA this home ever had. -v shows fingerprints and what each is held to.

    \b
    Example:
      handclasp ca list -v
    """
    from cryptography.hazmat.primitives.hashes import SHA256

    from handclasp.app.authority import certificate_of
    from handclasp.app.hierarchy import states
    from handclasp.cli.ca.shared import as_tree, ca_fields, limits_of
    from handclasp.present.ca_words import say

    found = states(world(frame).ca)
    if frame.json:
        frame.document("ca-list", {"authorities": [ca_fields(one) for one in found]})
        return
    placed = list(as_tree(found))
    width = max(2 * depth + len(one.authority.label) for depth, one in placed)
    for depth, one in placed:
        certificate = certificate_of(one.authority)
        profiles = ", ".join(one.purposes)
        frame.out(
            say(
                frame.lang,
                "ca-line",
                label=f"{'  ' * depth}{one.authority.label}".ljust(width),
                state=say(frame.lang, one.state),
                end=f"{certificate.not_valid_after_utc:%Y-%m-%d}",
                for_whom=say(frame.lang, "for-some", profiles=profiles) if profiles else say(frame.lang, "for-all"),
                users=one.users,
                s=plural(one.users),
                key="" if one.here else say(frame.lang, "key-elsewhere"),
            )
        )
        if frame.verbose:
            frame.out(f"    {certificate.subject.rfc4514_string()}")
            frame.out(f"    SHA-256 {certificate.fingerprint(SHA256()).hex().upper()}")
            if limits := limits_of(certificate):
                frame.out(f"  {say(frame.lang, 'ca-limits', limits=limits)}")
