"""Who comes to the door in a proof: a good client, one of a CA nobody trusts, revoked ones, one that is not on the list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from handclasp.app.authority import certificate_of
from handclasp.app.home import Home
from handclasp.app.register import may_enter
from handclasp.app.site_trust import family
from handclasp.catalogue.profiles import CLIENT, OWN_PROFILES
from handclasp.model.errors import HandclaspError
from handclasp.model.intent import SiteIntent
from handclasp.model.issuance import CertificateRecord, CertificateState, KeyType
from handclasp.model.probe import ClientIdentity
from handclasp.pki.export import key_pem, pem
from handclasp.pki.lenient import NO_X509
from handclasp.pki.serials import OCTETS, format_serial, serial_from
from handclasp.pki.signing import digest_for, narrowed
from handclasp.ports.clock import Entropy
from handclasp.ports.keys import KeyStore

MOST_REVOKED = 3
"""So many revoked clients are tried in a proof, the newest ones."""

_LOOKED_AT = 20


NO_CLIENT = ClientIdentity(certificate_chain=b"", private_key=b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One client: the name of its identity, what it holds, and the label of the CA that issued it."""

    name: str
    serial: int
    holds: ClientIdentity
    issuer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everybody a proof can send. Only clients whose key is in this home are among them.

    `families`: for each CA of the home the labels of those whose clients are its own.
    """

    good: tuple[Member, ...]
    revoked: tuple[Member, ...]
    foreign: ClientIdentity
    expired: tuple[Member, ...] = ()
    families: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of(self, site: SiteIntent, allow: tuple[str, ...] | None) -> list[Member]:
        """The good ones that may enter a site, by its CA and this list; None: there is no list."""
        return [one for one in self.good if self.suits(site, allow, one)]

    def suits(self, site: SiteIntent, allow: tuple[str, ...] | None, member: Member) -> bool:
        """Whether a client is of the site's CA and on this list."""
        ca = site.client_ca
        labels = None if ca is None else self.families.get(ca.label or "", frozenset())
        return (labels is None or member.issuer in labels) and (allow is None or member.name in allow)


def cast_of(home: Home, *, leaving: frozenset[int] = frozenset()) -> Cast:
    """Those whose certificate and key are in the home, and a stranger made for the occasion.

    `leaving`: serials of revoked certificates that must be tried in any case; then no others are.
    """
    live = tuple(member for record in may_enter(home) if (member := holder(home, record)))
    now = home.clock.now()
    gone = [
        record
        for record in home.store.walk()
        if record.state is CertificateState.REVOKED
        and record.certificate is not None
        and record.not_after > now
        and record.profile not in OWN_PROFILES  # canaries: their keys are on nginx hosts
    ]
    if leaving:
        gone = [record for record in gone if record.serial in leaving]
    gone.sort(key=lambda record: record.revoked_at or record.not_before, reverse=True)
    revoked = tuple(member for record in gone[: len(leaving) or _LOOKED_AT] if (member := holder(home, record)))
    return Cast(
        good=live,
        revoked=revoked[: len(leaving) or MOST_REVOKED],
        foreign=_foreign(home),
        expired=() if leaving else _expired(home, now),
        families={authority.label: family(home, authority.label) for authority in home.authorities()},
    )


def _expired(home: Home, now: datetime) -> tuple[Member, ...]:
    """One client whose certificate ended, the last one of those whose key is still here."""
    ended = [
        record
        for record in home.store.walk()
        if record.state is CertificateState.ISSUED and record.profile == CLIENT.name and record.not_after <= now
    ]
    ended.sort(key=lambda record: record.not_after, reverse=True)
    return tuple(member for record in ended[:_LOOKED_AT] if (member := holder(home, record)))[:1]


def holder(home: Home, record: CertificateRecord) -> Member | None:
    """The client of a record, if certificate and key are in the home: in its folder, or archived by a renewal."""
    if record.certificate is None:
        return None
    serial = x509.load_der_x509_certificate(record.certificate).serial_number
    folder = home.layout.identity(record.name)
    for place in (folder, f"{folder}/previous/{format_serial(serial)}"):
        chain, key = f"{place}/chain.pem", f"{place}/key.pem"
        if not (home.files.exists(chain) and home.files.exists(key)):
            continue
        try:
            holds = ClientIdentity(certificate_chain=home.files.read(chain), private_key=home.files.read(key))
            leaf = x509.load_pem_x509_certificate(holds.certificate_chain)
        except (HandclaspError, *NO_X509):
            continue  # a folder that somebody spoilt proves nothing; the next place may
        if leaf.serial_number == serial:
            return Member(name=record.name, serial=serial, holds=holds, issuer=record.issuer)
    return None


def _foreign(home: Home) -> ClientIdentity:
    return stranger(home.keys, home.entropy, home.clock.now(), certificate_of(home.issuing()).subject)


def stranger(keys: KeyStore, entropy: Entropy, now: datetime, issuer: x509.Name) -> ClientIdentity:
    """A certificate that claims this CA as its issuer, and was signed by somebody else. Nothing of it is kept."""
    impostor = narrowed(keys.generate(KeyType.EC_P256))
    key = narrowed(keys.generate(KeyType.EC_P256))
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "handclasp probe, of no authority")]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial_from(entropy.bytes(OCTETS)))
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(impostor, digest_for(impostor.public_key()))
    )
    return ClientIdentity(certificate_chain=pem(made), private_key=key_pem(key))
