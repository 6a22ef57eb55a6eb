"""handclasp ca rollover."""

import click

from handclasp.cli.ca_options import (
    ca_key_type_option,
    days_option,
    dry_run_option,
    key_type_of,
    lifetime,
    passphrase_options,
    world,
)
from handclasp.cli.completing import authorities
from handclasp.cli.frame import Frame, framed


@click.command("rollover")
@click.argument("label", shell_complete=authorities)
@days_option("Life of the new CA.  [default: what its profile says]", "root-ca", "issuing-ca")
@ca_key_type_option("as the old CA's")
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    label: str,
    days: int | None,
    key_type: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Make the successor of a CA, and of every CA below it that still signs. Both are trusted; only the new one signs.

    An old root vouches for the new one with a cross-certificate. Killed anywhere and run again, it goes on.

    \b
    Examples:
      handclasp ca rollover issuing
      handclasp ca rollover root --key-type ec-p384
    """
    from handclasp.app.rollover import RolloverOrder, rollover
    from handclasp.cli.ca.users_text import report_users
    from handclasp.present.ca_words import say

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    done = rollover(here.ca, RolloverOrder(label=label, key_type=key_type_of(key_type), lifetime=lifetime(days)))
    if frame.json:
        from handclasp.cli.ca_json import crl_json

        fields = {
            "label": label,
            "successors": dict(done.pairs),
            "vouched": f"{done.cross.serial_number:X}" if done.cross else None,
            "users": [{"name": one.name, "until": one.until, "newer": one.newer} for one in done.users],
            "crls": [crl_json(one) for one in done.crls],
        }
        frame.document("ca-rollover", fields)
        return
    for old, new in done.pairs:
        frame.out(say(frame.lang, "succeeded", old=old, new=new))
    if done.cross is not None:
        frame.out(say(frame.lang, "vouched", end=f"{done.cross.not_valid_after_utc:%Y-%m-%d}"))
    elif label == "root":
        frame.out(say(frame.lang, "not-vouched"))
    alone = all(one.parent is None for one in here.ca.authorities())
    frame.hint(say(frame.lang, "next-requests" if alone else "next-apply"))
    report_users(frame, label, done.users, retired=True)
