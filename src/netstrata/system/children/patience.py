"""How long a child may take to end after SIGTERM, before SIGKILL.

While the daemon runs that is a fixed time.  Once the daemon itself must end, whoever told it so waits only for so long
(TimeoutStopSec of a systemd unit), and children end one after the other: each gets half of what is left of a fixed
time, so that all of them together never take more, however many are deaf; then LEAST_S each.
"""

import time

LONGEST_S = 30.0
LEAST_S = 1.0


class Patience:
    """The daemon's, shared by all that have children; None is for ever, as NCD."""

    __slots__ = ("_longest_s", "_until")

    def __init__(self, longest_s: float | None = LONGEST_S) -> None:
        """Begin with as much patience as while the daemon runs."""
        self._longest_s = longest_s
        self._until: float | None = None

    def hurry(self, all_s: float) -> None:
        """Have all children end within so many seconds from now: the daemon was told to."""
        if self._until is None:
            self._until = time.monotonic() + all_s

    @property
    def seconds(self) -> float | None:
        """How long a child may take that is sent SIGTERM now."""
        if self._longest_s is None or self._until is None:
            return self._longest_s
        return min(self._longest_s, max(LEAST_S, (self._until - time.monotonic()) / 2))
