"""The stream of events: everything that happens, in order, numbered, for whoever shows, logs or records it.

Whoever listens gets immutable events and never reaches into processes.  The last events are kept in memory, so that
one who comes late can see what happened before.
"""

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from netstrata.daemon.layers import Layers
from netstrata.daemon.ncdlog import traceback_of
from netstrata.daemon.path import process_path
from netstrata.daemon.telling import account_of, next_of, variables_of
from netstrata.engine.machine import NONE, STATE_NAMES, UP, Process, Statement
from netstrata.engine.program import Slot
from netstrata.engine.surroundings import Observer, Retry
from netstrata.values import Refused

KEPT: Final = 10_000  # events in memory


class Event:
    """One thing that happened.

    Shapes: seq counts from 1; wall and monotonic are seconds; statement is the number from 1, 0 if it is about a
    process or about nothing of the program; fields depend on the kind:

        transition   from, to (gone, down, up, dying), values (on the way up)
        process      what (created, complete, retrying, terminating, gone)
        error        text (one line), account (for people, several lines), retry_ms (0 if nothing is waited for)
        note         text
        control      text: what somebody asked for
    """

    __slots__ = (
        "column",
        "fields",
        "file",
        "kind",
        "layer",
        "line",
        "monotonic",
        "name",
        "process",
        "seq",
        "statement",
        "wall",
    )

    def __init__(self, seq: int, kind: str, process: str, fields: dict[str, Any]) -> None:
        self.seq = seq
        self.wall = time.time()
        self.monotonic = time.monotonic()
        self.kind = kind
        self.process = process
        self.statement = 0
        self.name = ""
        self.file = ""
        self.line = 0
        self.column = 0
        self.layer = 0
        self.fields = fields

    def as_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold; what does not apply is left out."""
        found: dict[str, Any] = {
            "seq": self.seq,
            "time": self.wall,
            "monotonic": self.monotonic,
            "kind": self.kind,
            "process": self.process,
        }
        if self.statement:
            found["statement"] = self.statement
            found["name"] = self.name
            found["file"] = self.file
            found["line"] = self.line
            found["column"] = self.column
            found["layer"] = self.layer
        found.update(self.fields)
        return found


class Failure(NamedTuple):
    """Why a statement could not begin, and when it is tried again (monotonic seconds)."""

    text: str
    again: float


Listener = Callable[[Event], None]


class Stream(Observer):
    """Makes events of what the engine tells, and hands them on."""

    def __init__(self, retry: Retry) -> None:
        self._ring: list[Event] = []  # the event with number n stands at n - 1, modulo its size
        self._retry = retry
        self._listeners: list[Listener] = []
        self._seq = 0
        self._wall = 0.0  # of the last event
        self._paths: dict[Process, str] = {}
        self.layers = Layers()
        self.failures: dict[
            tuple[Process, int], Failure
        ] = {}  # the last one of each statement that has not begun since

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return self._seq

    @property
    def paths_kept(self) -> int:
        """Of how many processes a name is remembered."""
        return len(self._paths)

    @property
    def oldest(self) -> int:
        """The number of the oldest event in memory, or that of the first to come."""
        return self._seq - len(self._ring) + 1

    def after(self, seq: int, most: int) -> list[Event]:
        """Return the oldest events in memory that are younger than a number, at most so many."""
        first = max(seq + 1, self.oldest)
        last = min(first + most - 1, self._seq)
        return [self._ring[(number - 1) % KEPT] for number in range(first, last + 1)]

    def listen(self, listener: Listener) -> None:
        """Tell somebody of every event from now on; a listener must neither wait nor raise."""
        self._listeners.append(listener)

    def leave(self, listener: Listener) -> None:
        """Tell somebody no more."""
        self._listeners.remove(listener)

    def control(self, text: str) -> None:
        """Tell that somebody asked for something."""
        self._emit(self._event("control", None, None, {"text": text}))

    def path_of(self, process: Process) -> str:
        """Return a process's name for people."""
        path = self._paths.get(process)
        if path is None:
            path = self._paths[process] = process_path(process)
        return path

    def _event(
        self,
        kind: str,
        process: Process | None,
        slot: Slot | None,
        fields: dict[str, Any],
        statement: Statement | None = None,
    ) -> Event:
        self._seq += 1
        event = Event(self._seq, kind, self.path_of(process) if process is not None else "", fields)
        if slot is not None:
            event.statement = slot.index + 1
            event.name = slot.type
            event.file = slot.span.source.name
            event.line, event.column = slot.span.source.line_and_column(slot.span.start)
            if process is not None:
                event.layer = self.layers.of_event(slot, statement or process.statements[slot.index], process.engine)
        return event

    def _emit(self, event: Event) -> None:
        if len(self._ring) < KEPT:
            self._ring.append(event)
        else:
            self._ring[(event.seq - 1) % KEPT] = event
        self._wall = event.wall
        for listener in self._listeners:
            listener(event)

    def _transition(self, statement: Statement, before: str, after: str, values: dict[str, str]) -> None:
        fields: dict[str, Any] = {"from": before, "to": after}
        if values:
            fields["values"] = values
        self._emit(self._event("transition", statement.process, statement.slot, fields, statement))

    def moved(self, statement: Statement, before: int, after: int) -> None:
        """A statement went from one state to another."""
        values = variables_of(statement) if after == UP else {}
        self._transition(statement, STATE_NAMES[before], STATE_NAMES[after], values)
        statement.since = 0.0 if after == NONE else self._wall
        if after == NONE:
            self.layers.undone(statement, self._wall)
        if after == UP and self.failures:
            self.failures.pop((statement.process, statement.index), None)

    def blinked(self, statement: Statement) -> None:
        """A statement that is up was down for an instant."""
        self._transition(statement, "up", "down", {})
        self._transition(statement, "down", "up", variables_of(statement))
        statement.since = self._wall

    def process_moved(self, process: Process, what: str) -> None:
        """A process came, went, or is complete."""
        self._emit(self._event("process", process, None, {"what": what}))
        if what == "gone":
            self._paths.pop(process, None)
            self.layers.forget(process)
            if self.failures:
                for index in range(len(process.code.slots)):
                    self.failures.pop((process, index), None)

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """A statement could not begin, or broke."""
        retry_ms = self._retry.delay(process.retries) if process.error else 0
        account = account_of(self.path_of(process), slot, error, next_of(process, retry_ms))
        fields = {"text": str(error), "account": account, "retry_ms": retry_ms}
        event = self._event("error", process, slot, fields)
        text = error.message if isinstance(error, Refused) else str(error)
        self.failures[process, slot.index] = Failure(text, event.monotonic + retry_ms / 1000)
        self._emit(event)

    def broken(self, error: BaseException) -> None:
        """Something failed that is no one statement's."""
        account = f"error: a bug of Netstrata.  Going on.\n{traceback_of(error)}"
        text = f"{type(error).__name__}: {error}"
        self._emit(self._event("error", None, None, {"text": text, "account": account, "retry_ms": 0}))

    def noted(self, statement: Statement, line: str) -> None:
        """A statement has something to tell."""
        self._emit(self._event("note", statement.process, statement.slot, {"text": line}))
