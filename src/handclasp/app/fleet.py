"""A fleet: thousands of identities at once, into archives that are handed over. Their keys are not kept in the home.

In batches: content is built and judged by all processors, its intents become durable in one transaction, then the keys are
used, the archive is on the disk, and one more transaction records the batch. Killed anywhere and run again, the rest is done;
what was signed and not recorded is abandoned, which stays revocable, and its archive is written anew. While a batch waits for
the disk, the processors work on the next; never are there more than three, so memory does not grow with the fleet.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from handclasp.app.crashpoint import crashpoint
from handclasp.app.fleet_archive import END
from handclasp.app.hierarchy import IN_TOKEN
from handclasp.app.home import Home
from handclasp.app.issue import IssueOrder, request_of
from handclasp.app.judged import shape_of
from handclasp.app.press import Drawn, Press, Refused, Signed, press_of
from handclasp.app.profiles import profile_of
from handclasp.app.recover import recover
from handclasp.model.errors import PolicyError
from handclasp.model.issuance import IssuanceRequest, Profile
from handclasp.pki import tbs
from handclasp.pki.names import fold
from handclasp.ports.workers import Crew, Workers

BATCH = 2_000
"""Identities in one transaction and one archive."""

_PART = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What became of one batch. `skipped`: names without a certificate of this run, each with the reason."""

    archive: str | None
    issued: int
    skipped: tuple[tuple[str, str], ...]


@dataclass(slots=True, kw_only=True)
class _Under:
    """A batch on its way: what was asked, then what was drawn, then what was signed."""

    keys: frozenset[str]
    skipped: list[tuple[str, str]]
    drawing: list[Callable[[], list[Drawn | Refused]]]
    drawn: list[Drawn]
    signing: list[Callable[[], Signed]]


def issue_fleet(home: Home, orders: Iterable[IssueOrder], workers: Workers, *, folder: str) -> Iterator[Batch]:
    """Issue in batches; an archive fleet-NNNN.tar (mode 0600) in `folder` for each, with NAME/key.pem and NAME/chain.pem.

    All must be of profiles that one CA signs. A row that is not allowed is skipped, with the reason; the others go on.

    Raises:
        PolicyError: another CA would have to sign, or this CA cannot sign now; the batches before are complete.
        WorldError: keys cannot be unlocked, or the disk failed; run it again to go on.
    """
    requests = iter(request_of(order, lambda name: profile_of(home, name)) for order in orders)
    chunk = tuple(islice(requests, BATCH))
    if not chunk:
        return
    home.files.make_folder(folder, mode=0o700)
    fleet = _Fleet(home, folder, chunk[0].profile)
    with home.changing("issuing a fleet"):
        recover(home)
        fleet.show(chunk)
        with workers.crew(fleet.press.beside()) as crew:
            fleet.crew = crew
            drawing: deque[_Under] = deque()
            signing: deque[_Under] = deque()
            while chunk or drawing or signing:
                if chunk:
                    drawing.append(fleet.begin(chunk, [*drawing, *signing]))
                    chunk = tuple(islice(requests, BATCH))
                if drawing and (len(drawing) > 1 or not chunk):
                    signing.append(fleet.intend(drawing.popleft()))
                if signing and (len(signing) > 1 or not drawing):
                    yield fleet.finish(signing.popleft())


class _Fleet:
    """The steps of every batch, with what they share."""

    def __init__(self, home: Home, folder: str, profile: str) -> None:
        self.home = home
        self.folder = folder
        self.profiles: dict[str, Profile] = _Profiles(home)
        self.press = press_of(home, profile)
        self.authority = self.press.authority
        # A CA that cannot sign now says so once, not for every row.
        tbs.validity(self.profiles[profile], None, self.press.issuer, home.clock.now())
        self.crew: Crew[Press]

    def show(self, chunk: tuple[IssuanceRequest, ...]) -> None:
        """One of each shape is drawn here first: what the linter says is remembered, and the workers need not ask it."""
        self.press.draw(tuple((self.profiles[one.profile], one) for one in {shape_of(one): one for one in chunk}.values()))

    def begin(self, chunk: tuple[IssuanceRequest, ...], before: list[_Under]) -> _Under:
        """Skip who has a record already, or will have with a batch under way, and let the others be drawn."""
        self._same_authority(chunk)
        keys = [fold(request.name) for request in chunk]
        taken = set(self.home.store.known(keys)).union(*(one.keys for one in before))
        fresh: dict[str, IssuanceRequest] = {}
        skipped = []
        for key, request in zip(keys, chunk, strict=True):
            if key in taken or key in fresh:
                skipped.append((request.name, "has a certificate already, or looks like a name that has"))
            else:
                fresh[key] = request
        chosen = tuple((self.profiles[request.profile], request) for request in fresh.values())
        parts = (chosen[start : start + _PART] for start in range(0, len(chosen), _PART))
        drawing = [self.crew.submit(Press.draw, part) for part in parts]
        return _Under(keys=frozenset(fresh), skipped=skipped, drawing=drawing, drawn=[], signing=[])

    def intend(self, batch: _Under) -> _Under:
        """Every intent, in one transaction; then the keys may be used (invariant: no signature without an intent)."""
        for result in batch.drawing:
            for one in result():
                if isinstance(one, Refused):
                    batch.skipped.append((one.name, one.why))
                else:
                    batch.drawn.append(one)
        if not batch.drawn:
            return batch
        label, now = self.authority.label, self.home.clock.now()
        intents = [one.intent(label, now) for one in batch.drawn]
        details = {"issuer": label, "intents": str(len(intents)), "sha256": _digest(one.content for one in batch.drawn)}
        with self.home.store.begin() as transaction:
            transaction.add_intents(intents)
            transaction.audit(
                at=now, actor=self.home.actor, action="fleet-intent", subject=batch.drawn[0].name, details=details
            )
        crashpoint("fleet.intents-durable")
        parts = [batch.drawn[start : start + _PART] for start in range(0, len(batch.drawn), _PART)]
        if self.authority.key.startswith(IN_TOKEN):  # a session with a token is of the process that opened it
            batch.signing = [lambda part=part: self.press.sign(part) for part in parts]  # type: ignore[misc]
        else:
            batch.signing = [self.crew.submit(Press.sign, part) for part in parts]
        return batch

    def finish(self, batch: _Under) -> Batch:
        """Archive on the disk, then everything recorded, in one transaction."""
        if not batch.drawn:
            return Batch(archive=None, issued=0, skipped=tuple(batch.skipped))
        signed = [result() for result in batch.signing]
        crashpoint("fleet.signed")
        path = self._free_path()
        self.home.files.create(path, b"".join([*(part.members for part in signed), END]), mode=0o600)
        crashpoint("fleet.archived")
        label, certificates = self.authority.label, [one for part in signed for one in part.certificates]
        made = [(one.serial, der, one.key_sha256) for one, der in zip(batch.drawn, certificates, strict=True)]
        details = {"issuer": label, "certificates": str(len(made)), "sha256": _digest(certificates), "archive": path}
        with self.home.store.begin() as transaction:
            transaction.record_handed(label, made)
            transaction.audit(
                at=self.home.clock.now(),
                actor=self.home.actor,
                action="fleet-issued",
                subject=batch.drawn[0].name,
                details=details,
            )
        crashpoint("fleet.recorded")
        return Batch(archive=path, issued=len(made), skipped=tuple(batch.skipped))

    def _same_authority(self, chunk: tuple[IssuanceRequest, ...]) -> None:
        for profile in {request.profile for request in chunk}:
            if self.home.issuing(profile).label != self.authority.label:
                raise PolicyError(
                    f"{profile} certificates come from another CA than the first of this fleet",
                    hint="one table for each CA: handclasp ca list",
                )

    def _free_path(self) -> str:
        taken = {path.rpartition("/")[2] for path in self.home.files.walk(self.folder)}
        return next(
            f"{self.folder}/{name}" for name in (f"fleet-{turn:04d}.tar" for turn in range(1, 10**6)) if name not in taken
        )


class _Profiles(dict[str, Profile]):
    """Profiles by name, read when first asked for."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def __missing__(self, name: str) -> Profile:
        self[name] = profile_of(self._home, name)
        return self[name]


def _digest(parts: Iterable[bytes]) -> str:
    """SHA-256 over the SHA-256 of each part."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()
