"""An nginx host of a fleet at work: it fetches its orders, has certificates for its keys, applies, proves and reports.

The CA sends intents and tables, this host renders them for its own nginx: nothing from the network becomes a line of
configuration unchecked, and no private key leaves the host.
"""

import posixpath
from dataclasses import dataclass, replace

import msgspec
from cryptography import x509
from cryptography.x509.oid import NameOID

from handclasp.app.apply import Applied, ProofError, Proven, Way, apply_plan, failure_of, failures_of
from handclasp.app.apply_cast import Cast, Member, stranger
from handclasp.app.apply_certificates import Pair
from handclasp.app.apply_drift import drifted
from handclasp.app.apply_files import Served, changes_to, files_of
from handclasp.app.apply_history import Kind
from handclasp.app.apply_place import file_name, listed
from handclasp.app.apply_proof import SiteProver, steps_for
from handclasp.app.apply_recover import unfinished
from handclasp.app.apply_state import now
from handclasp.app.apply_trust import trust_files
from handclasp.app.canary_proof import flock, look_after, member, proofs, settled
from handclasp.app.host_cas import OwnTrust
from handclasp.app.host_orders import CrlProof, HostOrders, HostReport, Probed
from handclasp.app.post import Post, due, keep, kept, leaf
from handclasp.app.rehearse import rehearsal_steps, rehearse
from handclasp.app.site import SiteOrder, logs_of, with_trust
from handclasp.app.stream_witness import StreamWitness
from handclasp.app.upstream_depth import with_depths
from handclasp.model.errors import HandclaspError, InputError
from handclasp.model.intent import AdmittedCertificate, DepthFrom, SiteIntent, SiteMaterial
from handclasp.model.issuance import KeyType
from handclasp.model.plan import Plan
from handclasp.model.probe import ClientIdentity
from handclasp.nginxconf.render_words import server_name
from handclasp.pki.ca_request import request_pem
from handclasp.pki.export import key_pem, load_key
from handclasp.pki.signing import narrowed

_MOST_WRONG = 20
_LONGEST = 2_000
"""Characters of a failure that go into a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """What a round came to. `applied` None: the orders were in force already. `certified`: sites that got a certificate.

    `crls`: what was seen of each CA's CRL. `again`: the CA could not be asked for all that a proof takes.
    """

    tag: str
    applied: Applied | None = None
    certified: tuple[str, ...] = ()
    renewed: bool = False
    crls: tuple[CrlProof, ...] = ()
    again: bool = False


def name_of(chain: bytes, *, where: str) -> str:
    """The name that the CA gave the holder of this certificate. InputError when it is none."""
    try:
        return str(leaf(chain).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[-1].value)
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
    canaries = look_after(post, orders.canaries)
    if canaries.made:  # the CRL that lists them is a newer one
        tag, content = post.desk.orders(None)
        orders = _decoded(content or b"")
    about = HostReport(tag=tag, session_epoch=orders.session_epoch, nginx=str(post.gear.nginx.build().version))
    cast = _cast(post, orders)
    try:
        applied, certified = _apply(post, orders, cast)
    except HandclaspError as error:
        _report_failure(post, about, error.proven if isinstance(error, ProofError) else (), error)
        raise
    if wrong := [one for one in applied.proven if not one.ok]:  # a revocation stays all the same
        hint = f"{failures_of(wrong)}\nthe new CRLs stay: a revocation is not taken back"
        failure = ProofError(failure_of(wrong), applied.proven, where=post.place.instance.config, hint=hint)
        _report_failure(post, about, applied.proven, failure)
        raise failure
    crls = proofs(post, orders, cast, canaries.lacking) if applied.serving else ()
    seen = msgspec.structs.replace(about, probes=len(applied.proven), crls=crls, serving=applied.serving)
    post.desk.report(msgspec.json.encode(seen))
    return Worked(tag=tag, applied=applied, certified=certified, renewed=renewed, crls=crls, again=canaries.unreachable)


def serves(post: Post) -> bool:
    """Whether an nginx runs with these files now."""
    instance = post.place.instance
    return post.gear.nginx.running(prefix=instance.prefix, config=instance.config)


def _report_failure(post: Post, about: HostReport, seen: tuple[Proven, ...], error: HandclaspError) -> None:
    report = msgspec.structs.replace(about, probes=len(seen), wrong=_wrong(seen), failed=_said(error))
    post.desk.report(msgspec.json.encode(report))


def _decoded(content: bytes) -> HostOrders:
    try:
        orders = msgspec.json.decode(content, type=HostOrders)
        for bundle, crl in ((orders.bundle, orders.crl), *((one.bundle, one.crl) for one in orders.trusts if one)):
            x509.load_pem_x509_certificates(bundle.encode())
            if crl is not None:
                x509.load_pem_x509_crl(crl.encode())
    except (msgspec.DecodeError, ValueError) as error:
        raise InputError(f"the orders of the CA cannot be read: {error}", hint="both sides need the same handclasp") from error
    if not orders.sites:
        raise InputError("the CA orders to serve nothing; nothing was changed")
    if any((site.client_ca is None) != (trust is None) for site, trust in zip(orders.sites, orders.trusts, strict=True)):
        raise InputError("the CA does not say whom a site trusts; nothing was changed")
    return orders


def _cast(post: Post, orders: HostOrders) -> Cast:
    """This host, its canaries as far as the ordered CRL lists them, and a stranger."""
    revoked = tuple(member for member, _ in flock(post, orders).values())
    own = zip(orders.sites, orders.trusts, strict=True)
    # Of a CA from elsewhere it has no client, whatever that CA calls itself.
    families = {ca.label: frozenset(trust.issuers) for site, trust in own if trust and (ca := site.client_ca) and ca.label}
    return Cast(good=(_own(post),), revoked=revoked, foreign=_stranger(post), families=families)


def _apply(post: Post, orders: HostOrders, cast: Cast) -> tuple[Applied, tuple[str, ...]]:
    gear, place = post.gear, post.place
    for folder in (place.sites, place.pki, place.logs):
        gear.files.make_folder(folder)
    certified: list[str] = []
    intents = {site.server_names[0]: site for site in orders.sites}

    def make_plan() -> Plan:
        known = listed(gear.files, place)
        sites = _counted(post, orders, known)
        served = [
            _served(post, orders, intent, admitted, trust, certified)
            for intent, admitted, trust in zip(sites, orders.admitted, orders.trusts, strict=True)
        ]
        wanted = files_of(gear, place, served, bundle=orders.bundle.encode(), crl=orders.crl.encode())
        changes = changes_to(gear, place, wanted, force=False)
        # A revocation has no time for a rehearsal, and changes no location.
        lies = rehearsal_steps(sites, cast) if sites != tuple(one.intent for one in known) else ()
        return Plan(files=changes, probes=steps_for(orders.sites, cast), about=", ".join(intents), rehearsal=lies)

    def make_prover(plan: Plan) -> SiteProver:
        witness = StreamWitness(gear=gear, folder=place.logs)
        return SiteProver(door=gear.probe, sites=intents, cast=cast, watched=plan.probes, witness=witness)

    kind = Kind.REVOKE if _same_sites(post, orders) else Kind.APPLY
    way = Way(kind=kind, start=False, rehearse=lambda plan: rehearse(gear, place.instance, orders.sites, cast, plan))
    return apply_plan(gear, place.instance, make_plan, make_prover, way), tuple(certified)


def _same_sites(post: Post, orders: HostOrders) -> bool:
    """Whether these orders bring no more than other CRLs and lists of people: nothing of that is ever taken back."""
    gear, place = post.gear, post.place
    bundle = f"{place.pki}/ca.pem"
    if unfinished(gear, place.instance) or not gear.files.exists(bundle):
        return False
    known = listed(gear.files, place)
    if tuple(_as_ordered(one.intent) for one in known) != tuple(map(_as_ordered, orders.sites)):
        return False
    bundles = {bundle: orders.bundle.encode()}
    for one, trust in zip(known, orders.trusts, strict=True):
        if trust is not None:
            bundles[trust_files(place, one)[0]] = trust.of(one.intent).bundle
    return all(now(gear.files, path) == content for path, content in bundles.items()) and all(_best(post, one) for one in known)


def _as_ordered(site: SiteIntent) -> SiteIntent:
    """Without the depth that was counted here."""
    if site.upstream is None or site.upstream.depth_from is DepthFrom.GIVEN:
        return site
    return replace(site, upstream=replace(site.upstream, verify_depth=None, depth_from=DepthFrom.GIVEN))


def _counted(post: Post, orders: HostOrders, known: tuple[SiteOrder, ...]) -> tuple[SiteIntent, ...]:
    """The sites with the depths of their upstreams' chains, as they are seen from this host."""
    gear, asked = post.gear, tuple(SiteOrder(intent=site) for site in orders.sites)
    found = with_depths(gear.files, gear.probe, gear.clock.now(), gear.nginx.build().series, asked, known)
    return tuple(one.intent for one in found)


def _served(
    post: Post,
    orders: HostOrders,
    site: SiteIntent,
    admitted: tuple[AdmittedCertificate, ...],
    trust: OwnTrust | None,
    certified: list[str],
) -> Served:
    order = SiteOrder(intent=site)
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
    if trust is None:
        return Served(order=order, intent=site, material=material, pair=pair)
    own = trust.of(site)
    return Served(order=order, intent=site, material=with_trust(material, own), pair=pair, trust=own)


def _certified(post: Post, order: SiteOrder) -> Pair:
    """A new key and the CA's certificate for it; kept at once, so that a failing apply does not ask for one each time."""
    key = narrowed(post.keys.generate(KeyType.EC_P256))
    chain = post.desk.certify(order.intent.server_names[0], request_pem(key))
    pair = Pair(certificate=chain, key=key_pem(key))
    keep(post.gear.files, _kept(post, order), pair)
    return pair


def _kept(post: Post, order: SiteOrder) -> str:
    return posixpath.join(post.place.instance.notes, file_name(order))


def _best(post: Post, order: SiteOrder) -> Pair | None:
    """The pair that serves this site longest: of those in use and kept, one that fits and is not due. None: there is none."""
    places = posixpath.join(post.place.pki, file_name(order)), _kept(post, order)
    files, now = post.gear.files, post.gear.clock.now()
    found = [pair for base in places if (pair := kept(files, base)) and not due(pair.certificate, now)]
    fitting = [pair for pair in found if _covers(pair.certificate, order.intent)]
    return max(fitting, key=lambda pair: leaf(pair.certificate).not_valid_after_utc, default=None)


def _settled(post: Post) -> bool:
    """Whether this host is as its last round left it, and no certificate is due."""
    memory = post.place.memory
    if drifted(post.gear, post.place) or not post.gear.files.exists(memory) or not settled(post):
        return False
    orders = msgspec.json.decode(post.gear.files.read(memory), type=tuple[SiteOrder, ...])
    return all(_best(post, order) is not None for order in orders)


def _renew_own(post: Post) -> bool:
    """Renew what this host shows to the CA, for the key it has, when a third of its life is left."""
    files = post.gear.files
    if not due(files.read(post.chain), post.gear.clock.now()):
        return False
    files.write(post.chain, post.desk.renew(request_pem(load_key(files.read(post.key), where=post.key))), mode=0o644)
    return True


def _own(post: Post) -> Member:
    """This host as a client: one of the CA's clients, on a site's list or not."""
    chain = post.gear.files.read(post.chain)
    holds = ClientIdentity(certificate_chain=chain, private_key=post.gear.files.read(post.key))
    return member(name_of(chain, where=post.chain), holds)


def _stranger(post: Post) -> ClientIdentity:
    issuer = leaf(post.gear.files.read(post.chain)).issuer
    return stranger(post.keys, post.gear.entropy, post.gear.clock.now(), issuer)


def _covers(chain: bytes, site: SiteIntent) -> bool:
    names = leaf(chain).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    held = set(names.get_values_for_type(x509.DNSName))
    return {server_name(name) for name in site.server_names} <= held


def _said(error: HandclaspError) -> str:
    return " | ".join(line for part in (str(error), error.hint or "") for line in part.splitlines())[:_LONGEST]


def _wrong(proven: tuple[Proven, ...]) -> tuple[Probed, ...]:
    return tuple(Probed(name=one.step.name, seen=one.seen) for one in proven if not one.ok)[:_MOST_WRONG]
