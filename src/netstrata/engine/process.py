"""A process and its statements: what stands of it, how far it has come, and what each reports.

A process:    RUNNING --all up--> COMPLETE --something below moved--> PAUSED --go on--> RUNNING
              any --change--> CHANGING --what differs is undone--> RUNNING, with another text
              any --terminate--> TERMINATING --nothing left--> gone
A statement:  none --begin--> down <--> up          down, up --die--> dying --dead--> none
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from netstrata.contract import Declaration
from netstrata.engine.environment import Environment, Observer, ProgramChange, Retry, WaitsFor
from netstrata.engine.evaluation import Frame
from netstrata.engine.holders import HolderId, Holders
from netstrata.engine.program import Code, Slot
from netstrata.engine.referent import Referent
from netstrata.engine.retry_state import RetryState
from netstrata.engine.timers import Timers
from netstrata.values import List, Value
from netstrata.values.compiler_hints import i32, mypyc_attr

Named = tuple[Value, int]  # a name, and the number of the scope that it is a name in, 0 for the whole program
Waiting = WaitsFor["Process"]

# Final, so that compiled code has the numbers themselves, and does not look them up in a dictionary each time.
NONE: Final = 0
DOWN: Final = 1
UP: Final = 2
DYING: Final = 3

STATE_NAMES = ("gone", "down", "up", "dying")

RUNNING: Final = 0
COMPLETE: Final = 1
PAUSED: Final = 2
TERMINATING: Final = 3
CHANGING: Final = 4

NOTHING_BEGUN: "Final[list[Statement | None]]" = []  # of all processes that have not begun; never changed


class EngineState:
    """What all processes of a program share; the engine that runs them has more."""

    def __init__(
        self,
        codes: list[Code],
        timers: Timers,
        retry: Retry,
        observer: "Observer[Process, Statement]",
        outside: Environment,
    ) -> None:
        self.outside = outside
        self.templates = {code.name: code for code in codes}  # and processes
        self.timers = timers
        self.retry = retry
        self.observer = observer
        self.watched = False
        self.compares = False  # another provider with the same values costs nothing; NCD undoes all and begins anew
        self.stack: list[Process] = []  # those that have something to do
        self.alive = 0
        self.reader: Process | None = None  # whose next statement begins now, and reads what it needs
        self.reader_index = 0  # of that statement
        self.inbox: deque[Callable[[], None]] = deque()
        self.retrying: dict[Process, None] = {}  # those that wait to begin a failed statement again
        self.offers: dict[bytes, Any] = {}  # `ProvidedName`s: what is provided, or waited for, by name
        self.holders = Holders()  # who ports are called for
        self.change: ProgramChange[Process, Statement] | None = None  # of the program, while what differs is undone
        self.witness: Callable[[Statement, Iterable[str]], None] | None = None  # is told what is done outside
        self.shared: dict[str, Any] = {}  # what statements of another family share, by the family's name

    def event(self, action: Callable[[], None]) -> None:
        """Let something from outside in: it is acted on when all that came before is worked off."""
        self.inbox.append(action)
        self.outside.wake()

    def push(self, process: "Process") -> None:
        """Put a process on top of the stack."""
        stack = self.stack
        top = process.place = len(stack)  # an older place of it is passed over
        stack.append(process)
        if top > 4096 and top > 4 * self.alive:
            self._forget_old_places()

    def _forget_old_places(self) -> None:
        kept: list[Process] = []
        for place, process in enumerate(self.stack):
            if process.place == place:
                process.place = len(kept)
                kept.append(process)
        self.stack = kept


@mypyc_attr(acyclic=True)
class Owner(Referent):
    """Who created a template process: what its names mean there, and who is told how it is."""

    __slots__ = ()

    def special(self, name: str) -> Referent | None:
        """Return what a name means in the template process if nothing of its own has that name."""
        return None

    def scope(self) -> "Statement | None":
        """Return the statement in whose place names are looked up when nothing else has them."""
        return None

    def creator(self) -> "Statement":
        """Return the statement that the template process belongs to."""
        raise NotImplementedError

    def label(self) -> str:
        """Return what tells its processes from others of the same statement, for people; "" if there is only one."""
        return ""

    def stands_on(self, process: "Process") -> "list[Statement]":
        """Return the statements that are up only while one of its processes is complete."""
        return []

    def comes_after(self, process: "Process") -> "list[Process]":
        """Return the processes that exist only while an earlier one is complete."""
        return []

    def child_up(self, process: "Process") -> None:
        """The process is complete."""

    def child_down(self, process: "Process") -> None:
        """The process is not complete any more, and stands still until told to go on."""

    def child_gone(self, process: "Process") -> None:
        """The process was terminated and is gone."""


@mypyc_attr(acyclic=True)
class Process(Frame):
    """A running process: its statements, and how far it has come."""

    __slots__ = (
        "advance", "begun", "code", "depth", "engine", "error", "free", "mode", "owner", "place", "trouble",
    )  # fmt: skip

    def __init__(self, engine: EngineState, code: Code, owner: Owner | None, arguments: List | None) -> None:
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
            argument = process.argument(name) if name.startswith("_arg") else None
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

    def go_on(self) -> None:
        """Continue after having stood still."""
        if self.mode == PAUSED:
            change = self.engine.change
            self.mode = CHANGING if change is not None and change.awaits(self) else RUNNING
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

    def cease_waiting(self) -> None:
        """Wait no more for a failed statement's next try."""
        if self.trouble is not None and self.trouble.cease_waiting():
            self.engine.retrying.pop(self, None)


@mypyc_attr(acyclic=True)
class Statement(Owner):
    """A statement that exists: it reports up, down and dead, and is told to die and that it is clean."""

    __slots__ = ("declaration", "fell", "index", "last_line", "process", "since", "state", "target")
    declaration: Declaration
    fell: bool  # it went down, and does not know yet that everything after it is gone
    index: int
    process: "Process"
    since: float  # seconds of wall time since when it is in its state; kept by who observes
    state: int
    target: Referent | None  # of a method: the thing it was called on
    last_line: str  # its last line in the time line

    def begin(self, values: list[Value]) -> None:
        """Start, with checked arguments.

        Raises: Refused or Unavailable, before anything else was done.
        """
        raise NotImplementedError

    def die(self) -> None:
        """Undo, then report dead, at once or later."""
        self.dead()

    def waits_for(self) -> Waiting | None:
        """Say what it waits for while it is down or dying; None if there is nothing to say."""
        return None

    def trouble(self) -> str:
        """Say what is wrong although it is up; "" if nothing is."""
        return ""

    def names_of(self) -> list[Named]:
        """Return the names that it provides, wants or comes up for, as it was begun with them."""
        return []

    def provided_by(self) -> "Statement | None":
        """Return the statement that provides what this one wants, None if none does."""
        return None

    def holder_id(self) -> HolderId | None:
        """Return who ports are called for in its name, None if they are for nobody."""
        return None

    def bears(self) -> "list[Statement]":
        """Return the statements elsewhere that are up only as long as it is."""
        return []

    @property
    def slot(self) -> Slot:
        """What the program says of it."""
        return self.process.code.slots[self.index]

    @property
    def title(self) -> str:
        """Who it is, for people."""
        return f"{self.process.code.name}.{self.index} {self.declaration.name}"

    def processes(self) -> "list[Process]":
        """Return the processes that it has created and that exist."""
        return []

    def has_run(self) -> bytes:
        """Return the template that it has run to its end and undone, "" if it has not: it will not show a change."""
        return b""

    def refers(self) -> Referent | None:
        """Return what it would find now, beside its arguments, of what it found and kept when it began; else None."""
        return None

    def clean(self) -> None:
        """Know that everything after this statement is gone, and everything before it is up."""

    def answers(self) -> bool:
        """Answer only while up."""
        return self.state == UP

    def documented(self) -> str:
        """Return the name of its declaration."""
        return self.declaration.name

    def type(self) -> str:
        """Return the type its declaration gives it."""
        return self.declaration.object_type

    def creator(self) -> "Statement":
        """Return itself."""
        return self

    def up(self) -> None:
        """Report: from down to up."""
        self.state = UP
        process = self.process
        if process.trouble is not None:
            process.trouble.gets_on()
        process.engine.push(process)
        if process.engine.watched:
            process.engine.observer.moved(self, DOWN, UP)

    def down(self) -> None:
        """Report: from up to down."""
        self.state = DOWN
        self.fell = True
        self._shorten()
        if self.process.engine.watched:
            self.process.engine.observer.moved(self, UP, DOWN)

    def down_up(self) -> None:
        """Report: was down for an instant; everything after it is undone and done again."""
        self._shorten()
        if self.process.engine.watched:
            self.process.engine.observer.restarted(self)

    def _shorten(self) -> None:
        process = self.process
        if self.index < process.advance:
            process.error = False
            process.advance = self.index + 1
        process.engine.push(process)

    def dead(self) -> None:
        """Report: gone."""
        process = self.process
        before = self.state
        self.state = NONE
        index = self.index
        statements = process.begun
        statements[index] = None
        if process.advance > index:
            process.advance = index
        free = process.free
        while free > 0 and statements[free - 1] is None:
            free -= 1
        process.free = free
        process.engine.push(process)
        if process.engine.watched:
            process.engine.observer.moved(self, before, NONE)

    def failed(self, error: Exception) -> None:
        """Report: gone, because it could not begin or broke; it is begun again after the retry time."""
        process = self.process
        if self.index < process.advance:
            process.error = True
        self.dead()
        process.engine.observer.failed(process, self.slot, error)

    def broke(self, error: Exception) -> None:
        """Be gone, whatever state it is in: what it was told to do raised an error."""
        if self.state == DYING:
            self.dead()
            self.process.engine.observer.failed(self.process, self.slot, error)
        elif self.state != NONE:
            self.failed(error)
