"""Another passphrase for the CA keys of a home."""

from handclasp.app.crashpoint import crashpoint
from handclasp.app.half_written import sweep
from handclasp.app.home import PASSPHRASE_FILE, Home


def change_passphrase(home: Home, new: bytes, *, path: str | None) -> int:
    """Put every key in a file under the new passphrase, and remember where it is (None: nowhere); how many keys.

    Killed anywhere and run again with the same new passphrase, it goes on.

    Raises:
        WorldError: a key cannot be unlocked; nothing was changed.
    """
    home.authorities()
    with home.changing("changing the passphrase"):
        sweep(home.files, [home.layout.keys])
        count = home.keys.change_passphrase(new, lambda: crashpoint("passphrase.key-replaced"))
        with home.store.begin() as transaction:
            transaction.set_value(PASSPHRASE_FILE, path or "")
            transaction.audit(
                at=home.clock.now(), actor=home.actor, action="passphrase-changed", subject="keys", details={"keys": str(count)}
            )
    return count
