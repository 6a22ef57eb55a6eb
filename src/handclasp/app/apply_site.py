"""What the files of an nginx should be, from the sites it serves and the CA, as a plan; and carrying that out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Flag, auto

from handclasp.app.apply import Applied, Proven, Prover, Way, apply_plan
from handclasp.app.apply_cast import Cast, cast_of
from handclasp.app.apply_certificates import Pair, ensure_certificate, lacks_certificate, stand_in
from handclasp.app.apply_files import Served, changes_to, files_of, of_the_living
from handclasp.app.apply_history import Kind
from handclasp.app.apply_lockout import refuse_lockout, refuse_strange, unpublished
from handclasp.app.apply_place import Place, file_name, gear_at, note_place, private_place, remembered
from handclasp.app.apply_proof import SiteProver, steps_for
from handclasp.app.apply_saved import SavedPlan, refuse_moved
from handclasp.app.apply_stage import check
from handclasp.app.apply_state import Gear, Instance
from handclasp.app.apply_trust import trust_at
from handclasp.app.home import Home
from handclasp.app.observed import Observed, intent_of, observed, observed_files, observed_steps
from handclasp.app.rehearse import rehearsal_steps, rehearse
from handclasp.app.set_back import refuse_going_back
from handclasp.app.site import SiteOrder, material, with_trust
from handclasp.app.stream_witness import StreamWitness, other_logs
from handclasp.model.errors import Bug
from handclasp.model.plan import Plan
from handclasp.nginxconf.render_main import FOLDERS
from handclasp.nginxconf.render_words import server_name

__all__ = [
    "SitesApplied",
    "apply_sites",
    "of_the_living",
    "plan_sites",
    "private_instance",
    "remembered",
    "with_site",
]

_SECRET = 0o600
_MOST_PAUSES = 25
_PAUSE_SECONDS = 0.2


def private_instance(home: Home) -> Instance:
    """The nginx of this home: never the system's."""
    return private_place(home).instance


def with_site(known: tuple[SiteOrder, ...], order: SiteOrder) -> tuple[SiteOrder, ...]:
    """The sites with one more; a site of the same first name is replaced in its place."""
    name = server_name(order.intent.server_names[0])
    names = [server_name(one.intent.server_names[0]) for one in known]
    if name not in names:
        return (*known, order)
    return tuple(order if one == name else old for one, old in zip(names, known, strict=True))


class Overlook(Flag):
    """What must not stop a plan.

    `EDITS`: files of ours that were changed by hand are written anew, and kept beside them. `BAD_FILES`: where those of a CA
    from elsewhere are missing or bad, the ones that nginx has stay.
    """

    NOTHING = 0
    EDITS = auto()
    BAD_FILES = auto()


def plan_sites(
    home: Home,
    gear: Gear,
    orders: tuple[SiteOrder, ...],
    cast: Cast,
    place: Place | None = None,
    *,
    overlook: Overlook = Overlook.NOTHING,
    watched: tuple[Observed, ...] | None = None,
) -> Plan:
    """What must be written so that the nginx of a place (None: the private one) serves exactly these sites of ours.

    `watched` are the servers of somebody else that we keep an include for; None: those that there are.
    A site that has no certificate yet is planned with a stand-in: an apply issues it when everything else is known to be good.

    Raises:
        UsageError: there is no CA, or no certificate for a site.
        PolicyError: a name or path that nginx would misread, CRLs that would shut live clients out, a file changed by hand, or
            sites of another home.
    """
    where = place or private_place(home)
    gear = gear_at(gear, where)
    others = observed(gear.files, where) if watched is None else watched
    bundle = f"{where.pki}/ca.pem"
    force = Overlook.EDITS in overlook
    if not force and gear.files.exists(bundle):
        refuse_strange(home, bundle=gear.files.read(bundle), where=bundle)
    if gear.files.exists(where.crl):
        refuse_going_back(home, gear.files.octets(where.crl), where=where.crl)
    wanted = _files(home, gear, where, orders, hasty=Overlook.BAD_FILES in overlook)
    wanted |= observed_files(home, where, others, gear.nginx.build().version)
    refuse_lockout(home, bundle=wanted[bundle][0], crls=wanted[where.crl][0], openssl=gear.nginx.build().openssl)
    changes = changes_to(gear, where, wanted, force=force)
    about = ", ".join((*(order.intent.server_names[0] for order in orders), *(one.name for one in others)))
    probes = (*steps_for((order.intent for order in orders), cast), *observed_steps(others, cast))
    rehearsal = rehearsal_steps((order.intent for order in orders), cast)
    return Plan(files=changes, probes=probes, about=about, rehearsal=rehearsal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """Certificates that were revoked just now; `seen` holds the TLS sessions that their holders had from before.

    `publish` makes the CRLs say what the registry says; called with the home's lock held.
    """

    serials: frozenset[int] = frozenset()
    seen: SiteProver | None = None
    publish: Callable[[], object] | None = None


NOBODY = Leaving()


@dataclass(slots=True)
class SitesApplied:
    """What an apply of sites worked with: the sites, the identities issued for them, who knocked, and what was done."""

    orders: tuple[SiteOrder, ...] = ()
    issued: tuple[str, ...] = ()
    prover: SiteProver | None = None
    applied: Applied | None = None


def apply_sites(
    home: Home,
    gear: Gear,
    choose: Callable[[], tuple[SiteOrder, ...]],
    *,
    leaving: Leaving = NOBODY,
    way: Way | None = None,
    place: Place | None = None,
    wanted: SavedPlan | None = None,
) -> SitesApplied:
    """Make the private nginx, or that of `place`, serve the chosen sites, and prove it.

    Args:
        home: the CA.
        gear: the ports.
        choose: says which sites; called when nobody else changes this nginx, and what was interrupted is put right.
        leaving: revoked certificates that must knock in the proof, with sessions from before the change.
        way: how; None: start the private nginx; one of somebody else is never started. A revocation overwrites what was
            changed by hand: it must not wait for anybody.
        place: where; None: the private nginx.
        wanted: the plan that this must be, file for file.

    Raises:
        PolicyError: the world moved since `wanted` was made.
        others as `plan_sites` and `apply.apply_plan`.
    """
    where = place or private_place(home)
    gear = gear_at(gear, where)
    note_place(home, where)
    for folder in (where.sites, where.pki, where.logs, *(f"{where.instance.prefix}/{name}" for name in FOLDERS if where.own)):
        gear.files.make_folder(folder)
    work, how = _Work(home, gear, where, leaving, SitesApplied()), way or Way(start=where.own)
    if how.kind is Kind.APPLY:  # a revocation has no time for it, and changes no location
        how = replace(how, rehearse=work.rehearsed)
    overlook = Overlook.EDITS if how.force or how.kind is Kind.REVOKE else Overlook.NOTHING
    overlook |= Overlook.BAD_FILES if how.kind.forward else Overlook.NOTHING
    work.done.applied = apply_plan(gear, where.instance, lambda: work.plan(choose, overlook, wanted), work.prover, how)
    return work.done


@dataclass(slots=True)
class _Work:
    """One apply of sites, under the lock of their nginx: what is asked of it step by step."""

    home: Home
    gear: Gear
    place: Place
    leaving: Leaving
    done: SitesApplied
    cast: Cast | None = None

    def plan(self, choose: Callable[[], tuple[SiteOrder, ...]], overlook: Overlook, wanted: SavedPlan | None) -> Plan:
        """The plan; certificates that sites lack are issued when everything else is known to be good."""
        self.done.orders = choose()
        self.cast = cast_of(self.home, leaving=self.leaving.serials)
        orders, plan = self.done.orders, self._planned(overlook)
        if wanted is not None:
            refuse_moved(self.home, self.place, orders, plan, wanted)
        if not any(lacks_certificate(self.home, order) for order in orders):
            return plan
        check(self.gear, self.place.instance, plan.files)  # whatever is wrong is said before a certificate is issued for it
        self.done.issued = tuple(name for order in orders if (name := ensure_certificate(self.home, order)))
        return self._planned(overlook)

    def prover(self, plan: Plan) -> Prover:
        """Who knocks, with the sessions of those who leave."""
        others = observed(self.gear.files, self.place)
        made = site_prover(self.gear, self.place, self.done.orders, self._cast(), plan, others)
        if self.leaving.seen is not None:
            made.sessions.update(self.leaving.seen.sessions)
            made.let_in.update(self.leaving.seen.let_in)
        self.done.prover = made
        return made

    def rehearsed(self, plan: Plan) -> tuple[Proven, ...]:
        """What the services would hear of forged headers."""
        sites = tuple(order.intent for order in self.done.orders)
        return rehearse(self.gear, self.place.instance, sites, self._cast(), plan)

    def _planned(self, overlook: Overlook) -> Plan:
        home, orders, cast = self.home, self.done.orders, self._cast()
        return _settled(
            home, self.gear, self.leaving, lambda: plan_sites(home, self.gear, orders, cast, self.place, overlook=overlook)
        )

    def _cast(self) -> Cast:
        if self.cast is None:
            raise Bug("nobody was chosen before the plan")
        return self.cast


def _settled(home: Home, gear: Gear, leaving: Leaving, plan: Callable[[], Plan]) -> Plan:
    """A plan made while nobody records a revocation; one that another run is publishing is waited for."""
    for turns_left in reversed(range(_MOST_PAUSES)):
        with home.changing("planning"):
            if leaving.publish is not None:
                leaving.publish()
            if not turns_left or not unpublished(home):
                return plan()
        gear.pause(_PAUSE_SECONDS)
    raise Bug("the last turn of planning did not plan")


def site_prover(
    gear: Gear, place: Place, orders: tuple[SiteOrder, ...], cast: Cast, plan: Plan, others: tuple[Observed, ...] = ()
) -> SiteProver:
    """The prober of a plan for these sites of a place, and for servers of somebody else."""
    sites = {order.intent.server_names[0]: order.intent for order in orders} | {one.name: intent_of(one) for one in others}
    alike = frozenset(one.name for one in others)
    return SiteProver(
        door=gear.probe,
        sites=sites,
        cast=cast,
        watched=plan.probes,
        alike=alike,
        at=gear.control.probe_at,
        witness=StreamWitness(gear=gear, folder=place.logs, others=other_logs(orders)),
    )


def _files(home: Home, gear: Gear, place: Place, orders: tuple[SiteOrder, ...], *, hasty: bool) -> dict[str, tuple[bytes, int]]:
    """Content and mode of every file, the ones that others refer to first."""
    served = []
    for order in orders:
        intent = of_the_living(home, order.intent)
        name = file_name(order)
        named = replace(order, intent=intent, logs=place.log_folder(order))
        trust = trust_at(home, gear, place, order, hasty=hasty)
        if lacks_certificate(home, order):
            given, pair = material(home, replace(named, certificate=name, certificate_key=name), trust), stand_in(home)
        else:
            given = material(home, named, trust)
            pair = Pair(certificate=home.files.read(given.certificate), key=home.files.read(given.certificate_key))
        given = given if trust is None else with_trust(given, trust)
        served.append(Served(order=order, intent=intent, material=given, pair=pair, trust=trust))
    return files_of(gear, place, served, bundle=home.files.read(home.layout.bundle), crl=home.files.read(home.layout.crl))
