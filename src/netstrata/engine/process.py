"""A running process: its statements, and the one next thing that it has to do.

RUNNING --all up--> COMPLETE --something below moved--> PAUSED --go on--> RUNNING
any --change--> CHANGING --what differs is undone--> RUNNING, with another text
any --terminate--> TERMINATING --nothing left--> gone
"""

from typing import TYPE_CHECKING, Final

from netstrata.engine.evaluation import Frame
from netstrata.engine.program import Code
from netstrata.engine.referent import NAMED_ARGUMENTS, Plain, Referent
from netstrata.engine.retry_state import RetryState
from netstrata.engine.statement import DOWN, DYING, NONE, Owner, Statement
from netstrata.values import List, Unavailable
from netstrata.values.compiler_hints import i32, mypyc_attr

if TYPE_CHECKING:
    from netstrata.engine.machine import Engine

RUNNING: Final = 0
COMPLETE: Final = 1
PAUSED: Final = 2
TERMINATING: Final = 3
CHANGING: Final = 4

NOTHING_BEGUN: "Final[list[Statement | None]]" = []  # of all processes that have not begun; never changed


@mypyc_attr(acyclic=True)
class Process(Frame):
    """A running process: its statements, and how far it has come."""

    __slots__ = (
        "advance", "begun", "code", "depth", "engine", "error", "free", "mode", "owner", "place", "trouble",
    )  # fmt: skip

    def __init__(self, engine: "Engine", code: Code, owner: Owner | None, arguments: List | None) -> None:
        # Of very many processes each field costs a line of the processor's cache: those of every step stand together.
        self.mode: i32 = RUNNING
        self.place: i32 = -1  # where on the stack, -1 if not there
        self.advance: i32 = 0  # so many statements from the start are valid
        self.free: i32 = 0  # one more than the index of the last statement that exists
        self.begun: list[Statement | None] = NOTHING_BEGUN  # all statements, once the first of them begins
        self.engine = engine
        self.code = code
        self.owner = owner
        self.trouble: RetryState | None = None  # what went wrong, if anything ever did
        self.arguments = arguments
        self.error = False
        self.depth: i32 = owner.creator().process.depth + 1 if owner is not None else 0
        engine.alive += 1
        if engine.watched:
            engine.observer.process_moved(self, "created")
        engine.push(self)

    @property
    def statements(self) -> "list[Statement | None]":
        """All statements by index, None where one does not exist now."""
        if not self.begun:
            self.begun = [None] * len(self.code.slots)
        return self.begun

    def own(self, index: int) -> Referent | None:
        """Return its statement of that index, None if it does not exist now."""
        return self.begun[index] if self.begun else None

    def find(self, name: str, position: int) -> Referent | None:
        """Return what a name means just before a statement."""
        index = self.code.find(name, position)
        return self.statements[index] if index >= 0 else self.find_outside(name)

    def find_outside(self, name: str) -> Referent | None:
        """Return what a name means if no statement of the process has it."""
        process = self
        while True:
            owner = process.owner
            if owner is None:
                return None
            if process.arguments is not None and name.startswith("_arg"):
                argument = _argument(process.arguments, name)
                if argument is not None:
                    return argument
            thing = owner.special(name)
            if thing is not None:
                return thing
            scope = owner.scope()
            if scope is None:
                return None
            process = scope.process
            index = process.code.find(name, scope.index)
            if index >= 0:
                return process.begun[index]

    def terminate(self) -> None:
        """Undo everything, from the last statement to the first, then be gone."""
        if self.mode != TERMINATING and self.engine.watched:
            self.engine.observer.process_moved(self, "terminating")
        self.mode = TERMINATING
        self.engine.push(self)

    def restart(self, index: int) -> None:
        """Undo all statements from an index on, last first, and bring them up again; nothing before it is touched."""
        if index < self.advance:
            self.error = False
            self.advance = index
            if self.mode == COMPLETE and self.engine.watched:
                self.engine.observer.process_moved(self, "restarting")
        self.engine.push(self)

    def redo_from(self, index: int) -> None:
        """Undo and bring up again from an index on; if nothing there is begun, try what waits there at once."""
        if index < self.advance or self.mode == RUNNING:
            self.restart(index)

    def undoes(self, index: int) -> bool:
        """Say whether a statement here is to go: it is above something that is down, or what runs its process is."""
        process = self
        while index < process.advance and process.mode != TERMINATING:
            owner = process.owner
            if owner is None:
                return False
            creator = owner.creator()
            process = creator.process
            index = creator.index
        return True

    def reader(self) -> int:
        """Return the index of the statement here for which something is read now, itself or in a process it made.

        -1 if it is one of a process that none of this one has made; only while some statement begins.
        """
        process = self.engine.reader
        index = self.engine.reader_index
        while process is not self:
            owner = process.owner if process is not None else None
            if owner is None:
                return -1
            creator = owner.creator()
            process = creator.process
            index = creator.index
        return index

    def go_on(self) -> None:
        """Continue after having stood still."""
        if self.mode == PAUSED:
            change = self.engine.change
            self.mode = CHANGING if change is not None and change.awaits(self) else RUNNING
            self.engine.push(self)

    def change(self, index: int) -> None:
        """Undo all statements from an index on, and stand still then: `ProgramChange` knows what follows."""
        self.error = False
        if self.advance > index:
            self.advance = index
        if self.mode == COMPLETE and self.engine.watched:
            self.engine.observer.process_moved(self, "restarting")
        if self.mode == RUNNING or (self.mode == COMPLETE and self.owner is None):
            self.cease_waiting()
            self.mode = CHANGING
        self.engine.push(self)  # else its owner is asked first, and lets it go on

    def become(self, code: Code, index: int) -> None:
        """Have another text, which is the same up to an index: nothing from there on exists."""
        self.code = code
        if self.trouble is not None:
            self.trouble.forgive()
        if self.begun:
            kept = self.begun[:index]
            self.begun = kept + [None] * (len(code.slots) - len(kept))
        if self.engine.watched:
            self.engine.observer.process_moved(self, "changed")

    def go_on_changed(self) -> None:
        """Bring up what is new."""
        if self.mode == CHANGING:
            self.mode = RUNNING
            self.engine.push(self)

    def troubles(self) -> RetryState:
        """Return the account of what goes wrong here."""
        trouble = self.trouble
        if trouble is None:
            trouble = self.trouble = RetryState()
        return trouble

    @property
    def retries(self) -> int:
        """How many times in a row it has waited to begin a failed statement again."""
        return self.trouble.retries if self.trouble is not None else 0

    def hold(self, reason: Unavailable) -> None:
        """Wait before the next statement begins, and tell why."""
        self.error = True
        self.engine.observer.failed(self, self.code.slots[self.advance], reason)
        self.error = False
        self._wait_to_retry()
        self.troubles().held = True

    def go_on_if_running(self) -> None:
        """Continue after a wait, unless it is being undone, or gone, by now."""
        if self.mode == RUNNING:
            self.engine.push(self)

    def step(self) -> None:
        """Do the one next thing."""
        mode = self.mode
        if mode != RUNNING:
            if mode == TERMINATING:
                self._terminate()
                return
            if mode == PAUSED:
                return
            if mode != CHANGING:
                if self.owner is not None:
                    self.mode = PAUSED
                    self.owner.child_down(self)
                    return
                self.mode = RUNNING
        advance = self.advance
        if advance < self.free:
            statement = self.begun[self.free - 1]
            if statement is not None and statement.state != DYING:
                self._kill(statement)
            return
        trouble = self.trouble
        if trouble is not None and trouble.turns:
            turns, trouble.turns = trouble.turns, {}
            self.engine.push(self)
            for turn in turns.values():
                turn()
            return
        if advance > 0:
            last = self.begun[advance - 1]
            if last is not None and last.state == DOWN:
                if last.fell:
                    last.fell = False
                    if self.engine.watched:
                        self.engine.observer.cleaned(last)
                    try:
                        last.clean()
                    except Exception as bug:
                        last.broke(bug)
                if mode != CHANGING:
                    return
        if mode == CHANGING:
            if self.engine.change is not None:
                self.engine.change.undone(self)
        elif advance == len(self.code.slots):
            self.mode = COMPLETE
            if self.engine.watched:
                self.engine.observer.process_moved(self, "complete")
            if self.owner is not None:
                self.owner.child_up(self)
        elif self.error:
            self.error = False
            self._wait_to_retry()
        elif (
            self.engine.guard.probed is None and (trouble is None or not trouble.rounds)
        ) or not self.engine.guard.holds(self):
            self._advance()

    def _kill(self, statement: Statement) -> None:
        before = statement.state
        statement.state = DYING
        if self.engine.watched:
            self.engine.observer.moved(statement, before, DYING)
        try:
            statement.die()
        except Exception as bug:
            statement.broke(bug)

    def _terminate(self) -> None:
        if self.free:
            statement = self.begun[self.free - 1]
            if statement is not None and statement.state != DYING:
                if self.advance > self.free - 1:
                    self.advance = self.free - 1
                self._kill(statement)
            return
        engine = self.engine
        self.cease_waiting()
        engine.alive -= 1
        if engine.watched:
            engine.observer.process_moved(self, "gone")
        if engine.change is not None:
            engine.change.gone(self)
        if engine.terminating and engine.alive == 0:
            engine.stopped = True
        elif self.owner is not None:
            self.owner.child_gone(self)

    def _wait_to_retry(self) -> None:
        engine = self.engine
        trouble = self.troubles()
        if trouble.timer is not None:
            trouble.timer.cancel()
        delay = engine.retry.delay(trouble.retries)
        trouble.retries += 1
        trouble.timer = engine.timers.after(delay, self.retry)
        engine.retrying[self] = None
        if engine.watched:
            engine.observer.process_moved(self, "retrying")

    def cease_waiting(self) -> None:
        """Wait no more for a failed statement's next try."""
        trouble = self.trouble
        if trouble is None:
            return
        trouble.listen(None)
        if trouble.timer is not None:
            trouble.timer.cancel()
            trouble.timer = None
            trouble.held = False
            self.engine.retrying.pop(self, None)

    def wake(self) -> None:
        """Begin the failed statement again, for what it waits for has changed: at once, or soon after the last time."""
        trouble = self.trouble
        timers = self.engine.timers
        if trouble is None or trouble.timer is None:
            return  # things have moved on
        delay = trouble.wake_delay(timers.now())
        if delay == 0:
            self.retry()
        elif delay > 0:
            trouble.timer.cancel()
            trouble.timer = timers.after(delay, self.retry)

    def retry(self) -> None:
        """Begin the failed statement again, unless things have moved on."""
        self.cease_waiting()
        advance = self.advance
        if self.mode != RUNNING or advance != self.free or advance == len(self.code.slots):
            return
        if advance > 0:
            last = self.begun[advance - 1]
            if last is None or last.state == DOWN:
                return
        self._advance()

    def _advance(self) -> None:
        index = self.advance
        if index == 0 and not self.begun:
            count = len(self.code.slots)
            self.begun = [None] if count == 1 else [None] * count  # the former, of most, takes a third of the time
        slot = self.code.slots[index]
        engine = self.engine
        engine.reader = self
        engine.reader_index = index
        try:
            target = slot.resolve_target(self) if slot.target else None
            entry = slot.entry_for(target)
            values = slot.evaluate(self)
            statement: Statement = entry.make()
        except Exception as error:
            engine.reader = None
            self.error = True
            engine.push(self)
            engine.observer.failed(self, slot, error)
            return
        # It has no `__init__`: compiled code makes it without a tuple of arguments.
        statement.process = self
        statement.declaration = entry.declaration
        statement.target = target
        statement.index = index
        statement.state = DOWN
        statement.fell = False
        statement.since = 0.0
        statement.last_line = ""
        if engine.guard.probed is not None or (self.trouble is not None and self.trouble.rounds):
            engine.guard.begins(statement)
        self.begun[index] = statement
        self.advance = self.free = index + 1
        if engine.watched:
            engine.observer.moved(statement, NONE, DOWN)
        try:
            statement.begin(values)
        except Exception as error:
            statement.broke(error)
        engine.reader = None
        if engine.guard.probed is not None:
            engine.guard.has_begun(statement)


def _argument(arguments: List, name: str) -> Referent | None:
    """Return `_args`, or `_arg0` and so on as far as there are so many."""
    if name == "_args":
        return Plain(arguments)
    digits = name[4:]
    if digits.isdecimal() and (digits == "0" or digits[0] != "0"):
        number = int(digits) if len(digits) < 3 else NAMED_ARGUMENTS
        if number < NAMED_ARGUMENTS and number < arguments.size:
            return Plain(arguments.items[number])
    return None
