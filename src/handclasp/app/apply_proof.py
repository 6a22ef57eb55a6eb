"""Handshakes that prove a site: who must get in does, who must not does not, fresh and resumed, with TLS 1.2 and 1.3."""

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from handclasp.app.apply import Proven
from handclasp.app.apply_cast import Cast, Member
from handclasp.app.probe import REFUSALS
from handclasp.app.stream_witness import PATIENCE, StreamWitness
from handclasp.catalogue.tls_policies import POLICIES
from handclasp.model.intent import EVERYWHERE, SiteIntent
from handclasp.model.plan import Expect, ProbeStep, Who
from handclasp.model.probe import ClientIdentity, ProbeRequest, ProbeResult, TlsVersion
from handclasp.ports.probe import Probe

LOOPBACK = {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "::1"}  # noqa: S104 - a listen address, asked on loopback
_REJECTED = (Who.NOBODY, Who.FOREIGN)
_BROKEN = 500
_UNAUTHENTICATED = 401


def steps_for(sites: Iterable[SiteIntent], cast: Cast) -> tuple[ProbeStep, ...]:
    """The probes of these sites."""
    known = tuple(sites)
    at = Counter(pair for site in known for pair in dict.fromkeys(site.listen))
    return tuple(
        step
        for site in known
        for tls in spoken(site)
        for step in _of_site(site, cast, tls, named=not site.stream or at[site.listen[0]] > 1)
    )


def _of_site(site: SiteIntent, cast: Cast, tls: TlsVersion, *, named: bool) -> Iterator[ProbeStep]:
    """`named`: whoever sends no SNI is refused. A site that passes bytes and has its address for itself asks for none."""
    name = site.server_names[0]

    def step(
        words: str,
        who: Who,
        expect: Expect = Expect.REFUSED,
        *,
        identity: str | None = None,
        resumed: bool = False,
        sni: bool = True,
    ) -> ProbeStep:
        label = f"{name}, {words}, {tls}"
        return ProbeStep(name=label, expect=expect, site=name, who=who, identity=identity, tls=tls, resumed=resumed, sni=sni)

    free = Expect.ADMITTED if _needs_none(site, site.free_from) else Expect.REFUSED
    listed = cast.of(site, site.allow)
    for member in listed[:1]:
        yield step(f"{member.name} fresh", Who.GOOD, Expect.ADMITTED, identity=key(member))
        yield step(f"{member.name} resumed", Who.GOOD, Expect.ADMITTED, identity=key(member), resumed=True)
        yield step(
            f"{member.name} without SNI",
            Who.GOOD,
            Expect.REFUSED if named else Expect.ADMITTED,
            identity=key(member),
            sni=False,
        )
    if free is Expect.REFUSED or site.upstream is None:  # whom nginx lets in, an application may still refuse
        for member in [one for one in cast.of(site, None) if one not in listed][:1]:
            yield step(f"{member.name}, not on the list", Who.UNLISTED, free, identity=key(member))
        yield step("no certificate", Who.NOBODY, free)
    for member in _of_others(site, cast):
        yield step(f"{member.name}, of the {member.issuer} CA", Who.UNLISTED, identity=key(member))
    yield step("certificate of another CA fresh", Who.FOREIGN)
    yield step("certificate of another CA resumed", Who.FOREIGN, resumed=True)
    for member in cast.revoked:
        yield step(f"{member.name} (revoked) fresh", Who.REVOKED, identity=key(member))
        yield step(f"{member.name} (revoked) resumed", Who.REVOKED, identity=key(member), resumed=True)
    for member in cast.expired:
        yield step(f"{member.name} (expired) fresh", Who.EXPIRED, identity=key(member))
    if tls is spoken(site)[-1]:
        yield from _of_paths(site, cast, tls)


def _of_others(site: SiteIntent, cast: Cast) -> list[Member]:
    """A client of a CA of the home that the site does not mean: it is refused from any address."""
    own = cast.of(site, None)
    return [member for member in cast.good if member not in own][:1]


def _of_paths(site: SiteIntent, cast: Cast, tls: TlsVersion) -> Iterator[ProbeStep]:
    """Who must not enter a path, and, where nginx itself answers, who must. Once is enough: the tables know no TLS version."""
    name = site.server_names[0]
    for zone in site.paths:
        free = _needs_none(site, zone.free_from)
        listed = cast.of(site, zone.allow)
        visitors = [(Who.NOBODY, None, free), *((Who.GOOD, member, True) for member in listed[:1])]
        visitors += [(Who.UNLISTED, member, free) for member in cast.of(site, None) if member not in listed][:1]
        visitors += [(Who.UNLISTED, member, False) for member in _of_others(site, cast)]
        visitors += [(Who.REVOKED, member, False) for member in cast.revoked[:1]]
        for who, member, enters in visitors:
            if enters and site.upstream is not None:
                continue  # as above: an application may still refuse
            label = f"{name}{zone.path}, {member.name if member else 'no certificate'}, {tls}"
            yield ProbeStep(
                name=label,
                expect=Expect.ADMITTED if enters else Expect.REFUSED,
                site=name,
                who=who,
                identity=key(member) if member else None,
                tls=tls,
                path=zone.path,
            )


def spoken(site: SiteIntent) -> tuple[TlsVersion, ...]:
    """The TLS versions of a site's policy."""
    protocols = POLICIES[site.tls].protocols if site.tls in POLICIES else site.protocols
    return tuple(version for version in TlsVersion if version.value in protocols) or tuple(TlsVersion)


def _needs_none(site: SiteIntent, networks: tuple[str, ...]) -> bool:
    """Whether the proof, which comes from the address it asks, is in one of the networks that need no certificate."""
    address, _ = site.listen[0]
    here = ipaddress.ip_address(LOOPBACK.get(address, address).strip("[]"))
    return any(each == EVERYWHERE or here in ipaddress.ip_network(each, strict=False) for each in networks)


def key(member: Member) -> str:
    """A member's key in a step: one name may have several certificates."""
    return f"{member.name}#{member.serial:X}"


def leaving_steps(sites: Iterable[SiteIntent], members: Iterable[Member]) -> tuple[ProbeStep, ...]:
    """One step for each client that leaves, at each site: what `SiteProver.before` saves its sessions by."""
    known = tuple(members)
    return tuple(
        ProbeStep(
            name=member.name,
            expect=Expect.REFUSED,
            site=site.server_names[0],
            who=Who.REVOKED,
            identity=key(member),
            tls=tls,
        )
        for site in sites
        for tls in spoken(site)
        for member in known
    )


@dataclass(slots=True)
class SiteProver:
    """apply.Prover over real handshakes.

    `sessions` are saved TLS sessions by step; those saved before the change are what must not be resumed after it. `let_in`
    says of which of them the client was inside. `alike` are sites whose application is somebody else's: whoever is admitted
    there must be answered as before. `at`: where all sites are asked, None: at the address that each listens on. `witness`
    says who reached the service of a site that passes bytes.
    """

    door: Probe
    sites: dict[str, SiteIntent]
    cast: Cast
    watched: tuple[ProbeStep, ...] = ()
    sessions: dict[tuple[str, Who, str | None, TlsVersion | None], bytes] = field(default_factory=dict)
    let_in: set[tuple[str, Who, str | None, TlsVersion | None]] = field(default_factory=set)
    statuses: dict[tuple[str, Who, TlsVersion | None], int | None] = field(default_factory=dict)
    alike: frozenset[str] = frozenset()
    at: tuple[str, int] | None = None
    witness: StreamWitness | None = None

    def before(self) -> None:
        """Save a session of every good or leaving client that has none yet, and what the good ones are answered."""
        for step in self.watched:
            if _place(step) in self.sessions and step.who is not Who.GOOD:
                continue
            rejected = step.who in _REJECTED and step.site not in self.alike
            if step.site not in self.sites or step.resumed or not step.sni or step.path != "/" or rejected:
                continue
            seen = self.ask(step)
            if self._inside(step, seen) and seen.session is not None:
                self.sessions[_place(step)] = seen.session
                self.let_in.add(_place(step))
            self.statuses[step.site, step.who, step.tls] = seen.status

    def was_inside(self, member: Member) -> frozenset[tuple[str, TlsVersion | None]]:
        """The sites and TLS versions where a revoked client was let in before the change, and a session of it was saved."""
        return frozenset((site, tls) for site, who, one, tls in self.let_in if who is Who.REVOKED and one == key(member))

    def after(self, steps: tuple[ProbeStep, ...]) -> tuple[Proven, ...]:
        """Make the probes in order; a resumed one uses the oldest session there is of that client."""
        return tuple(self._prove(step) for step in steps)

    def _prove(self, step: ProbeStep) -> Proven:
        session = self.sessions.get(_place(step)) if step.resumed else None
        if step.resumed and session is None:
            return Proven(step=step, ok=True, seen="no session was given that could be resumed")
        seen = self.ask(step, session)
        if not step.resumed and step.sni and step.path == "/" and seen.session is not None:
            self.sessions.setdefault(_place(step), seen.session)
        words = stream_words(seen) if self.sites[step.site].stream else as_words(seen)
        return Proven(step=step, ok=self._as_expected(step, seen), seen=words)

    def ask(self, step: ProbeStep, session: bytes | None = None) -> ProbeResult:
        """Make one probe."""
        seen = self.door.ask(self._request(step, session))
        site = self.sites[step.site]
        return self.witness.judged(site, seen) if self.witness and site.stream else seen

    def _inside(self, step: ProbeStep, seen: ProbeResult) -> bool:
        if self.sites[step.site].stream:
            return seen.held
        turned_away = REFUSALS | {_UNAUTHENTICATED} if self.sites[step.site].grpc else REFUSALS
        return seen.status is not None and seen.status not in turned_away

    def _as_expected(self, step: ProbeStep, seen: ProbeResult) -> bool:
        if seen.unreachable:
            return False
        inside = self._inside(step, seen)
        if step.expect is Expect.REFUSED:
            return not inside
        before = self.statuses.get((step.site, step.who, step.tls))
        if step.site in self.alike and before is not None:
            return seen.status == before
        if self.sites[step.site].upstream is None:
            return seen.status == 200
        # An upstream that was down before is not this change's fault; one that answered before must still do so.
        answered = (before or _BROKEN) < _BROKEN
        return inside and not (answered and (seen.status or 0) >= _BROKEN)

    def _request(self, step: ProbeStep, session: bytes | None) -> ProbeRequest:
        site = self.sites[step.site]
        address, port = self.at or site.listen[0]
        host = site.server_names[0].replace("*", "handclasp-probe", 1)
        return ProbeRequest(
            address=LOOPBACK.get(address, address).strip("[]"),
            port=port,
            sni=host if step.sni else None,
            host=host if port == 443 else f"{host}:{port}",
            path=step.path,
            identity=self._holds(step),
            tls=step.tls,
            session=session,
            patience=PATIENCE if site.stream else None,
        )

    def _holds(self, step: ProbeStep) -> ClientIdentity | None:
        if step.who is Who.NOBODY:
            return None
        if step.who is Who.FOREIGN:
            return self.cast.foreign
        return next(one.holds for one in (*self.cast.good, *self.cast.revoked, *self.cast.expired) if key(one) == step.identity)


def _place(step: ProbeStep) -> tuple[str, Who, str | None, TlsVersion | None]:
    return step.site, step.who, step.identity, step.tls


def as_words(seen: ProbeResult) -> str:
    """What a client got, in a few words."""
    how = " (resumed)" if seen.resumed else ""
    if seen.status is not None:
        return f"{seen.title or seen.status}{how}"
    return f"no answer: {'alert ' + seen.alert if seen.alert else seen.error}{how}"


def stream_words(seen: ProbeResult) -> str:
    """What a client got of a service that passes bytes."""
    how = " (resumed)" if seen.resumed else ""
    if seen.held:
        broken = f", and the service did not answer ({seen.status})" if (seen.status or 0) >= _BROKEN else ""
        return f"let through{broken}{how}"
    if seen.tls is None:
        return as_words(seen)
    return f"cut off{how}"
