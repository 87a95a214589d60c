"""What every driver of a DHCP machine needs: a clock, an alarm, chance, and a queue of what comes of it."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_CHUNK: Final = (
    60.0  # the loop's clock stops while the machine sleeps; ours does not, so that it is looked at this often
)
_COMPLAINTS_MOST: Final = 8


def now() -> float:
    """Return the time of a clock that goes on while the machine sleeps, in seconds."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def chance() -> float:
    """Return 0 up to, not including, 1."""
    return (int.from_bytes(os.urandom(7), "big") >> 3) / 2**53


class Alarm:
    """Calls something at a time."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring: Callable[[], None] | None = ring
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = inf

    def set(self, after: float) -> None:
        """Call it after so many seconds, and not when it was set to before; inf is never."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._deadline = inf
        if after != inf and self._ring is not None:
            self._deadline = now() + after
            self._timer = self._loop.call_later(min(after, _CHUNK), self._awake)

    def close(self) -> None:
        """Call it never any more; no circle with whoever has it is left."""
        self.set(inf)
        self._ring = None

    def _awake(self) -> None:
        left = self._deadline - now()
        if left > 0:
            self._timer = self._loop.call_later(min(left, _CHUNK), self._awake)
        elif self._ring is not None:
            self._deadline = inf
            self._ring()


class Outcomes(Generic[T]):
    """What comes of a client, in order, for who waits for it."""

    def __init__(self) -> None:
        self._queue: deque[T | Exception] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def tell(self, outcome: T | Exception) -> None:
        """Have it heard after what was told before."""
        self._queue.append(outcome)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def next(self) -> T:
        """Wait for the next one.

        Raises: the exception that was told.
        """
        while not self._queue:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        outcome = self._queue.popleft()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Complaints:
    """Says each thing once: what a network sends must not fill the time line."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._said: set[str] = set()

    def say(self, line: str) -> None:
        """Say it, if it is new and not too much was said."""
        if line not in self._said and len(self._said) < _COMPLAINTS_MOST:
            self._said.add(line)
            self._note(line)
