"""What whole logs hold about TLS: counted on all processors, in one pass and bounded memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby

from handclasp.diagnose.lines import clue_of, said_by
from handclasp.diagnose.log_broken import breaks_in, mended
from handclasp.diagnose.log_by_table import count_by_table
from handclasp.diagnose.log_count import count_in_bulk
from handclasp.diagnose.log_parts import MARKS
from handclasp.diagnose.log_tallies import LogCount
from handclasp.diagnose.pasted import lines_in, read_pasted
from handclasp.ports.logs import LogPart, Logs
from handclasp.ports.workers import Workers

_SHORT, _FEW_LINES = 256 * 1024, 2000
"""More than that is no paste."""


def count_logs(paths: Sequence[str], logs: Logs, workers: Workers, meanwhile: Callable[[], object] = tuple) -> LogCount:
    """Count all these logs, in this order. `meanwhile` is done here while workers count.

    Raises:
        InputError: one of them cannot be read.
        WorldError: a worker was killed.
    """
    parts = logs.parts(paths)
    together = len(parts) > 1 and all(part.path != "-" for part in parts) and not _cut_and_broken(parts, logs)
    counted = _side_by_side(parts, logs, workers, meanwhile) if together else None
    if counted is None or counted.full:
        # What is kept when there is too much to tell apart depends on the order: so it is read in order.
        counted = _count(logs, _in_order(parts, logs))
    return counted


def _cut_and_broken(parts: Sequence[LogPart], logs: Logs) -> bool:
    """Whether a log that would be read in parts has lines in pieces: these could be in two parts."""
    first = [part for part in parts if part.end is not None and part.start == 0]
    return any(breaks_in(next(iter(logs.blocks(part)), b"")) for part in first)


def _in_order(parts: Sequence[LogPart], logs: Logs) -> Iterator[bytes]:
    for _, same in groupby(parts, key=lambda part: part.path):
        yield from mended(chain.from_iterable(logs.blocks(part) for part in same))


def _side_by_side(parts: Sequence[LogPart], logs: Logs, workers: Workers, meanwhile: Callable[[], object]) -> LogCount:
    whole = LogCount()
    with workers.crew(logs) as crew:
        waiting = [crew.submit(_counted, part) for part in parts]
        meanwhile()
        for counted in waiting:
            whole.merge(counted())
    return whole


def _counted(logs: Logs, part: LogPart) -> LogCount:
    return _count(logs, mended(logs.blocks(part)))


def _count(logs: Logs, blocks: Iterable[bytes]) -> LogCount:
    table = logs.table()
    return count_by_table(blocks, table) if table else count_in_bulk(blocks, logs.places(MARKS))


def as_pasted(paths: Sequence[str], logs: Logs) -> str | None:
    """A short text whose lines are no log's, but tell something as a person's paste does; None when they do not either."""
    text = b""
    for part in logs.parts(tuple(path for path in paths if path != "-")):
        for block in logs.blocks(part):
            text += block
            if len(text) > _SHORT or text.count(b"\n") > _FEW_LINES:
                return None
    plain = text.decode("utf-8", "replace")
    lines = map(read_pasted, lines_in(plain))
    return plain if any(clue_of(line) is not None or said_by(line) is not None for line in lines) else None
