"""What whole logs hold about TLS: counted on all processors, in one pass and bounded memory."""

from collections.abc import Sequence
from itertools import chain

from handclasp.diagnose.log_count import LogCount
from handclasp.diagnose.log_parts import MARKS
from handclasp.diagnose.triage import Triage, triage
from handclasp.ports.logs import LogPart, Logs
from handclasp.ports.workers import Workers


def triage_logs(paths: Sequence[str], logs: Logs, workers: Workers) -> Triage:
    """One triage of all these logs, in this order.

    Raises:
        InputError: one of them cannot be read.
        WorldError: a worker was killed.
    """
    parts = logs.parts(paths)
    counted = _side_by_side(parts, logs, workers) if len(parts) > 1 and all(part.path != "-" for part in parts) else None
    if counted is None or counted.full:
        # What is kept when there is too much to tell apart depends on the order: so it is read in order.
        counted = LogCount().read(chain.from_iterable(logs.blocks(part) for part in parts), logs.places(MARKS))
    return triage(counted)


def _side_by_side(parts: Sequence[LogPart], logs: Logs, workers: Workers) -> LogCount:
    whole = LogCount()
    with workers.crew(logs) as crew:
        for counted in [crew.submit(_counted, part) for part in parts]:
            whole.merge(counted())
    return whole


def _counted(logs: Logs, part: LogPart) -> LogCount:
    return LogCount().read(logs.blocks(part), logs.places(MARKS))
