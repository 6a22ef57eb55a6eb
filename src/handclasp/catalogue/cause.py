"""What the catalogue says of one root cause, as types; the data are the TOML files of `catalogue/causes`."""

from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum

from handclasp.catalogue.builds import BUILDS
from handclasp.model.finding import Applicability, Danger
from handclasp.model.text import Text
from handclasp.model.verdict import Side


class Status(StrEnum):
    """REPRODUCED: made to happen on real nginx builds. REPORTED: taken from reports, never run here."""

    REPRODUCED = "reproduced"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """What one or more lab variants of a cause look like on some builds.

    `status` and `title` are the HTTP answer; `start`: nginx refuses to start or reload instead; `seen` is what the client
    prints when no HTTP answer comes. `number` is the verification error in nginx's log, whose words follow from the build;
    `logs` are other lines, "{...}" standing for a value of the case and "…" for words that differ by release. `line_side`
    names the words of the line when they differ from the cause's side, and `log_of` says whose log holds it when it is not
    this nginx's. `look_alike`: shown to be told apart, not a form of the cause itself.
    `builds` is empty when it is known from reports only.
    """

    variants: tuple[str, ...]
    builds: tuple[str, ...] = ()
    status: int | None = None
    title: str | None = None
    start: bool = False
    seen: str | None = None
    number: int | None = None
    line_side: Side | None = None
    logs: tuple[str, ...] = ()
    log_of: str = "nginx"
    look_alike: bool = False

    def runs(self, builds: Container[str]) -> int:
        """How many lab runs it stands for on `builds`: one for each variant and build."""
        return len(self.variants) * sum(build in builds for build in self.builds)


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRemedy:
    """A fix as knowledge. `directives` are lines to write into nginx's configuration, `commands` lines for a shell.

    `needs`: what must be at hand or true before. `risk`: what else changes; None: nobody new is admitted and nothing else
    moves. `verify` and `undo` are keys of `steps.toml`.
    """

    id: str
    applicability: Applicability
    text: Text
    verify: str
    undo: str
    needs: Text | None = None
    risk: Text | None = None
    directives: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseDeadEnd:
    """A tempting fix that fails or endangers. `id`: the lab's name of it, where the lab has tried it."""

    action: Text
    why: Text
    danger: Danger = Danger.NONE
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionNote:
    """What is different on some versions; `on` names them."""

    on: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where it is written down. `kind`: vendor, rfc, man, advisory or report (a public thread where somebody met it)."""

    kind: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The part of a cause that search and ranking need; the generated index holds it for all causes.

    `order` is the place in the catalogue, from 0. `side` None: the cause belongs to neither verification. `proven`: the same
    setup with the fix answered 200 in the lab. `reports`: public threads that match this cause. `circumstance`: it
    shows the line of some other fault, so it is looked at after the faults themselves. `keywords`: what people call it, in
    either language; read by the search alone.
    """

    slug: str
    area: str
    order: int
    status: Status
    title: Text
    summary: Text
    tell_apart: Text
    side: Side | None = None
    proven: bool = False
    reports: int = 0
    circumstance: bool = False
    keywords: tuple[str, ...] = ()
    symptoms: tuple[Symptom, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause(Outline):
    """Everything known of one root cause. `evidence`: C config, P certificate files, K client, L log, V probe, R running state.

    `next_causes` are slugs of what may show itself once this one is fixed.
    """

    evidence: tuple[str, ...]
    remedies: tuple[CauseRemedy, ...]
    dead_ends: tuple[CauseDeadEnd, ...] = ()
    next_causes: tuple[str, ...] = ()
    versions: tuple[VersionNote, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def builds(self) -> tuple[str, ...]:
        """The builds it was seen on, in the order of the builds' table; empty when only reported."""
        seen = {build for symptom in self.symptoms for build in symptom.builds}
        return tuple(build for build in BUILDS if build in seen)
