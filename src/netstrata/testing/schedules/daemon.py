"""A daemon over a model kernel: an engine, ports and a clock, and what is noted of them."""

import asyncio
import errno
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from netstrata.daemon.running.registry import make_registry
from netstrata.daemon.running.settling import Settling, is_underway
from netstrata.daemon.running.wakes import Wakes
from netstrata.engine.change import Change
from netstrata.engine.compiler import compile_program
from netstrata.engine.difference import Difference
from netstrata.engine.environment import Environment, Observer, Retry
from netstrata.engine.machine import Engine
from netstrata.engine.process import COMPLETE, DOWN, DYING, NONE, PAUSED, RUNNING, STATE_NAMES, Process, Statement
from netstrata.engine.program import Code, Slot
from netstrata.engine.registry import Registry
from netstrata.language.load import load
from netstrata.system.held import Recovery
from netstrata.testing.fuzz.outcome import Rules
from netstrata.testing.schedules.asked import AskedPorts
from netstrata.testing.schedules.clock import LoopTimers
from netstrata.testing.schedules.journal import MortalJournal
from netstrata.testing.schedules.kernel import WatchedKernel
from netstrata.testing.schedules.story import Story
from netstrata.values import Unavailable

RETRY_MS = 2000
_TAKEN = (errno.EEXIST, errno.EBUSY)
_STEPS = 2000  # in one turn of the loop
_ENDLESS = 20_000  # steps: more, and it goes on and on

Planted = Callable[["Daemon"], None]  # spoils a daemon before it begins


@cache
def _registry() -> Registry:
    return make_registry()


@lru_cache(4)
def compiled(program: str) -> list[Code]:
    """Return a program as the engine wants it; the daemon after one that was killed has the same."""
    return newly_compiled(program)


def newly_compiled(program: str) -> list[Code]:
    """Return a program as the engine wants it, which nobody else has.

    Raises: Refusals.
    """
    return compile_program(load("schedule.ncd", lambda path: program.encode()), _registry())


class Seen(Rules):
    """What a daemon says of itself, and the rules of the machine."""

    def __init__(self, wakes: Wakes, on_gone: Callable[[Statement], None], story: Story) -> None:
        super().__init__()
        self.fights = 0  # of a program with itself, or with others: for a place where only one can be
        self._story = story
        self._wakes = wakes
        self._on_gone = on_gone
        self.reasons: dict[Process, int] = {}  # milliseconds: when something failed there last

    def moved(self, statement: Statement, before: int, after: int) -> None:
        """Check a transition, and what a statement that is gone has left."""
        super().moved(statement, before, after)
        if self._story.told:
            self._story.tell(f"{statement.title}: {STATE_NAMES[before]} -> {STATE_NAMES[after]}")
        if after == NONE:
            self._on_gone(statement)

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Note a failure, and try again when what is in the way changes."""
        super().failed(process, slot, error)
        self.fights += not isinstance(error, Unavailable) or error.errno in _TAKEN
        self._story.tell(lambda: f"{process.code.name}.{slot.index} {slot.type}: {error}")
        self.reasons[process] = process.engine.timers.now()
        self._wakes.failed(process, slot, error)

    def broken(self, error: BaseException) -> None:
        """Note what no statement is guilty of."""
        self.faults.append(f"the engine met {error!r}")


class Daemon:
    """One daemon, from its start to its end."""

    def __init__(
        self, program: str, kernel: WatchedKernel, story: Story, journal: MortalJournal, planted: Planted
    ) -> None:
        """Start it, with faults that were planted in it.

        Shapes: journal has what the one before it has left.
        Raises: Refusals if the program is refused.
        """
        codes = compiled(program)
        self._loop = asyncio.get_running_loop()
        self._scheduled = False
        self.is_killed = False
        self._is_changing = False  # or about to be changed
        self.kernel = kernel
        self.journal = journal
        self.recovery = Recovery(journal)
        self.unswept: list[str] = []  # what it could not undo of what was left
        self.settling = Settling(self)
        self.ports = AskedPorts(kernel, self.recovery)
        self.seen = Seen(Wakes(self.ports), self._gone, story)
        self._timers = LoopTimers(self._loop)
        outside = Environment(_unheard, _unheard, self._wake, self.ports, [], {})
        self.engine = Engine(codes, self._timers, Retry(RETRY_MS), self.seen, outside)
        self._timers.engine = self.engine
        self.ports.asked.holders = self.engine.holders
        self.engine.watched = True
        planted(self)
        self.engine.start()
        self._wake()

    def reload(self, program: str) -> bool:
        """Go on with another program, unless it is not the time for it; say which.

        Raises: Refusals if the program is refused.
        """
        if self._is_changing or self.is_killed or self.engine.terminating:
            return False
        difference = Difference(self.engine.templates, newly_compiled(program)).compare()
        for _ in difference.move():
            compiled.cache_clear()  # what runs is the same no more
        self._is_changing = True
        self.engine.event(Change(self.engine, difference, _unheard, self._changed).begin)
        return True

    def _changed(self) -> None:
        self._is_changing = False

    def end(self) -> None:
        """Ask it to undo everything, as SIGTERM does."""
        self.engine.shut_down(0)
        self._wake()

    def kill(self, others: "asyncio.Task[Any] | None") -> None:
        """End it as SIGKILL does, also from within: nothing is undone, and it is not heard of again.

        Shapes: others is the task that is not the daemon's.
        """
        self.is_killed = True
        self.close()
        self.engine.stopped = True
        for task in asyncio.all_tasks():
            if task is not others:
                task.cancel()

    # What a daemon before this one has left: see `Settling`.

    @property
    def is_left(self) -> bool:
        """Whether anything is left of it."""
        return self.recovery.is_due

    @property
    def is_busy(self) -> bool:
        """Whether somebody is about to take it over."""
        return self.recovery.is_busy

    @property
    def is_underway(self) -> bool:
        """Whether something comes up by itself, which may take it over."""
        return not self.is_killed and is_underway(self.engine)

    def sweep(self) -> None:
        """Undo it."""
        if not self.is_killed:
            self._note(self._swept())

    def _swept(self) -> list[str]:
        """Undo what is left, and return what cannot be undone."""
        sweeping = self.recovery.sweep()
        self.kernel.sweeping = True
        try:
            sweeping.send(None)
        except StopIteration as end:
            return [one.problem for one in end.value if one.problem]
        finally:
            self.kernel.sweeping = False
        raise AssertionError("what the model has takes no time to undo")

    def _note(self, problems: list[str]) -> None:
        account = self.kernel.account
        if self.is_killed or not problems:
            return
        if self.kernel.faults.happened and account is not None:
            account.forgive()
        elif account is None or not account.forgives:
            self.unswept += problems

    def close(self) -> None:
        """Close what is open; whatever still runs finds its sockets closed, and nobody hears of it."""
        self.engine.observer = Observer[Process, Statement]()
        self._timers.engine = None
        self.journal.close()
        self.ports.close()

    @property
    def endless(self) -> bool:
        """Whether it goes on and on."""
        return self.engine.steps > _ENDLESS

    def stuck(self) -> list[str]:
        """Return the processes that have no way forward: neither complete, nor waiting for anything they can name."""
        found = [f"stuck: {stuck}" for process in self.seen.processes() if (stuck := self._stuck(process))]
        if self._is_changing:
            found.append("stuck: a change of the program is not over")
        return found

    def left_over(self) -> list[str]:
        """Return what it holds on to although it has ended."""
        groups = self.ports.netlink.monitor.groups()
        found = [f"left over: it has ended, but still listens to {groups}"] if groups else []
        if self.seen.left():
            found.append(f"left over: it has ended, but {self.seen.left()} statements are there")
        return found

    def _gone(self, statement: Statement) -> None:
        account = self.kernel.account
        try:
            if account is not None:
                stays = self.ports.asked.is_shared(statement) or self._is_left_by(statement)
                account.gone(statement, stays, self.kernel.now)
        except Exception as bug:  # of the checker: the engine would take it for one of the statement's
            self.seen.faults.append(f"the account met {bug!r}")

    def _is_left_by(self, statement: Statement) -> bool:
        """Say whether it is known that a statement could not undo all, which is tried again later."""
        return any(entry.holder == statement.title for entry in self.recovery.left)

    def _stuck(self, process: Process) -> str:
        if process.mode in (COMPLETE, PAUSED):
            return ""
        last: Statement | None = process.begun[process.free - 1] if process.free else None
        name = process.code.name
        if process.mode == RUNNING and process in self.engine.retrying:
            since = self._timers.now() - self.seen.reasons.get(process, -RETRY_MS)
            return f"{name} does not begin again" if since > RETRY_MS else ""
        if last is None or last.state not in (DOWN, DYING):
            return f"{name} stands still before its statement {process.advance}"
        return "" if last.waits_for() else f"{last.title} waits for nothing that it can name"

    def _wake(self) -> None:
        if not self._scheduled and not self.is_killed:
            self._scheduled = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        if self.endless or self.is_killed:
            return
        if self.engine.work_off(_STEPS):
            self.settling.on_idle()
        else:
            self._wake()


def _unheard(*_: Any) -> None:
    """Drop what is printed."""
