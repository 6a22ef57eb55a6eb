"""Where the PIN of a token comes from: a file, a systemd credential, a file the home remembers, the terminal. Never argv."""

import getpass
import os
import sys
from collections.abc import Callable, Mapping

from handclasp.adapters.passphrase import read_secret
from handclasp.model.errors import UsageError, WorldError

VARIABLE = "HANDCLASP_PIN_FILE"
CREDENTIAL = "handclasp-pin"


def pin(environment: Mapping[str, str], remembered: Callable[[], str | None]) -> bytes:
    """The PIN.

    Raises:
        UsageError: there is no way to get one.
        PolicyError: the file is readable by others.
        InputError: the file is missing or empty.
    """
    if path := environment.get(VARIABLE):
        return read_secret(path)
    credential = os.path.join(environment.get("CREDENTIALS_DIRECTORY", ""), CREDENTIAL)
    if os.path.isabs(credential) and os.path.exists(credential):
        return read_secret(credential)
    if path := remembered():
        return read_secret(path)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "the PIN of the token is needed, and there is no terminal to ask on", hint=f"name a file in {VARIABLE}"
        )
    try:
        return getpass.getpass("PIN of the token: ", stream=sys.stderr).encode()
    except EOFError:
        raise WorldError("the terminal closed before a PIN was typed") from None
