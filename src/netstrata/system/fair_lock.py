"""Turns: first come, first served."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from netstrata.contract import Holder
from netstrata.ports import Turns


class Place:
    """A place in the queue, or the turn itself."""

    __slots__ = ("_turns", "call", "held")

    def __init__(self, turns: "Queue", call: Callable[[], None]) -> None:
        self._turns = turns
        self.call = call
        self.held = False

    def close(self) -> None:
        """Give it up."""
        self._turns.leave(self)


class Queue:
    """Something that one may use at a time: see `ports.Turns`."""

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places: dict[Place, None] = {}  # in the order in which they came; the first has its turn

    def ask(self, call: Callable[[], None]) -> Place:
        """Ask for a turn; call when it comes, unless it is there at once."""
        place = Place(self, call)
        place.held = not self._places
        self._places[place] = None
        return place

    def leave(self, place: Place) -> None:
        """Let the next one have its turn, if this one had it."""
        if place not in self._places:
            return
        del self._places[place]
        if place.held and self._places:
            following = next(iter(self._places))
            following.held = True
            following.call()
        place.held = False


@asynccontextmanager
async def turn(turns: Turns, waits: str, who: Holder | None) -> AsyncIterator[None]:
    """Have a statement have its turn.  Being cancelled while waiting leaves the queue.

    Shapes: waits is what to say to whoever asks meanwhile: "waits for …".
    """
    came: list[asyncio.Future[None]] = []
    place = turns.ask(lambda: _wake(came))
    try:
        if not place.held:
            if who is not None:
                who.awaits(waits)
            came.append(asyncio.get_running_loop().create_future())
            await came[0]
        yield
    finally:
        place.close()


def _wake(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
