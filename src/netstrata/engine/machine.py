"""The machine: processes made of statements, brought up in order and undone in exact reverse order.

Work that is due stands on one stack of processes; a process stands there at most once, and pushing it again moves it
to the top.  All that one event from outside causes is worked off, last in first out, before the next event.  No clock
and no input: timers are handed in, and everything else from outside enters through `Engine.event`.
"""

from functools import partial
from typing import Any, Final

from netstrata.engine.environment import Environment, Observer, Retry
from netstrata.engine.loop_guard import LoopGuard, refusal
from netstrata.engine.process import (
    CHANGING,
    COMPLETE,
    DOWN,
    DYING,
    NONE,
    PAUSED,
    RUNNING,
    TERMINATING,
    EngineState,
    Owner,
    Process,
    Statement,
)
from netstrata.engine.program import Code
from netstrata.engine.retry_state import FREE_ROUNDS, RetryState, Rounds
from netstrata.engine.timers import Timers
from netstrata.values import List, Refused, Value

# What a program that calls itself for ever comes to, before it has taken all memory: an error like any other.
DEEPEST: Final = 100_000  # levels of processes that templates were called in
MOST_PROCESSES: Final = 2_000_000


class Engine(EngineState):
    """All processes, and who brings them on: each time the one next thing that one has to do."""

    def __init__(
        self,
        codes: list[Code],
        timers: Timers,
        retry: Retry,
        observer: Observer[Process, Statement],
        outside: Environment,
    ) -> None:
        super().__init__(codes, timers, retry, observer, outside)
        self.roots: dict[str, Process] = {}
        self.steps = 0  # worked off since the start
        self.terminating = False
        self.stopped = False
        self.exit_code = 0
        self.guard = LoopGuard()  # of what goes up and down for ever

    @property
    def has_work(self) -> bool:
        """Whether something is due, beside what timers and the outside will bring."""
        return bool(self.stack or self.inbox)

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
                self._step(process)
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

    def wake(self, process: Process) -> None:
        """Begin the failed statement again, for what it waits for has changed: at once, or soon after the last time."""
        trouble = process.trouble
        if trouble is None or trouble.timer is None:
            return  # things have moved on
        delay = trouble.wake_delay(self.timers.now())
        if delay == 0:
            self.begin_again(process)
        elif delay > 0:
            trouble.timer.cancel()
            trouble.timer = self.timers.after(delay, partial(self.begin_again, process))

    def begin_again(self, process: Process) -> None:
        """Begin the failed statement again, unless things have moved on."""
        process.cease_waiting()
        advance = process.advance
        if process.mode != RUNNING or advance != process.free or advance == len(process.code.slots):
            return
        if advance > 0:
            last = process.begun[advance - 1]
            if last is None or last.state == DOWN:
                return
        self._advance(process)

    def _step(self, process: Process) -> None:
        """Do the one next thing of a process."""
        mode = process.mode
        if mode != RUNNING:
            if mode == TERMINATING:
                self._terminate(process)
                return
            if mode == PAUSED:
                return
            if mode != CHANGING:
                if process.owner is not None:
                    process.mode = PAUSED
                    process.owner.child_down(process)
                    return
                process.mode = RUNNING
        advance = process.advance
        if advance < process.free:
            statement = process.begun[process.free - 1]
            if statement is not None and statement.state != DYING:
                self._kill(statement)
            return
        trouble = process.trouble
        if trouble is not None and trouble.turns:
            turns, trouble.turns = trouble.turns, {}
            self.push(process)
            for turn in turns.values():
                turn()
            return
        if advance > 0:
            last = process.begun[advance - 1]
            if last is not None and last.state == DOWN:
                if last.fell:
                    self._clean(last)
                if mode != CHANGING:
                    return
        if mode == CHANGING:
            if self.change is not None:
                self.change.undone(process)
        elif advance == len(process.code.slots):
            process.mode = COMPLETE
            if self.watched:
                self.observer.process_moved(process, "complete")
            if process.owner is not None:
                process.owner.child_up(process)
        elif process.error:
            process.error = False
            self._wait_to_retry(process, process.troubles())
        elif (self.guard.probed is None and (trouble is None or not trouble.rounds)) or not self._is_held(process):
            self._advance(process)

    def _clean(self, statement: Statement) -> None:
        """Tell a statement that went down that everything after it is gone."""
        statement.fell = False
        if self.watched:
            self.observer.cleaned(statement)
        try:
            statement.clean()
        except Exception as bug:
            statement.broke(bug)

    def _kill(self, statement: Statement) -> None:
        before = statement.state
        statement.state = DYING
        if self.watched:
            self.observer.moved(statement, before, DYING)
        try:
            statement.die()
        except Exception as bug:
            statement.broke(bug)

    def _terminate(self, process: Process) -> None:
        if process.free:
            statement = process.begun[process.free - 1]
            if statement is not None and statement.state != DYING:
                if process.advance > process.free - 1:
                    process.advance = process.free - 1
                self._kill(statement)
            return
        process.cease_waiting()
        self.alive -= 1
        if self.watched:
            self.observer.process_moved(process, "gone")
        if self.change is not None:
            self.change.gone(process)
        if self.terminating and self.alive == 0:
            self.stopped = True
        elif process.owner is not None:
            process.owner.child_gone(process)

    def _is_held(self, process: Process) -> bool:
        """Say whether a process must wait before its next statement begins, and let it."""
        rounds = self.guard.loop_at(process)
        if rounds is None:
            return self.guard.probed is not None and self.guard.holds(process)
        trouble = process.troubles()
        if not trouble.held:
            self._hold(process, trouble, rounds)
        return True

    def _hold(self, process: Process, trouble: RetryState, rounds: Rounds) -> None:
        """Let a process wait, for what it would begin now was taken away again and again, and tell why."""
        trouble.retries = rounds.number - FREE_ROUNDS - 1
        process.error = True
        self.observer.failed(process, process.code.slots[process.advance], refusal(rounds))
        process.error = False
        self._wait_to_retry(process, trouble)
        trouble.held = True

    def _wait_to_retry(self, process: Process, trouble: RetryState) -> None:
        if trouble.timer is not None:
            trouble.timer.cancel()
        delay = self.retry.delay(trouble.retries)
        trouble.retries += 1
        trouble.timer = self.timers.after(delay, partial(self.begin_again, process))
        self.retrying[process] = None
        if self.watched:
            self.observer.process_moved(process, "retrying")

    def _advance(self, process: Process) -> None:
        """Begin the next statement of a process."""
        index = process.advance
        if index == 0 and not process.begun:
            count = len(process.code.slots)
            process.begun = [None] if count == 1 else [None] * count  # the former, of most, takes a third of the time
        slot = process.code.slots[index]
        self.reader = process
        self.reader_index = index
        try:
            target = slot.resolve_target(process) if slot.target else None
            entry = slot.entry_for(target)
            values = slot.evaluate(process)
            statement: Statement = entry.make()
        except Exception as error:
            self.reader = None
            process.error = True
            self.push(process)
            self.observer.failed(process, slot, error)
            return
        # It has no `__init__`: compiled code makes it without a tuple of arguments.
        statement.process = process
        statement.declaration = entry.declaration
        statement.target = target
        statement.index = index
        statement.state = DOWN
        statement.fell = False
        statement.since = 0.0
        statement.last_line = ""
        guard = self.guard
        if guard.probed is not None or (process.trouble is not None and process.trouble.rounds):
            guard.begins(statement)
        process.begun[index] = statement
        process.advance = process.free = index + 1
        if self.watched:
            self.observer.moved(statement, NONE, DOWN)
        try:
            statement.begin(values)
        except Exception as error:
            statement.broke(error)
        self.reader = None
        if guard.probed is not None:
            guard.has_begun(statement)


def engine_of(process: Process) -> Engine:
    """Return the engine that runs a process."""
    engine: Any = process.engine  # no other engine ever makes a process
    found: Engine = engine
    return found
