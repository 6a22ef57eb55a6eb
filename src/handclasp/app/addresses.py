"""The addresses that new certificates name."""

import re

from handclasp.app.home import ADDRESS, Home
from handclasp.model.errors import UsageError

_KINDS = ("crl", "ocsp", "issuer")
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/%-]*)?\Z")


def addresses(home: Home) -> dict[str, str | None]:
    """Address by kind (crl, ocsp, issuer), as it was set; None: certificates name none."""
    home.authorities()
    return {kind: home.store.value(f"{ADDRESS}{kind}") or None for kind in _KINDS}


def set_addresses(home: Home, changed: dict[str, str]) -> None:
    """Set some of them; an empty text takes one away.

    Raises:
        UsageError: it is no http or https URL.
    """
    home.authorities()
    for url in changed.values():
        if url and not _URL.match(url.replace("{label}", "label")):
            raise UsageError(f"{url[:80]!r} is no address", hint="for example: --crl 'http://pki.example.test/{label}.crl'")
    with home.changing("setting addresses"), home.store.begin() as transaction:
        for kind, url in changed.items():
            transaction.set_value(f"{ADDRESS}{kind}", url)
        transaction.audit(at=home.clock.now(), actor=home.actor, action="addresses", subject="ca", details=dict(changed))
