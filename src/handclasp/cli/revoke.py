"""handclasp revoke."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import dry_run_option, is_dry_run, passphrase_options, world
from handclasp.cli.frame import Frame, framed

if TYPE_CHECKING:
    from handclasp.app.revoke import Revoked
    from handclasp.model.issuance import Reason
    from handclasp.wiring import World

_REASONS = (
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "privilegeWithdrawn",
)


@click.command("revoke")
@click.argument("what", metavar="NAME")
@click.option("--reason", type=click.Choice(_REASONS), default="unspecified", show_default=True, help="Goes into the CRL.")
@click.option("--serial", metavar="HEX", help="Only the certificate with this serial.")
@click.option("--nginx", "nginx_path", type=click.Path(dir_okay=False), help="The nginx binary.  [default: this machine's]")
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    what: str,
    reason: str,
    serial: str | None,
    nginx_path: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> int:
    r"""Shut an identity out: every unexpired certificate of NAME, or the one with --serial.

    It is recorded, new CRLs are signed, every nginx that serves a site of this home takes them with a new session cache, and
    then the revoked certificate itself is tried: in a fresh handshake and with a TLS session from before. Only what was
    refused is called revoked. Exit code 1: it still gets in, or a good client does not.

    \b
    Examples:
      handclasp revoke alice
      handclasp revoke alice --reason keyCompromise
    """
    from handclasp.app.revoke import revoke
    from handclasp.model.issuance import Reason

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd, nginx_path=nginx_path)
    if is_dry_run():
        return _foresee(frame, here, what, Reason(reason), serial)
    done = revoke(here.ca, here.gear, what, reason=Reason(reason), serial=serial)
    _report(frame, here, what, done)
    return 1 if done.failed else 0


def _foresee(frame: Frame, here: "World", what: str, reason: "Reason", serial: str | None) -> int:
    """What would be revoked, done on the copy of the home; no nginx is touched or asked."""
    from handclasp.app.crl import publish_crls
    from handclasp.app.revoke import chosen_for
    from handclasp.app.revoke_record import record_revocation
    from handclasp.cli.ca_json import crl_json
    from handclasp.pki.serials import format_serial
    from handclasp.present.ca_words import say
    from handclasp.present.visible import visible

    records = record_revocation(here.ca, chosen_for(here.ca, what, serial), reason=reason)
    crls = publish_crls(here.ca)
    if frame.json:
        named = [{"name": one.name, "serial": format_serial(one.serial)} for one in records]
        frame.document("revoke-dry-run", {"name": what, "revoked": named, "crls": [crl_json(one) for one in crls]})
        return 0
    for one in records:
        frame.out(
            say(frame.lang, "would-revoke", name=visible(one.name), serial=format_serial(one.serial), reason=reason.value)
        )
    for crl in crls:
        frame.out(say(frame.lang, "would-publish", label=crl.authority, number=crl.number, count=len(crl.revoked)))
    return 0


def _report(frame: Frame, here: "World", what: str, done: "Revoked") -> None:
    from handclasp.present.plan_text import proven_lines
    from handclasp.present.visible import visible

    if frame.json:
        frame.document("revoke", _document(here, what, done))
        return
    for enforced in done.applied:
        if enforced.applied.recovered:
            frame.out(enforced.applied.recovered)
    frame.out(_headline(visible(what), done))
    for record in done.records:
        since = f"{record.revoked_at:%Y-%m-%d %H:%M:%S} UTC" if record.revoked_at else "unknown"
        frame.out(f"  serial {record.serial:X}, revoked {since}, {record.reason.value if record.reason else 'unspecified'}")
    for line in proven_lines(one for one in done.proofs if one.step.who in {"revoked", "good"}):
        frame.out(line)
    for doubt in done.unproven:
        frame.out(f"  not proven: {visible(doubt)}")
    if not done.applied:
        frame.hint(f"next: give {here.layout.crl} to your nginx (ssl_crl), change the name of its ssl_session_cache, reload it")
    elif not all(enforced.applied.serving for enforced in done.applied):
        frame.hint("next: handclasp nginx apply     starts nginx and proves it")
    else:
        frame.hint("connections that are open now end when their client or worker_shutdown_timeout ends them")


def _headline(what: str, done: "Revoked") -> str:
    if done.failed:
        return f"{what} is recorded as revoked, and the proof FAILED ({done.seconds:.1f} s):"
    if done.proven:
        return f"{what} is revoked: nginx refused it, fresh and resumed, {done.seconds:.1f} s after the order."
    return f"{what} is recorded as revoked and on the published CRL ({done.seconds:.1f} s); the proof is not complete:"


def _document(here: "World", what: str, done: "Revoked") -> dict[str, object]:
    from handclasp.cli.ca_json import crl_json
    from handclasp.pki.serials import format_serial
    from handclasp.present.plan_text import proven_json

    return {
        "name": what,
        "revoked": [
            {
                "name": record.name,
                "serial": format_serial(record.serial),
                "issuer": record.issuer,
                "revoked_at": record.revoked_at,
                "reason": record.reason.value if record.reason else None,
                "now": record.serial in done.fresh,
            }
            for record in done.records
        ],
        "crl": here.layout.crl,
        "crls": [crl_json(one) for one in done.crls],
        "nginx": [
            {
                "config": enforced.place.instance.config,
                "serving": enforced.applied.serving,
                "reloaded": enforced.applied.reloaded,
                "recovered": enforced.applied.recovered,
            }
            for enforced in done.applied
        ],
        "proven": done.proven,
        "proof": proven_json(done.proofs),
        "unproven": list(done.unproven),
        "at": done.at,
        "seconds": round(done.seconds, 3),
    }
