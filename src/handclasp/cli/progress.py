"""A progress bar on standard error, where a person watches."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from handclasp.cli.frame import Frame


@contextmanager
def progress(frame: Frame, total: int) -> Iterator[Callable[[int], None]]:
    """What is called with the number of things that were done since; it draws nothing unless standard error is a terminal."""
    if frame.json or frame.quiet or not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    # Lines on standard output are lifted above the bar when they go to the same terminal, and left alone when they do not.
    bar = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, no_color=not frame.color),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    )
    with bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, advance=done)
