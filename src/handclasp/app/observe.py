"""Moves a live site to client certificates: watch who would be refused, then refuse them; edited in place, and little."""

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import msgspec

from handclasp.app.apply import Applied, Prover, Way, apply_plan
from handclasp.app.apply_cast import Cast, cast_of
from handclasp.app.apply_edits import plan_edits
from handclasp.app.apply_history import Kind
from handclasp.app.apply_neighbours import refuse_kept_sessions
from handclasp.app.apply_place import Place, note_place, remembered
from handclasp.app.apply_site import plan_sites, site_prover
from handclasp.app.apply_stage import Planned
from handclasp.app.apply_state import Gear
from handclasp.app.home import Home
from handclasp.app.observe_tree import ServerTree
from handclasp.app.observed import Observed, Stage, formats, observed
from handclasp.model.errors import UsageError
from handclasp.model.plan import Plan
from handclasp.nginxconf.edit import TextEdit, file_edits
from handclasp.nginxconf.tree import named


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What to watch: a server by name, and where its log goes. `default_log`: where this nginx logs when nothing says where."""

    name: str
    log_folder: str
    default_log: str = "/var/log/nginx/access.log"


Make = Callable[[Cast], Plan]


def begin(home: Home, gear: Gear, place: Place, watch: Watch) -> Make:
    """The plan to watch a server.

    Raises:
        UsageError: there is no TLS server of that name, or it is watched already.
        PolicyError: it asks for certificates already.
    """

    def make(cast: Cast) -> Plan:
        known = observed(gear.files, place)
        if any(one.name == watch.name for one in known):
            raise UsageError(f"{watch.name} is watched already", hint=f"handclasp nginx observe {watch.name}     reports")
        tree = ServerTree(gear, place, watch.name)
        tree.refuse_asking(watch.name)
        listens = ((each.address, each.port) for server in tree.servers for each in server.listens if each.ssl)
        one = Observed(
            name=watch.name,
            listen=tuple(dict.fromkeys(listens)),
            protocols=tree.servers[0].protocols.value,
            log=posixpath.join(watch.log_folder, f"handclasp-{watch.name.replace('*', 'any')}-observe.log"),
            other_logs=tree.inherited_logs(watch.default_log),
            logs_itself=not any(
                item.args[:1] == ("off",) for block in tree.blocks for item in named(block.block, "access_log")
            ),
            since=home.clock.now().replace(microsecond=0),
            stage=Stage.OBSERVING,
        )
        edits = (
            *tree.included(formats(place), server=False),
            *tree.included(one.include(place), server=True),
            *tree.logged(one.log),
        )
        return _plan(home, gear, place, cast, (*known, one), edits)

    return make


def require(home: Home, gear: Gear, place: Place, name: str) -> Make:
    """The plan to let only clients of the CA into a server that was watched.

    Raises:
        UsageError: it is not watched.
        PolicyError: something in its configuration would let others in, or let a revoked client go on.
    """

    def make(cast: Cast) -> Plan:
        known = observed(gear.files, place)
        one = _watched(known, name, Stage.OBSERVING)
        after = _stepped(home, known, one)
        tree, include = ServerTree(gear, place, name), one.include(place)
        tree.refuse_second_list(include)
        last = all(each.stage is Stage.REQUIRING for each in after)
        edits = (
            *tree.unlogged(one, include),
            *tree.without_sessions(include),
            *(tree.excluded(formats(place)) if last else ()),
        )
        plan = _plan(home, gear, place, cast, after, edits)
        refuse_kept_sessions(gear, place, plan.files, one.listen)
        return plan

    return make


def call_off(home: Home, gear: Gear, place: Place, name: str) -> Make:
    """The plan to take everything of ours out of a server again. UsageError when there is nothing of ours."""

    def make(cast: Cast) -> Plan:
        known = observed(gear.files, place)
        one = _watched(known, name, None)
        after = tuple(each for each in known if each is not one)
        tree, include = ServerTree(gear, place, name), one.include(place)
        last = all(each.stage is Stage.REQUIRING for each in after)
        edits = (
            *tree.unlogged(one, include),
            *tree.excluded(include),
            *(tree.excluded(formats(place)) if last else ()),
        )
        return _plan(home, gear, place, cast, after, edits)

    return make


def carry_out(home: Home, gear: Gear, place: Place, make: Make) -> Applied:
    """Apply one of these plans: tested, switched, reloaded, proven, or put back. That nginx is never started."""
    note_place(home, place)
    for folder in (place.pki, place.sites):
        gear.files.make_folder(folder)
    casts: list[Cast] = []

    def make_plan() -> Plan:
        casts.append(cast_of(home))
        with home.changing("planning"):
            return make(casts[-1])

    def make_prover(plan: Plan) -> Prover:
        return site_prover(gear, place, remembered(home, place), casts[-1], plan, _planned(gear, place, plan))

    return apply_plan(gear, place.instance, make_plan, make_prover, Way(kind=Kind.OBSERVE, start=False))


def _planned(gear: Gear, place: Place, plan: Plan) -> tuple[Observed, ...]:
    """The servers that are kept once the plan is carried out: those decide who is asked how."""
    return observed(Planned(gear.files, plan.files), place)


def _plan(home: Home, gear: Gear, place: Place, cast: Cast, after: tuple[Observed, ...], edits: Iterable[TextEdit]) -> Plan:
    """Our files, and the edits of theirs."""
    base = plan_sites(home, gear, remembered(home, place), cast, place, watched=after)
    theirs = plan_edits(gear, file_edits(edits))
    return replace(base, files=(*base.files, *theirs.files))


def _watched(known: tuple[Observed, ...], name: str, stage: Stage | None) -> Observed:
    found = next((one for one in known if one.name == name), None)
    if found is None:
        watched = ", ".join(one.name for one in known)
        hint = f"watched are: {watched}" if watched else f"handclasp nginx observe {name} --apply     begins"
        raise UsageError(f"{name} is not watched", hint=hint)
    if stage is not None and found.stage is not stage:
        raise UsageError(f"{name} lets only clients of the CA in already", hint="handclasp nginx status")
    return found


def _stepped(home: Home, known: tuple[Observed, ...], one: Observed) -> tuple[Observed, ...]:
    now = home.clock.now().replace(microsecond=0)
    closed = msgspec.structs.replace(one, stage=Stage.REQUIRING, since=now, other_logs=())
    return tuple(closed if each is one else each for each in known)
