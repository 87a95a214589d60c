"""The one lock around the packet filter programs of this daemon: first come, first served.

It keeps our own commands apart, and a program can take it to make several changes in a row undisturbed.  Other programs
of the machine know nothing of it: the tools' own lock (`iptables -w`) is for these.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Place:
    """A place in the queue: it waits, then holds the lock, then is released."""

    __slots__ = ("_lock", "granted", "held", "released")

    def __init__(self, lock: "PacketLock", granted: Callable[[], None]) -> None:
        self._lock = lock
        self.granted = granted
        self.held = False
        self.released = False

    def release(self) -> None:
        """Give the lock, or the place in the queue, up; a second time it does nothing."""
        if not self.released:
            self.released = True
            self._lock.left(self)


class PacketLock:
    """A lock that is held by one place at a time."""

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        self._queue: deque[Place] = deque()  # the first one holds the lock, or is about to

    def ask(self, granted: Callable[[], None]) -> Place:
        """Queue for the lock; `granted` is called once it is held, never before this has returned."""
        place = Place(self, granted)
        self._queue.append(place)
        if len(self._queue) == 1:
            self._grant_soon(place)
        return place

    def left(self, place: Place) -> None:
        """Take a place out of the queue, and let the next one in if it was the first."""
        was_first = self._queue[0] is place
        self._queue.remove(place)
        if was_first and self._queue:
            self._grant_soon(self._queue[0])

    def _grant_soon(self, place: Place) -> None:
        asyncio.get_running_loop().call_soon(self._grant, place)

    def _grant(self, place: Place) -> None:
        if not place.released:
            place.held = True
            place.granted()

    @asynccontextmanager
    async def locked(self) -> "AsyncIterator[None]":
        """Hold the lock.  Being cancelled while waiting leaves the queue."""
        waiter = asyncio.get_running_loop().create_future()
        place = self.ask(lambda: None if waiter.done() else waiter.set_result(None))
        try:
            await waiter
            yield
        finally:
            place.release()
