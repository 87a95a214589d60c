"""The exit codes of commands."""

from typing import Final

OK: Final = 0
FAILED: Final = 1
BAD_USAGE: Final = 2
TIMED_OUT: Final = 3
NO_DAEMON: Final = 8
NO_SUCH_OBJECT: Final = 10
