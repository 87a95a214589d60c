"""Timers in the order of due time, then of request, in whole milliseconds."""

import time
from collections.abc import Callable
from heapq import heappop, heappush

from netstrata.engine.timers import Timer, Timers


class DueTimer(Timer):
    """One timer."""

    __slots__ = ("action", "due")

    def __init__(self, due: int, action: Callable[[], None]) -> None:
        self.due = due
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Forget the action."""
        self.action = None

    def fire(self) -> None:
        """Act, unless called off."""
        action = self.action
        self.action = None
        if action is not None:
            action()


class HeapTimers(Timers):
    """Timers of one engine."""

    __slots__ = ("_asked", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, DueTimer]] = []
        self._asked = 0

    def now(self) -> int:
        """Return monotonic time in whole milliseconds."""
        return time.monotonic_ns() // 1_000_000

    def after(self, milliseconds: int, action: Callable[[], None]) -> Timer:
        """Ask for an action once, later."""
        self._asked += 1
        timer = DueTimer(self.now() + milliseconds, action)
        heappush(self._heap, (timer.due, self._asked, timer))
        return timer

    def due(self) -> list[DueTimer]:
        """Take out all timers whose time has come."""
        if not self._heap:
            return []
        now = self.now()
        taken: list[DueTimer] = []
        while self._heap and self._heap[0][0] <= now:
            timer = heappop(self._heap)[2]
            if timer.action is not None:
                taken.append(timer)
        return taken

    def next_due(self) -> int | None:
        """Return when the next timer is due; None if there is none."""
        while self._heap and self._heap[0][2].action is None:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None
