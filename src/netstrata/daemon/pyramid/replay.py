"""A recording, shown as if it were live: its events at their pace, and what stood at the moment that is reached."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterator
from math import inf
from typing import Any

from netstrata.control.answers import Items, Slices
from netstrata.control.interface import NAME
from netstrata.control.verbs import OPERATE, Failure
from netstrata.daemon.events.event import Event, Filter
from netstrata.daemon.events.event_log import KEPT, EventSubscriber
from netstrata.daemon.pyramid.projection import Projection, Standing
from netstrata.daemon.pyramid.similar import similar_to
from netstrata.daemon.pyramid.visible import cause_for, event_for, path_for, pyramids_for


class Shown:
    """The events that were shown last; unlike those of a daemon, some may be missing in between."""

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


class Replay:
    """One run of a recording, up to a moment; as a service it knows the verbs that events alone can answer."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._ahead: Event | None = next(events, None)
        self.stream = Shown()
        self._rebuilt = Projection()

    @property
    def ahead(self) -> Event | None:
        """The next event; None at the end."""
        return self._ahead

    def step(self) -> Event | None:
        """Go on to the next event; None at the end."""
        event = self._ahead
        if event is not None:
            self._ahead = next(self._events, None)
            self._rebuilt.take(event)
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

    def _find(self, path: str, right: int) -> Slices[Standing]:
        process = self._rebuilt.find(path)
        if process is not None and path_for(path, right) == path:
            return process
        for known in self._rebuilt.known if right < OPERATE else ():
            process = self._rebuilt.find(known)
            if process is not None and path_for(known, right) == path:
                return process
        similar = yield from similar_to(path, (path_for(known, right) for known in self._rebuilt.known))
        raise Failure(f"{NAME}.NoSuchProcess", process=path, similar=similar)

    def status(self, right: int, process: str | None = None, below: bool = False) -> Items:
        """Yield processes with their floors."""
        found = self._rebuilt.roots.values() if process is None else [(yield from self._find(process, right))]
        chosen = list(found)
        if below:
            chosen = [standing for one in chosen for standing in self._rebuilt.below(one)]
        yield from pyramids_for(iter([one.as_dict() for one in chosen]), right)

    def why(self, right: int, process: str) -> Items:
        """Yield the chain of causes, as far as events tell it."""
        causes: list[dict[str, Any]] = []
        self._ask((yield from self._find(process, right)), 0, causes)
        for cause in causes:
            yield cause_for(cause, quotes=True, right=right)

    def _ask(self, process: Standing, depth: int, causes: list[dict[str, Any]]) -> None:
        floor = process.stuck()
        behind = [child for child in process.children.values() if floor is not None and child.at == floor["statement"]]
        cause = {"depth": depth, "process": process.path, "statement": 0, "name": "", "file": "", "line": 0}
        if floor is None:
            text = "is complete: all its statements are up" if process.state == "complete" else f"is {process.state}"
            causes.append({**cause, "since": 0.0, "text": text, "root": True})
            return
        cause.update((key, floor[key]) for key in ("statement", "name", "file", "line"))
        failure = process.failures.get(floor["statement"])
        if floor["state"] == "gone" and failure is not None:
            left = max(0, round(failure[1] - self._rebuilt.monotonic))
            text = f"{failure[0]}; next try in {left} s"
        elif floor["state"] == "gone":
            text = "is about to begin"
        else:
            text = floor.get("waits") or ("waits for what it runs" if behind else "is not up yet")
            text = f"is being undone: {text}" if floor["state"] == "dying" else text
        troubles = process.troubles(floor["statement"]) if not behind else []
        causes.append({**cause, "since": floor.get("since", 0.0), "text": text, "root": not (behind or troubles)})
        for child in behind:
            self._ask(child, depth + 1, causes)
        for floor in troubles:
            cause |= {key: floor[key] for key in ("statement", "name", "file", "line")}
            told = {"depth": depth + 1, "since": floor.get("since", 0.0), "text": floor["_trouble"], "root": True}
            causes.append(cause | told)

    def watch(
        self, right: int, after: int = 0, process: str = "", statement: str = "", child: str = "", kind: str = ""
    ) -> Items:
        """Yield events in memory that are younger than a number."""
        wish = Filter(process, statement, child, kind)
        for event in self.stream.after(after, 2 * KEPT):
            takes = wish.takes(event, path_for(event.process, right))
            yield event_for(event, right) if takes else None
