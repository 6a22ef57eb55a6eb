"""What the runs of scenarios showed, as data: one record a variant and build, and the counts made of them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from handclasp.catalogue.builds import BUILDS
from handclasp.lab.scenario import Kind, Scenario, Variant, lets_in, main_visit
from handclasp.lab.setup import NOBODY, STRANGER
from handclasp.model.errors import InputError
from handclasp.model.nginx import NginxBuild
from handclasp.model.probe import ProbeResult
from handclasp.ports.stage import Performance, Stage

_STAMP = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (\[\w+\]) \d+#\d+: ", re.MULTILINE)
_FIXED = r"2026/01/01 00:00:00 \1 1#1: "
_NOISE = re.compile(r"\[notice\]|\[debug\]|closed keepalive|reopening logs|configuration file .* test|using inherited")
_PLACE = re.compile(r"/[\w./-]*?/hl\w+/(?:subject|origin)/")
_PORT = re.compile(r"(127\.0\.0\.1):\d+")
_REPORTED = re.compile(r"SSL certificate verify error: \((\d+):([^)]*)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One variant on one build. `number` and `text` are the verification error nginx reported, or the origin where it did not.

    `asked`: whoever took the handshake asked for a certificate. `start` holds nginx's words when it refused to start;
    `stranger` and `nobody` tell whether a client (or an origin) of
    an unrelated CA, and a client without certificate, got through; `good` whether this is what a person wants.
    """

    cause: str
    form: str
    kind: Kind
    change: str | None
    build: str
    good: bool
    status: int | None = None
    title: str | None = None
    number: int | None = None
    text: str | None = None
    alert: str | None = None
    error: str | None = None
    start: str | None = None
    stranger: bool = False
    nobody: bool = False
    asked: bool = True
    log: tuple[str, ...] = ()
    origin_log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often a change to a broken setup helped: `fixed` of `runs`. `opened`: runs in which it let a stranger in."""

    cause: str
    kind: Kind
    change: str
    fixed: int
    runs: int
    opened: int
    builds: tuple[str, ...]


def build_id(build: NginxBuild) -> str:
    """The catalogue's id of a build, as "1.22/3.0"; one that the catalogue does not know is named in the same form."""
    known = (item.id for item in BUILDS.values() if item.lab and item.nginx == build.version and item.series is build.series)
    return next(known, f"{build.version.major}.{build.version.minor}/{build.series}")


def run(scenarios: Iterable[Scenario], stages: Sequence[Stage]) -> Iterator[Result]:
    """Every variant of every scenario on every build."""
    return (play(variant, stage) for variant, stage in planned(scenarios, stages))


def planned(scenarios: Iterable[Scenario], stages: Sequence[Stage]) -> Iterator[tuple[Variant, Stage]]:
    """What there is to run, and on which build."""
    for scenario in scenarios:
        for variant in scenario.variants():
            for stage in stages:
                if scenario.runs_on(variant.form, build_id(stage.build()), variant.change):
                    yield variant, stage


def play(variant: Variant, stage: Stage) -> Result:
    """One variant on one build."""
    setup = variant.make()
    return judged(variant, main_visit(setup), stage.perform(setup.play()), stage.build())


def judged(variant: Variant, visit: str, seen: Performance, build: NginxBuild) -> Result:
    """What was seen, reduced to a record."""
    answer = seen.results.get(visit, ProbeResult(certificate_requested=False))
    lines, behind = log_lines(seen), _origin_lines(seen)
    reported = next((found for line in (*lines, *behind) if (found := _REPORTED.search(line))), None)
    return Result(
        cause=variant.scenario.cause,
        form=variant.form,
        kind=variant.kind,
        change=variant.change,
        build=build_id(build),
        good=variant.scenario.is_good(seen),
        status=answer.status,
        title=answer.title,
        number=int(reported[1]) if reported else None,
        text=reported[2] if reported else None,
        alert=answer.alert,
        error=_plain(answer.error) if answer.error else None,
        start=_plain(_STAMP.sub(_FIXED, seen.start).strip()) if seen.start else None,
        stranger=lets_in(seen, STRANGER),
        nobody=lets_in(seen, NOBODY),
        asked=answer.certificate_requested,
        log=lines,
        origin_log=behind,
    )


def log_lines(seen: Performance) -> tuple[str, ...]:
    """The lines that a person would look at, without what changes from run to run.

    Where every visitor came once, only the first visitor's: the others are there to see who else gets in.
    """
    lines = [_plain(line) for line in _STAMP.sub(_FIXED, seen.log).splitlines() if line and not _NOISE.search(line)]
    single = len({name.partition("-")[0] for name in seen.results}) == len(seen.results)
    return tuple(line for line in lines if not single or ": *1 " in line or ": *" not in line)


def _origin_lines(seen: Performance) -> tuple[str, ...]:
    """What an origin said, without its answers to this nginx hanging up."""
    lines = (_plain(line) for line in _STAMP.sub(_FIXED, seen.origin_log).splitlines())
    return tuple(line for line in lines if line and not _NOISE.search(line) and "closed connection" not in line)


def _plain(text: str) -> str:
    return _PORT.sub(r"\1:443", _PLACE.sub("", text))


def tallies(results: Iterable[Result]) -> tuple[Tally, ...]:
    """Counts for each remedy and dead end, in the order of the results."""
    groups: dict[tuple[str, Kind, str], list[Result]] = {}
    for result in results:
        if result.change is not None:
            groups.setdefault((result.cause, result.kind, result.change), []).append(result)
    return tuple(
        Tally(
            cause=cause,
            kind=kind,
            change=change,
            fixed=sum(item.good for item in items),
            runs=len(items),
            opened=sum(item.stranger or (item.nobody and kind is Kind.DEAD_END) for item in items),
            builds=tuple(dict.fromkeys(item.build for item in items)),
        )
        for (cause, kind, change), items in groups.items()
    )


def to_json(results: Sequence[Result]) -> bytes:
    """A results file: one record a line, so that a change shows as a change of lines."""
    encoder = msgspec.json.Encoder()
    return b"[\n" + b",\n".join(encoder.encode(result) for result in results) + b"\n]\n"


def from_json(data: bytes, *, where: str) -> tuple[Result, ...]:
    """Read a results file. Raises InputError naming `where`."""
    try:
        return msgspec.json.decode(data, type=tuple[Result, ...])
    except msgspec.DecodeError as error:
        raise InputError(f"these are no lab results: {error}", where=where) from error
