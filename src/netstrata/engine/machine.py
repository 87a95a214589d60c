"""The machine: processes made of statements, brought up in order and undone in exact reverse order.

Work that is due stands on one stack of processes; a process stands there at most once, and pushing it again moves it
to the top.  All that one event from outside causes is worked off, last in first out, before the next event.  No clock
and no input: timers are handed in, and everything else from outside enters through `Engine.event`.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from netstrata.engine.environment import Environment, Observer, ProgramChange, Retry
from netstrata.engine.holders import Holders
from netstrata.engine.loop_guard import LoopGuard
from netstrata.engine.process import Process
from netstrata.engine.program import Code
from netstrata.engine.statement import Owner, Statement
from netstrata.engine.timers import Timers
from netstrata.values import List, Refused, Value

# What a program that calls itself for ever comes to, before it has taken all memory: an error like any other.
DEEPEST: Final = 100_000  # levels of processes that templates were called in
MOST_PROCESSES: Final = 2_000_000


class Engine:
    """All processes, and the stack of those that have something to do."""

    def __init__(
        self, codes: list[Code], timers: Timers, retry: Retry, observer: Observer, outside: Environment
    ) -> None:
        self.outside = outside
        self.templates = {code.name: code for code in codes}  # and processes
        self.timers = timers
        self.retry = retry
        self.observer = observer
        self.watched = False
        self.compares = False  # another provider with the same values costs nothing; NCD undoes all and begins anew
        self.stack: list[Process] = []
        self.roots: dict[str, Process] = {}
        self.alive = 0
        self.steps = 0  # worked off since the start
        self.terminating = False
        self.stopped = False
        self.exit_code = 0
        self.reader: Process | None = None  # whose next statement begins now, and reads what it needs
        self.reader_index = 0  # of that statement
        self.inbox: deque[Callable[[], None]] = deque()
        self.retrying: dict[Process, None] = {}  # those that wait to begin a failed statement again
        self.offers: dict[bytes, Any] = {}  # `ProvidedName`s: what is provided, or waited for, by name
        self.guard = LoopGuard()  # of what goes up and down for ever
        self.holders = Holders()  # who ports are called for
        self.change: ProgramChange | None = None  # of the program, while what differs is undone
        self.witness: Callable[[Statement, Iterable[str]], None] | None = None  # is told what is done outside
        self.shared: dict[str, Any] = {}  # what statements of another family share, by the family's name

    def event(self, action: Callable[[], None]) -> None:
        """Let something from outside in: it is acted on when all that came before is worked off."""
        self.inbox.append(action)
        self.outside.wake()

    @property
    def has_work(self) -> bool:
        """Whether something is due, beside what timers and the outside will bring."""
        return bool(self.stack or self.inbox)

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

    def start(self) -> None:
        """Create the processes, in program order; the last one runs first."""
        for code in self.templates.values():
            if not code.template:
                self.roots[code.name] = Process(self, code, None, None)

    def template(self, name: Value, creator: Statement) -> Code:
        """Return the code of a template, for a statement that will create a process of it.

        Raises: Refused if there is no such template, or if there are too many processes.
        """
        word = name.decode("latin-1") if isinstance(name, bytes) else ""
        code = self.templates.get(word) if self.change is None else self.change.code_for(creator, word)
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
        for process in self.roots.values():
            process.terminate()
