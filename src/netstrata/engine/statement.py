"""A statement that exists: its states, what it reports, and what it is told.

none --begin--> down <--> up          down, up --die--> dying --dead--> none
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from netstrata.contract import NOTE, Declaration
from netstrata.engine.environment import Waiting
from netstrata.engine.holders import HolderId
from netstrata.engine.program import Slot
from netstrata.engine.referent import Referent
from netstrata.values import Value
from netstrata.values.compiler_hints import mypyc_attr

if TYPE_CHECKING:
    from netstrata.engine.process import Process

Named = tuple[Value, int]  # a name, and the number of the scope that it is a name in, 0 for the whole program

# Final, so that compiled code has the numbers themselves, and does not look them up in a dictionary each time.
NONE: Final = 0
DOWN: Final = 1
UP: Final = 2
DYING: Final = 3

STATE_NAMES = ("gone", "down", "up", "dying")


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

    def waits_for(self) -> "Waiting | None":
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

    def note(self, line: str, kind: str = NOTE) -> None:
        """Add a line to the time line."""
        self.last_line = line
        self.process.engine.observer.noted(self, kind, line)

    def hear(self, child: str, pid: int, line: str) -> None:
        """Add a line to the time line that a child of its has said."""
        self.process.engine.observer.heard(self, child, pid, line)

    def again(self, reason: str, wait_ms: int) -> None:
        """Add to the time line that something of its is started again later, and remember it."""
        line = f"{reason}; starting it again in {wait_ms / 1000:g} s"
        self.last_line = line
        self.process.engine.observer.retries(self, line, wait_ms)

    def did(self, words: Callable[[], Iterable[str]]) -> None:
        """Tell what was done outside for it, if somebody wants to know."""
        witness = self.process.engine.witness
        if witness is not None:
            witness(self, words())

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
