"""The recorded runs, counted for the catalogue: what cured, what came from where. `catalogue/measured.json` is its output."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from handclasp.catalogue.measured import CauseCounts, Count, Measured, Outcome
from handclasp.diagnose import sign
from handclasp.diagnose.log_line import read_line
from handclasp.lab.results import Result, tallies
from handclasp.lab.scenario import Kind

Signs = dict[str, dict[str, dict[str, int]]]


def counted(results: Sequence[Result]) -> Measured:
    """Everything the catalogue shows of these results."""
    by_cause: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_cause[result.cause].append(result)
    return Measured(
        runs=len(results),
        builds=tuple(sorted({result.build for result in results})),
        causes={cause: _cause(mine) for cause, mine in sorted(by_cause.items())},
        signs=_signs(result for result in results if result.kind is Kind.BROKEN and not result.good),
    )


def to_json(measured: Measured) -> bytes:
    """The file: one cause and one sign a line, so that a change shows as a change of lines."""
    encode = msgspec.json.Encoder(order="deterministic").encode
    head = b'{"runs":%d,"builds":%s,\n' % (measured.runs, encode(measured.builds))
    causes = _lines((slug, encode(msgspec.to_builtins(counts))) for slug, counts in measured.causes.items())
    signs = _lines((name, encode(seen)) for name, seen in sorted(measured.signs.items()))
    return head + b'"causes":{\n' + causes + b'\n},\n"signs":{\n' + signs + b"\n}}\n"


def _lines(rows: Iterable[tuple[str, bytes]]) -> bytes:
    return b",\n".join(b'"%s":%s' % (name.encode(), row) for name, row in rows)


def _cause(results: Sequence[Result]) -> CauseCounts:
    broken = [result for result in results if result.kind is Kind.BROKEN]
    controls = [result for result in results if result.kind is Kind.CONTROL]
    return CauseCounts(
        runs=len(broken),
        failed=sum(not result.good for result in broken),
        controls=len(controls),
        worked=sum(result.good for result in controls),
        outcomes=tuple(
            Outcome(form=item.form, build=item.build, status=item.status, number=item.number, start=item.start is not None)
            for item in broken
        ),
        changes=tuple(
            Count(change=item.change, fixed=item.fixed, runs=item.runs, opened=item.opened, builds=item.builds)
            for item in tallies(results)
        ),
    )


def _signs(broken: Iterable[Result]) -> Signs:
    found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for result in broken:
        for name in _signs_of(result):
            found[name][result.build][result.cause] += 1
    return {name: {build: dict(causes) for build, causes in builds.items()} for name, builds in found.items()}


def _signs_of(result: Result) -> Iterator[str]:
    """Every sign once a run, however often the line was written."""
    lines = (sign.of_line(read_line(line)) for line in result.log)
    yield from dict.fromkeys(name for name in lines if name)
    if result.title:
        yield sign.of_title(result.title)
