"""The machine: processes made of statements, brought up in order and undone in exact reverse order.

    statement:  none --begin--> down <--> up          down, up --die--> dying --dead--> none
    process:    RUNNING --all up--> COMPLETE --something below moved--> PAUSED --go on--> RUNNING
                any --terminate--> TERMINATING --nothing left--> gone

Work that is due stands on one stack of processes; a process stands there at most once, and pushing it again moves it
to the top.  All that one event from outside causes is worked off, last in first out, before the next event.  No clock
and no input: timers are handed in, and everything else from outside enters through `Engine.event`.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from netstrata.contract import NOTE, Declaration
from netstrata.engine.program import Code, Slot
from netstrata.engine.surroundings import Observer, Outside, Retry, Timers, Waiting
from netstrata.engine.thing import NAMED_ARGUMENTS, Plain, Thing
from netstrata.engine.trouble import LOSSES, Trouble
from netstrata.values import List, Refused, Value
from netstrata.values.compiling import mypyc_attr

# Final, so that compiled code has the numbers themselves, and does not look them up in a dictionary each time.
NONE: Final = 0
DOWN: Final = 1
UP: Final = 2
DYING: Final = 3

RUNNING: Final = 0
COMPLETE: Final = 1
PAUSED: Final = 2
TERMINATING: Final = 3

# What a program that calls itself for ever comes to, before it has taken all memory: an error like any other.
DEEPEST: Final = 100_000  # levels of processes that templates were called in
MOST_PROCESSES: Final = 2_000_000

STATE_NAMES = ("gone", "down", "up", "dying")


@mypyc_attr(acyclic=True)
class Owner(Thing):
    """Who created a template process: what its names mean there, and who is told how it is."""

    __slots__ = ()

    def special(self, name: str) -> Thing | None:
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

    def child_up(self, process: "Process") -> None:
        """The process is complete."""

    def child_down(self, process: "Process") -> None:
        """The process is not complete any more, and stands still until told to go on."""

    def child_gone(self, process: "Process") -> None:
        """The process was terminated and is gone."""


@mypyc_attr(acyclic=True)
class Process:
    """A running process: its statements, and how far it has come."""

    __slots__ = (
        "arguments",
        "code",
        "depth",
        "engine",
        "error",
        "live",
        "mode",
        "owner",
        "place",
        "statements",
        "top",
        "trouble",
    )

    def __init__(self, engine: "Engine", code: Code, owner: Owner | None, arguments: List | None) -> None:
        self.engine = engine
        self.code = code
        self.owner = owner
        self.arguments = arguments
        self.depth: int = owner.creator().process.depth + 1 if owner is not None else 0
        self.statements: list[Statement | None] = [None] * len(code.slots)
        self.live = 0  # so many statements from the start are valid
        self.top = 0  # one more than the index of the last statement that exists
        self.error = False
        self.mode = RUNNING
        self.trouble: Trouble | None = None  # what went wrong, if anything ever did
        self.place = -1  # where on the stack, -1 if not there
        engine.alive += 1
        if engine.watched:
            engine.observer.process_moved(self, "created")
        engine.push(self)

    def find(self, name: str, position: int) -> Thing | None:
        """Return what a name means just before a statement."""
        index = self.code.find(name, position)
        return self.statements[index] if index >= 0 else self.find_outside(name)

    def find_outside(self, name: str) -> Thing | None:
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
                return process.statements[index]

    def terminate(self) -> None:
        """Undo everything, from the last statement to the first, then be gone."""
        if self.mode != TERMINATING and self.engine.watched:
            self.engine.observer.process_moved(self, "terminating")
        self.mode = TERMINATING
        self.engine.push(self)

    def restart(self, index: int) -> None:
        """Undo all statements from an index on, last first, and bring them up again; nothing before it is touched."""
        if index < self.live:
            self.error = False
            self.live = index
        self.engine.push(self)

    def go_on(self) -> None:
        """Continue after having stood still."""
        if self.mode == PAUSED:
            self.mode = RUNNING
            self.engine.push(self)

    def troubles(self) -> Trouble:
        """Return the account of what goes wrong here."""
        trouble = self.trouble
        if trouble is None:
            trouble = self.trouble = Trouble()
        return trouble

    @property
    def retries(self) -> int:
        """How many times in a row it has waited to begin a failed statement again."""
        return self.trouble.retries if self.trouble is not None else 0

    def lost_too_often(self) -> bool:
        """Count a loss of what a statement held; say whether it is time to give way to whoever takes it each time."""
        return self.troubles().lost_too_often(self.engine.timers.now(), self.engine.retry.delay(0))

    def step(self) -> None:
        """Do the one next thing."""
        mode = self.mode
        if mode != RUNNING:
            if mode == TERMINATING:
                self._terminate()
                return
            if mode == PAUSED:
                return
            if self.owner is not None:
                self.mode = PAUSED
                self.owner.child_down(self)
                return
            self.mode = RUNNING
        live = self.live
        if live < self.top:
            statement = self.statements[self.top - 1]
            if statement is not None and statement.state != DYING:
                self._kill(statement)
            return
        if live > 0:
            last = self.statements[live - 1]
            if last is not None and last.state == DOWN:
                if last.fell:
                    last.fell = False
                    if self.engine.watched:
                        self.engine.observer.cleaned(last)
                    try:
                        last.clean()
                    except Exception as bug:
                        last.broke(bug)
                return
        if live == len(self.statements):
            self.mode = COMPLETE
            if self.engine.watched:
                self.engine.observer.process_moved(self, "complete")
            if self.owner is not None:
                self.owner.child_up(self)
        elif self.error:
            self.error = False
            self._wait_to_retry()
        else:
            self._advance()

    def _kill(self, statement: "Statement") -> None:
        before = statement.state
        statement.state = DYING
        if self.engine.watched:
            self.engine.observer.moved(statement, before, DYING)
        try:
            statement.die()
        except Exception as bug:
            statement.broke(bug)

    def _terminate(self) -> None:
        if self.top:
            statement = self.statements[self.top - 1]
            if statement is not None and statement.state != DYING:
                if self.live > self.top - 1:
                    self.live = self.top - 1
                self._kill(statement)
            return
        engine = self.engine
        self._cease_waiting()
        engine.alive -= 1
        if engine.watched:
            engine.observer.process_moved(self, "gone")
        if engine.terminating and engine.alive == 0:
            engine.stopped = True
        elif self.owner is not None:
            self.owner.child_gone(self)

    def _wait_to_retry(self) -> None:
        engine = self.engine
        self._cease_waiting()
        trouble = self.troubles()
        delay = engine.retry.delay(trouble.retries)
        trouble.retries += 1
        trouble.timer = engine.timers.after(delay, self.retry)
        engine.retrying[self] = None
        if engine.watched:
            engine.observer.process_moved(self, "retrying")

    def _cease_waiting(self) -> None:
        trouble = self.trouble
        if trouble is not None and trouble.timer is not None:
            trouble.timer.cancel()
            trouble.timer = None
            self.engine.retrying.pop(self, None)

    def retry(self) -> None:
        """Begin the failed statement again, unless things have moved on."""
        self._cease_waiting()
        live = self.live
        if self.mode != RUNNING or live != self.top or live == len(self.statements):
            return
        if live > 0:
            last = self.statements[live - 1]
            if last is None or last.state == DOWN:
                return
        self._advance()

    def _advance(self) -> None:
        index = self.live
        slot = self.code.slots[index]
        try:
            target = slot.resolve_target(self) if slot.target else None
            entry = slot.entry_for(target)
            values = slot.evaluate(self)
            statement = entry.make()
        except Exception as error:
            self.error = True
            self.engine.push(self)
            self.engine.observer.failed(self, slot, error)
            return
        # It has no `__init__`: compiled code makes it without a tuple of arguments.
        statement.process = self
        statement.slot = slot
        statement.declaration = entry.declaration
        statement.target = target
        statement.index = index
        statement.state = DOWN
        statement.fell = False
        statement.since = 0.0
        statement.told = ""
        self.statements[index] = statement
        self.live = self.top = index + 1
        if self.engine.watched:
            self.engine.observer.moved(statement, NONE, DOWN)
        try:
            statement.begin(values)
        except Exception as error:
            statement.broke(error)


def _argument(arguments: List, name: str) -> Thing | None:
    """Return `_args`, or `_arg0` and so on as far as there are so many."""
    if name == "_args":
        return Plain(arguments)
    digits = name[4:]
    if digits.isdecimal() and (digits == "0" or digits[0] != "0"):
        number = int(digits) if len(digits) < 3 else NAMED_ARGUMENTS
        if number < NAMED_ARGUMENTS and number < arguments.size:
            return Plain(arguments.items[number])
    return None


@mypyc_attr(acyclic=True)
class Statement(Owner):
    """A statement that exists: it reports up, down and dead, and is told to die and that it is clean."""

    __slots__ = ("declaration", "fell", "index", "process", "since", "slot", "state", "target", "told")
    declaration: Declaration
    fell: bool  # it went down, and does not know yet that everything after it is gone
    index: int
    process: Process
    since: float  # seconds of wall time since when it is in its state; kept by who observes
    slot: Slot
    state: int
    target: Thing | None  # of a method: the thing it was called on
    told: str  # its last line in the time line

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

    @property
    def title(self) -> str:
        """Who it is, for people."""
        return f"{self.process.code.name}.{self.index} {self.declaration.name}"

    def note(self, line: str, kind: str = NOTE) -> None:
        """Add a line to the time line."""
        self.told = line
        self.process.engine.observer.noted(self, kind, line)

    def hear(self, child: str, pid: int, line: str) -> None:
        """Add a line to the time line that a child of its has said."""
        self.process.engine.observer.heard(self, child, pid, line)

    def again(self, reason: str, wait_ms: int) -> None:
        """Add to the time line that something of its is started again later, and remember it."""
        line = f"{reason}; starting it again in {wait_ms / 1000:g} s"
        self.told = line
        self.process.engine.observer.retries(self, line, wait_ms)

    def processes(self) -> list[Process]:
        """Return the processes that it has created and that exist."""
        return []

    def clean(self) -> None:
        """Know that everything after this statement is gone, and everything before it is up."""

    def answers(self) -> bool:
        """Answer only while up."""
        return self.state == UP

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
            process.trouble.retries = 0
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
            self.process.engine.observer.blinked(self)

    def _shorten(self) -> None:
        process = self.process
        if self.index < process.live:
            process.error = False
            process.live = self.index + 1
        process.engine.push(process)

    def dead(self) -> None:
        """Report: gone."""
        process = self.process
        before = self.state
        self.state = NONE
        index = self.index
        statements = process.statements
        statements[index] = None
        if process.live > index:
            process.live = index
        top = process.top
        while top > 0 and statements[top - 1] is None:
            top -= 1
        process.top = top
        process.engine.push(process)
        if process.engine.watched:
            process.engine.observer.moved(self, before, NONE)

    def failed(self, error: Exception) -> None:
        """Report: gone, because it could not begin or broke; it is begun again after the retry time."""
        process = self.process
        if self.index < process.live:
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


class Engine:
    """All processes, and the stack of those that have something to do."""

    def __init__(
        self, templates: dict[str, Code], timers: Timers, retry: Retry, observer: Observer, outside: Outside
    ) -> None:
        self.outside = outside
        self.templates = templates
        self.timers = timers
        self.retry = retry
        self.observer = observer
        self.watched = False
        self.stack: list[Process] = []
        self.roots: list[Process] = []
        self.alive = 0
        self.steps = 0  # worked off since the start
        self.terminating = False
        self.stopped = False
        self.exit_code = 0
        self.inbox: deque[Callable[[], None]] = deque()
        self.retrying: dict[Process, None] = {}  # those that wait to begin a failed statement again
        self.commons: dict[str, Any] = {}  # what statements of one family share, by the family's name

    def retry_all(self) -> None:
        """Begin all failed statements again now: something outside has changed, and what failed may work."""
        for process in list(self.retrying):
            trouble = process.troubles()
            if trouble.losses <= LOSSES:  # else the change may be part of the quarrel that it waits out
                trouble.retries = 0
                process.retry()

    def event(self, action: Callable[[], None]) -> None:
        """Let something from outside in: it is acted on when all that came before is worked off."""
        self.inbox.append(action)
        self.outside.wake()

    def work_off(self, steps: int) -> bool:
        """Work off what is due and then each event, about so many steps; say whether nothing is left."""
        while self.run(steps):
            if self.stopped or not self.inbox:
                return True
            action = self.inbox.popleft()
            try:
                action()
            except Exception as bug:
                self.observer.broken(bug)
        return False

    def push(self, process: Process) -> None:
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

    def start(self, processes: list[Code]) -> None:
        """Create the processes, in program order; the last one runs first."""
        for code in processes:
            self.roots.append(Process(self, code, None, None))

    def template(self, name: Value, creator: "Statement") -> Code:
        """Return the code of a template, for a statement that will create a process of it.

        Raises: Refused if there is no such template, or if there are too many processes.
        """
        word = name.decode("latin-1") if isinstance(name, bytes) else ""
        code = self.templates.get(word)
        if code is None:
            raise Refused(f"no template named {word}")
        if not code.template:
            raise Refused(f"need template to create a process, but {word} is a process")
        if creator.process.depth >= DEEPEST:
            raise Refused(f"{word} would be template {DEEPEST} in one another: does one call itself for ever?")
        if self.alive >= MOST_PROCESSES:
            raise Refused(f"there are {MOST_PROCESSES} processes: does a template start itself again and again?")
        return code

    def create(self, template: Value, owner: Owner, arguments: List | None) -> Process:
        """Create a process from a template.

        Raises: Refused if there is no such template, or if there are too many processes.
        """
        return Process(self, self.template(template, owner.creator()), owner, arguments)

    def run(self, steps: int) -> bool:
        """Work off what is due, at most so many steps; say whether nothing is left."""
        left = steps
        while left > 0 and not self.stopped:
            stack = self.stack
            if not stack:
                break
            process = stack.pop()
            if process.place != len(stack):
                continue
            process.place = -1
            try:
                process.step()
            except Exception as bug:
                self.observer.broken(bug)
            left -= 1
        self.steps += steps - left
        return left > 0 or self.stopped

    def shut_down(self, code: int) -> None:
        """Undo everything, then stop with an exit code; the last code given counts."""
        self.exit_code = code
        if self.terminating:
            return
        self.terminating = True
        if self.alive == 0:
            self.stopped = True
        for process in self.roots:
            process.terminate()
