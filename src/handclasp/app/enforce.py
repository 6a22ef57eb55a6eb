"""Gives every nginx of a home the CRLs of today: those that serve its sites, and those that `nginx adopt` made this CA's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from handclasp.app.apply import Applied, Way
from handclasp.app.apply_history import Kind, newest
from handclasp.app.apply_place import Place, adopted_places, gear_at, private_place, remembered
from handclasp.app.apply_proof import SiteProver
from handclasp.app.apply_recover import unfinished
from handclasp.app.apply_site import Leaving, apply_sites
from handclasp.app.apply_state import Gear, Instance
from handclasp.app.follow import Followed, StrayedError, apply_followed, followed
from handclasp.app.home import Home
from handclasp.app.host_cas import read_again
from handclasp.app.mapped import MappedFiles
from handclasp.app.observed import observed
from handclasp.app.revoke_record import session_epoch
from handclasp.app.site import SiteOrder
from handclasp.app.site_trust import trust_of
from handclasp.model.errors import Bug, HandclaspError, InputError

Target = Place | Followed

_STORM_SECONDS = 15.0
_PAUSE_SECONDS = 0.5
_MOST_PAUSES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Enforced:
    """One nginx that was given the CRLs. `adopted`: written by hand, and made this CA's by `nginx adopt`."""

    place: Place
    applied: Applied
    prover: SiteProver
    adopted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Which nginx took the CRLs. `strayed`: why others were left alone, in words; `failures`: what others failed with."""

    enforced: tuple[Enforced, ...]
    strayed: tuple[str, ...]
    failures: tuple[HandclaspError, ...]

    @property
    def nobody(self) -> bool:
        """There is no nginx to reach."""
        return not (self.enforced or self.strayed or self.failures)


def targets(home: Home, gear: Gear) -> tuple[Target, ...]:
    """Every nginx that serves a site of this home, or was adopted."""
    known = (private_place(home), *adopted_places(home))
    return (*(place for place in known if _in_use(home, gear_at(gear, place), place)), *followed(home))


def configs(home: Home, gear: Gear) -> tuple[str, ...]:
    """The main configuration file of each of them, as it is called on this machine."""
    known = ((one.place if isinstance(one, Followed) else one, one.instance) for one in targets(home, gear))
    mapped = (MappedFiles(gear.files, place.control.mounts).outside(instance.config) for place, instance in known)
    return tuple(dict.fromkeys(mapped))


def refresh_everywhere(home: Home, gear: Gear) -> Reached:
    """The published CRLs, to every nginx of the home: reloaded, and proven with revoked clients and good ones.

    CRLs of CAs from elsewhere are read anew, for nginx hosts too; those that cannot be used are among the failures, and hold
    nothing else up.
    """
    reached = enforce_everywhere(home, gear, Way(kind=Kind.REFRESH, start=False, about="CRLs"), lambda _target: Leaving())
    elsewhere = read_again(home)
    return replace(reached, failures=(*reached.failures, *_unusable(home, gear), *elsewhere))


def _unusable(home: Home, gear: Gear) -> Iterator[HandclaspError]:
    """Why the files of a CA from elsewhere did not take the place of those that nginx has."""
    for target in targets(home, gear):
        orders = () if isinstance(target, Followed) else remembered(home, target)
        for order in orders:
            try:
                if order.intent.client_ca is not None:
                    trust_of(home, order.intent.client_ca)
            except InputError as error:
                yield InputError(
                    f"{order.intent.server_names[0]} goes on with the CAs and CRLs that it had: {error.what}",
                    where=error.where,
                    hint=error.hint,
                )


def enforce_everywhere(home: Home, gear: Gear, way: Way, leaving: Callable[[Target], Leaving]) -> Reached:
    """The CRLs, and what hangs on them, to every nginx of the home; one that fails does not keep them from the others.

    Args:
        home: the CA.
        gear: the ports.
        way: how, and what the histories say of it.
        leaving: for each nginx, who must be refused there from now on.
    """
    done: list[Enforced] = []
    strayed: list[str] = []
    failures: list[HandclaspError] = []
    for target in targets(home, gear):
        try:
            done.append(_enforce(home, gear, target, way, leaving(target)))
        except StrayedError as error:
            strayed.append(f"{error} ({error.hint})")
        except HandclaspError as error:
            failures.append(error)
    return Reached(enforced=tuple(done), strayed=tuple(strayed), failures=tuple(failures))


def _in_use(home: Home, gear: Gear, place: Place) -> bool:
    return bool(remembered(home, place) or observed(gear.files, place)) or unfinished(gear, place.instance)


def _enforce(home: Home, gear: Gear, target: Target, way: Way, leaving: Leaving) -> Enforced:
    """In one apply."""
    if isinstance(target, Followed):
        place = target.place
        wait = partial(_gather, home, gear, target.instance)
        done = apply_followed(home, gear, target, leaving=leaving, way=way, wait=wait)
    else:
        place = target
        done = apply_sites(home, gear, partial(_gathered, home, gear, target), leaving=leaving, way=way, place=target)
    if done.applied is None or done.prover is None:
        raise Bug("an apply came back without a result")
    return Enforced(place=place, applied=done.applied, prover=done.prover, adopted=isinstance(target, Followed))


def _gathered(home: Home, gear: Gear, place: Place) -> tuple[SiteOrder, ...]:
    _gather(home, gear_at(gear, place), place.instance)
    return remembered(home, place)


def _gather(home: Home, gear: Gear, instance: Instance) -> None:
    """In a storm of revocations, wait until no more come for a moment, at most so long: then one reload serves them all."""
    last = newest(gear, instance)
    if last is None or last.kind is not Kind.REVOKE or (home.clock.now() - last.at).total_seconds() > _STORM_SECONDS:
        return
    known = session_epoch(home)
    for _ in range(_MOST_PAUSES):
        gear.pause(_PAUSE_SECONDS)
        before, known = known, session_epoch(home)
        if before == known:
            return


def not_serving(enforced: Enforced) -> Iterator[str]:
    """Says so when nobody could be asked."""
    if not enforced.applied.serving:
        config = enforced.place.instance.config
        yield f"nginx is not running with {config}: its files are ready, and nobody was asked"
