"""What stands on a provider, and would have begun otherwise with another one.

That is known by evaluating arguments once more, with each of both: what is the same with both stands for either.
"""

from collections.abc import Callable

from netstrata.engine.process import DYING, Process, Statement
from netstrata.engine.referent import Referent
from netstrata.values import Value


def first_difference(depend: Statement, show: Callable[[Statement], None], new: Statement, old: Statement) -> int:
    """Return the index of the first statement above one that differs, or that runs or provides for one that does.

    Shapes: show has names be looked up in a provider's place; the process's advance is returned if nothing differs.
    """
    process = depend.process
    compare = _Compare(show, new, old)
    for index in range(depend.index + 1, process.advance):
        statement = process.begun[index]
        if statement is not None and compare.reaches(statement):
            return index
    return process.advance


class _Compare:
    """What is the same with either of two providers."""

    def __init__(self, show: Callable[[Statement], None], new: Statement, old: Statement) -> None:
        self._show = show
        self._new = new
        self._old = old
        self._seen: set[Statement] = set()

    def reaches(self, top: Statement) -> bool:
        """Say whether a statement, or one that it runs or that depends on it, differs."""
        waiting: list[Statement | None] = [top]
        while waiting:
            statement = waiting.pop()
            if statement is None or statement.state == DYING or statement in self._seen:
                continue
            self._seen.add(statement)
            if self._differs(statement):
                return True
            for process in statement.processes():
                waiting += process.begun
            for other in statement.bears():
                waiting += other.process.begun[other.index + 1 :]
        return False

    def _differs(self, statement: Statement) -> bool:
        if statement.has_run():
            return True  # what that has read is not known any more
        slot = statement.slot
        if slot.constants is not None and not slot.target and not statement.refers():
            return False
        engine = statement.process.engine
        reader, at = engine.reader, engine.reader_index
        try:
            engine.reader = None
            before = _read(statement)
            self._show(self._new)
            engine.reader, engine.reader_index = statement.process, statement.index  # what is read, is read for it
            after = _read(statement)
        finally:
            self._show(self._old)
            engine.reader, engine.reader_index = reader, at
        if before is None or after is None:
            return True
        return before[0] is not after[0] or before[1] is not after[1] or before[2] != after[2]


_Read = tuple[Referent | None, Referent | None, list[Value]]


def _read(statement: Statement) -> _Read | None:
    """Return what a statement is called on, what it refers to, and its arguments; None if it could not begin now."""
    slot = statement.slot
    process: Process = statement.process
    try:
        target = slot.resolve_target(process) if slot.target else None
        return target, statement.refers(), slot.evaluate(process)
    except Exception:  # whatever it is, the statement will say so when it begins
        return None
