"""What whole logs hold about TLS: counted on all processors, in one pass and bounded memory."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from handclasp.diagnose.log_by_table import count_by_table
from handclasp.diagnose.log_count import count_in_bulk
from handclasp.diagnose.log_parts import MARKS
from handclasp.diagnose.log_tallies import LogCount
from handclasp.ports.logs import LogPart, Logs
from handclasp.ports.workers import Workers


def count_logs(paths: Sequence[str], logs: Logs, workers: Workers, meanwhile: Callable[[], object] = tuple) -> LogCount:
    """Count all these logs, in this order. `meanwhile` is done here while workers count.

    Raises:
        InputError: one of them cannot be read.
        WorldError: a worker was killed.
    """
    parts = logs.parts(paths)
    together = len(parts) > 1 and all(part.path != "-" for part in parts)
    counted = _side_by_side(parts, logs, workers, meanwhile) if together else None
    if counted is None or counted.full:
        # What is kept when there is too much to tell apart depends on the order: so it is read in order.
        counted = _count(logs, chain.from_iterable(logs.blocks(part) for part in parts))
    return counted


def _side_by_side(parts: Sequence[LogPart], logs: Logs, workers: Workers, meanwhile: Callable[[], object]) -> LogCount:
    whole = LogCount()
    with workers.crew(logs) as crew:
        waiting = [crew.submit(_counted, part) for part in parts]
        meanwhile()
        for counted in waiting:
            whole.merge(counted())
    return whole


def _counted(logs: Logs, part: LogPart) -> LogCount:
    return _count(logs, logs.blocks(part))


def _count(logs: Logs, blocks: Iterable[bytes]) -> LogCount:
    table = logs.table()
    return count_by_table(blocks, table) if table else count_in_bulk(blocks, logs.places(MARKS))
