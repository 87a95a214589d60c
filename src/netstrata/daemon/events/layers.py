"""The layers that statements stand on, and which of them are lit in a process.

A statement's layer is its declaration's; a structure has none of its own and takes the highest of what it runs, or, as
long as it runs nothing, of the templates that its arguments name.
"""

from typing import Final, NamedTuple

from netstrata.contract import Declaration
from netstrata.contract.shapes.templates import TemplateShape
from netstrata.control.answers import Slices
from netstrata.daemon.events.walks import PROCESSES, floors_of
from netstrata.engine.evaluation import Expression
from netstrata.engine.expressions import Call, Constant, ListOf
from netstrata.engine.machine import Engine
from netstrata.engine.process import Process
from netstrata.engine.program import Code, Slot
from netstrata.engine.statement import UP, Statement
from netstrata.values import List, Refused, Value

LAYERS: Final = (1, 2, 3, 4)
_ALL: Final = 0b11110  # a set of layers has a bit for each


class Light(NamedTuple):
    """How far a layer of a process has come: "up" (all of it), "coming" (some of it) or "down" (nothing of it).

    Shapes: since is when something of it last moved, seconds of wall time, 0 if nothing ever did.
    """

    state: str
    since: float


class Count:
    """The statements of one layer."""

    __slots__ = ("begun", "since", "total", "up")

    def __init__(self) -> None:
        self.total = self.begun = self.up = 0
        self.since = 0.0

    def add(self, total: int, begun: int, up: int, since: float) -> None:
        self.total += total
        self.begun += begun
        self.up += up
        self.since = max(self.since, since)

    def light(self) -> Light:
        state = "up" if self.up == self.total else "coming" if self.begun else "down"
        return Light(state, self.since)


Counts = dict[int, Count]


class Layers:
    """What is known of one program's layers."""

    def __init__(self) -> None:
        self._sets: dict[Slot, int] = {}  # of each statement, as far as the text says
        self._undone: dict[Process, dict[int, float]] = {}  # when something of a layer was last undone

    def of(self, slot: Slot, statement: Statement | None, engine: Engine) -> int:
        """Return the layer of a statement as it is now, 0 if it has none; None if it has not begun."""
        return _highest(self._set_of(slot, statement, engine))

    def of_event(self, slot: Slot, statement: Statement | None, engine: Engine) -> int:
        """Return the layer of a statement that is on the move, so that it cannot be asked what it runs."""
        if statement is not None and statement.declaration.layer:
            return statement.declaration.layer
        return _highest(self._named_by(slot, engine))

    def of_text(self, slot: Slot, engine: Engine) -> tuple[int, bool]:
        """Return all layers of what a statement will be or run, as a set of bits, and whether it has one of its own."""
        return self._named_by(slot, engine), bool(_layer_set(slot))

    def _set_of(self, slot: Slot, statement: Statement | None, engine: Engine) -> int:
        """Return all layers that a statement or what it runs has."""
        if statement is not None and statement.declaration.layer:
            return 1 << statement.declaration.layer
        found = self._named_by(slot, engine)
        if statement is not None and not found:
            for code in {child.code for child in statement.processes()}:
                for inner in code.slots:
                    found |= self._named_by(inner, engine)
        return found

    def _named_by(self, slot: Slot, engine: Engine) -> int:
        """Return all layers of what a statement will be or run, as far as the text says."""
        known = self._sets.get(slot)
        if known is not None:
            return known
        found = _layer_set(slot)
        codes = templates_of(slot, engine)
        seen = set(codes)
        while codes and found != _ALL:
            for inner in codes.pop().slots:
                found |= _layer_set(inner)
                for code in templates_of(inner, engine):
                    if code not in seen:
                        seen.add(code)
                        codes.append(code)
        self._sets[slot] = found
        return found

    def undone(self, statement: Statement, when: float) -> None:
        """Know when a statement was undone."""
        own = statement.declaration.layer
        layers = 1 << own if own else self._named_by(statement.slot, statement.process.engine)
        if layers:
            times = self._undone.setdefault(statement.process, {})
            for layer in LAYERS:
                if layers >> layer & 1:
                    times[layer] = when

    def forget(self, process: Process) -> None:
        """Forget a process that is gone."""
        self._undone.pop(process, None)

    def lights(self, processes: list[Process]) -> Slices[dict[Process, dict[int, Light]]]:
        """Return the lights of processes; each must come with all that stand below it, after it."""
        counts: dict[Process, Counts] = {}
        lights: dict[Process, dict[int, Light]] = {}
        for number, process in enumerate(reversed(processes), 1):
            counts[process] = found = yield from self._counts(process, counts)
            lights[process] = {at: found[at].light() for at in LAYERS if at in found}
            if not number % PROCESSES:
                yield
        return lights

    def _counts(self, process: Process, below: dict[Process, Counts]) -> Slices[Counts]:
        found: Counts = {}
        for floor in floors_of([process]):
            if floor is None:
                yield
                continue
            _, slot, statement = floor
            layers = self._set_of(slot, statement, process.engine)
            if statement is not None and not statement.declaration.layer:
                children = statement.processes()
                for number, child in enumerate(children, 1):
                    for layer, count in below.get(child, {}).items():
                        found.setdefault(layer, Count()).add(count.total, count.begun, count.up, count.since)
                    if not number % PROCESSES:
                        yield
                if children or statement.state == UP:
                    continue  # it runs all that it will: a branch that is not taken has no light
            for layer in LAYERS:
                if layers >> layer & 1:
                    begun = int(statement is not None)
                    up = int(statement is not None and statement.state == UP)
                    found.setdefault(layer, Count()).add(1, begun, up, statement.since if statement else 0.0)
        for layer, when in self._undone.get(process, {}).items():
            if layer in found:
                found[layer].add(0, 0, 0, when)
        return found


def _declaration_of(slot: Slot) -> Declaration | None:
    """Return what a statement will be, if it is no method: which one that is shows only when it begins."""
    entry = None if slot.target else slot.registry.statement(slot.type)
    return entry.declaration if entry is not None else None


def _highest(layers: int) -> int:
    return max(0, layers.bit_length() - 1)


def _layer_set(slot: Slot) -> int:
    declaration = _declaration_of(slot)
    return 1 << declaration.layer if declaration is not None and declaration.layer else 0


def templates_of(slot: Slot, engine: Engine) -> list[Code]:
    """Return the templates that a statement names in its text."""
    declaration = _declaration_of(slot)
    found: list[Code] = []
    if declaration is None or declaration.kind not in ("structure", "object"):
        return found
    try:
        places = declaration.places(len(slot.arguments))
    except Refused:
        return found  # it will not begin
    for argument, at, words in places:
        if isinstance(argument.shape, TemplateShape) and words:
            names = (engine.templates.get(word.decode("latin-1")) for word in _words_in(slot.arguments[at]))
            found += [code for code in names if code is not None]
    return found


def _words_in(expression: Expression) -> list[bytes]:
    """Return the strings that an expression may choose among, and more: those that are no template do no harm."""
    found: list[bytes] = []
    waiting: list[Expression | Value] = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, bytes):
            found.append(part)
        elif isinstance(part, List):
            waiting += part.items
        elif isinstance(part, Constant):
            waiting.append(part.value)
        elif isinstance(part, ListOf):
            waiting += part.items
        elif isinstance(part, Call):
            waiting += part.arguments
    return found
