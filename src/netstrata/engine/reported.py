"""Statements that show events one at a time, and the method that asks for the next one."""

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from netstrata.engine.async_statement import AsyncStatement
from netstrata.engine.process import DOWN, UP, Statement, Waiting
from netstrata.values import Refused, Value

if TYPE_CHECKING:
    from asyncio import Future

WAITING_EVENTS: Final = 64  # that wait to be shown before no more are taken


class Reported(AsyncStatement):
    """A statement that shows events one at a time; if it breaks, it fails when all of them were shown."""

    __slots__ = ("_broken", "_events", "_room")

    def waits_for(self) -> Waiting | None:
        """Say that there is nothing to show."""
        return super().waits_for() or Waiting("waits for an event")

    async def _live(self, generator: Any) -> None:
        self._broken: Exception | None = None
        self._events: deque[Any] = deque()
        self._room: Future[None] | None = None
        try:
            async for event in generator:
                self._report(self._on_event, event)
                if len(self._events) >= WAITING_EVENTS and self._task is not None:
                    await self._until_room()
        finally:
            await generator.aclose()

    async def _until_room(self) -> None:
        import asyncio

        self._room = asyncio.get_running_loop().create_future()
        await self._room

    def _on_event(self, event: Any) -> None:
        if self._lost is not None:
            return  # on its way out
        if self.state == DOWN and not self._events:
            self.found = event
            self.up()
        elif self.state in (DOWN, UP):
            self._events.append(event)

    def _end(self, error: Exception | None) -> None:
        if self._events and error is not None and self.state in (DOWN, UP) and self._lost is None:
            self._ended = True
            self._broken = error
        else:
            super()._end(error)

    def next_event(self) -> None:
        """Show the next event, or wait for one."""
        self.down()
        if self._events:
            self.found = self._events.popleft()
            self.up()
        elif self._broken is not None:
            self.failed(self._broken)
        if self._room is not None and not self._room.done():
            self._room.set_result(None)


class NextEvent(Statement):
    """Asks for the next event."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up, then be done with the event that is shown."""
        target = self.target
        if not isinstance(target, Reported) or target.state != UP:
            raise Refused("no event is shown now")
        self.up()
        target.next_event()
