"""What goes wrong in a process: statements that failed and are begun again, what was lost to somebody else, and what
waits until something is undone."""

from collections.abc import Callable
from typing import Any, Final

from netstrata.engine.timers import Timer

LOSSES: Final = 10  # of one process within a retry time, after each of which it begins again at once
FIRST_GAP_MS: Final = 10  # between two times of being woken, doubled with each that was in vain
LONGEST_GAP_MS: Final = 250
QUIET_MS: Final = 2000  # after so long without being woken it begins again at once


class RetryState:
    """The account of one process; most processes never have one."""

    __slots__ = ("gap", "losses", "losses_since", "retries", "stop_listening", "timer", "turns", "woken")

    def __init__(self) -> None:
        self.timer: Timer | None = None  # runs while a failed statement waits to begin again
        self.retries = 0  # in a row
        self.stop_listening: Callable[[], None] | None = None  # to what would wake it
        self.gap = 0  # milliseconds from one time of being woken to the next
        self.woken = -QUIET_MS  # monotonic milliseconds: when it begins, or began, again for having been woken
        self.losses = 0  # of what statements held, to somebody else, since the time after
        self.losses_since = 0  # monotonic milliseconds
        self.turns: dict[
            Any, Callable[[], None]
        ] = {}  # by statements: called once all above is gone that is undone now

    def listen(self, stop: Callable[[], None] | None) -> None:
        """Listen to what would wake it, and no more to what did before."""
        if self.stop_listening is not None:
            self.stop_listening()
        self.stop_listening = stop

    def gets_on(self) -> None:
        """Know that the statement that failed is up."""
        self.retries = 0
        self.gap = 0
        self.woken = -QUIET_MS

    def wake_delay(self, now: int, span: int) -> int:
        """Return in how many milliseconds it begins again for being woken now; -1 if it does not for that.

        In a quarrel the change may be part of what it waits out.
        Shapes: now and span are in milliseconds, as of `is_flapping`.
        """
        if self.woken > now or (self.losses > LOSSES and now - self.losses_since < span):
            return -1
        quiet = now - self.woken >= QUIET_MS
        self.gap = 0 if quiet else min(max(2 * self.gap, FIRST_GAP_MS), LONGEST_GAP_MS)
        self.woken = max(now, self.woken + self.gap)
        return self.woken - now

    def is_flapping(self, now: int, span: int) -> bool:
        """Count a loss, of which ten are allowed within a span; both in milliseconds."""
        if now - self.losses_since >= span:
            self.losses = 0
            self.losses_since = now
        self.losses += 1
        return self.losses > LOSSES
