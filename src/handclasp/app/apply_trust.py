"""The files of sites that have CAs of their own, in the folder of a place: what is in them today, and after a rollback."""

from handclasp.app.apply_place import Place, file_name, listed
from handclasp.app.apply_stage import Planned
from handclasp.app.apply_state import Change, Gear, now
from handclasp.app.home import Home
from handclasp.app.site import SiteOrder
from handclasp.app.site_trust import SiteTrust, placed_trust, trust_of
from handclasp.model.errors import InputError
from handclasp.model.plan import WriteFile


def trust_files(place: Place, order: SiteOrder) -> tuple[str, str]:
    """Where the CAs of a site that has its own are, and their CRLs."""
    return f"{place.pki}/ca/{file_name(order)}.pem", f"{place.pki}/crl/{file_name(order)}.pem"


def trust_contents(place: Place, order: SiteOrder, trust: SiteTrust) -> dict[str, tuple[bytes, int]]:
    """Content and mode of those files."""
    bundle, crl = trust_files(place, order)
    return {bundle: (trust.bundle, 0o644)} | ({crl: (trust.crl, 0o644)} if trust.crl is not None else {})


def trust_at(home: Home, gear: Gear, place: Place, order: SiteOrder, *, hasty: bool) -> SiteTrust | None:
    """The CAs of a site that has its own. `hasty`: where files from elsewhere are missing or bad, those that nginx has stay."""
    wanted = order.intent.client_ca
    if wanted is None:
        return None
    bundle, crl = trust_files(place, order)
    try:
        return trust_of(home, wanted)
    except InputError:
        if not hasty or not gear.files.exists(bundle):
            raise
        # Another CA's files must not hold up a revocation here; the next plan says what is wrong with them.
        return placed_trust(gear.files, bundle, crl)


def trust_of_today(home: Home, gear: Gear, place: Place, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The changes of a rollback, with the CAs and CRLs of its sites as they are today: trust is not configuration."""
    wanted: dict[str, tuple[bytes, int]] = {}
    for order in listed(Planned(gear.files, changes), place):
        trust = trust_at(home, gear, place, order, hasty=True)
        if trust is not None:
            wanted |= trust_contents(place, order, trust)
    written = (
        WriteFile(path=path, content=content, mode=mode, before=there)
        for path, (content, mode) in wanted.items()
        if (there := now(gear.files, path)) != content
    )
    return (*(change for change in changes if change.path not in wanted), *written)
