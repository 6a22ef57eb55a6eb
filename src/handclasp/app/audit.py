"""Verifies the audit log: against itself, and against the CRLs that were published.

A log that was cut at its end is whole in itself. But every CRL has its event in the same transaction, and its number stands
under a signature of the CA, in files that nginx has too: a CRL that is newer than the log says that something is missing there.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from handclasp.app.home import Home
from handclasp.model.issuance import AuditEvent
from handclasp.pki.audit_chain import GENESIS, chain_faults, clock_steps
from handclasp.pki.read import certificate_from_der, crls_from_pem
from handclasp.verdict.issued import akid_mismatch

_CRL_EVENTS = frozenset({"crl-signed", "crl-accepted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """The log, what is wrong with it (nothing: it is whole), and the digest of its last event.

    `clock_steps`: events that were recorded at an earlier time than the one before.
    """

    events: tuple[AuditEvent, ...]
    faults: tuple[str, ...]
    head: str
    clock_steps: tuple[int, ...]


def audit(home: Home, *, head: str | None = None) -> Audited:
    """Check the whole chain, and that it knows the CRLs that are published.

    `head`, a digest noted earlier, must still be in it.
    """
    home.authorities()
    events = tuple(home.store.audit_events())
    faults = chain_faults(events)
    if head is not None and head.strip().lower() not in {event.digest for event in events}:
        faults += (f"the log no longer holds {head.strip()[:64]}: events were cut off or replaced",)
    faults += _cut_off(home, events)
    newest = events[-1].digest if events else GENESIS
    return Audited(events=events, faults=faults, head=newest, clock_steps=clock_steps(events))


def _cut_off(home: Home, events: Iterable[AuditEvent]) -> tuple[str, ...]:
    """CRLs in the home's file that the log does not know any more."""
    known, taken_over = dict[str, int](), set[str]()
    for event in events:
        if event.action in _CRL_EVENTS:
            known[event.subject] = max(known.get(event.subject, 0), int(event.details.get("number", "0")))
        elif event.action == "imported":
            taken_over.add(event.subject)  # its CRL may have come with it
    if not home.files.exists(home.layout.crl):
        return ()
    cas = [(one.label, certificate_from_der(one.certificate)) for one in home.authorities()]
    faults = []
    for crl in crls_from_pem(home.files.read(home.layout.crl), where=home.layout.crl):
        number = crl.crl_number or 0
        # Two CAs may have the same name: the key tells whose it is. An import may bring the key of a CA that is here already,
        # and then each of the two may have published it.
        own = [
            label for label, ca in cas if crl.issuer == ca.subject and akid_mismatch(ca, crl.authority_key_identifier) is None
        ]
        explained = any(number <= known.get(label, 0) or (label not in known and label in taken_over) for label in own)
        if own and not explained:
            newest = max(own, key=lambda label: known.get(label, 0))
            faults.append(
                f"CRL {number} of the {newest} CA is published, and the log ends with number {known.get(newest, 0)}: "
                "events were cut off its end"
            )
    return tuple(faults)
