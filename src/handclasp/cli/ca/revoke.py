"""handclasp ca revoke."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import dry_run_option, is_dry_run, passphrase_options, world
from handclasp.cli.completing import authorities
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural

if TYPE_CHECKING:
    from handclasp.app.revoke import Revoked
    from handclasp.app.revoke_ca import RevokedCa

_REASONS = ("cACompromise", "keyCompromise", "superseded", "cessationOfOperation", "affiliationChanged", "unspecified")


@click.command("revoke")
@click.argument("what", metavar="LABEL|SERIAL", shell_complete=authorities)
@click.option("--reason", type=click.Choice(_REASONS), default="cACompromise", show_default=True, help="Goes into the CRL.")
@click.option("--lock-out", is_flag=True, help="Although people below it have no other certificate: they are shut out.")
@click.option("--nginx", "nginx_path", type=click.Path(dir_okay=False), help="The nginx binary.  [default: this machine's]")
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    what: str,
    reason: str,
    lock_out: bool,
    nginx_path: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> int:
    r"""Revoke a CA below another one: everybody below it is refused, also by those who know only the root.

    It goes onto the CRL of the CA above, out of the bundle, and every nginx of this home takes both. A root cannot be revoked:
    roll it over and drop it. On the machine of an offline root give the serial of the CA, and bring the CRL to the others.
    Exit code 1: a probe saw what it should not.

    \b
    Examples:
      handclasp ca rollover issuing && handclasp renew --under issuing && handclasp ca revoke issuing --reason superseded
      handclasp ca revoke issuing --lock-out           its key was stolen
    """
    from handclasp.app.revoke import revoke_records
    from handclasp.app.revoke_ca import revoke_ca
    from handclasp.model.issuance import Reason

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd, nginx_path=nginx_path)
    gone = revoke_ca(here.ca, what, reason=Reason(reason), lock_out=lock_out)
    if is_dry_run():
        return _foresee(frame, gone)
    done = revoke_records(here.ca, here.gear, (gone.record,), reason=Reason(reason))
    if frame.json:
        _document(frame, gone, done)
    else:
        _say(frame, gone, done, here.layout.crl)
    return 1 if done.failed else 0


def _foresee(frame: Frame, gone: "RevokedCa") -> int:
    """What it would mean, done on the copy of the home; no nginx is touched or asked."""
    from handclasp.pki.serials import format_serial
    from handclasp.present.visible import visible

    names = [user.name for user in gone.shut_out]
    if frame.json:
        fields = {"label": gone.label, "serial": format_serial(gone.record.serial), "dropped": gone.gone, "shut_out": names}
        frame.document("ca-revoke-dry-run", fields)
        return 0
    frame.out(f"{visible(gone.record.name)} would be revoked by the {gone.record.issuer} CA")
    frame.out(f"  no longer trusted here: {', '.join(gone.gone) or '-'}")
    for user in gone.shut_out:
        frame.out(f"  shut out: {visible(user.name)} ({user.profile}, until {user.until})")
    return 0


def _say(frame: Frame, gone: "RevokedCa", done: "Revoked", crl: str) -> None:
    from handclasp.present.visible import visible

    frame.out(f"{visible(gone.record.name)} is revoked ({gone.record.reason}), serial {gone.record.serial:X}")
    frame.out(f"  on the CRL of the {gone.record.issuer} CA: {crl}")
    if gone.gone:
        frame.out(f"  no longer trusted here: {', '.join(gone.gone)}")
    for user in gone.shut_out:
        frame.out(f"  shut out: {visible(user.name)} ({user.profile}, until {user.until})")
    for enforced in done.applied:
        config = enforced.place.instance.config
        if enforced.applied.serving:
            frame.out(f"  the nginx with {config} took it and was reloaded")
        else:
            frame.out(f"  the nginx with {config} is not running; its files are ready")
    if done.failed:
        frame.out(f"  {len(done.failed)} of {len(done.proofs)} probe{plural(len(done.proofs))} saw what they should not")
    if not done.applied:
        frame.hint(f"next: give {crl} and the new bundle to your nginx, change the name of its ssl_session_cache, reload it")
    if gone.shut_out and gone.label:
        frame.hint(f"next: handclasp ca add NEW, then handclasp renew --under {gone.label}     certificates from another CA")


def _document(frame: Frame, gone: "RevokedCa", done: "Revoked") -> None:
    from handclasp.cli.ca_json import crl_json
    from handclasp.pki.serials import format_serial

    record = gone.record
    fields: dict[str, object] = {"label": gone.label, "name": record.name, "serial": format_serial(record.serial)}
    fields |= {"issuer": record.issuer, "reason": record.reason.value if record.reason else None, "dropped": gone.gone}
    fields |= {"shut_out": [user.name for user in gone.shut_out], "crls": [crl_json(one) for one in done.crls]}
    reached = [{"config": one.place.instance.config, "serving": one.applied.serving} for one in done.applied]
    frame.document("ca-revoke", fields | {"nginx": reached, "failed": len(done.failed)})
