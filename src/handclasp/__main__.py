"""`handclasp`, and `python -m handclasp`: where the program begins."""

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130


def main() -> int:
    """Load the command line and run it. Ctrl-C while it loads ends the program as quietly as nothing was done yet."""
    # Where a shell has it ignored, it stays ignored. An exception would not do: modules that load may lose it, and print it.
    default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if default:
        signal.signal(signal.SIGINT, _leave)
    from handclasp.cli import main as run  # noqa: PLC0415 - loading it is what takes the time

    if default:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
