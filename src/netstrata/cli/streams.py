"""The three standard descriptors, whatever whoever started us made of them."""

import os
import signal
import sys
from collections.abc import Sequence

from netstrata.system.output.bounded_writer import LAST_READ_S, BoundedWriter


def open_missing() -> None:
    """Open /dev/null for each standard descriptor that is closed.

    Else the next socket or file would be number 0, 1 or 2, and the program's output or the log would go into it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the smallest free number, which is this one
            os.set_inheritable(number, True)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, "r", closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def give_up_output() -> None:
    """Send what is still to be written to standard output nowhere: it cannot be written where it should be."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def finish(writers: Sequence[BoundedWriter], signalled: bool) -> None:
    """Have readers take what is kept for them: for a moment if a signal asked for the end, else until one does.

    All is undone by then, so that the signal may end us as it ends any other program.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for writer in writers:
        writer.finish(LAST_READ_S if signalled else None)
