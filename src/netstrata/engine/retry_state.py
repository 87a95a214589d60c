"""What goes wrong in a process: statements that failed and are begun again, what was lost to somebody else, and what
waits until something is undone."""

from collections.abc import Callable
from typing import Any, Final

from netstrata.engine.timers import Timer

LOSSES: Final = 10  # of one process within a retry time, after each of which it begins again at once


class RetryState:
    """The account of one process; most processes never have one."""

    __slots__ = ("losses", "losses_since", "retries", "timer", "turns")

    def __init__(self) -> None:
        self.timer: Timer | None = None  # runs while a failed statement waits to begin again
        self.retries = 0  # in a row
        self.losses = 0  # of what statements held, to somebody else, since the time after
        self.losses_since = 0  # monotonic milliseconds
        self.turns: dict[
            Any, Callable[[], None]
        ] = {}  # by statements: called once all above is gone that is undone now

    def is_flapping(self, now: int, span: int) -> bool:
        """Count a loss, of which ten are allowed within a span; both in milliseconds."""
        if now - self.losses_since >= span:
            self.losses = 0
            self.losses_since = now
        self.losses += 1
        return self.losses > LOSSES
