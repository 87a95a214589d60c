"""A change of the program that runs: what differs is undone, then what is new begins; nothing else is touched.

A process that is gone ends.  One that differs is undone down to its first statement that does, and has the new text
then.  All that stands on what is undone goes as it always does: whoever depends on it, and who has called it, first.
When all this is undone, those that differ go on, and new ones begin: nobody finds in its way what is about to go.
"""

from collections.abc import Callable
from typing import Final

from netstrata.engine.difference import Difference
from netstrata.engine.environment import ProgramChange
from netstrata.engine.machine import Engine
from netstrata.engine.process import CHANGING, COMPLETE, RUNNING, Process, Statement
from netstrata.engine.program import Code
from netstrata.engine.timers import Timer
from netstrata.engine.touched import Touched

LONGEST_MS: Final = 5000  # that what is new waits for what is being undone: something may hang


class Change(ProgramChange[Process, Statement]):
    """One change, from what is undone first to the last of what was undone."""

    def __init__(
        self, engine: Engine, difference: Difference, begun: Callable[[], None], done: Callable[[], None]
    ) -> None:
        """Take what is to differ, and whom to call before anything is undone, and when what is new has begun."""
        self._engine = engine
        self._begun = begun
        self._done = done
        self._difference = difference
        self._firsts: dict[Process, int] = {}  # of those that differ: the first statement that does
        self._doomed: set[Process] = set()  # those that end, or are run by what is undone
        self._left: dict[Process, None] = {}  # those of which something is to be undone still
        self._held: dict[Process, None] = {}  # those that have the new text, and wait until all is undone
        self._timer: Timer | None = None

    @property
    def left(self) -> list[Process]:
        """The processes of which something is to be undone still."""
        return list(self._left)

    def begin(self) -> None:
        """Begin to undo what differs, unless everything is undone by now."""
        engine = self._engine
        if engine.terminating:  # since this was decided
            self._done()
            return
        engine.change = self
        engine.templates = self._difference.applied()
        self._begun()
        touched = Touched(engine.roots, self._difference)
        self._firsts, self._doomed = touched.firsts, touched.doomed
        self._left = {**touched.ends, **dict.fromkeys(touched.firsts)}
        for process in touched.ends:
            process.terminate()
        for process, index in list(self._firsts.items()):
            _undo_from(process, index)
        self._timer = engine.timers.after(LONGEST_MS, self._release)
        self._ask()

    def awaits(self, process: Process) -> bool:
        """Say whether a process is to be undone down to what differs of it."""
        return process in self._firsts

    def code_for(self, creator: Statement, name: str) -> Code | None:
        """Return a template that a statement may run: of the old program, if it is part of what is undone."""
        statement = creator
        while True:
            process = statement.process
            if process in self._doomed:
                return self._difference.old_code(name)
            if statement.index >= self._firsts.get(process, statement.index + 1):
                return self._difference.old_code(name)
            if process.owner is None:
                return self._difference.code(name)
            statement = process.owner.creator()

    def undone(self, process: Process) -> None:
        """Give a process the new text: what differs of it is undone."""
        index = self._firsts.pop(process, -1)
        if index < 0:
            return
        _give(process, self._engine.templates[process.code.name], index)
        self._held[process] = None
        del self._left[process]
        if self._timer is None:
            self._go_on()
        self._ask()

    def gone(self, process: Process) -> None:
        """Know that a process is gone."""
        self._doomed.discard(process)
        self._firsts.pop(process, None)
        self._held.pop(process, None)
        name = process.code.name
        if process.owner is None and self._engine.roots.get(name) is process:  # or it would be asked to end once more
            del self._engine.roots[name]
        if process in self._left:
            del self._left[process]
            self._ask()

    def _ask(self) -> None:
        """Go on, if all is undone."""
        if not self._left:
            self._release()
            self._engine.change = None
            self._done()

    def _release(self) -> None:
        """Let those that wait go on, and the new ones begin, in the program's order."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        engine = self._engine
        if engine.terminating:
            return
        if self._difference.moves_processes:
            roots = engine.roots
            left = [one for one in self._left if one.owner is None and one in self._doomed]
            engine.roots = {process.code.name: process for process in left}
            for name, code in engine.templates.items():
                if not code.template:
                    engine.roots[name] = roots.get(name) or Process(engine, code, None, None)
        self._go_on()

    def _go_on(self) -> None:
        held, self._held = self._held, {}
        for process in held:
            _bring_up(process)


def _undo_from(process: Process, index: int) -> None:
    """Undo all statements of a process from an index on; it stands still then."""
    engine = process.engine
    process.error = False
    if process.advance > index:
        process.advance = index
    if process.mode == COMPLETE and engine.watched:
        engine.observer.process_moved(process, "restarting")
    if process.mode == RUNNING or (process.mode == COMPLETE and process.owner is None):
        process.cease_waiting()
        process.mode = CHANGING
    engine.push(process)  # else its owner is asked first, and lets it go on


def _give(process: Process, code: Code, index: int) -> None:
    """Give a process another text, which is the same up to an index: nothing from there on exists."""
    process.code = code
    if process.trouble is not None:
        process.trouble.forgive()
    if process.begun:
        kept = process.begun[:index]
        process.begun = kept + [None] * (len(code.slots) - len(kept))
    if process.engine.watched:
        process.engine.observer.process_moved(process, "changed")


def _bring_up(process: Process) -> None:
    """Bring up what is new."""
    if process.mode == CHANGING:
        process.mode = RUNNING
        process.engine.push(process)
