"""`ncd` with a clock of its own: python clocks.py CLOCK ARGUMENT...

jumping   it stands still while there is work to do, and goes to the next timer when there is none: nothing depends on
          how fast the machine is.  For programs that wait for timers alone.
NUMBER    it goes so many times slower than the real one, so that what a program does beside its timers takes no time.
"""

import asyncio
import sys
import time

from netstrata.cli import ncd
from netstrata.daemon.running import program as running
from netstrata.daemon.running.timers import DueTimer, HeapTimers


class JumpingTimers(HeapTimers):
    """Timers for which nobody waits."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0

    def now(self) -> int:
        """Return the time of the last timer that was due."""
        return self._now

    def due(self) -> list[DueTimer]:
        """Take out the next timers: whoever asks has nothing else to do."""
        upcoming = self.next_due()
        if upcoming is not None:
            self._now = max(self._now, upcoming)
        return super().due()


class SlowTimers(HeapTimers):
    """Timers by the slow clock."""

    def now(self) -> int:
        """Return the time."""
        return int(slow_time() * 1000)


SLOWER = 1.0


def slow_time() -> float:
    """Return monotonic seconds of the slow clock."""
    return time.monotonic() / SLOWER


class SlowLoop(asyncio.SelectorEventLoop):
    """A loop by the slow clock."""

    def time(self) -> float:
        """Return the time."""
        return slow_time()


class SlowPolicy(asyncio.DefaultEventLoopPolicy):
    """Makes such loops."""

    _loop_factory = SlowLoop


if __name__ == "__main__":
    clock = sys.argv.pop(1)
    if clock == "jumping":
        running.HeapTimers = JumpingTimers  # type: ignore[attr-defined]
    else:
        SLOWER = float(clock)
        running.HeapTimers = SlowTimers  # type: ignore[attr-defined]
        asyncio.set_event_loop_policy(SlowPolicy())
    ncd.main()
