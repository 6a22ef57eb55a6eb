"""The files by which an nginx serves sites of ours, and what turns those that are there into them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from handclasp.app.apply_certificates import Pair
from handclasp.app.apply_drift import copies, drifted, noted, refuse
from handclasp.app.apply_neighbours import refuse_new_default, taken, unguarded
from handclasp.app.apply_place import Place, file_name
from handclasp.app.apply_state import Change, Gear, now
from handclasp.app.apply_streams import refuse_homeless, stream_of
from handclasp.app.apply_trust import trust_contents, trust_files
from handclasp.app.home import Home
from handclasp.app.register import entering
from handclasp.app.site import SiteOrder
from handclasp.app.site_trust import SiteTrust, beside, families
from handclasp.model.intent import SiteIntent, SiteMaterial
from handclasp.model.issuance import CertificateRecord
from handclasp.model.plan import RemoveFile, WriteFile
from handclasp.nginxconf.render import render_sites
from handclasp.nginxconf.render_main import render_main

_SECRET = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A site with what it is made of. `intent`: what holds of its order now. `files_of` gives `material` the place's paths.

    `trust`: its own CAs; None: those of all sites.
    """

    order: SiteOrder
    intent: SiteIntent
    material: SiteMaterial
    pair: Pair
    trust: SiteTrust | None = None


def files_of(gear: Gear, place: Place, served: Sequence[Served], *, bundle: bytes, crl: bytes) -> dict[str, tuple[bytes, int]]:
    """Content and mode of every file that makes an nginx serve these sites, the ones that others refer to first.

    Raises:
        PolicyError: a name or path that nginx would misread.
    """
    pki, orders = place.pki, [one.order for one in served]
    refuse_homeless(gear, place, orders)
    found = {f"{pki}/ca.pem": (bundle, 0o644), place.crl: (crl, 0o644)}
    pairs: list[tuple[SiteIntent, SiteMaterial]] = []
    for one in served:
        name = file_name(one.order)
        found[f"{pki}/{name}.key"] = (one.pair.key, _SECRET)
        found[f"{pki}/{name}.pem"] = (one.pair.certificate, 0o644)
        own = replace(
            one.material,
            certificate=f"{pki}/{name}.pem",
            certificate_key=f"{pki}/{name}.key",
            client_certificate=f"{pki}/ca.pem",
            crl=place.crl,
        )
        if one.trust is not None:
            bundle_path, crl_path = trust_files(place, one.order)
            found |= trust_contents(place, one.order, one.trust)
            own = replace(own, client_certificate=bundle_path, crl=crl_path if one.trust.crl is not None else None)
        elif any(each.trust for each in served):
            own = beside(own, bundle)
        pairs.append((one.intent, own))
    shared = taken(gear, place, (intent for intent, _ in pairs))
    texts = render_sites(pairs, gear.nginx.build().version, defended=lambda pair: not unguarded(shared, pair))
    for one, text in zip(served, texts, strict=True):
        found[place.site(one.order)] = (text.encode(), 0o644)
    refuse_new_default(gear, place, shared, found)
    if place.own:
        modules, stream = stream_of(gear, orders)
        found[place.instance.config] = (render_main(place.instance.prefix, modules=modules, stream=stream).encode(), 0o644)
    found[place.memory] = (msgspec.json.format(msgspec.json.encode(orders), indent=1) + b"\n", 0o644)
    return found


def changes_to(gear: Gear, where: Place, wanted: dict[str, tuple[bytes, int]], *, force: bool) -> tuple[Change, ...]:
    """What turns the files of ours in a place into these (content and mode by path). PolicyError: see `plan_sites`."""
    stale = [path for folder in where.folders for path in _present(gear, where, folder) if path not in wanted]
    drifts = drifted(gear, where)
    if not force:
        refuse(drifts, wanted)
    changes: list[Change] = [*copies(gear, drifts, wanted)]
    for path, (content, mode) in wanted.items():
        there = now(gear.files, path)
        if there != content:
            changes.append(WriteFile(path=path, content=content, mode=mode, before=there))
    changes += [RemoveFile(path=path, before=gear.files.read(path)) for path in stale]
    if (note := noted(gear, where, wanted)) is not None:
        changes.append(note)
    return tuple(changes)


def of_the_living(home: Home, intent: SiteIntent) -> SiteIntent:
    """The intent without listed identities whose certificates are all revoked or expired: nobody is admitted in their name.

    A name that this CA never knew stays, so that rendering refuses it; so does one that has no certificate of the site's CA.
    """
    if intent.listed is None:
        return intent
    meant = families(home, intent.client_ca)
    having = {name: [one for one in home.store.certificates(name=name) if _of(meant, one)] for name in intent.listed}
    gone = {name for name, records in having.items() if records and not any(entering(home, records))}

    def left(allow: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if allow is None else tuple(name for name in allow if name not in gone)

    paths = tuple(replace(path, allow=left(path.allow)) for path in intent.paths)
    return replace(intent, allow=left(intent.allow), paths=paths)


def _of(meant: frozenset[str] | None, record: CertificateRecord) -> bool:
    return meant is None or record.issuer in meant


def _present(gear: Gear, place: Place, folder: str) -> tuple[str, ...]:
    if not gear.files.exists(folder):
        return ()
    return tuple(path for path in gear.files.walk(folder) if place.ours(path))
