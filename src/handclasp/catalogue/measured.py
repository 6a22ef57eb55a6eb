"""What the lab counted, as the catalogue needs it: `measured.json`, written by tools/catalogue_measured.py."""

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from handclasp.catalogue.builds import BUILDS

DATA = "measured.json"

# Acts of the doctor on a configuration at hand, and the remedies of the catalogue that are the same act on a cause.
SAME_ACT: dict[str, frozenset[str]] = {
    "add-to-trust-file": frozenset(
        {
            "add-intermediate-to-file", "add-intermediate-to-trust", "add-issuing-root", "add-root", "append-root",
            "append-upstream-root", "put-issuing-ca", "trust-new-root", "trust-right-root", "trust-the-root",
            "trust-this-certificate", "use-client-ca",
        }
    ),
    "raise-verify-depth": frozenset({"raise-proxy-verify-depth"}),
    "send-intermediates": frozenset({"client-sends-chain", "upstream-sends-fullchain"}),
    "complete-crl-file": frozenset({"complete-upstream-crls", "concatenate-all-crls", "convert-crl", "crl-of-current-key"}),
    "fetch-crl": frozenset({"publish-fresh-crl"}),
    "name-the-upstream": frozenset({"set-proxy-ssl-name"}),
    "give-client-a-certificate": frozenset({"configure-client"}),
    "cure-every-finding": frozenset({"check-everything", "list-all-errors"}),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A remedy or dead end tried on the broken forms of a cause: it cured `fixed` of `runs` runs on `builds`.

    `opened`: runs in which it let a stranger in, which is no cure whatever the answer was.
    """

    change: str
    fixed: int
    runs: int
    opened: int
    builds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one broken form showed on one build. `start`: nginx refused to start. `number`: the error it reported."""

    form: str
    build: str
    status: int | None = None
    number: int | None = None
    start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseCounts:
    """The runs of one cause: `failed` of `runs` broken runs failed as they must, `worked` of `controls` controls worked."""

    runs: int
    failed: int
    controls: int
    worked: int
    outcomes: tuple[Outcome, ...]
    changes: tuple[Count, ...] = ()

    @property
    def builds(self) -> tuple[str, ...]:
        """The builds it was run on, in the order of the builds' table."""
        seen = dict.fromkeys(outcome.build for outcome in self.outcomes)
        return tuple(sorted(seen, key=lambda build: list(BUILDS).index(build) if build in BUILDS else len(BUILDS)))

    def change(self, identity: str) -> Count | None:
        """The count of a remedy or dead end by its id, or of the remedy that is the same act; None: not measured."""
        exact = (count for count in self.changes if count.change == identity)
        same = (count for count in self.changes if count.change in SAME_ACT.get(identity, ()))
        return next(exact, None) or next(same, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything counted. `signs`: what was seen (diagnose/sign.py), then build, then cause, to the number of broken runs."""

    runs: int
    builds: tuple[str, ...]
    causes: dict[str, CauseCounts]
    signs: dict[str, dict[str, dict[str, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameFrom:
    """Where a line or page came from in the lab: cause and number of runs, most frequent first, of `runs` on `builds`."""

    causes: tuple[tuple[str, int], ...]
    runs: int
    builds: tuple[str, ...]


@cache
def measured() -> Measured:
    """All counts that Handclasp ships."""
    return msgspec.json.decode((files(__package__) / DATA).read_bytes(), type=Measured)


def of_cause(slug: str) -> CauseCounts | None:
    """The counts of a cause; None: the lab has no runs of it."""
    return measured().causes.get(slug)


def of_change(slug: str, identity: str | None) -> Count | None:
    """The count of a remedy or dead end of a cause; None: not measured."""
    counts = of_cause(slug)
    return counts.change(identity) if counts and identity else None


def came_from(sign: str, builds: Container[str]) -> CameFrom | None:
    """The causes whose broken runs on `builds` showed the sign; None when no run did."""
    seen = {build: causes for build, causes in measured().signs.get(sign, {}).items() if build in builds}
    total: Counter[str] = Counter()
    for causes in seen.values():
        total.update(causes)
    if not total:
        return None
    return CameFrom(causes=tuple(total.most_common()), runs=total.total(), builds=tuple(seen))
