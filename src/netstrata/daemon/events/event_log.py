"""The stream of events: everything that happens, in order, numbered, for whoever shows, logs or records it.

Whoever listens gets immutable events and never reaches into processes.  The last events are kept in memory, so that
one who comes late can see what happened before.
"""

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from netstrata.daemon.events.changed_values import changed_by
from netstrata.daemon.events.event import NOWHERE, Event, place_of
from netstrata.daemon.events.layers import Layers
from netstrata.daemon.events.rate_limiter import MOST, RateLimiter
from netstrata.daemon.text.paths import process_path
from netstrata.daemon.text.rendering import account_of, cut, next_of, traceback_of, variables_of
from netstrata.engine.async_statement import AsyncStatement
from netstrata.engine.environment import Observer, Retry
from netstrata.engine.machine import Engine
from netstrata.engine.process import Process
from netstrata.engine.program import Slot
from netstrata.engine.statement import DOWN, NONE, STATE_NAMES, UP, Statement
from netstrata.values import Refused, Unavailable

KEPT: Final = 10_000  # events in memory


class Failure(NamedTuple):
    """Why a statement could not begin, and when it is tried again (monotonic seconds)."""

    text: str
    again: float
    quotes: bool  # the text quotes the program: it is not the system that would not


Listener = Callable[[Event], None]


class EventLog(Observer):
    """Makes events of what the engine tells, and hands them on."""

    def __init__(self, retry: Retry) -> None:
        self._ring: list[Event] = []  # the event with number n stands at n - 1, modulo its size
        self._retry = retry
        self._listeners: list[Listener] = []
        self._seq = 0
        self._wall = 0.0  # of the last event
        self.begun = time.monotonic()
        self.errors_counted = 0
        self.retries_counted = 0
        self._paths: dict[Process, str] = {}
        self._at: dict[str, Process] = {}  # the other way round
        self.layers = Layers()
        self._allowance = RateLimiter()
        self._fell: dict[Statement, None] = {}  # those that went down since nothing was due
        self._changed: dict[Statement, None] = {}  # those whose values have changed since
        self.engine: Engine | None = None  # as soon as anything happens in it
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
        self._tell("control", {"text": text})

    def refused(self, text: str, uid: int, pid: int) -> None:
        """Tell that somebody asked for what he does not get."""
        self._tell("control", {"text": text, "uid": uid, "pid": pid})

    def path_of(self, process: Process) -> str:
        """Return a process's name for people."""
        path = self._paths.get(process)
        if path is None:
            path = self._paths[process] = process_path(process)
            self._at[path] = process
        return path

    def process_at(self, path: str) -> Process | None:
        """Return the process that has a name now; of several, the youngest."""
        return self._at.get(path)

    def processes(self) -> list[tuple[str, Process]]:
        """Return all processes by name."""
        return list(self._at.items())

    def _tell(self, kind: str, fields: dict[str, Any]) -> None:
        """Tell what is about nothing of the program."""
        self._emit(Event(self._seq + 1, kind, "", NOWHERE, 0, fields))

    def _tell_of(
        self, process: Process, slot: Slot, kind: str, fields: dict[str, Any], statement: Statement | None
    ) -> None:
        """Tell what is about a statement, which need not exist."""
        layer = self.layers.of_event(slot, statement, process.engine)
        self._emit(Event(self._seq + 1, kind, self.path_of(process), place_of(slot), layer, fields))

    def _emit(self, event: Event) -> None:
        self._seq = event.seq
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
        self._tell_of(statement.process, statement.slot, "transition", fields, statement)

    def _begin(self, engine: Engine) -> None:
        """Know the engine, and tell that its program begins."""
        self.engine = engine
        templates = sum(code.template for code in engine.templates.values())
        processes = len(engine.templates) - templates
        self._tell("program", {"text": f"the program begins (processes: {processes}, templates: {templates})"})

    def moved(self, statement: Statement, before: int, after: int) -> None:
        """A statement went from one state to another."""
        values = variables_of(statement) if after == UP else {}
        self._transition(statement, STATE_NAMES[before], STATE_NAMES[after], values)
        statement.since = 0.0 if after == NONE else self._wall
        if after == DOWN:
            if len(self._fell) >= KEPT:
                self._fell.clear()  # they have been busy since: what they wait for is not what matters now
            self._fell[statement] = None
        if after == NONE:
            self.layers.undone(statement, self._wall)
        if after in (UP, NONE):
            for one in changed_by(statement):
                self.revised(one)
        if after == UP and self.failures:
            self.failures.pop((statement.process, statement.index), None)

    def revised(self, statement: Statement) -> None:
        """A statement that is up has other values: they are told when nothing else is due."""
        if len(self._changed) >= KEPT:
            self._changed.clear()
        self._changed[statement] = None

    def settle(self) -> None:
        """Tell what has become of what changed; called when nothing else is due.

        That is what structures wait for that went down and still are (statements about the outside tell it themselves,
        and what waits for others only is seen from those), and values that are others than when they came up: once,
        however often they changed.
        """
        fell, self._fell = self._fell, {}
        for statement in fell:
            if statement.state == DOWN and not isinstance(statement, AsyncStatement):
                waiting = statement.waits_for()
                if waiting is not None and not waiting.processes:
                    text = {"text": waiting.text}
                    self._tell_of(statement.process, statement.slot, "waits", text, statement)
        changed, self._changed = self._changed, {}
        for statement in changed:
            if statement.state == UP:
                fields = {"values": variables_of(statement)}
                self._tell_of(statement.process, statement.slot, "values", fields, statement)

    def restarted(self, statement: Statement) -> None:
        """A statement that is up was down for an instant."""
        self._transition(statement, "up", "down", {})
        self._transition(statement, "down", "up", variables_of(statement))
        statement.since = self._wall

    def process_moved(self, process: Process, what: str) -> None:
        """A process came, went, is complete, or waits to try a statement again."""
        if what == "retrying":
            self.retries_counted += 1
        if self.engine is None:
            self._begin(process.engine)
        fields = {"what": what}
        if what == "created" and process.owner is not None:
            fields["template"] = process.code.name
        self._emit(Event(self._seq + 1, "process", self.path_of(process), NOWHERE, 0, fields))
        if what == "gone":
            path = self._paths.pop(process, "")
            if self._at.get(path) is process:
                del self._at[path]
            self.layers.forget(process)
            if self.failures:
                for index in range(len(process.code.slots)):
                    self.failures.pop((process, index), None)

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """A statement could not begin, or broke."""
        self.errors_counted += 1
        retry_ms = self._retry.delay(process.retries) if process.error else 0
        account = account_of(self.path_of(process), slot, error, next_of(process, retry_ms))
        fields = {"text": cut(str(error)), "account": account, "retry_ms": retry_ms}
        if isinstance(error, Refused | Unavailable):
            fields["refused"] = isinstance(error, Refused)
        text = cut(error.message if isinstance(error, Refused) else str(error))
        quotes = not isinstance(error, Unavailable)
        self.failures[process, slot.index] = Failure(text, time.monotonic() + retry_ms / 1000, quotes)
        self._tell_of(process, slot, "error", fields, process.statements[slot.index])

    def broken(self, error: BaseException) -> None:
        """Something failed that is no one statement's."""
        self.errors_counted += 1
        account = f"error: a bug of Netstrata.  Going on.\n{traceback_of(error)}"
        text = f"{type(error).__name__}: {error}"
        self._tell("error", {"text": text, "account": account, "retry_ms": 0})

    def noted(self, statement: Statement, kind: str, line: str) -> None:
        """A statement has something to tell."""
        self._tell_of(statement.process, statement.slot, kind, {"text": cut(line)}, statement)

    def retries(self, statement: Statement, line: str, wait_ms: int) -> None:
        """A statement starts something again later."""
        self._tell_of(statement.process, statement.slot, "retry", {"text": line, "retry_ms": wait_ms}, statement)

    def heard(self, statement: Statement, child: str, pid: int, line: str) -> None:
        """A child of a statement's has said a line."""
        left = self._allowance.count(pid, time.monotonic())
        if left < 0:
            if left < -1:
                return
            line = f"(more than {MOST} lines in a second: what follows in this second is left out)"
        fields = {"child": child, "pid": pid, "text": line}
        self._tell_of(statement.process, statement.slot, "child", fields, statement)
