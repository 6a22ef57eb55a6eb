"""One verification to try on a real nginx, and what was seen: both are values that can be kept as files."""

import base64
import binascii
from dataclasses import dataclass

from handclasp.model.verdict import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A chain presented to nginx and the settings that judge it. Certificates, CRLs and the key are PEM.

    `presented` is leaf first; empty: nothing is sent (client side only). `crls` None: no ssl_crl. `host` is proxy_ssl_name,
    the name an upstream must carry. `verify_client` is ssl_verify_client. `split`: how many of `store`, from its start,
    stand in ssl_client_certificate; the others stand in ssl_trusted_certificate (None: all in the first). `labels` tell what
    was made.
    """

    side: Side
    presented: tuple[str, ...]
    key: str
    store: tuple[str, ...]
    crls: tuple[str, ...] | None = None
    depth: int = 1
    security_level: int = 2
    host: str = "lab.test"
    verify_client: str = "on"
    split: int | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Raised:
    """One error as nginx's debug log shows it."""

    number: int
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a real nginx did with a case.

    `errors` are in the order OpenSSL raised them; None where this nginx cannot show them (no --with-debug, or the upstream side
    before 1.19.1, which stops at the first). `reported` is the number in nginx's own line; `verify` is $ssl_client_verify.
    `status` None: no HTTP answer, or nginx refused to start with the case, and then `start` holds its words.
    """

    errors: tuple[Raised, ...] | None = None
    status: int | None = None
    title: str | None = None
    verify: str | None = None
    reported: int | None = None
    text: str | None = None
    line: str | None = None
    start: str | None = None


def pem(der: bytes, label: str = "CERTIFICATE") -> str:
    """PEM text of one DER object."""
    body = base64.b64encode(der).decode()
    lines = (body[start : start + 64] for start in range(0, len(body), 64))
    return f"-----BEGIN {label}-----\n" + "\n".join(lines) + f"\n-----END {label}-----\n"


def der(text: str) -> bytes:
    """The DER inside one PEM block. Raises ValueError when it is not base64."""
    try:
        return base64.b64decode("".join(line for line in text.splitlines() if not line.startswith("-----")), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
