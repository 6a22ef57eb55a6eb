"""Runs many cases on one nginx: batches of one side, a case that keeps nginx from starting set aside, logs taken apart."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from handclasp.lab.case import Case, Outcome, Raised
from handclasp.lab.sheet import sheet
from handclasp.model.errors import WorldError
from handclasp.model.nginx import NginxBuild, NginxVersion
from handclasp.model.verdict import Side
from handclasp.ports.bench import Answer, Bench

BATCH = 250
_RAISED = re.compile(r"\*(\d+) verify:0, error:(\d+), depth:(\d+),")
_REPORTED = re.compile(r"\[(?:info|error)\] [^*\n]*\*(\d+) ((?:client|upstream) SSL certificate [^\n]*)")
_NUMBER = re.compile(r"verify error: \((\d+):([^)]*)\)")
_TITLE = re.compile(r"<title>(.*?)</title>")
_LABEL = re.compile(r"/(c\d+)\.(?:more\.)?(?:pem|crl|key)")
_CONTINUES = NginxVersion(1, 19, 1)  # before it, an upstream's verification stopped at the first error, unlogged


def run(cases: Sequence[Case], bench: Bench) -> Iterator[tuple[Case, Outcome]]:
    """Every case with what nginx did, client side cases first. Raises WorldError when nginx cannot be run at all."""
    build = bench.build()
    for side in (Side.CLIENT, Side.UPSTREAM):
        named = [(f"c{number}", case) for number, case in enumerate(cases) if case.side is side]
        for start in range(0, len(named), BATCH):
            yield from _batch(dict(named[start : start + BATCH]), bench, build)


def _batch(cases: dict[str, Case], bench: Bench, build: NginxBuild) -> Iterator[tuple[Case, Outcome]]:
    while cases:
        seen = bench.run(sheet(list(cases.items())))
        if seen.refused is None:
            yield from _outcomes(cases, seen.answers, seen.log, build)
            return
        culprit = _LABEL.search(seen.refused)
        if culprit is None or culprit[1] not in cases:
            raise WorldError(f"nginx does not start: {seen.refused.strip()[:500]}", where=seen.refused_side)
        yield cases.pop(culprit[1]), Outcome(start=f"{seen.refused_side}: {seen.refused.strip()[:300]}")


def _outcomes(
    cases: dict[str, Case], answers: Sequence[Answer | None], log: str, build: NginxBuild
) -> Iterator[tuple[Case, Outcome]]:
    raised, lines = _by_connection(log)
    for case, answer in zip(cases.values(), answers, strict=True):
        connection = answer.headers.get("x-connection") if answer else None
        if answer is None or connection is None:
            yield case, Outcome(status=None, line=answer.body[:200] if answer else None)
            continue
        shows = build.debug and (case.side is Side.CLIENT or build.version >= _CONTINUES)
        yield case, _outcome(answer, raised[connection] if shows else None, lines.get(connection))


def _outcome(answer: Answer, raised: list[Raised] | None, line: str | None) -> Outcome:
    title, number = _TITLE.search(answer.body), _NUMBER.search(line or "")
    return Outcome(
        errors=None if raised is None else tuple(raised),
        status=answer.status,
        title=title[1] if title else None,
        verify=answer.headers.get("x-verify"),
        reported=int(number[1]) if number else None,
        text=number[2] if number else None,
        line=line,
    )


def _by_connection(log: str) -> tuple[dict[str, list[Raised]], dict[str, str]]:
    raised: dict[str, list[Raised]] = defaultdict(list)
    for connection, number, depth in _RAISED.findall(log):
        raised[connection].append(Raised(int(number), int(depth)))
    return raised, dict(_REPORTED.findall(log))
