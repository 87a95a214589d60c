"""How long to wait before what has failed or ended is begun again: longer each time, and from the start after a while.

    first --ends--> twice as long --ends--> … --ends--> a minute --lives a minute--> first

No clock: times come in as arguments.  Shapes: milliseconds.
"""

from math import inf

LONGEST_MS = 60_000
GOOD_MS = 60_000  # what lives so long has come up well: its next end is a first one
DOUBLING = 2
STEADY = 1  # every wait as long as the first, as NCD


def wait_ms(first: int, failures: int, growth: int = DOUBLING) -> int:
    """Return the wait after so many failures before this one: from the first up to a minute, or to a longer first."""
    return int(min(first * growth ** min(failures, 20), max(LONGEST_MS, first)))


class Restarts:
    """The waits of something that is started again after each end."""

    __slots__ = ("_failures", "_first", "_good", "_growth")

    def __init__(self, first: int, growth: int = DOUBLING, good: int = GOOD_MS) -> None:
        """Take the first wait, how the waits grow, and how long something must live to count as new."""
        self._first = first
        self._growth = growth
        self._good = good
        self._failures = 0

    def ended(self, lived: int) -> int:
        """Return the wait after an end of what lived so long."""
        if lived >= self._good:
            self._failures = 0
        self._failures += 1
        first = self._first
        if self._growth > STEADY and self._failures > 1:
            first = max(1, first)  # from nothing no wait grows: what ends at once would be started at once, for ever
        return wait_ms(first, self._failures - 1, self._growth)


class Repairs:
    """When what others change is put right again: at once, then more and more rarely, until it was quiet for a while.

    Shapes: seconds.
    """

    FIRST_S = 1.0  # between the first repair and the second; doubled each time
    LONGEST_S = 60.0
    QUIET_S = 120.0  # after so long without a repair the next one is a first one

    __slots__ = ("_last", "wait")

    def __init__(self) -> None:
        self._last = -inf
        self.wait = 0.0  # that the last repair has the next one wait

    def left(self, now: float) -> float:
        """Return how long to wait before the next repair, 0 if it may be now."""
        if now - self._last > self.QUIET_S:
            self.wait = 0.0
        return max(0.0, self._last + self.wait - now)

    def repaired(self, now: float) -> float:
        """Know of a repair, and return how long the next one has to wait."""
        self._last = now
        self.wait = min(self.LONGEST_S, max(self.FIRST_S, self.wait * 2))
        return self.wait
