"""Revokes an identity and proves it: registry, CRLs, session epoch, nginx, and then the revoked client itself knocks.

"Revoked" is said only when nginx refused that very certificate, in a fresh handshake and with a TLS session from before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from handclasp.app.apply import Proven, Way
from handclasp.app.apply_cast import NO_CLIENT, Cast, holder
from handclasp.app.apply_history import Kind
from handclasp.app.apply_lockout import refuse_lists
from handclasp.app.apply_place import gear_at, remembered
from handclasp.app.apply_proof import SiteProver, leaving_steps, spoken
from handclasp.app.apply_site import Leaving
from handclasp.app.apply_state import Gear
from handclasp.app.ca_files import bundle_of, crls_written, newest_crls
from handclasp.app.crl import PublishedCrl, publish_locked, published_crls
from handclasp.app.enforce import Enforced, Reached, Target, enforce_everywhere, not_serving, targets
from handclasp.app.follow import Followed, sites_of
from handclasp.app.home import Home
from handclasp.app.observed import Stage, intent_of, observed
from handclasp.app.revoke_record import chosen_for, held, record_revocation
from handclasp.app.stream_witness import StreamWitness, other_logs
from handclasp.model.errors import HandclaspError, PolicyError
from handclasp.model.issuance import CertificateRecord, CertificateState, Reason
from handclasp.model.plan import Expect, Who
from handclasp.pki.read import crl_from_octets
from handclasp.pki.serials import format_serial

Seen = dict[Target, SiteProver]

_NO_NGINX = "no nginx of this home serves a site: nobody was asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """What was done, and what is proven.

    `records` as they are now. `fresh` are those that this run revoked; the others had been revoked before. `applied` is
    empty when no nginx serves a site of this home. `unproven` says, in words, what could not be proven; empty when all was.
    `failed` are probes that saw the revoked client get in, or a good one shut out. `seconds` from the order to the proof.
    """

    records: tuple[CertificateRecord, ...]
    fresh: tuple[int, ...]
    crls: tuple[PublishedCrl, ...]
    applied: tuple[Enforced, ...]
    unproven: tuple[str, ...]
    at: datetime
    seconds: float

    @property
    def failed(self) -> tuple[Proven, ...]:
        """Probes that did not see what they should."""
        return tuple(one for one in self.proofs if not one.ok)

    @property
    def proofs(self) -> tuple[Proven, ...]:
        """Every probe, of all places."""
        return tuple(one for enforced in self.applied for one in enforced.applied.proven)

    @property
    def proven(self) -> bool:
        """Whether nginx was seen to refuse every one of them, fresh and resumed, and to let a good client in."""
        return bool(self.applied) and not self.failed and not self.unproven


def revoke(home: Home, gear: Gear, what: str, *, reason: Reason = Reason.UNSPECIFIED, serial: str | None = None) -> Revoked:
    """Revoke the certificates of an identity (or the one with that serial) and make the private nginx refuse them.

    Raises:
        UsageError: there is no such certificate.
        others as `revoke_records`.
    """
    return revoke_records(home, gear, chosen_for(home, what, serial), reason=reason)


def revoke_records(home: Home, gear: Gear, chosen: tuple[CertificateRecord, ...], *, reason: Reason) -> Revoked:
    """Revoke certificates, all in one step, and make every nginx of this home refuse them.

    Killed anywhere, the revocation is either not recorded, or recorded; then running it again completes it. Several runs at
    once share CRLs and reloads: each finds out whether what it recorded is published and in force already, and then proves it.

    Raises:
        PolicyError: the new CRLs would shut live clients out: then the revocation is recorded and nginx is as before.
        WorldError, apply.ProofError: nginx did not take it: the revocation is recorded, and nginx is as before.
    """
    started = home.clock.now()
    fresh = tuple(record for record in chosen if record.state is not CertificateState.REVOKED)
    sessions: Seen = {target: _sessions(home, gear, target, fresh) for target in targets(home, gear)}
    records = record_revocation(home, chosen, reason=reason)
    crls = _publish(home, anew=any(held(record) for record in chosen))
    reached = enforce_everywhere(home, gear, _way(records), partial(_leaving, home, records, sessions))
    if reached.failures:
        raise _told(reached.failures[0], records)
    doubts = (_NO_NGINX,) if reached.nobody else tuple(dict.fromkeys(_all_doubts(home, reached, records)))
    now = home.clock.now()
    done = Revoked(
        records=records,
        fresh=tuple(record.serial for record in fresh),
        crls=crls,
        applied=reached.enforced,
        unproven=doubts,
        at=now,
        seconds=(now - started).total_seconds(),
    )
    if done.proven:
        _note_proof(home, done)
    return done


def _told(failure: HandclaspError, records: tuple[CertificateRecord, ...]) -> HandclaspError:
    """What one nginx failed with, and what holds all the same."""
    if not isinstance(failure, PolicyError):  # a refused CRL is not published
        names = ", ".join(dict.fromkeys(record.name for record in records))
        failure.what = f"{failure.what}; {names} is revoked and on the published CRL, and this nginx has not read it"
        again = "when this is put right: handclasp crl --reload"
        failure.hint = f"{failure.hint}\n{again}" if failure.hint else again
    return failure


def _way(records: tuple[CertificateRecord, ...]) -> Way:
    return Way(kind=Kind.REVOKE, start=False, about=", ".join(dict.fromkeys(record.name for record in records)))


def _leaving(home: Home, records: tuple[CertificateRecord, ...], sessions: Seen, target: Target) -> Leaving:
    # Others may record revocations meanwhile: what is planned for nginx must hold those too, or none of them would be refused.
    serials = frozenset(record.serial for record in records)
    return Leaving(serials=serials, seen=sessions.get(target), publish=lambda: _publish_locked(home))


def _sessions(home: Home, gear: Gear, target: Target, leaving: tuple[CertificateRecord, ...]) -> SiteProver:
    """TLS sessions of those who are about to leave: whoever's reload it is that shuts them out, these must not be resumed."""
    members = tuple(member for record in leaving if (member := holder(home, record)))
    if isinstance(target, Followed):
        sites = sites_of(gear, target)
        witness = StreamWitness(gear=gear, folder=target.place.logs)
    else:
        gear = gear_at(gear, target)
        orders = remembered(home, target)
        witness = StreamWitness(gear=gear, folder=target.logs, others=other_logs(orders))
        sites = {order.intent.server_names[0]: order.intent for order in orders}
        sites |= {one.name: intent_of(one) for one in observed(gear.files, target) if one.stage is Stage.REQUIRING}
    prover = SiteProver(
        door=gear.probe,
        sites=sites,
        cast=Cast(good=(), revoked=members, foreign=NO_CLIENT),
        watched=leaving_steps(sites.values(), members),
        at=gear.control.probe_at,
        witness=witness,
    )
    instance = target.instance
    if members and sites and gear.nginx.running(prefix=instance.prefix, config=instance.config):
        prover.before()
    return prover


def _publish(home: Home, *, anew: bool) -> tuple[PublishedCrl, ...]:
    """CRLs that list every recorded revocation. They may be there: another run that came later published both."""
    with home.changing("publishing CRLs"):
        return _publish_locked(home, anew=anew)


def _publish_locked(home: Home, *, anew: bool = False) -> tuple[PublishedCrl, ...]:
    if not anew and _published(home):
        return published_crls(home)
    try:
        return publish_locked(home)
    except HandclaspError as error:
        unpublished = "the revocation is recorded, and no CRL says so yet: put this right, and run the command again"
        error.hint = f"{error.hint}\n{unpublished}" if error.hint else unpublished
        raise


def _published(home: Home) -> bool:
    newest = newest_crls(home)
    if not crls_written(home, newest):
        return False
    try:
        refuse_lists(home, bundle=bundle_of(home), lists=tuple(crl_from_octets(one.content) for one in newest))
    except PolicyError:
        return False
    return True


def _note_proof(home: Home, done: Revoked) -> None:
    """The audit log says when each revocation was seen to work; a later run need not doubt it for want of an old session."""
    fresh = [record for record in done.records if home.store.value(_proof_key(record)) is None]
    if not fresh:
        return
    with home.changing("noting a proof"), home.store.begin() as transaction:
        for record in fresh:
            transaction.set_value(_proof_key(record), done.at.isoformat())
            transaction.audit(
                at=done.at,
                actor=home.actor,
                action="revocation-proven",
                subject=record.name,
                details={"serial": format_serial(record.serial), "seconds": f"{done.seconds:.1f}"},
            )


def _proof_key(record: CertificateRecord) -> str:
    return f"revocation_proven:{record.issuer}:{format_serial(record.serial)}"


def _all_doubts(home: Home, reached: Reached, records: tuple[CertificateRecord, ...]) -> Iterator[str]:
    yield from reached.strayed
    for enforced in reached.enforced:
        yield from not_serving(enforced)
        if enforced.applied.serving:
            yield from _doubts(home, enforced, records)


def _doubts(home: Home, enforced: Enforced, records: tuple[CertificateRecord, ...]) -> Iterator[str]:
    prover = enforced.prover
    for record in records:
        number = format_serial(record.serial)
        member = holder(home, record)
        if record.certificate is None:
            yield f"{record.name} (serial {number}) was never signed as far as is known: nobody can knock with it"
        elif member is None:
            yield f"the key of {record.name} (serial {number}) is not in this home: nobody could knock with it"
        elif home.store.value(_proof_key(record)) is None:
            saved = prover.was_inside(member)
            for site, intent in prover.sites.items():
                lacking = [tls.value for tls in spoken(intent) if (site, tls) not in saved]
                if lacking and prover.cast.suits(intent, intent.allow, member):
                    yield f"{site} did not let {record.name} in before ({', '.join(lacking)}): there was no session to resume"
    if not any(one.step.who is Who.GOOD and one.step.expect is Expect.ADMITTED for one in enforced.applied.proven):
        yield "no good client has its key in this home: that others still get in was not asked"
