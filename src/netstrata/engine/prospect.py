"""What a change would undo and begin, as far as that is known before it happens.

Statements that stand on what is undone are found as they are told when it happens: who depends on it, who has called
it, who has joined it.  What somebody outside takes away because of it is not known here.
"""

from netstrata.engine.difference import Difference
from netstrata.engine.machine import Engine
from netstrata.engine.process import COMPLETE, Process
from netstrata.engine.program import Code
from netstrata.engine.statement import Statement
from netstrata.engine.touched import Touched


class Prospect:
    """What a change would do.

    `undone` are the statements that would be undone, about in that order; `from_` has the index from which on
    statements begin anew, of each process that goes on, and `come` the processes that would begin.
    """

    def __init__(self, engine: Engine, difference: Difference) -> None:
        self._touched = Touched(engine.roots, difference)
        self._lowest: dict[Process, int] = {}  # in the order in which they were found
        self._waiting: list[tuple[Process, int]] = []
        for process in self._touched.ends:
            self._waiting.append((process, 0))
        self._waiting += self._touched.firsts.items()
        while self._waiting:
            self._undo(*self._waiting.pop())
        self.undone = [one for process in reversed(self._lowest) for one in self._of(process)]
        ending = self._ending()
        self.from_ = {process: index for process, index in self._lowest.items() if process not in ending}
        running = {process.code.name for process in engine.roots.values() if process not in ending}
        self.come: list[Code] = [
            code for code in difference.codes.values() if not code.template and code.name not in running
        ]

    def _undo(self, process: Process, index: int) -> None:
        """Know that all of a process from an index on is undone, and what that takes along."""
        before = self._lowest.get(process)
        if before is not None and before <= index:
            return
        self._lowest[process] = index
        if before is None and process.mode == COMPLETE and process.owner is not None:
            for above in process.owner.stands_on(process):
                self._waiting.append((above.process, above.index + 1))
            self._waiting += [(one, 0) for one in process.owner.comes_after(process)]
        for statement in process.begun[index : process.free if before is None else before]:
            if statement is not None:
                self._waiting += [(child, 0) for child in statement.processes()]
                self._waiting += [(one.process, one.index + 1) for one in statement.bears()]

    def _of(self, process: Process) -> list[Statement]:
        """Return what is undone of a process, the last first."""
        found = process.begun[self._lowest[process] :]
        return [statement for statement in reversed(found) if statement is not None]

    def _ending(self) -> set[Process]:
        """Return the processes that are undone as a whole, and run anew, if at all, by what begins anew."""
        ending = set(self._touched.doomed)
        undone = set(self.undone)
        ending.update(child for statement in undone for child in statement.processes())
        for process in self._lowest:
            if process.owner is not None:
                ending.update(process.owner.comes_after(process))
        return ending
