"""Server certificates of sites: issued when there is none; until then a stand-in, so that a bad order costs none."""

import zlib
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from handclasp.app.home import Home
from handclasp.app.issue import IssueOrder, issue
from handclasp.app.site import SiteOrder, own_certificate
from handclasp.model.errors import UsageError
from handclasp.model.issuance import KeyType
from handclasp.nginxconf.render_words import server_name
from handclasp.pki.export import key_pem, pem
from handclasp.pki.names import MAX_CHARACTERS
from handclasp.pki.serials import OCTETS, serial_from
from handclasp.pki.signing import digest_for, narrowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate with its key, PEM."""

    certificate: bytes
    key: bytes


def lacks_certificate(home: Home, order: SiteOrder) -> bool:
    """Whether an apply of this order would issue a server certificate first. UsageError when the home has no CA."""
    home.authorities()
    if order.certificate is not None:
        return False
    try:
        own_certificate(home, order)
    except UsageError:
        return True
    return False


def ensure_certificate(home: Home, order: SiteOrder) -> str | None:
    """Issue a server certificate for the site's names if there is none; the name of the new identity, or None."""
    if not lacks_certificate(home, order):
        return None
    names = tuple(server_name(name) for name in order.intent.server_names)
    wanted = IssueOrder(name=identity_of(order), profile="server", subject_alt_names=tuple(f"dns:{name}" for name in names))
    return issue(home, wanted).record.name


def identity_of(order: SiteOrder) -> str:
    """The identity that a certificate for this site is issued to: its name, cut where that is too long for a common name."""
    name = server_name(order.intent.server_names[0]).removeprefix("*.")
    if len(name) <= MAX_CHARACTERS:
        return name
    mark = f"{zlib.crc32(name.encode()):08x}"
    return f"{name[: MAX_CHARACTERS - len(mark) - 1].rstrip('.-')}-{mark}"


def stand_in(home: Home) -> Pair:
    """A certificate of nobody, made for the occasion: what nginx is shown in a test before the real one is issued."""
    key = narrowed(home.keys.generate(KeyType.EC_P256))
    now = home.clock.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "handclasp stand-in, of no authority")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial_from(home.entropy.bytes(OCTETS)))
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, digest_for(key.public_key()))
    )
    return Pair(certificate=pem(made), key=key_pem(key))
