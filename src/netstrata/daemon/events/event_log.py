"""The stream of events: everything that happens, in order, numbered, for whoever shows, logs or records it.

Whoever listens gets immutable events and never reaches into processes.  The last events are kept in memory, so that
one who comes late can see what happened before.
"""

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from netstrata.contract import NOTE
from netstrata.daemon.events.changed_values import changed_by
from netstrata.daemon.events.codes import place_of
from netstrata.daemon.events.event import KEPT, NOWHERE, Event, EventSubscriber, Failure, Place
from netstrata.daemon.events.facts import Facts
from netstrata.daemon.events.layers import Layers
from netstrata.daemon.events.rate_limiter import MOST, RateLimiter
from netstrata.daemon.text.paths import process_path
from netstrata.daemon.text.rendering import account_of, cut, next_of, traceback_of, variables_of
from netstrata.engine.async_statement import AsyncStatement
from netstrata.engine.environment import Observer, Retry
from netstrata.engine.machine import Engine, engine_of
from netstrata.engine.process import DOWN, DYING, NONE, PAUSED, STATE_NAMES, UP, EngineState, Process, Statement
from netstrata.engine.program import Slot
from netstrata.values import Refused, Unavailable, no_memory

# Most transitions have nothing else to tell: they share their fields, which are half of an event's size.
_PLAIN: Final[dict[tuple[int, int], Mapping[str, Any]]] = {
    (before, after): {"from": STATE_NAMES[before], "to": STATE_NAMES[after]}
    for before in (NONE, DOWN, UP, DYING)
    for after in (NONE, DOWN, UP, DYING)
}


class EventLog(Observer[Process, Statement]):
    """Makes events of what the engine tells, and hands them on."""

    def __init__(self, retry: Retry) -> None:
        self.id = os.urandom(8).hex()  # numbers of events mean something only within one log
        self._ring: list[Event] = []  # the event with number n stands at n - base, modulo its size
        self._base = 1
        self._retry = retry
        self._subscribers: list[EventSubscriber] = []
        self._seq = 0
        self._wall = 0.0  # of the last event
        self.begun = time.monotonic()
        self.errors_counted = 0
        self.retries_counted = 0
        self._paths: dict[Process, str] = {}
        self._at: dict[str, Process] = {}  # the other way round
        self._places: dict[Slot, tuple[Place, int]] = {}  # where each statement stands, and on which layer
        self._twins = 0  # processes whose name another one had
        self.layers = Layers()
        self.facts = Facts(self.path_of)
        self._allowance = RateLimiter()
        self._fell: dict[Statement, None] = {}  # those that went down since nothing was due
        self._halted: dict[Process, None] = {}  # those that were complete, and are to restart
        self._paused: dict[Process, None] = {}  # those that are told to stand still
        self._changed: dict[Statement, None] = {}  # those whose values have changed since
        self.engine: Engine | None = None  # as soon as anything happens in it
        self.failures: dict[
            tuple[Process, int], Failure
        ] = {}  # the last one of each statement that has not begun since

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return self._seq

    def resume(self, log: str, seq: int, events: Sequence[Event]) -> None:
        """Go on with the log of a daemon before us: its id, the number of its last event, and the last ones of them."""
        self.id = log
        self._seq = seq
        self._ring = list(events[-KEPT:])
        self._base = seq - len(self._ring) + 1

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
        return [self._ring[(number - self._base) % KEPT] for number in range(first, last + 1)]

    def subscribe(self, subscriber: EventSubscriber) -> None:
        """Call a subscriber with every event from now on; it must neither wait nor raise."""
        self._subscribers.append(subscriber)

    def unsubscribe(self, subscriber: EventSubscriber) -> None:
        """Call it no more."""
        self._subscribers.remove(subscriber)

    def control(self, text: str, **more: Any) -> None:
        """Tell that somebody asked for something."""
        self._tell("control", {"text": text, **more})

    def refused(self, text: str, uid: int, pid: int) -> None:
        """Tell that somebody asked for what he does not get."""
        self._tell("control", {"text": text, "uid": uid, "pid": pid})

    def path_of(self, process: Process) -> str:
        """Return a process's name for people; of several that would have the same, all but one have a number."""
        path = self._paths.get(process)
        if path is None:
            path = process_path(process)
            if path in self._at:
                self._twins += 1
                path = f"{path}~{self._twins}"
            self._paths[process] = path
            self._at[path] = process
        return path

    def knows(self, process: Process) -> bool:
        """Say whether a process is there: it was told of, and is not gone."""
        return process in self._paths

    def process_at(self, path: str) -> Process | None:
        """Return the process that has a name now."""
        return self._at.get(path)

    def paths(self) -> list[str]:
        """Return the names of all processes."""
        return list(self._at)

    def _tell(self, kind: str, fields: dict[str, Any]) -> None:
        """Tell what is about nothing of the program."""
        self._emit(Event(self._seq + 1, kind, "", NOWHERE, 0, fields))

    def _tell_of(
        self, process: Process, slot: Slot, kind: str, fields: Mapping[str, Any], statement: Statement | None
    ) -> None:
        """Tell what is about a statement, which need not exist."""
        own = statement.declaration.layer if statement is not None else 0
        place, layer = self._places.get(slot) or self.placed(slot, process.engine, own)
        self._emit(Event(self._seq + 1, kind, self._paths.get(process) or self.path_of(process), place, layer, fields))

    def _tell_process(self, process: Process, fields: dict[str, Any]) -> None:
        """Tell what is about a process."""
        self._emit(Event(self._seq + 1, "process", self.path_of(process), NOWHERE, 0, fields))

    def placed(self, slot: Slot, engine: EngineState, own: int) -> tuple[Place, int]:
        """Return where a statement stands in the program, and on which layer: its own, else that of what it may run."""
        found = self._places.get(slot)
        if found is None:
            found = self._places[slot] = (place_of(slot), own or self.layers.of(slot, engine))
        return found

    def _emit(self, event: Event) -> None:
        self._seq = event.seq
        if len(self._ring) < KEPT:
            self._ring.append(event)
        else:
            self._ring[(event.seq - self._base) % KEPT] = event
        self._wall = event.wall
        for subscriber in self._subscribers:
            subscriber(event)

    def _transition(self, statement: Statement, before: int, after: int) -> None:
        more: dict[str, Any] = {}
        process = statement.process
        slot = process.code.slots[statement.index]
        if after == UP:
            self.facts.come_up(statement, slot, more)
        elif before == UP and after == DOWN and isinstance(statement, AsyncStatement):  # it has told why
            more = self.facts.of_waiting(statement)
        plain = _PLAIN[before, after]
        self._tell_of(process, slot, "transition", {**plain, **more} if more else plain, statement)

    def _begin(self, engine: Engine) -> None:
        """Know the engine, and tell that its program begins."""
        self.engine = engine
        templates = sum(code.template for code in engine.templates.values())
        processes = len(engine.templates) - templates
        self._tell(
            "program",
            {"what": "begins", "text": f"the program begins (processes: {processes}, templates: {templates})"},
        )

    def change(self, text: str) -> None:
        """Tell that the program is another one from now on."""
        self._places.clear()
        self.layers.texts_changed()
        self.facts.texts_changed()
        self._tell("program", {"what": "changed", "text": text})

    def moved(self, statement: Statement, before: int, after: int) -> None:
        """A statement went from one state to another."""
        self._transition(statement, before, after)
        statement.since = 0.0 if after == NONE else self._wall
        if self.failures and after in (DOWN, UP):
            self.failures.pop((statement.process, statement.index), None)
        if after in (DOWN, DYING):
            self._waits(statement)
            return
        if after == NONE:
            self.layers.undone(statement, self._wall)
        if statement.declaration.roles.changes:
            for one in changed_by(statement):
                self.revised(one)

    def _waits(self, statement: Statement) -> None:
        if len(self._fell) >= KEPT:
            self._fell.clear()  # they have been busy since: what they wait for is not what matters now
        self._fell[statement] = None

    def revised(self, statement: Statement) -> None:
        """A statement that is up has other values: they are told when nothing else is due."""
        if len(self._changed) >= KEPT:
            self._changed.clear()
        self._changed[statement] = None

    def settle(self) -> None:
        """Tell what has become of what changed; called when nothing else is due.

        That is what those wait for that went down or began to leave, and have not told it themselves; and values that
        are others than when they came up: once, however often they changed.
        """
        fell, self._fell = self._fell, {}
        for process in [*self._halted, *(statement.process for statement in fell)]:
            if process.mode == PAUSED and process not in self._paused:
                self._paused[process] = None
                self._tell_process(process, {"what": "paused"})
        self._halted.clear()
        for statement in fell:
            if statement.state in (DOWN, DYING) and not (isinstance(statement, AsyncStatement) and statement.has_told):
                fields = self.facts.of_waiting(statement)
                if "waits" in fields:
                    fields["text"] = fields.pop("waits")
                    self._tell_of(statement.process, statement.slot, "waits", fields, statement)
        changed, self._changed = self._changed, {}
        for statement in changed:
            if statement.state == UP:
                fields = {"values": variables_of(statement)}
                self._tell_of(statement.process, statement.slot, "values", fields, statement)

    def cleaned(self, statement: Statement) -> None:
        """A process goes on, after it stood still until nothing stood on it any more."""
        if statement.process in self._paused:
            del self._paused[statement.process]
            self._tell_process(statement.process, {"what": "resumed"})

    def restarted(self, statement: Statement) -> None:
        """A statement that is up was down for an instant."""
        self._transition(statement, UP, DOWN)
        self._transition(statement, DOWN, UP)
        statement.since = self._wall

    def process_moved(self, process: Process, what: str) -> None:
        """A process came, went, is complete, or waits to try a statement again."""
        if what == "retrying":
            self.retries_counted += 1
        if self.engine is None:
            self._begin(engine_of(process))
        if what == "restarting":
            self._halted[process] = None
            return
        is_removed = what == "gone" and process.owner is None and process.code.name not in process.engine.templates
        fields: dict[str, Any] = {"what": "removed" if is_removed else what}
        if what == "created" or what == "gone":
            creator = process.owner.creator() if process.owner is not None else None
            if creator is not None and creator.state != UP:
                self._waits(creator)  # for another one than before
        if what == "created" or what == "changed":
            self.facts.come(process, process.owner.creator() if process.owner is not None else None, fields)
        self._tell_process(process, fields)
        self._paused.pop(process, None)
        if what == "gone":
            path = self._paths.pop(process, "")
            if self._at.get(path) is process:
                del self._at[path]
            self.layers.forget(process)
            if self.failures:
                for index in range(len(process.code.slots)):
                    self.failures.pop((process, index), None)
        elif what == "changed":  # it may have had more statements than now
            for failed in [one for one in self.failures if one[0] is process]:
                del self.failures[failed]

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """A statement could not begin, or broke."""
        if isinstance(error, MemoryError):
            error = no_memory()
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
        if isinstance(error, MemoryError):
            text = str(no_memory())
            account = f"error: {text}.  Going on."
        self._tell("error", {"text": text, "account": account, "retry_ms": 0})

    def noted(self, statement: Statement, kind: str, line: str) -> None:
        """A statement has something to tell."""
        self._say(statement, kind, {"text": cut(line)})

    def retries(self, statement: Statement, line: str, wait_ms: int) -> None:
        """A statement starts something again later."""
        self._say(statement, "retry", {"text": line, "retry_ms": wait_ms})

    def heard(self, statement: Statement, child: str, pid: int, line: str) -> None:
        """A child of a statement's has said a line."""
        left = self._allowance.count(pid, time.monotonic())
        if left < 0:
            if left < -1:
                return
            line = f"(more than {MOST} lines in a second: what follows in this second is left out)"
        self._say(statement, "child", {"child": child, "pid": pid, "text": line})

    def _say(self, statement: Statement, kind: str, fields: dict[str, Any]) -> None:
        """Tell what a statement says, and what that makes of it."""
        if statement.state == UP:
            trouble = statement.trouble()
            if trouble or kind == NOTE:
                fields["trouble"] = trouble
        elif statement.state in (DOWN, DYING):
            fields |= self.facts.of_waiting(statement)
        self._tell_of(statement.process, statement.slot, kind, fields, statement)
