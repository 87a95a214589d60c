"""What a change would undo and begin, for people: step by step, with what templates run as far as the text tells."""

from collections.abc import Iterator
from typing import Final

from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.events.layers import declaration_of, templates_named
from netstrata.daemon.live.operations import Operations
from netstrata.daemon.live.report import Step, step_of, with_operations
from netstrata.daemon.text.paths import child_path
from netstrata.engine.difference import Codes, Difference
from netstrata.engine.expressions import Call
from netstrata.engine.machine import Engine
from netstrata.engine.program import Code, Slot
from netstrata.engine.prospect import Foreseen, Prospect
from netstrata.values import List

AT_ONCE: Final = 64  # statements, before others have their turn
DEEPEST: Final = 50  # templates in one another that are followed

Steps = Iterator[Step | None]  # None: others have their turn


def planned_steps(engine: Engine, difference: Difference, stream: EventLog) -> Steps:
    """Yield what would be undone, then what would be begun; None after each process."""
    prospect = Prospect(engine, difference)
    yield None
    operations = Operations(engine, prospect)
    yield from operations.look()
    for number, statement in enumerate(prospect.undone):
        if number % AT_ONCE == 0:
            yield None
        path = stream.path_of(statement.process)
        step = step_of("undone", path, statement.slot, statement.declaration.name)
        yield with_operations(step, operations.undone(statement))
    yield None
    following = _Following(difference.codes, operations)
    for process, index in prospect.from_.items():
        code = difference.codes[process.code.name]
        yield from following.process(code, stream.path_of(process), index, Foreseen(process, index))
        yield None
    for code in prospect.come:
        yield from following.process(code, code.name, 0, Foreseen(None, 0))
        yield None


class _Following:
    """What begins, followed into the templates that it runs."""

    def __init__(self, codes: Codes, operations: Operations) -> None:
        self._codes = codes
        self._operations = operations
        self._within: list[Code] = []
        self._count = 0

    def process(self, code: Code, path: str, index: int, frame: Foreseen, perhaps: bool = False) -> Steps:
        """Yield what begins of a process from an index on; perhaps, if that depends on what is not known now."""
        self._within.append(code)
        for slot in code.slots[index:]:
            step = with_operations(step_of("begun", path, slot), self._operations.begun(slot, frame))
            if perhaps:
                step["perhaps"] = True
            yield step
            self._count += 1
            if self._count % AT_ONCE == 0:
                yield None
            yield from self._below(code, slot, path, frame, perhaps)
        self._within.pop()

    def _below(self, code: Code, slot: Slot, path: str, frame: Foreseen, perhaps: bool) -> Steps:
        declaration = declaration_of(slot)
        runs = declaration.roles.runs if declaration is not None else "all"
        hidden = code.inner.get(slot.index)
        if hidden is None and slot.target and slot.target_index >= 0:
            hidden = code.inner.get(slot.target_index)  # a Block that is called
        names = hidden[:1] if hidden is not None and runs == "first" else hidden
        codes = [self._codes[name] for name in names] if names else templates_named(slot, self._codes)
        known = len(codes) == 1 and (slot.constants is not None or runs != "one")
        for template in codes if runs else ():
            if template not in self._within and len(self._within) < DEEPEST:
                for label, sure in _labels(slot, runs):
                    below = child_path(path, slot.index, template.name, label)
                    inner = self._frame(code, slot, frame, runs, is_hidden=bool(names))
                    yield from self.process(template, below, 0, inner, perhaps or not (known and sure))

    def _frame(self, code: Code, slot: Slot, frame: Foreseen, runs: str, *, is_hidden: bool) -> Foreseen:
        """Return what can be read in a template that a statement runs."""
        if is_hidden and runs in ("first", "one", "all") and slot.target_index < 0:
            return frame.hidden(code, slot.index)
        declaration = declaration_of(slot)
        calls = declaration is not None and declaration.roles.calls and len(slot.arguments) > 1
        arguments = self._operations.value(slot.arguments[1], frame) if calls else None
        return frame.template(arguments if isinstance(arguments, List) else None)


def _labels(slot: Slot, runs: str) -> list[tuple[str, bool]]:
    """Return what tells the processes of a statement from one another, and whether that is known."""
    if runs != "each":
        return [("", not (runs == "one" and isinstance(slot.arguments[0], Call)))]
    collection = slot.arguments[0].constant() if slot.arguments else None
    if isinstance(collection, List):
        return [(f"[{number}]", True) for number in range(collection.size)]
    return [("[0]", False)]
