"""How long a child may take to end after SIGTERM, before SIGKILL.

While the daemon runs that is a fixed time.  Once the daemon itself must end, whoever told it so waits only for so long
(TimeoutStopSec of a systemd unit), and children end one after the other: each gets half of what is left of a fixed
time, so that all of them together never take more, however many are deaf; then LEAST_S each.

A tool that does its work and ends has no such time while the daemon runs, and the same half once it must end.
"""

import time
from collections.abc import Callable

LONGEST_S = 30.0
LEAST_S = 1.0
LEAST_OF_TOOL_S = 0.2  # many tools may hang one after the other, at the same lock; one that does not takes some 5 ms


class StopTimeout:
    """The daemon's, shared by all that have children; None is for ever, as NCD."""

    __slots__ = ("_calls", "_longest_s", "_until")

    def __init__(self, longest_s: float | None = LONGEST_S) -> None:
        """Begin with what a child may take while the daemon runs."""
        self._longest_s = longest_s
        self._until: float | None = None
        self._calls: dict[Callable[[], None], None] = {}

    def shorten(self, all_s: float) -> None:
        """Have all children end within so many seconds from now: the daemon was told to."""
        if self._until is not None:
            return
        self._until = time.monotonic() + all_s
        for call in list(self._calls):
            call()

    def on_shortened(self, call: Callable[[], None]) -> None:
        """Call as soon as all must end, at once if that is so already."""
        self._calls[call] = None
        if self._until is not None:
            call()

    def forget(self, call: Callable[[], None]) -> None:
        """Call no more."""
        self._calls.pop(call, None)

    @property
    def seconds(self) -> float | None:
        """How long a child may take that is sent SIGTERM now."""
        if self._longest_s is None or self._until is None:
            return self._longest_s
        return min(self._longest_s, max(LEAST_S, (self._until - time.monotonic()) / 2))

    @property
    def tool_s(self) -> float | None:
        """How long a tool may take from now on; None is as long as it needs."""
        if self._longest_s is None or self._until is None:
            return None
        return max(LEAST_OF_TOOL_S, (self._until - time.monotonic()) / 2)
