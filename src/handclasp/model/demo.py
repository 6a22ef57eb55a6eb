"""What the demonstration shows, act by act. Every value was seen on a real nginx; nothing is written by hand."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from handclasp.model.finding import Answer, Diagnosis
from handclasp.model.plan import Expect
from handclasp.model.probe import TlsVersion
from handclasp.model.text import Text


class Act(StrEnum):
    """The acts, in order."""

    AUTHORITY = "authority"
    IDENTITIES = "identities"
    SERVER = "server"
    PROBES = "probes"
    REVOCATION = "revocation"
    INTERMEDIATE_ONLY = "only-the-intermediate-is-trusted"
    DEPTH = "two-intermediates-at-the-default-depth"
    UPSTREAM = "upstream-of-another-ca"


class Guest(StrEnum):
    """Who knocks: without certificate, two clients of the CA, one of another CA, an expired one, one with a server's."""

    NOBODY = "nobody"
    ALICE = "alice"
    BOB = "bob"
    STRANGER = "stranger"
    EXPIRED = "expired"
    WRONG_PURPOSE = "wrong-purpose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """An act begins."""

    act: Act


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeCertificate:
    """One certificate that was made: its subject, what it is for, where its files are, and when it ends."""

    name: str
    profile: str
    place: str
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityMade:
    """The CA: its certificates, and the files that nginx takes."""

    authorities: tuple[MadeCertificate, ...]
    bundle: str
    crl: str
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitiesMade:
    """The identities."""

    identities: tuple[MadeCertificate, ...]
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """nginx is up. `proofs` handshakes were made by the apply itself, `good` of them as they had to be."""

    nginx: str
    openssl: str
    url: str
    port: int
    proofs: int
    good: int

    @property
    def ok(self) -> bool:
        """Whether the apply was proven."""
        return 0 < self.proofs == self.good


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request and what came of it.

    `offered`: the client offered a TLS session from before; `resumed`: nginx took it. `verify` is $ssl_client_verify from
    nginx's access log; `number` and `reason` are the error nginx logged, None when it logged none.
    """

    who: Guest
    tls: TlsVersion
    must: Expect
    status: int | None
    title: str | None
    verify: str | None
    number: int | None
    reason: str | None
    offered: bool
    resumed: bool

    @property
    def ok(self) -> bool:
        """Whether it came out as it must: 200 to a verified client, 400 to everybody else."""
        if self.must is Expect.ADMITTED:
            return self.status == 200 and self.verify == "SUCCESS"
        return self.status == 400 and self.verify != "SUCCESS" and not self.resumed


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """A table of visits."""

    rows: tuple[Visit, ...]

    @property
    def ok(self) -> bool:
        """Whether all came out as they must."""
        return bool(self.rows) and all(row.ok for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationSeen:
    """Somebody was revoked. `proven` by the command itself, in `seconds`; `rows`: own visits after it."""

    name: str
    seconds: float
    proven: bool
    rows: tuple[Visit, ...]

    @property
    def ok(self) -> bool:
        """Whether it was proven, and every visit came out as it must."""
        return self.proven and bool(self.rows) and all(row.ok for row in self.rows)

    def refusal(self, *, offered: bool) -> int | None:
        """The one status that the revoked client got everywhere, fresh or with an old session; None when they differ."""
        seen = {row.status for row in self.rows if row.who is Guest.BOB and row.offered is offered}
        return seen.pop() if len(seen) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A broken set-up: what nginx said, what the doctor said, and what nginx said after the doctor's patch.

    `expected` is the cause that was built in. `after` None: there was no patch. `failed`: why nothing was proven.
    """

    act: Act
    config: str
    expected: str
    before: Answer
    diagnosis: Diagnosis
    after: Answer | None
    failed: Text | None = None

    @property
    def cause(self) -> str | None:
        """The doctor's first finding."""
        return self.diagnosis.findings[0].cause if self.diagnosis.findings else None

    @property
    def proved(self) -> bool:
        """Whether the doctor proved its remedy on a copy."""
        remedies = self.diagnosis.findings[0].remedies if self.diagnosis.findings else ()
        return bool(remedies and remedies[0].proof and remedies[0].proof.proved)

    @property
    def foretold(self) -> bool:
        """Whether the doctor named the very error that nginx had logged."""
        verdict = self.diagnosis.verdict
        return bool(verdict and verdict.log and self.before.log and verdict.log in self.before.log)

    @property
    def ok(self) -> bool:
        """Refused before, the right cause, proven, and admitted after the patch."""
        refused = self.before.status in {400, 502}
        helped = self.after is not None and self.after.status == 200
        return refused and self.cause == self.expected and self.proved and self.foretold and helped


Seen = AuthorityMade | IdentitiesMade | Serving | Visits | RevocationSeen | Repaired
"""What came of an act; `ok` says whether it is what it must be."""
