"""What stands in a running program, for as long as anybody asks: told from a walk over it, and then from events.

The walk tells of each process what events would have told of it, so that the same rules make what stands of both.
It is made in slices; whoever waits for it drives it, and what happens meanwhile is taken in before each slice.
When nobody asks any more, it is let go: it costs memory, and, while it is there, time for each event.
"""

import time
from collections.abc import Iterator
from typing import Any, Final

from netstrata.control.answers import Slices
from netstrata.daemon.events.codes import statement_of
from netstrata.daemon.events.event import KEPT, NOWHERE, Event
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.pyramid.projection import Projection, read_statement
from netstrata.daemon.pyramid.standing import Code, Written
from netstrata.engine.machine import Engine
from netstrata.engine.process import (
    COMPLETE,
    DOWN,
    DYING,
    PAUSED,
    RUNNING,
    STATE_NAMES,
    TERMINATING,
    UP,
    Process,
    Statement,
)
from netstrata.engine.structures.names.goals import goals

EVENTS: Final = 100  # that are taken in at once
STATEMENTS: Final = 100  # that are looked at, at once
BEHIND: Final = KEPT // 2  # events, beyond which they are taken in as they come
_MODES: Final = {COMPLETE: "complete", PAUSED: "paused", TERMINATING: "terminating"}


class LiveView:
    """What stands in one engine."""

    def __init__(self, engine: Engine, stream: EventLog) -> None:
        self._engine = engine
        self._stream = stream
        self._projection: Projection | None = None
        self._walking = False  # not all that runs is known yet
        self._reading = False  # nor are all texts
        self._is_changed = False  # the program has another text than the one that is known
        self._seq = 0  # of the last event that is taken in
        self._work: Iterator[None] | None = None

    def time(self) -> float:
        """Return the time that it is."""
        return time.monotonic()

    def stands(self) -> Slices[Projection]:
        """Return what stands now, or a little later."""
        target = self._stream.seq
        while True:
            projection = self._projection
            if projection is not None and not (self._walking or self._reading) and self._seq >= target:
                return projection
            if self._work is None:
                self._work = self._catch_up()
            try:
                next(self._work)
            except StopIteration:
                self._work = None
            except BaseException:
                self.let_go()
                raise
            yield

    def let_go(self) -> None:
        """Forget what stands, until somebody asks again."""
        if self._projection is not None:
            self._stream.unsubscribe(self._on_event)
        self._projection = self._work = None
        self._reading = False

    def _on_event(self, event: Event) -> None:
        if event.seq - self._seq > BEHIND and self._projection is not None:
            self._take()
            if self._is_changed:
                for _ in self._read_codes(self._projection):
                    pass

    def _take(self) -> None:
        """Take in the next events."""
        projection = self._projection
        assert projection is not None
        for event in self._stream.after(self._seq, EVENTS):
            self._seq = event.seq
            if event.kind == "program":
                self._is_changed = True
                return
            if not self._walking or not event.process or self._is_known(event, projection):
                projection.take(event)

    def _is_known(self, event: Event, projection: Projection) -> bool:
        """Say whether a walk has come to what an event is about, or never will; else it will."""
        if event.kind == "process" and event.fields["what"] == "created" and "parent" not in event.fields:
            return True  # a process of the program that was not there when the walk began
        known = projection.find(event.process) is not None
        return known or projection.find(event.fields.get("parent", "")) is not None

    def _catch_up(self) -> Iterator[None]:
        if self._projection is None:
            self._projection = Projection(self._says)
            self._is_changed = False
            self._seq = self._stream.seq
            self._stream.subscribe(self._on_event)
            self._walking = True
            yield from self._read_codes(self._projection)
            yield from self._walk(self._projection)
            self._walking = False
        yield from self._drain()

    def _drain(self) -> Iterator[None]:
        """Take in all events; nothing has happened after them when this ends."""
        while self._seq < self._stream.seq:
            self._take()
            if self._is_changed and self._projection is not None:
                yield from self._read_codes(self._projection)
            if self._seq < self._stream.seq:
                yield

    def _read_codes(self, projection: Projection) -> Iterator[None]:
        """Know all texts as they are now."""
        self._is_changed = False
        self._reading = True
        codes: dict[str, Code] = {}
        for code in list(self._engine.templates.values()):
            statements: list[Written] = []
            for slot in code.slots:
                statements.append(read_statement(statement_of(slot, self._stream.layers, self._engine)))
                if not slot.index % STATEMENTS:
                    yield
            codes[code.name] = Code(code.template, statements)
        projection.read(codes)
        self._reading = False

    def _walk(self, projection: Projection) -> Iterator[None]:
        """Take in all that runs: parents before children."""
        projection.asked = {name.decode("utf-8", "backslashreplace"): None for name in goals(self._engine).asked}
        waiting = [*self._engine.roots.values()][::-1]
        while waiting:
            process = waiting.pop()
            yield from self._drain()
            if not self._stream.knows(process):
                continue  # it has gone meanwhile
            children: list[Process] = []
            projection.take(self._created(process))
            for index in range(len(process.begun)):
                statement = process.begun[index]
                if statement is not None:
                    projection.take(self._stands(statement))
                    children += statement.processes()
                if index % STATEMENTS == STATEMENTS - 1:
                    yield
                    yield from self._drain()
            self._finish(projection, process)
            waiting += reversed(children)
            yield

    def _finish(self, projection: Projection, process: Process) -> None:
        """Know how a process is, whose statements are known."""
        if self._stream.knows(process):
            path = self._stream.path_of(process)
            what = "retrying" if self._retries(process) else _MODES.get(process.mode)
            if what is not None:
                projection.take(Event(0, "process", path, NOWHERE, 0, {"what": what}))
            for index in range(len(process.code.slots)) if self._stream.failures else ():
                failure = self._stream.failures.get((process, index))
                if failure is not None:
                    fields = {"text": failure.text, "retry_ms": 0, "refused": failure.quotes}
                    place, layer = self._stream.placed(process.code.slots[index], self._engine, 0)
                    event = Event(0, "error", path, place, layer, fields)
                    event.monotonic = failure.again
                    projection.take(event)

    def _retries(self, process: Process) -> bool:
        """Say whether a process waits to try a statement again, and all before that one is up."""
        if process.mode != RUNNING or process not in self._engine.retrying or process.advance != process.free:
            return False
        last = process.begun[process.advance - 1] if process.advance else None
        return last is None or last.state == UP

    def _created(self, process: Process) -> Event:
        fields = {"what": "created", "undone": self._stream.layers.undone_of(process)}
        self._stream.facts.come(process, process.owner.creator() if process.owner is not None else None, fields)
        return Event(0, "process", self._stream.path_of(process), NOWHERE, 0, fields)

    def _stands(self, statement: Statement) -> Event:
        """Return what would have told how a statement is now."""
        slot, process = statement.slot, statement.process
        fields: dict[str, Any] = {"from": STATE_NAMES[0], "to": STATE_NAMES[statement.state]}
        if statement.state == UP:
            self._stream.facts.come_up(statement, slot, fields)
            if trouble := statement.trouble():
                fields["trouble"] = trouble
        else:
            fields |= self._stream.facts.of_waiting(statement)
        place, layer = self._stream.placed(slot, self._engine, statement.declaration.layer)
        event = Event(0, "transition", self._stream.path_of(process), place, layer, fields)
        event.wall = statement.since
        return event

    def _says(self, path: str, number: int) -> dict[str, Any]:
        """Return what a statement says now: its words may count time, or tell of what works for it."""
        process = self._stream.process_at(path)
        statement = process.begun[number - 1] if process is not None and number <= len(process.begun) else None
        if statement is None:
            return {}
        if statement.state in (DOWN, DYING):
            return self._stream.facts.of_waiting(statement, self._engine.alive)
        return {"trouble": statement.trouble()} if statement.state == UP else {}
