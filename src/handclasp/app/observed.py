"""Servers written by hand that Handclasp keeps an include for: watched, or closed to all but clients of the CA."""

import posixpath
from datetime import datetime
from enum import StrEnum

import msgspec

from handclasp.app.apply_cast import Cast
from handclasp.app.apply_place import Place
from handclasp.app.apply_proof import key, spoken, steps_for
from handclasp.app.home import SESSION_EPOCH, Home
from handclasp.app.site import intermediates
from handclasp.model.errors import InputError
from handclasp.model.intent import SiteIntent, SiteMaterial, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.model.plan import Expect, ProbeStep, Who
from handclasp.nginxconf.render_observe import log_formats, observing, requiring
from handclasp.ports.files import FileReader


class Stage(StrEnum):
    """Everybody is served and watched, or only clients of the CA are."""

    OBSERVING = "observing"
    REQUIRING = "requiring"


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """One server. `other_logs`: arguments of the access_log directives that it inherited.

    `logs_itself`: the log is named in the include, and not in the place of an `access_log off`.
    """

    name: str
    listen: tuple[tuple[str, int], ...]
    protocols: tuple[str, ...]
    log: str
    other_logs: tuple[tuple[str, ...], ...]
    logs_itself: bool
    since: datetime
    stage: Stage

    def include(self, place: Place) -> str:
        """The file that the server includes."""
        return posixpath.join(place.pki, f"observe-{self.name.replace('*', 'any')}.conf")


def memory(place: Place) -> str:
    """The list of them."""
    return posixpath.join(place.pki, "observed.json")


def formats(place: Place) -> str:
    """The file with their log formats, for http{}."""
    return posixpath.join(place.pki, "observe-log.conf")


def observed(files: FileReader, place: Place) -> tuple[Observed, ...]:
    """Those of a place; InputError when the note of them is damaged."""
    path = memory(place)
    if not files.exists(path):
        return ()
    try:
        return msgspec.json.decode(files.read(path), type=tuple[Observed, ...])
    except msgspec.DecodeError as error:
        raise InputError(f"is not the list of servers that Handclasp wrote: {error}", where=path) from error


def observed_files(
    home: Home, place: Place, known: tuple[Observed, ...], version: NginxVersion
) -> dict[str, tuple[bytes, int]]:
    """Content and mode of what they need; empty when there are none."""
    if not known:
        return {}
    found = {one.include(place): (_text(home, place, one, version).encode(), 0o644) for one in known}
    if any(one.stage is Stage.OBSERVING for one in known):
        found[formats(place)] = (log_formats().encode(), 0o644)
    found[memory(place)] = (msgspec.json.format(msgspec.json.encode(known), indent=1) + b"\n", 0o644)
    return found


def intent_of(one: Observed) -> SiteIntent:
    """The server as far as a proof can know it: what its application answers is its own affair.

    While it is only observed nobody is on its list: no revocation is looked for there.
    """
    return SiteIntent(
        server_names=(one.name,),
        listen=one.listen,
        upstream=UpstreamIntent(url="http://127.0.0.1"),
        allow=None if one.stage is Stage.REQUIRING else (),
        tls="own",
        protocols=one.protocols,
    )


def observed_steps(known: tuple[Observed, ...], cast: Cast) -> tuple[ProbeStep, ...]:
    """The probes: everybody is answered as before; later clients are, and nobody else."""
    found: list[ProbeStep] = []
    for one in known:
        site = intent_of(one)
        if one.stage is Stage.REQUIRING:
            # Whoever names no server reaches the default one, which may be this very server: nothing can be asked of that.
            found += [step for step in steps_for((site,), cast) if step.sni]
            continue
        for tls in spoken(site):
            label = f"{one.name}, no certificate, {tls}"
            found.append(ProbeStep(name=label, expect=Expect.ADMITTED, site=one.name, who=Who.NOBODY, tls=tls))
            for member in cast.good[:1]:
                name = f"{one.name}, {member.name} fresh, {tls}"
                found.append(
                    ProbeStep(name=name, expect=Expect.ADMITTED, site=one.name, who=Who.GOOD, identity=key(member), tls=tls)
                )
    return tuple(found)


def _text(home: Home, place: Place, one: Observed, version: NginxVersion) -> str:
    since = f"{one.since:%Y-%m-%d}"
    authorities = f"{place.pki}/ca.pem"
    if one.stage is Stage.OBSERVING:
        return observing(
            one.name, since, authorities=authorities, log=one.log if one.logs_itself else None, other_logs=one.other_logs
        )
    material = SiteMaterial(
        certificate="/dev/null",
        certificate_key="/dev/null",
        client_certificate=authorities,
        crl=place.crl,
        verify_depth=intermediates(home),
        session_epoch=int(home.store.value(SESSION_EPOCH) or 0),
        error_log="",
        access_log="",
    )
    return requiring(one.name, since, material, version)
