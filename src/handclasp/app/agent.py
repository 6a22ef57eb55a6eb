"""An nginx host of a fleet at work: it fetches its orders, has certificates for its keys, applies, proves and reports.

The CA sends intents and tables, this host renders them for its own nginx: nothing from the network becomes a line of
configuration unchecked, and no private key leaves the host.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import msgspec
from cryptography import x509

from handclasp.app.agent_given import are_there, given
from handclasp.app.agent_keys import best, certify, itself, renew_own, trust_newer
from handclasp.app.apply import Applied, ProofError, Proven, Way, apply_plan, failure_of, failures_of
from handclasp.app.apply_cast import Cast, stranger
from handclasp.app.apply_drift import drifted
from handclasp.app.apply_files import Served, changes_to, files_of
from handclasp.app.apply_history import Kind
from handclasp.app.apply_place import listed
from handclasp.app.apply_proof import SiteProver, steps_for
from handclasp.app.apply_recover import unfinished
from handclasp.app.apply_state import now
from handclasp.app.apply_trust import trust_files
from handclasp.app.canary_proof import flock, look_after, proofs, settled
from handclasp.app.host_cas import OwnTrust
from handclasp.app.host_orders import CrlProof, HostOrders, HostReport, Probed
from handclasp.app.post import Post, leaf
from handclasp.app.rehearse import rehearsal_steps, rehearse
from handclasp.app.site import SiteOrder, logs_of, with_trust
from handclasp.app.stream_witness import StreamWitness
from handclasp.app.upstream_depth import with_depths
from handclasp.model.errors import HandclaspError, InputError, WorldError
from handclasp.model.intent import AdmittedCertificate, DepthFrom, SiteIntent, SiteMaterial
from handclasp.model.plan import Plan, ProbeStep, Who
from handclasp.model.probe import ClientIdentity
from handclasp.nginxconf.render_words import server_name
from handclasp.pki.lenient import NO_X509
from handclasp.pki.read import crls_from_pem

_LAST = timedelta(days=1)
_MOST_WRONG = 20
_LONGEST = 2_000
"""Characters of a failure that go into a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """What a round came to. `applied` None: the orders were in force already. `certified`: sites that got a certificate.

    `crls`: what was seen of each CA's CRL. `again`: the CA could not be asked for all that a proof takes. `ahead`: how far the
    clock here is ahead of the CA's. `trusts`: the file of the CA's certificates was renewed; `stale`: why it could not be.
    `given`: SHA-256 of the CA certificates and CRLs that the orders give to nginx, by path.
    """

    tag: str
    given: dict[str, str]
    applied: Applied | None = None
    certified: tuple[str, ...] = ()
    renewed: bool = False
    crls: tuple[CrlProof, ...] = ()
    again: bool = False
    ahead: timedelta = timedelta()
    trusts: bool = False
    stale: str = ""


def work(post: Post, known: Worked | None, *, begun: bool = False) -> Worked:
    """One round.

    Args:
        post: this host.
        known: the earlier round that brought its orders into force; None: none did.
        begun: no nginx ran when the last round looked, and one does: it may have read its files before that round wrote them.

    Raises:
        WorldError: the CA cannot be reached, or nginx, disk or network failed; what was in force still is.
        PolicyError: the CA gives this host nothing, or a file of ours was changed by hand.
        ProofError: nginx did not behave as it must; everything was put back.
    """
    kept = known if known is not None and _settled(post, known) else None
    tag, content = post.desk.orders(kept.tag if kept else None)  # first: it tells what time it is there
    if kept is not None and content is None:
        return Worked(tag=tag, given=kept.given, renewed=renew_own(post, ()), ahead=post.desk.ahead())
    orders = _decoded(content or b"")
    renewed = renew_own(post, orders.signers)
    canaries = look_after(post, orders.canaries)
    if canaries.made:  # the CRL that lists them is a newer one
        tag, content = post.desk.orders(None)
        orders = _decoded(content or b"")
    about = HostReport(tag=tag, session_epoch=orders.session_epoch, nginx=str(post.gear.nginx.build().version))
    cast = _cast(post, orders)
    try:
        _refuse_early(post, orders)
        if begun and not unfinished(post.gear, post.place.instance):
            post.gear.nginx.reload(prefix=post.place.instance.prefix, config=post.place.instance.config)
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
    done = Worked(
        tag=tag,
        given=given(post.place, orders),
        applied=applied,
        certified=certified,
        renewed=renewed,
        crls=crls,
        again=canaries.unreachable,
        ahead=post.desk.ahead(),
    )
    trusts, stale = trust_newer(post, orders.bundle.encode())
    return replace(done, trusts=trusts, stale=stale)


def serves(post: Post) -> bool:
    """Whether an nginx runs with these files now."""
    instance = post.place.instance
    return post.gear.nginx.running(prefix=instance.prefix, config=instance.config)


def _report_failure(post: Post, about: HostReport, seen: tuple[Proven, ...], error: HandclaspError) -> None:
    report = msgspec.structs.replace(about, probes=len(seen), wrong=_wrong(seen), failed=_said(error))
    post.desk.report(msgspec.json.encode(report))


def _refuse_early(post: Post, orders: HostOrders) -> None:
    """WorldError while the clock here says that a CRL is of the future: nginx would refuse everybody with it."""
    now = post.gear.clock.now()
    for text in (orders.crl, *(one.crl for one in orders.trusts if one and one.crl)):
        for crl in crls_from_pem(text.encode(), where="the CRLs of the CA"):
            if crl.this_update > now:
                raise WorldError(
                    f"the clock of this host is wrong: it says {now:%Y-%m-%d %H:%M} UTC, and a CRL begins at "
                    f"{crl.this_update:%Y-%m-%d %H:%M} UTC; nginx would refuse everybody with it",
                    hint="timedatectl set-ntp true     what was in force before still is",
                )


def _decoded(content: bytes) -> HostOrders:
    try:
        orders = msgspec.json.decode(content, type=HostOrders)
        for bundle, crl in ((orders.bundle, orders.crl), *((one.bundle, one.crl) for one in orders.trusts if one)):
            x509.load_pem_x509_certificates(bundle.encode())
            if crl is not None:
                x509.load_pem_x509_crl(crl.encode())
    except (msgspec.DecodeError, *NO_X509) as error:
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
    return Cast(good=(itself(post),), revoked=revoked, foreign=_stranger(post), families=families)


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
        return Plan(files=changes, probes=_probes(post, orders, cast), about=", ".join(intents), rehearsal=lies)

    def make_prover(plan: Plan) -> SiteProver:
        witness = StreamWitness(gear=gear, folder=place.logs)
        return SiteProver(door=gear.probe, sites=intents, cast=cast, watched=plan.probes, witness=witness)

    kind = Kind.REVOKE if _same_sites(post, orders) else Kind.APPLY
    way = Way(kind=kind, start=False, rehearse=lambda plan: rehearse(gear, place.instance, orders.sites, cast, plan))
    return apply_plan(gear, place.instance, make_plan, make_prover, way), tuple(certified)


def _probes(post: Post, orders: HostOrders, cast: Cast) -> tuple[ProbeStep, ...]:
    """Those of the sites. In the last day of a certificate a site may resume no session of it: that proves nothing then."""
    left = leaf(post.gear.files.read(post.chain)).not_valid_after_utc - post.gear.clock.now()
    steps = steps_for(orders.sites, cast)
    return steps if left > _LAST else tuple(one for one in steps if not (one.resumed and one.who is Who.GOOD))


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
    if any(now(gear.files, path) != content for path, content in bundles.items()):
        return False
    return all(best(post, one, orders.signers) for one in known)


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
    pair = best(post, order, orders.signers)
    if pair is None:
        pair = certify(post, order)
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


def _settled(post: Post, known: Worked) -> bool:
    """Whether this host is as its last round left it, and no certificate is due."""
    files, memory = post.gear.files, post.place.memory
    if drifted(post.gear, post.place) or not are_there(files, known.given) or not files.exists(memory) or not settled(post):
        return False
    orders = msgspec.json.decode(files.read(memory), type=tuple[SiteOrder, ...])
    return all(best(post, order, ()) is not None for order in orders)


def _stranger(post: Post) -> ClientIdentity:
    issuer = leaf(post.gear.files.read(post.chain)).issuer
    return stranger(post.keys, post.gear.entropy, post.gear.clock.now(), issuer)


def _said(error: HandclaspError) -> str:
    return " | ".join(line for part in (str(error), error.hint or "") for line in part.splitlines())[:_LONGEST]


def _wrong(proven: tuple[Proven, ...]) -> tuple[Probed, ...]:
    return tuple(Probed(name=one.step.name, seen=one.seen) for one in proven if not one.ok)[:_MOST_WRONG]
