"""What a change would undo and begin, as far as that is known before it happens.

Statements that stand on what is undone are found as they are told when it happens: who depends on it, who has called
it, who has joined it.  What somebody outside takes away because of it is not known here.
"""

from collections.abc import Iterator

from netstrata.engine.difference import Difference
from netstrata.engine.evaluation import Frame
from netstrata.engine.machine import Engine
from netstrata.engine.process import COMPLETE, Process, Statement
from netstrata.engine.program import Code
from netstrata.engine.referent import Referent
from netstrata.engine.touched import Touched
from netstrata.values import List


class Foreseen(Frame):
    """What can be read in a process that goes on, or would begin, before anything has happened: of what stays."""

    __slots__ = ("_at", "_first", "_process", "_within")

    def __init__(self, process: Process | None, first: int) -> None:
        """Take a process, if there is one already, and the first of its statements that does not stay."""
        self.arguments = process.arguments if process is not None else None
        self._process = process
        self._first = first
        self._within: Foreseen | None = None
        self._at: tuple[Code, int] | None = None

    def template(self, arguments: List | None) -> "Foreseen":
        """Return what can be read in a template that begins from here with such arguments, None if nobody knows."""
        frame = Foreseen(None, 0)
        frame.arguments = arguments
        return frame

    def hidden(self, code: Code, index: int) -> "Foreseen":
        """Return what can be read in one that begins at a statement of this code, and has the names there."""
        frame = Foreseen(None, 0)
        frame.arguments = self.arguments
        frame._within, frame._at = self, (code, index)
        return frame

    def own(self, index: int) -> Referent | None:
        """Return a statement that stays."""
        return self._process.own(index) if self._process is not None and index < self._first else None

    def find_outside(self, name: str) -> Referent | None:
        """Return what a name means around it, if that stays."""
        if self._process is not None:
            return self._process.find_outside(name)
        if self._within is None or self._at is None:
            return None
        code, at = self._at
        index = code.find(name, at)
        return self._within.own(index) if index >= 0 else self._within.find_outside(name)


class Prospect:
    """What a change would do.

    `undone` are the statements that would be undone, in that order if none takes time; `from_` has the index from which
    on statements begin anew, of each process that goes on, and `come` the processes that would begin.
    """

    def __init__(self, engine: Engine, difference: Difference) -> None:
        self._touched = Touched(engine.roots, difference)
        self._lowest: dict[Process, int] = {}  # in the order in which they were found
        self._waiting: list[tuple[Process, int]] = []
        self._waiting += [(process, 0) for process in self._touched.ends]
        self._waiting += self._touched.firsts.items()
        asked = [process for process, _ in reversed(self._waiting)]  # who is asked last to go has its turn first
        while self._waiting:
            self._undo(*self._waiting.pop())
        self.undone = _Order(self._lowest).of([*asked, *self._lowest])
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

    def _ending(self) -> set[Process]:
        """Return the processes that are undone as a whole, and run anew, if at all, by what begins anew."""
        ending = set(self._touched.doomed)
        undone = set(self.undone)
        ending.update(child for statement in undone for child in statement.processes())
        for process in self._lowest:
            if process.owner is not None:
                ending.update(process.owner.comes_after(process))
        return ending


class _Order:
    """The order in which statements are undone: what stands on one goes before it."""

    def __init__(self, lowest: dict[Process, int]) -> None:
        """Take the index down to which each process is undone."""
        self._lowest = lowest
        self._tops = {process: process.free for process in lowest}  # one more than the index of the next of each
        self._found: list[Statement] = []
        self._asked: set[tuple[Process, int]] = set()  # each once
        self._open: list[Iterator[tuple[Process, int]]] = []  # processes on their way down, each waits for the next

    def of(self, processes: list[Process]) -> list[Statement]:
        """Return what is undone of some processes, and all that goes before."""
        for process in processes:
            self._open.append(self._down(process, 0))
            while self._open:
                wanted = next(self._open[-1], None)
                if wanted is None:
                    self._open.pop()
                elif wanted[0] in self._tops and wanted not in self._asked:
                    self._asked.add(wanted)
                    self._open.append(self._down(*wanted))
        return self._found

    def _down(self, process: Process, index: int) -> Iterator[tuple[Process, int]]:
        """Undo a process down to an index; yield what of others must be undone before."""
        index = max(index, self._lowest[process])
        owner = process.owner
        if owner is not None and process.mode == COMPLETE:
            for above in owner.stands_on(process):
                yield above.process, above.index + 1
            for one in owner.comes_after(process):
                yield one, 0
        while self._tops[process] > index:
            at = self._tops[process] - 1
            statement = process.begun[at]
            if statement is not None:
                for child in statement.processes():
                    yield child, 0
                for other in statement.bears():
                    yield other.process, other.index + 1
            if self._tops[process] == at + 1:  # else it was undone meanwhile, for another one
                self._tops[process] = at
                if statement is not None:
                    self._found.append(statement)
