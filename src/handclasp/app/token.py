"""The PKCS#11 token of a home: which one, and where its PIN is. CAs whose keys are in it are named pkcs11:LABEL."""

from dataclasses import dataclass

from handclasp.app.home import Home
from handclasp.model.errors import UsageError
from handclasp.ports.store import Store

MODULE, LABEL, PIN_FILE = "pkcs11_module", "pkcs11_token", "pkcs11_pin_file"
"""Settings: the library of the token, its label, and the file with its PIN (if there is one)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token and how it is reached. `module` is the path of its PKCS#11 library."""

    module: str
    label: str
    pin_file: str | None = None


def token_of(store: Store) -> Token:
    """The token of a home; UsageError when it has none."""
    module, label = store.value(MODULE), store.value(LABEL)
    if not module or not label:
        raise UsageError("this home has no token", hint="handclasp ca token --module LIBRARY --token LABEL")
    return Token(module=module, label=label, pin_file=store.value(PIN_FILE) or None)


def set_token(home: Home, token: Token) -> None:
    """Remember the token of this home, for the keys made from now on and those in it. The home's lock must be held."""
    with home.store.begin() as transaction:
        transaction.set_value(MODULE, token.module)
        transaction.set_value(LABEL, token.label)
        transaction.set_value(PIN_FILE, token.pin_file or "")
        details = {"module": token.module, "token": token.label}
        transaction.audit(at=home.clock.now(), actor=home.actor, action="token-named", subject=token.label, details=details)
