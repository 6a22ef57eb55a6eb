"""The whole loop in eight acts: a CA, identities, nginx, who gets in, a revocation, and three broken set-ups repaired."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from handclasp.app.apply_site import apply_sites, private_instance, with_site
from handclasp.app.authority import certificate_of
from handclasp.app.demo_broken import depth, intermediate_only, upstream
from handclasp.app.demo_stage import Mint, Stage
from handclasp.app.demo_visits import Door
from handclasp.app.home import Home
from handclasp.app.init import InitOrder, init
from handclasp.app.issue import IssueOrder, issue
from handclasp.app.probe import home_identity
from handclasp.app.revoke import revoke
from handclasp.app.site import SiteOrder, site_intent
from handclasp.model.demo import (
    Act,
    Announced,
    AuthorityMade,
    Guest,
    IdentitiesMade,
    MadeCertificate,
    RevocationSeen,
    Seen,
    Serving,
    Visit,
    Visits,
)
from handclasp.model.errors import Bug
from handclasp.model.issuance import Reason
from handclasp.model.plan import Expect
from handclasp.model.probe import ClientIdentity, TlsVersion

SITE = "app.localhost"
"""The site's name: browsers and curl take every name below localhost for this machine (RFC 6761 6.3)."""

_PAST = timedelta(minutes=30)
_SHORT = timedelta(minutes=10)
_MEMBERS = (Guest.ALICE, Guest.BOB)


def play(stage: Stage) -> Iterator[Announced | Seen]:
    """The acts one after the other: each announced, then what was seen. The site's nginx is left running.

    Raises:
        WorldError: nginx or the disk failed.
        apply.ProofError: nginx did not do what was configured.
    """
    run = _Play(stage)
    for act, seen in (
        (Act.AUTHORITY, run.authority),
        (Act.IDENTITIES, run.identities),
        (Act.SERVER, run.server),
        (Act.PROBES, run.probes),
        (Act.REVOCATION, run.revocation),
        (Act.INTERMEDIATE_ONLY, lambda: intermediate_only(stage)),
        (Act.DEPTH, lambda: depth(stage)),
        (Act.UPSTREAM, lambda: upstream(stage)),
    ):
        yield Announced(act=act)
        yield seen()


@dataclass(frozen=True, slots=True)
class _Shifted:
    """A clock that is slow."""

    home: Home
    by: timedelta

    def now(self) -> datetime:
        return self.home.clock.now() - self.by


@dataclass(slots=True)
class _Play:
    """What one act leaves for the next."""

    stage: Stage
    door: Door | None = None
    sessions: dict[tuple[Guest, TlsVersion], bytes] = field(default_factory=dict)

    def authority(self) -> AuthorityMade:
        home = self.stage.home
        made = init(home, InitOrder(name="Demo"))
        return AuthorityMade(
            authorities=tuple(
                MadeCertificate(
                    name=certificate_of(one).subject.rfc4514_string(),
                    profile=one.label,
                    place=home.layout.authority(one.label),
                    not_after=certificate_of(one).not_valid_after_utc,
                )
                for one in made.authorities
            ),
            bundle=home.layout.bundle,
            crl=home.layout.crl,
            ok=made.changed and len(made.authorities) == len(made.crls) == 2,
        )

    def identities(self) -> IdentitiesMade:
        home = self.stage.home
        orders = (*(IssueOrder(name=who.value) for who in _MEMBERS), IssueOrder(name=SITE, profile="server"))
        made = [issue(home, order) for order in orders]
        return IdentitiesMade(
            identities=tuple(
                MadeCertificate(
                    name=one.record.name, profile=one.record.profile, place=one.folder, not_after=one.record.not_after
                )
                for one in made
            ),
            ok=len(made) == 3,
        )

    def server(self) -> Serving:
        return self.stage.on_free_port(self._serve)

    def _serve(self, port: int) -> Serving:
        home, gear = self.stage.home, self.stage.gear
        order = SiteOrder(intent=site_intent((SITE,), (f"127.0.0.1:{port}",)))
        applied = apply_sites(home, gear, lambda: with_site((), order)).applied
        if applied is None:
            raise Bug("an apply came back without a result")
        logs = f"{private_instance(home).prefix}/logs/handclasp-{SITE}"
        self.door = Door(stage=self.stage, site=SITE, port=port, access_log=f"{logs}-access.log", error_log=f"{logs}-error.log")
        build = gear.nginx.build()
        return Serving(
            nginx=str(build.version),
            openssl=build.openssl,
            url=f"https://{SITE}:{port}/",
            port=port,
            proofs=len(applied.proven),
            good=sum(one.ok for one in applied.proven),
        )

    def probes(self) -> Visits:
        rows: list[Visit] = []
        for who, identity in self._guests().items():
            must = Expect.ADMITTED if who in _MEMBERS else Expect.REFUSED
            rows += [self._knock(who, tls, identity, must) for tls in TlsVersion]
            if who is Guest.ALICE:
                rows += [self._knock(who, tls, identity, must, again=True) for tls in TlsVersion]
        return Visits(rows=tuple(rows))

    def revocation(self) -> RevocationSeen:
        home = self.stage.home
        bob, alice = self._member(Guest.BOB), self._member(Guest.ALICE)
        done = revoke(home, self.stage.gear, Guest.BOB.value, reason=Reason.KEY_COMPROMISE)
        rows = [self._knock(Guest.BOB, tls, bob, Expect.REFUSED, again=again) for again in (True, False) for tls in TlsVersion]
        rows += [self._knock(Guest.ALICE, tls, alice, Expect.ADMITTED) for tls in TlsVersion]
        return RevocationSeen(name=Guest.BOB.value, seconds=done.seconds, proven=done.proven, rows=tuple(rows))

    def _guests(self) -> dict[Guest, ClientIdentity | None]:
        mint = Mint(self.stage.home)
        return {
            Guest.NOBODY: None,
            Guest.ALICE: self._member(Guest.ALICE),
            Guest.BOB: self._member(Guest.BOB),
            Guest.STRANGER: mint.client("mallory", mint.root("Elsewhere Root CA")).identity,
            Guest.EXPIRED: self._expired(),
            Guest.WRONG_PURPOSE: home_identity(self.stage.home.files, self.stage.home.layout.at("identities"), SITE),
        }

    def _expired(self) -> ClientIdentity:
        """A certificate that this CA issued half an hour ago for ten minutes: its clock was slow, all else is as ever."""
        home = self.stage.home
        issue(replace(home, clock=_Shifted(home, _PAST)), IssueOrder(name="carol", lifetime=_SHORT))
        return home_identity(home.files, home.layout.at("identities"), "carol")

    def _member(self, who: Guest) -> ClientIdentity:
        return home_identity(self.stage.home.files, self.stage.home.layout.at("identities"), who.value)

    def _knock(
        self, who: Guest, tls: TlsVersion, identity: ClientIdentity | None, must: Expect, *, again: bool = False
    ) -> Visit:
        """A visit; `again`: with the session of the first one, which is kept."""
        if self.door is None:
            raise Bug("nobody can knock before nginx is up")
        visit, session = self.door.knock(who, tls, identity, must, self.sessions.get((who, tls)) if again else None)
        if session is not None and must is Expect.ADMITTED:
            self.sessions.setdefault((who, tls), session)
        return visit
