"""What a change of the program touches of what runs: the processes that end, and where others begin to differ."""

from typing import Final

from netstrata.engine.difference import Difference
from netstrata.engine.process import TERMINATING, Process, Statement

NOWHERE: Final = 1 << 30  # an index that no statement has


class Touched:
    """What differs of some processes of the program, and of all that they run.

    `ends` are those that the new program has not; `firsts` has the first statement that differs of each other one;
    `doomed` are those that end, and those that are run by what is undone.
    """

    def __init__(self, roots: dict[str, Process], difference: Difference) -> None:
        self.ends: dict[Process, None] = {}
        self.firsts: dict[Process, int] = {}
        self.doomed: set[Process] = set()
        self._difference = difference
        if not difference.reaches_out:
            roots = {name: roots[name] for name in difference.touched if name in roots}
        for root in roots.values():
            self._look(root)

    def _look(self, root: Process) -> None:
        if self._is_gone(root):
            self.ends[root] = None
            self._doom([root])
            return
        waiting = [root]
        while waiting:
            process = waiting.pop()
            first = self._difference.firsts.get(process.code.name, NOWHERE)
            children: list[Process] = []
            for index, statement in enumerate(process.begun):
                if statement is not None:
                    of_it = statement.processes()
                    if index < first and (any(map(self._is_gone, of_it)) or self._is_outdated(statement)):
                        first = index
                    if first <= index:
                        self._doom(of_it)
                    else:
                        children += of_it
            if first != NOWHERE and process.mode != TERMINATING:
                self.firsts[process] = first
            waiting += children

    def _is_gone(self, process: Process) -> bool:
        """Say whether what a process is made from is no more, or is none of that kind any more."""
        code = self._difference.code(process.code.name)
        return code is None or code.template != process.code.template

    def _is_outdated(self, statement: Statement) -> bool:
        """Say whether a statement has run to its end what is another text now."""
        template = statement.has_run()
        return bool(template) and template.decode("latin-1") in self._difference.outdated

    def _doom(self, processes: list[Process]) -> None:
        """Know that processes end, with all that they run."""
        waiting = list(processes)
        while waiting:
            process = waiting.pop()
            self.doomed.add(process)
            for statement in process.begun:
                if statement is not None:
                    waiting += statement.processes()
