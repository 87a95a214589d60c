"""A lock that is granted in the order in which it was asked for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from netstrata.contract import current_holder
from netstrata.ports import Turns


class Ticket:
    """A ticket in the queue, or the turn itself."""

    __slots__ = ("_turns", "call", "held")

    def __init__(self, turns: "FairLock", call: Callable[[], None]) -> None:
        self._turns = turns
        self.call = call
        self.held = False

    def close(self) -> None:
        """Give it up."""
        self._turns.leave(self)


class FairLock:
    """Something that one may use at a time: see `ports.Turns`."""

    __slots__ = ("_tickets",)

    def __init__(self) -> None:
        self._tickets: dict[Ticket, None] = {}  # in the order in which they came; the first has its turn

    def ask(self, call: Callable[[], None]) -> Ticket:
        """Ask for a turn; call when it comes, unless it is there at once."""
        ticket = Ticket(self, call)
        ticket.held = not self._tickets
        self._tickets[ticket] = None
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Let the next one have its turn, if this one had it."""
        if ticket not in self._tickets:
            return
        del self._tickets[ticket]
        if ticket.held and self._tickets:
            following = next(iter(self._tickets))
            following.held = True
            following.call()
        ticket.held = False


@asynccontextmanager
async def turn(turns: Turns, waits: str) -> AsyncIterator[None]:
    """Have one's turn.  Being cancelled while waiting leaves the queue.

    Shapes: waits is what to say to whoever asks meanwhile: "waits for …".
    """
    came: list[asyncio.Future[None]] = []
    ticket = turns.ask(lambda: _wake(came))
    try:
        if not ticket.held:
            statement = current_holder()
            if statement is not None:
                statement.awaits(waits)
            came.append(asyncio.get_running_loop().create_future())
            await came[0]
        yield
    finally:
        ticket.close()


def _wake(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
