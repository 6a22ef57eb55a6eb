"""handclasp crl."""

import click

from handclasp.cli.ca_options import days_option, dry_run_option, lifetime, passphrase_options, world
from handclasp.cli.frame import Frame, framed


@click.command("crl")
@click.option("--refresh", is_flag=True, help="Sign fresh CRLs of every CA and publish them.")
@click.option(
    "--unlist",
    "unlisted",
    multiple=True,
    metavar="SERIAL",
    help="With --refresh: this serial may leave the list although it is not revoked in the registry; repeatable, audited.",
)
@days_option("With --refresh: days until nextUpdate.  [default: 365]")
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    refresh: bool,
    unlisted: tuple[str, ...],
    days: int | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Show the published CRLs, or sign fresh ones with --refresh.

    nginx reads ssl_crl when it starts or reloads; after --refresh, reload it. A revocation that the last CRL lists and the
    registry does not know is never left out by itself: see --unlist.

    \b
    Example:
      handclasp crl --refresh && nginx -s reload
    """
    from handclasp.app.crl import publish_crls, published_crls
    from handclasp.catalogue.profiles import CRL_LIFETIME
    from handclasp.model.errors import UsageError

    if days is not None and not refresh:
        raise UsageError("--days goes with --refresh", hint="handclasp crl --refresh --days 30")
    if unlisted and not refresh:
        raise UsageError("--unlist goes with --refresh", hint="handclasp crl --refresh --unlist SERIAL")
    leaving = frozenset(_serial(text) for text in unlisted)
    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    found = (
        publish_crls(here.ca, lifetime=lifetime(days) or CRL_LIFETIME, unlisted=leaving) if refresh else published_crls(here.ca)
    )
    if frame.json:
        from handclasp.cli.ca_json import crl_json

        frame.document("crl", {"file": here.layout.crl, "crls": [crl_json(one) for one in found]})
        return
    for one in found:
        kept = "   (its key is not here: the last CRL stays)" if refresh and not one.signed else ""
        change = f" (+{one.added} -{one.removed})"
        frame.out(
            f"{one.authority:8} number {one.number}, {len(one.revoked)} revoked{change if one.signed else ''}, "
            f"{one.this_update:%Y-%m-%d %H:%M} to {one.next_update:%Y-%m-%d %H:%M} UTC{kept}"
        )
    frame.out(f"  {here.layout.crl}")
    frame.hint(
        "next: nginx -s reload     nginx reads CRLs only then" if refresh else "sign fresh ones: handclasp crl --refresh"
    )


def _serial(text: str) -> int:
    from handclasp.model.errors import UsageError

    try:
        return int(text.replace(":", ""), 16)
    except ValueError:
        raise UsageError(f"{text[:60]!r} is no serial number", hint="as handclasp list shows it, in hex") from None
