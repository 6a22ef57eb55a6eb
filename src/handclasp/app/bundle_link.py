"""One-time links to the bundle (PKCS#12) of an identity. The registry keeps only a digest of the token."""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from handclasp.app.home import Home
from handclasp.model.errors import PolicyError, UsageError

_PREFIX = "bundle_link:"
_OCTETS = 32
LIFETIME = timedelta(hours=24)
"""How long an unused link works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleLink:
    """A new link. The token is shown this once."""

    name: str
    token: str
    until: datetime


def make_link(home: Home, name: str, *, lifetime: timedelta = LIFETIME) -> BundleLink:
    """A link to the bundle that lies in the folder of this identity.

    Raises:
        UsageError: there is no such identity, or it has no bundle because its key was made elsewhere.
    """
    if not home.store.certificates(name=name) or not home.files.exists(_bundle(home, name)):
        raise UsageError(f"there is no bundle of {name!r}", hint="its key was made elsewhere, or it does not exist")
    token = base64.urlsafe_b64encode(home.entropy.bytes(_OCTETS)).decode().rstrip("=")
    until = (home.clock.now() + lifetime).replace(microsecond=0)
    with home.changing("making a link"), home.store.begin() as transaction:
        transaction.set_value(_key(token), json.dumps({"name": name, "until": until.isoformat()}))
        transaction.audit(
            at=home.clock.now(), actor=home.actor, action="link-made", subject=name, details={"until": until.isoformat()}
        )
    return BundleLink(name=name, token=token, until=until)


def take_bundle(home: Home, token: str) -> tuple[str, bytes]:
    """The name and the bundle behind a link, which never works again.

    Raises:
        PolicyError: there is no such link, it was used, or its time is over; which of these is not said.
    """
    dead = PolicyError("this link does not work: used, too old, or never made", hint="ask for a new one")
    with home.changing("handing out a bundle"):
        kept = home.store.value(_key(token))
        link = json.loads(kept) if kept else {}
        if not link or "used" in link or datetime.fromisoformat(link["until"]) <= home.clock.now():
            raise dead
        name = str(link["name"])
        content = home.files.read(_bundle(home, name))
        now = home.clock.now()
        with home.store.begin() as transaction:
            transaction.set_value(_key(token), json.dumps({**link, "used": now.isoformat()}))
            transaction.audit(at=now, actor=home.actor, action="bundle-taken", subject=name, details={})
    return name, content


def _key(token: str) -> str:
    return _PREFIX + hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _bundle(home: Home, name: str) -> str:
    return home.layout.identity(name, f"{name}.p12")
