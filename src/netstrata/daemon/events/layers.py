"""The layers that statements stand on, as far as the program's text tells.

A statement's layer is its declaration's; a structure has none of its own and takes the highest of the templates that
its arguments name.
"""

from typing import Final

from netstrata.contract import Declaration
from netstrata.contract.shapes.templates import TemplateShape
from netstrata.daemon.events.event import LAYERS
from netstrata.engine.evaluation import Expression
from netstrata.engine.expressions import Call, Constant, ListOf
from netstrata.engine.process import EngineState, Process, Statement
from netstrata.engine.program import Code, Slot
from netstrata.values import List, Refused, Value

_ALL: Final = 0b11110  # a set of layers has a bit for each


class Layers:
    """What is known of one program's layers."""

    def __init__(self) -> None:
        self._sets: dict[Slot, int] = {}  # of each statement, as far as the text says
        self._undone: dict[Process, dict[int, float]] = {}  # when something of a layer was last undone

    def texts_changed(self) -> None:
        """Forget what the text said: the program has another one."""
        self._sets.clear()

    def of(self, slot: Slot, engine: EngineState) -> int:
        """Return the layer of a statement, the highest if it has several, 0 if it has none."""
        return max(0, self._named_by(slot, engine).bit_length() - 1)

    def of_text(self, slot: Slot, engine: EngineState) -> tuple[int, bool]:
        """Return all layers of what a statement will be or run, as a set of bits, and whether it has one of its own."""
        return self._named_by(slot, engine), bool(_layer_set(slot))

    def _named_by(self, slot: Slot, engine: EngineState) -> int:
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

    def undone_of(self, process: Process) -> dict[int, float]:
        """Return when something of each layer of a process was last undone."""
        return dict(self._undone.get(process, ()))

    def forget(self, process: Process) -> None:
        """Forget a process that is gone."""
        self._undone.pop(process, None)


def declaration_of(slot: Slot) -> Declaration | None:
    """Return what a statement will be, if it is no method: which one that is shows only when it begins."""
    entry = None if slot.target else slot.registry.statement(slot.type)
    return entry.declaration if entry is not None else None


def _layer_set(slot: Slot) -> int:
    declaration = declaration_of(slot)
    return 1 << declaration.layer if declaration is not None and declaration.layer else 0


def templates_of(slot: Slot, engine: EngineState) -> list[Code]:
    """Return the templates that a statement names in its text."""
    return templates_named(slot, engine.templates)


def templates_named(slot: Slot, codes: dict[str, Code]) -> list[Code]:
    """Return those of some templates that a statement names in its text."""
    declaration = declaration_of(slot)
    found: list[Code] = []
    if declaration is None or declaration.kind not in ("structure", "object"):
        return found
    try:
        places = declaration.places(len(slot.arguments))
    except Refused:
        return found  # it will not begin
    for argument, at, words in places:
        if isinstance(argument.shape, TemplateShape) and words:
            named = (codes.get(word.decode("latin-1")) for word in _words_in(slot.arguments[at]))
            found += [code for code in named if code is not None]
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
