"""The steps of a change: what it has really undone, begun, and done outside."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from netstrata.daemon.events.codes import is_secret, place_of
from netstrata.daemon.events.event import Event
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.events.layers import declaration_of
from netstrata.daemon.text.redaction import redacted
from netstrata.daemon.text.rendering import cut
from netstrata.engine.machine import Engine
from netstrata.engine.process import Statement
from netstrata.engine.program import Slot

MOST_STEPS: Final = 10_000  # that an answer tells of
MOST_DEEDS: Final = 100  # of one statement
WITHHELD: Final = "something is done, with a secret among its values"

Step = dict[str, Any]
Key = tuple[str, int]  # the path of a process, and a statement's number in it


def step_of(what: str, process: str, slot: Slot, name: str = "") -> Step:
    """Return one step."""
    place = place_of(slot)
    return {
        "what": what,
        "process": process,
        "statement": place.statement,
        "name": name or slot.type,
        "file": place.file,
        "line": place.line,
        "text": cut(_text_of(slot)),
    }


def with_operations(step: Step, operations: list[str]) -> Step:
    """Add what is done outside to a step, if anything is."""
    return {**step, "operations": operations} if operations else step


def _text_of(slot: Slot) -> str:
    """Return a statement as it is written, in a line, but for what may be a secret."""
    if is_secret(slot):
        return f"{slot.type}(…)"
    span = slot.span
    text = span.source.text[span.start : span.end]
    return " ".join(text.decode("utf-8", "backslashreplace").split())


class ChangeReport:
    """What one change has done, step by step.

    What is done outside for a statement that has begun belongs to that until it goes down, and then to its undoing.
    """

    def __init__(self, engine: Engine, stream: EventLog) -> None:
        self._steps: list[tuple[Step, list[str]]] = []
        self._engine = engine
        self._stream = stream
        self._begun: dict[Key, list[str]] = {}  # what was done for each that has begun
        self._going: dict[Key, list[str]] = {}  # for each that is about to go, or was there before
        self._coming: set[Key] = set()  # those that have begun to make something, and are not up yet

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Know what happens meanwhile."""
        self._stream.subscribe(self._take)
        self._engine.witness = self._hear
        try:
            yield
        finally:
            self._engine.witness = None
            self._stream.unsubscribe(self._take)

    @property
    def is_open(self) -> bool:
        """Whether what has begun is still being made: by a program, or in its turn."""
        return bool(self._coming)

    @property
    def steps(self) -> list[Step]:
        """What has happened, in that order."""
        return [with_operations(step, deeds) for step, deeds in self._steps]

    def _take(self, event: Event) -> None:
        """Know that a statement has begun, goes down, or is undone."""
        if event.kind != "transition":
            return
        before, after = event.fields["from"], event.fields["to"]
        key = (event.process, event.place.statement)
        if before == "gone":
            deeds = self._begun[key] = []
            self._add("begun", event, deeds)
        else:
            self._coming.discard(key)
            if before == "up" or after == "gone":
                self._begun.pop(key, None)
        if after == "gone":
            self._add("undone", event, self._going.pop(key, []))

    def _add(self, what: str, event: Event, deeds: list[str]) -> None:
        process = self._stream.process_at(event.process)
        if process is not None and len(self._steps) < MOST_STEPS:
            place = event.place
            slot = process.code.slots[place.statement - 1]
            self._steps.append((step_of(what, event.process, slot, place.name), deeds))
            declaration = declaration_of(slot)
            if what == "begun" and declaration is not None and declaration.kind == "configures":
                self._coming.add((event.process, place.statement))

    def _hear(self, statement: Statement, words: Iterable[str]) -> None:
        """Know what was done outside for a statement."""
        slot = statement.slot
        key = (self._stream.path_of(statement.process), slot.index + 1)
        deeds = self._begun.get(key)
        if deeds is None:
            deeds = self._going.setdefault(key, [])
        if len(deeds) >= MOST_DEEDS:
            return
        deeds += [WITHHELD] if is_secret(slot) else [cut(redacted(one)) for one in words]
