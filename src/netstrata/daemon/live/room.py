"""Memory for a program, asked for before it is read and before it begins.

What has begun and finds no memory is half done, and Python itself may not survive it.  So it is tried whether the
kernel would give as much as the program may take; the test says what was measured.  Where the kernel promises more than
it has, it kills the daemon instead, and the next one goes on from what is on disk.
"""

import mmap
from typing import Final

from netstrata.control.interface import NAME
from netstrata.control.verbs import Failure

SPARE: Final = 32 << 20  # bytes for all else that happens meanwhile: events, answers, the stacks of threads
OF_TEXT: Final = 160  # bytes for each byte of a program's text, from when it is read until it runs
OF_STATEMENT: Final = 4096  # bytes for each statement that runs, with what is told of it
TOO_LARGE: Final = "there is not enough memory for the program"


def check_room(text: int = 0, statements: int = 0) -> None:
    """Refuse what memory would not suffice for: a text of so many bytes, or so many statements.

    Raises: Failure.
    """
    try:
        size = SPARE + text * OF_TEXT + statements * OF_STATEMENT
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()  # costs nothing until it is touched
    except (OSError, OverflowError):
        raise Failure(f"{NAME}.Unavailable", text=TOO_LARGE) from None
