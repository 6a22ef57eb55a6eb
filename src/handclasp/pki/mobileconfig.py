"""Apple configuration profiles (.mobileconfig): a property list that installs a PKCS#12 container, and a CA if wanted.

The container's password is left out: the device asks for it, and it travels another way.
"""

import plistlib
import uuid

_SPACE = uuid.UUID("5d3c1f0e-6b1a-4f57-9a3e-0f6c1a6f7d21")
"""Names the payloads: the same certificate gives the same identifiers, so that installing it again replaces it."""


def mobileconfig(name: str, *, serial: str, container: bytes, root: bytes | None = None) -> bytes:
    """The profile, unsigned. `container` is PKCS#12; `root` the DER of a CA that the device should trust for servers."""
    payloads = [_payload("com.apple.security.pkcs12", name, serial, container)]
    if root is not None:
        payloads.append(_payload("com.apple.security.root", f"{name} CA", f"{serial}-root", root))
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadDisplayName": name,
        "PayloadIdentifier": f"handclasp.{serial.lower()}",
        "PayloadUUID": _identifier(serial),
        "PayloadContent": payloads,
    }
    return plistlib.dumps(profile)


def _payload(kind: str, name: str, key: str, content: bytes) -> dict[str, object]:
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": f"handclasp.{key.lower()}.{kind.rpartition('.')[2]}",
        "PayloadUUID": _identifier(f"{kind} {key}"),
        "PayloadDisplayName": name,
        "PayloadContent": content,
    }


def _identifier(key: str) -> str:
    return str(uuid.uuid5(_SPACE, key)).upper()
