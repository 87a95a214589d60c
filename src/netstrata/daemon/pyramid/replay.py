"""A recording, shown as if it were live: its events at their pace, and what stood at the moment that is reached."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterator
from math import inf

from netstrata.control.answers import Slices
from netstrata.daemon.events.event import KEPT, Event, EventSubscriber
from netstrata.daemon.pyramid.projection import Projection
from netstrata.daemon.pyramid.questions import Questions


class Shown:
    """The events that were shown last; unlike those of a daemon, some may be missing in between."""

    id = ""  # its numbers are those of a file

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._subscribers: list[EventSubscriber] = []

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return self._events[-1].seq if self._events else 0

    @property
    def oldest(self) -> int:
        """The number of the oldest event in memory, or that of the first to come."""
        return self._events[0].seq if self._events else 1

    def after(self, seq: int, most: int) -> list[Event]:
        """Return the oldest events in memory that are younger than a number, at most so many."""
        first = bisect_right(self._events, seq, key=lambda event: event.seq)
        return self._events[first : first + most]

    def subscribe(self, subscriber: EventSubscriber) -> None:
        """Call a subscriber with every event from now on."""
        self._subscribers.append(subscriber)

    def unsubscribe(self, subscriber: EventSubscriber) -> None:
        """Call it no more."""
        self._subscribers.remove(subscriber)

    def show(self, event: Event) -> None:
        """Show the next event."""
        if len(self._events) >= 2 * KEPT:
            del self._events[:KEPT]
        self._events.append(event)
        for subscriber in self._subscribers:
            subscriber(event)


class Told:
    """What stood at a moment, told from the events until then."""

    def __init__(self) -> None:
        self.projection = Projection()

    def stands(self) -> Slices[Projection]:
        """Return what stood."""
        yield
        return self.projection

    def time(self) -> float:
        """Return when that was."""
        return self.projection.monotonic

    def let_go(self) -> None:
        """Keep it: it cannot be told again."""


class Replay(Questions):
    """One run of a recording, up to a moment; as a service it knows the verbs that events alone can answer."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._ahead: Event | None = next(events, None)
        self.stream = Shown()
        self._told = Told()
        super().__init__(self._told, self.stream)

    @property
    def ahead(self) -> Event | None:
        """The next event; None at the end."""
        return self._ahead

    def step(self) -> Event | None:
        """Go on to the next event; None at the end."""
        event = self._ahead
        if event is not None:
            self._ahead = next(self._events, None)
            self._told.projection.take(event)
            self.stream.show(event)
        return event

    def skip(self, before: Callable[[Event], bool]) -> None:
        """Go on for as long as the next event comes before some moment."""
        while self._ahead is not None and before(self._ahead):
            self.step()

    async def play(self, speed: float) -> None:
        """Go on to the end, so many times as fast as it happened; 0 stands still for ever."""
        loop = asyncio.get_running_loop()
        if self._ahead is None or not speed:
            return
        began, first = loop.time(), self._ahead.monotonic
        while self._ahead is not None:
            due = 0.0 if speed == inf else began + (self._ahead.monotonic - first) / speed
            wait = due - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            elif self.stream.seq % 100 == 0:
                await asyncio.sleep(0)  # for clients to be answered meanwhile
            self.step()
