"""A key of a token that signs something else than it was given."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec


def spoilt(real: Any, change: bytes) -> Any:
    """It signs with `change` appended; with nothing appended it is like any other."""
    own = {
        "public_key": lambda _self: real.public_key(),
        "key_size": real.key_size,
        "sign": lambda _self, content, way: real.sign(content + change, way),
    }
    nothing = dict.fromkeys(ec.EllipticCurvePrivateKey.__abstractmethods__)
    return type("TokenKey", (ec.EllipticCurvePrivateKey,), nothing | own)()
