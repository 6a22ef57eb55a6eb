"""An nginx host of a fleet at work: it fetches its orders, has certificates for its keys, applies, proves and reports.

The CA sends intents and tables, this host renders them for its own nginx: nothing from the network becomes a line of
configuration unchecked, and no private key leaves the host.
"""

import posixpath
from dataclasses import dataclass
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.x509.oid import NameOID

from handclasp.app.apply import Applied, ProofError, Proven, Way, apply_plan
from handclasp.app.apply_cast import Cast, Member, stranger
from handclasp.app.apply_certificates import Pair
from handclasp.app.apply_drift import drifted
from handclasp.app.apply_files import Served, changes_to, files_of
from handclasp.app.apply_place import Place, file_name, listed
from handclasp.app.apply_proof import SiteProver, steps_for
from handclasp.app.apply_state import Gear
from handclasp.app.host_orders import HostOrders, HostReport, Probed
from handclasp.app.rehearse import rehearsal_steps, rehearse
from handclasp.app.site import SiteOrder, logs_of
from handclasp.app.stream_witness import StreamWitness
from handclasp.app.upstream_depth import with_depths
from handclasp.model.errors import HandclaspError, InputError
from handclasp.model.intent import AdmittedCertificate, SiteIntent, SiteMaterial
from handclasp.model.issuance import KeyType
from handclasp.model.plan import Plan
from handclasp.model.probe import ClientIdentity
from handclasp.nginxconf.render_words import server_name
from handclasp.pki.ca_request import request_pem
from handclasp.pki.export import key_pem, load_key
from handclasp.pki.signing import narrowed
from handclasp.ports.fleet import FleetDesk
from handclasp.ports.keys import KeyStore

_SECRET = 0o600
_MOST_WRONG = 20
_LONGEST = 2_000
"""Characters of a failure that go into a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What an agent works with. `chain` and `key`: paths of the PEM files by which the CA knows this host."""

    gear: Gear
    place: Place
    desk: FleetDesk
    keys: KeyStore
    chain: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """What a round came to. `applied` None: the orders were in force already. `certified`: sites that got a certificate."""

    tag: str
    applied: Applied | None = None
    certified: tuple[str, ...] = ()
    renewed: bool = False


def name_of(chain: bytes, *, where: str) -> str:
    """The name that the CA gave the holder of this certificate. InputError when it is none."""
    try:
        return str(_leaf(chain).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[-1].value)
    except (ValueError, IndexError) as error:
        raise InputError("holds no certificate of a host", where=where, hint="give its chain.pem") from error


def work(post: Post, known: str | None) -> Worked:
    """One round.

    Args:
        post: this host.
        known: the tag of the orders that an earlier round brought into force; None: none did.

    Raises:
        WorldError: the CA cannot be reached, or nginx, disk or network failed; what was in force still is.
        PolicyError: the CA gives this host nothing, or a file of ours was changed by hand.
        ProofError: nginx did not behave as it must; everything was put back.
    """
    renewed = _renew_own(post)
    tag, content = post.desk.orders(known if known and _settled(post) else None)
    if content is None:
        return Worked(tag=tag, renewed=renewed)
    orders = _decoded(content)
    epoch, nginx = orders.session_epoch, str(post.gear.nginx.build().version)
    try:
        applied, certified = _apply(post, orders)
    except HandclaspError as error:
        seen = error.proven if isinstance(error, ProofError) else ()
        failed = HostReport(
            tag=tag, session_epoch=epoch, nginx=nginx, probes=len(seen), wrong=_wrong(seen), failed=_said(error)
        )
        post.desk.report(msgspec.json.encode(failed))
        raise
    done = HostReport(tag=tag, session_epoch=epoch, nginx=nginx, probes=len(applied.proven), wrong=_wrong(applied.proven))
    post.desk.report(msgspec.json.encode(done))
    return Worked(tag=tag, applied=applied, certified=certified, renewed=renewed)


def _decoded(content: bytes) -> HostOrders:
    try:
        orders = msgspec.json.decode(content, type=HostOrders)
        trusted = x509.load_pem_x509_certificates(orders.bundle.encode())
        x509.load_pem_x509_crl(orders.crl.encode())
    except (msgspec.DecodeError, ValueError) as error:
        raise InputError(f"the orders of the CA cannot be read: {error}", hint="both sides need the same handclasp") from error
    if not (trusted and orders.sites):
        raise InputError("the CA orders to trust nobody, or to serve nothing; nothing was changed")
    return orders


def _apply(post: Post, orders: HostOrders) -> tuple[Applied, tuple[str, ...]]:
    gear, place = post.gear, post.place
    for folder in (place.sites, place.pki, place.logs):
        gear.files.make_folder(folder)
    certified: list[str] = []
    cast = Cast(good=(_own(post),), revoked=(), foreign=_stranger(post))
    intents = {site.server_names[0]: site for site in orders.sites}

    def make_plan() -> Plan:
        known = listed(gear.files, place)
        sites = _counted(post, orders, known)
        served = [
            _served(post, orders, site, admitted, certified) for site, admitted in zip(sites, orders.admitted, strict=True)
        ]
        wanted = files_of(gear, place, served, bundle=orders.bundle.encode(), crl=orders.crl.encode())
        changes = changes_to(gear, place, wanted, force=False)
        # A revocation has no time for a rehearsal, and changes no location.
        lies = rehearsal_steps(sites, cast) if sites != tuple(one.intent for one in known) else ()
        return Plan(files=changes, probes=steps_for(orders.sites, cast), about=", ".join(intents), rehearsal=lies)

    def make_prover(plan: Plan) -> SiteProver:
        witness = StreamWitness(gear=gear, folder=place.logs)
        return SiteProver(door=gear.probe, sites=intents, cast=cast, watched=plan.probes, witness=witness)

    way = Way(start=False, rehearse=lambda plan: rehearse(gear, place.instance, orders.sites, cast, plan))
    return apply_plan(gear, place.instance, make_plan, make_prover, way), tuple(certified)


def _counted(post: Post, orders: HostOrders, known: tuple[SiteOrder, ...]) -> tuple[SiteIntent, ...]:
    """The sites with the depths of their upstreams' chains, as they are seen from this host."""
    gear, asked = post.gear, tuple(SiteOrder(intent=site) for site in orders.sites)
    found = with_depths(gear.files, gear.probe, gear.clock.now(), gear.nginx.build().series, asked, known)
    return tuple(one.intent for one in found)


def _served(
    post: Post, orders: HostOrders, site: SiteIntent, admitted: tuple[AdmittedCertificate, ...], certified: list[str]
) -> Served:
    order = SiteOrder(intent=site, log_folder=post.place.logs)
    pair = _best(post, order)
    if pair is None:
        pair = _certified(post, order)
        certified.append(site.server_names[0])
    error_log, access_log = logs_of(post.place.logs, server_name(site.server_names[0]))
    material = SiteMaterial(
        certificate="",
        certificate_key="",
        client_certificate="",
        crl="",
        verify_depth=orders.verify_depth,
        session_epoch=orders.session_epoch,
        error_log=error_log,
        access_log=access_log,
        admitted=admitted,
    )
    return Served(order=order, intent=site, material=material, pair=pair)


def _certified(post: Post, order: SiteOrder) -> Pair:
    """A new key and the CA's certificate for it; kept at once, so that a failing apply does not ask for one each time."""
    key = narrowed(post.keys.generate(KeyType.EC_P256))
    chain = post.desk.certify(order.intent.server_names[0], request_pem(key))
    pair = Pair(certificate=chain, key=key_pem(key))
    files, (certificate, secret) = post.gear.files, _kept(post, order)
    files.make_folder(posixpath.dirname(secret), mode=0o700)
    files.write(secret, pair.key, mode=_SECRET)
    files.write(certificate, pair.certificate, mode=_SECRET)
    return pair


def _kept(post: Post, order: SiteOrder) -> tuple[str, str]:
    base = posixpath.join(post.place.instance.notes, file_name(order))
    return f"{base}.pem", f"{base}.key"


def _best(post: Post, order: SiteOrder) -> Pair | None:
    """The pair that serves this site longest: of those in use and kept, one that fits and is not due. None: there is none."""
    in_use = posixpath.join(post.place.pki, file_name(order))
    places = ((f"{in_use}.pem", f"{in_use}.key"), _kept(post, order))
    found = [pair for paths in places if (pair := _read(post, *paths)) and not _due(pair.certificate, post.gear.clock.now())]
    fitting = [pair for pair in found if _covers(pair.certificate, order.intent)]
    return max(fitting, key=lambda pair: _leaf(pair.certificate).not_valid_after_utc, default=None)


def _read(post: Post, certificate: str, key: str) -> Pair | None:
    files = post.gear.files
    if not (files.exists(certificate) and files.exists(key)):
        return None
    pair = Pair(certificate=files.read(certificate), key=files.read(key))
    try:
        same = load_key(pair.key, where=key).public_key() == _leaf(pair.certificate).public_key()
    except (InputError, ValueError):
        return None  # damaged: another one is asked for
    return pair if same else None


def _settled(post: Post) -> bool:
    """Whether this host is as its last round left it, and no certificate is due."""
    memory = post.place.memory
    if drifted(post.gear, post.place) or not post.gear.files.exists(memory):
        return False
    orders = msgspec.json.decode(post.gear.files.read(memory), type=tuple[SiteOrder, ...])
    return all(_best(post, order) is not None for order in orders)


def _renew_own(post: Post) -> bool:
    """Renew the certificate that this host shows to the CA, for the key it has, when a third of its life is left."""
    files = post.gear.files
    if not _due(files.read(post.chain), post.gear.clock.now()):
        return False
    files.write(post.chain, post.desk.renew(request_pem(load_key(files.read(post.key), where=post.key))), mode=0o644)
    return True


def _own(post: Post) -> Member:
    """This host as a client: one of the CA's clients, on a site's list or not."""
    chain = post.gear.files.read(post.chain)
    holds = ClientIdentity(certificate_chain=chain, private_key=post.gear.files.read(post.key))
    return Member(name=name_of(chain, where=post.chain), serial=_leaf(chain).serial_number, holds=holds)


def _stranger(post: Post) -> ClientIdentity:
    issuer = _leaf(post.gear.files.read(post.chain)).issuer
    return stranger(post.keys, post.gear.entropy, post.gear.clock.now(), issuer)


def _leaf(chain: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificates(chain)[0]


def _due(chain: bytes, now: datetime) -> bool:
    leaf = _leaf(chain)
    life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    return leaf.not_valid_after_utc - now <= life / 3


def _covers(chain: bytes, site: SiteIntent) -> bool:
    names = _leaf(chain).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    held = set(names.get_values_for_type(x509.DNSName))
    return {server_name(name) for name in site.server_names} <= held


def _said(error: HandclaspError) -> str:
    return " | ".join(line for part in (str(error), error.hint or "") for line in part.splitlines())[:_LONGEST]


def _wrong(proven: tuple[Proven, ...]) -> tuple[Probed, ...]:
    return tuple(Probed(name=one.step.name, seen=one.seen) for one in proven if not one.ok)[:_MOST_WRONG]
