"""handclasp revoke."""

import re
import sys
from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import dry_run_option, is_dry_run, meant, passphrase_options, world
from handclasp.cli.completing import identities_or_files
from handclasp.cli.evidence_options import AbsolutePath
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural

if TYPE_CHECKING:
    from handclasp.app.revoke import Revoked
    from handclasp.model.issuance import CertificateRecord, Reason
    from handclasp.wiring import World

_PEM = re.compile(r"(-----BEGIN (?:TRUSTED )?CERTIFICATE-----.*?-----END (?:TRUSTED )?CERTIFICATE-----)", re.DOTALL)
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
@click.argument("names", metavar="NAME...", nargs=-1, shell_complete=identities_or_files)
@click.option(
    "--from",
    "listed",
    type=AbsolutePath(),
    help="Also those in a file: names, serials or certificates (PEM), one after the other; - reads them.",
)
@click.option("--reason", type=click.Choice(_REASONS), default="unspecified", show_default=True, help="Goes into the CRL.")
@click.option("--serial", metavar="HEX", help="Only the certificate with this serial.")
@click.option("--nginx", "nginx_path", type=click.Path(dir_okay=False), help="The nginx binary.  [default: this machine's]")
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    names: tuple[str, ...],
    listed: str | None,
    reason: str,
    serial: str | None,
    nginx_path: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> int:
    r"""Shut identities out: every unexpired certificate of each NAME, or the one with --serial.

    Several are revoked together: all or none is recorded, and nginx is reloaded once. New CRLs are signed, every nginx that
    serves a site of this home takes them with a new session cache, every one that was adopted is reloaded, and then the revoked
    certificates themselves are tried: in a fresh handshake and with a TLS session from before. Only what was refused is called
    revoked. Exit code 1: one still gets in, or a good client does not.

    NAME may also be a serial, a fingerprint, an alternative name or a certificate file, as for `list`: then that one alone is
    meant, expired or not.

    \b
    Examples:
      handclasp revoke alice
      handclasp revoke ./certificate.pem
      handclasp revoke alice --reason keyCompromise
      handclasp revoke --from stolen-laptops.txt --reason keyCompromise
    """
    from handclasp.app.revoke import revoke_records
    from handclasp.app.revoke_record import chosen_of
    from handclasp.model.issuance import Reason

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd, nginx_path=nginx_path)
    here.lasting = listed is not None
    wanted = (*names, *_names_in(here, listed))
    chosen = chosen_of(here.ca, tuple(meant(here, name) for name in wanted), serial)
    what = ", ".join(dict.fromkeys(one.name for one in chosen))
    if is_dry_run():
        return _foresee(frame, here, what, Reason(reason), chosen)
    done = revoke_records(here.ca, here.gear, chosen, reason=Reason(reason))
    _report(frame, here, what, done)
    return 1 if done.failed else 0


def _names_in(here: "World", path: str | None) -> tuple[str, ...]:
    """The lines of a file, or of standard input, without comments; a certificate in PEM is one of them."""
    if path is None:
        return ()
    content = sys.stdin.buffer.read() if path == "-" else here.files.read(path)
    names: list[str] = []
    for place, piece in enumerate(_PEM.split(content.decode("utf-8-sig", "replace"))):
        names += [piece] if place % 2 else [line.partition("#")[0].strip() for line in piece.splitlines()]
    return tuple(name for name in names if name)


def _foresee(frame: Frame, here: "World", what: str, reason: "Reason", chosen: "tuple[CertificateRecord, ...]") -> int:
    """What would be revoked, done on the copy of the home; no nginx is touched or asked."""
    from handclasp.app.crl import publish_crls
    from handclasp.app.revoke_record import record_revocation
    from handclasp.cli.ca_json import crl_json
    from handclasp.pki.serials import format_serial
    from handclasp.present.ca_words import say
    from handclasp.present.visible import visible

    records = record_revocation(here.ca, chosen, reason=reason)
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
    identities = tuple(dict.fromkeys(record.name for record in done.records))
    _headline(frame, visible(what), len(identities), done)
    for record in done.records:
        since = f"{record.revoked_at:%Y-%m-%d %H:%M:%S} UTC" if record.revoked_at else "unknown"
        whose = f"{visible(record.name)}, " if len(identities) > 1 else ""
        reason = record.reason.value if record.reason else "unspecified"
        frame.out(f"  {whose}serial {record.serial:X}, revoked {since}, {reason}")
    proofs = [one for one in done.proofs if one.step.who in {"revoked", "good"}]
    for line in proven_lines((one for one in proofs if not one.ok or len(identities) == 1), frame.lang):
        frame.out(line)
    if len(identities) > 1:
        frame.out(f"  {sum(one.ok for one in proofs)} of {len(proofs)} probe{plural(len(proofs))} saw what they should")
    for enforced in done.applied:
        if enforced.adopted and enforced.applied.serving:
            config = visible(enforced.place.instance.config)
            reloaded = enforced.applied.reloaded
            frame.out(f"  adopted: {config} was reloaded" if reloaded else f"  adopted: {config} had it already")
    for doubt in done.unproven:
        frame.out(f"  not proven: {visible(doubt)}")
    _next(frame, here, done)


def _next(frame: Frame, here: "World", done: "Revoked") -> None:
    """What is still open, and what to do about it."""
    from handclasp.present.lingering_text import lingering_lines

    if not done.applied:
        frame.hint(f"next: give {here.layout.crl} to your nginx (ssl_crl), change the name of its ssl_session_cache, reload it")
    elif not all(enforced.applied.serving or enforced.adopted for enforced in done.applied):
        frame.hint("next: handclasp nginx apply     starts nginx and proves it")
    for enforced in done.applied:
        for line in lingering_lines(enforced.applied.lingering, frame.lang):
            frame.out(line)
        if enforced.applied.lingering.connections:
            frame.hint("next: handclasp nginx cut     ends them now, whoever they belong to")


def _headline(frame: Frame, what: str, count: int, done: "Revoked") -> None:
    from handclasp.present.ca_words import say

    if done.failed:
        key = "revoke-failed" if count == 1 else "revoke-failed-all"
    elif done.proven:
        key = "revoke-proven" if count == 1 else "revoke-proven-all"
    else:
        key = "revoke-recorded" if count == 1 else "revoke-recorded-all"
    frame.out(say(frame.lang, key, what=what, count=count, seconds=f"{done.seconds:.1f}"))


def _document(here: "World", what: str, done: "Revoked") -> dict[str, object]:
    from handclasp.cli.ca_json import crl_json, enforced_json
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
        "nginx": [enforced_json(one) for one in done.applied],
        "proven": done.proven,
        "proof": proven_json(done.proofs),
        "unproven": list(done.unproven),
        "at": done.at,
        "seconds": round(done.seconds, 3),
    }
