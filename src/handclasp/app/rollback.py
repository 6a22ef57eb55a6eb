"""Goes back to what an earlier apply left, and stops the private nginx."""

from dataclasses import replace

from handclasp.app.apply import Applied, Proven, Way, roll_back
from handclasp.app.apply_cast import cast_of
from handclasp.app.apply_place import Place, gear_at, kept_in_rollback, listed, private_place, remembered
from handclasp.app.apply_proof import steps_for
from handclasp.app.apply_recover import holding
from handclasp.app.apply_site import private_instance, site_prover
from handclasp.app.apply_stage import Planned
from handclasp.app.apply_state import Gear
from handclasp.app.apply_trust import trust_of_today
from handclasp.app.home import Home
from handclasp.app.observed import observed, observed_steps
from handclasp.app.rehearse import rehearsal_steps, rehearse
from handclasp.model.plan import Plan, ProbeStep


def rollback(home: Home, gear: Gear, place: Place | None = None, *, number: int | None = None, force: bool = False) -> Applied:
    """What change `number` left in a place (None: the private nginx), or what was before the last apply; with today's CRLs.

    See `apply.roll_back`.
    """
    where = place or private_place(home)
    gear = gear_at(gear, where)
    # Which sites there were is only known once their list is back; so the proof reads it then.
    return roll_back(
        gear,
        where.instance,
        Way(force=force, to=number, rehearse=lambda plan: _rehearsed(home, gear, where, plan)),
        keep=kept_in_rollback(where.pki),
        prover=lambda _plan: _LateProver(home, gear, where),
        adjust=lambda changes: trust_of_today(home, gear, where, changes),
    )


def _rehearsed(home: Home, gear: Gear, place: Place, plan: Plan) -> tuple[Proven, ...]:
    """What the services would hear of forged headers with the sites as they were."""
    sites, cast = tuple(order.intent for order in listed(Planned(gear.files, plan.files), place)), cast_of(home)
    return rehearse(gear, place.instance, sites, cast, replace(plan, rehearsal=rehearsal_steps(sites, cast)))


def stop(home: Home, gear: Gear) -> bool:
    """Stop the private nginx, after putting right what an interrupted run left; whether one was running."""
    instance = private_instance(home)
    if not gear.files.exists(instance.folder):
        return False
    with holding(gear, instance, "stopping nginx"):
        running = gear.nginx.running(prefix=instance.prefix, config=instance.config)
        gear.nginx.stop(prefix=instance.prefix, config=instance.config)
        return running


class _LateProver:
    """Proves the sites that are back after the rollback."""

    def __init__(self, home: Home, gear: Gear, place: Place) -> None:
        self._home = home
        self._place = place
        self._gear = gear

    def before(self) -> None:
        """Nothing to save: no client leaves by a rollback."""

    def after(self, steps: tuple[ProbeStep, ...]) -> tuple[Proven, ...]:
        """The probes of the sites that are there now."""
        orders = remembered(self._home, self._place)
        cast = cast_of(self._home)
        probes = steps_for((order.intent for order in orders), cast)
        others = observed(self._gear.files, self._place)
        steps = (*probes, *observed_steps(others, cast))
        return site_prover(self._gear, self._place, orders, cast, Plan(files=(), probes=steps), others).after(steps)
