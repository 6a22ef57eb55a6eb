"""A home that is being restored, or was, signs nothing until that is settled (app.settle). What signs asks here first."""

from handclasp.model.errors import PolicyError

MANIFEST = "handclasp-backup.json"
"""The first file of a backup; in a home it says that a restore was begun."""


def refuse_unsettled(value: str | None, *, begun: bool, where: str) -> None:
    """PolicyError while a restored home does not know what was revoked since its backup.

    `value`: of UNSETTLED; `begun`: a restore was begun and not finished.
    """
    if begun:
        raise PolicyError(
            "a restore into this home was begun and not finished", where=where, hint="run handclasp restore again"
        )
    if value:
        made, *labels = value.split()
        raise PolicyError(
            f"this home goes on from what it knew at {made[:16].replace('T', ' ')} UTC and signs nothing yet: "
            f"it does not know what {', '.join(labels) or 'its CAs'} revoked since",
            hint="handclasp restore --crl FILE        the CRL file that nginx has now\n"
            "handclasp restore --nothing-since     if nothing was revoked after the backup",
        )
