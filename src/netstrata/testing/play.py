"""A program played without a daemon: a clock that is set by hand, output as text, each transition noted.

    play = Play('process main { sleep("5"); println("hello"); }')
    play.pass_time(5)
    assert play.output == "hello\\n"

Statements about the outside get the ports that are handed in.  Those that wait need a running event loop: create the
play inside of one, and `await play.settled()`.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from netstrata.contract import Declaration
from netstrata.daemon.running.registry import make_registry
from netstrata.engine.change import Change
from netstrata.engine.compiler import compile_program
from netstrata.engine.difference import Difference
from netstrata.engine.environment import Environment, Observer, Retry
from netstrata.engine.machine import Engine
from netstrata.engine.process import STATE_NAMES, Process, Statement
from netstrata.engine.program import Code, Slot
from netstrata.engine.registry import Registry
from netstrata.engine.timers import Timer, Timers
from netstrata.language.load import load

RETRY_MS = 5000


class HandTimer(Timer):
    """A timer of a clock that is set by hand."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Forget the action."""
        self.action = None


class HandClock(Timers):
    """Time that passes only when told."""

    def __init__(self) -> None:
        self._now = 0
        self._asked = 0
        self._heap: list[tuple[int, int, HandTimer]] = []

    def now(self) -> int:
        """Return milliseconds since the play began."""
        return self._now

    def after(self, milliseconds: int, action: Callable[[], None]) -> Timer:
        """Ask for an action once, later."""
        self._asked += 1
        timer = HandTimer(action)
        heappush(self._heap, (self._now + milliseconds, self._asked, timer))
        return timer

    def next_until(self, end: int) -> Callable[[], None] | None:
        """Go to the next timer that is due by an end, and return its action; without one, go to the end."""
        while self._heap and self._heap[0][0] <= end:
            due, _, timer = heappop(self._heap)
            self._now = max(self._now, due)
            if timer.action is not None:
                return timer.action
        self._now = max(self._now, end)
        return None


class Notes(Observer[Process, Statement]):
    """What happened, as short lines: `main.2 net.up down -> up`, numbers from 1."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.failures: list[str] = []

    def _where(self, statement: Statement) -> str:
        return f"{statement.process.code.name}.{statement.index + 1} {statement.slot.type}"

    def moved(self, statement: Statement, before: int, after: int) -> None:
        """Note a transition."""
        self.log.append(f"{self._where(statement)} {STATE_NAMES[before]} -> {STATE_NAMES[after]}")

    def restarted(self, statement: Statement) -> None:
        """Note a down-up."""
        self.log.append(f"{self._where(statement)} blinks")

    def revised(self, statement: Statement) -> None:
        """Note other variables."""
        self.log.append(f"{self._where(statement)} revised")

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Note a failure."""
        self.failures.append(f"{process.code.name}.{slot.index + 1} {slot.type}: {error}")

    def broken(self, error: BaseException) -> None:
        """Note a failure that is no one statement's."""
        self.failures.append(f"broken: {error}")

    def noted(self, statement: Statement, kind: str, line: str) -> None:
        """Note a line."""
        self.log.append(f"{self._where(statement)}: {line}")

    def retries(self, statement: Statement, line: str, wait_ms: int) -> None:
        """Note it as a line."""
        self.noted(statement, "retry", line)

    def heard(self, statement: Statement, child: str, pid: int, line: str) -> None:
        """Note a child's line."""
        self.log.append(f"{self._where(statement)}: {line}")


class Play:
    """One program, played."""

    def __init__(
        self,
        text: str,
        ports: Any = None,
        more: list[Declaration] | None = None,
        arguments: list[bytes] | None = None,
        observer: Observer[Process, Statement] | None = None,
        *,
        compares: bool = False,
    ) -> None:
        """Start a program, and let it run until it has to wait.

        Shapes: more are declarations beside the installed ones; an observer takes the place of the notes; compares is
        the machine's.
        Raises: Refusals if the program is refused.
        """
        self.registry = _with(make_registry(), more or [])
        self.codes = self._compiled(text)
        self.clock = HandClock()
        self.notes = Notes()
        self._written: list[bytes] = []
        self.logged: list[tuple[int, bytes]] = []
        self._woken = False
        outside = Environment(
            self._written.append,
            lambda level, line: self.logged.append((level, line)),
            self._wake,
            ports,
            arguments or [],
            {},
        )
        self.engine = Engine(self.codes, self.clock, Retry(RETRY_MS), observer or self.notes, outside)
        self.engine.watched = True
        self.engine.compares = compares
        self.engine.start()
        self.work_off()

    def _compiled(self, text: str) -> list[Code]:
        return compile_program(load("play.ncd", lambda path: text.encode()), self.registry)

    def compare(self, text: str) -> Difference:
        """Return how another program differs from what runs.

        Raises: Refusals if the program is refused.
        """
        return Difference(self.engine.templates, self._compiled(text)).compare()

    def change(self, text: str) -> Difference:
        """Change the program, and let it run until it has to wait; return how it differs from what ran.

        Raises: Refusals if the program is refused.
        """
        difference = self.compare(text)
        for _ in difference.move():
            pass
        self.engine.event(Change(self.engine, difference, _nothing, _nothing).begin)
        self.work_off()
        return difference

    def _wake(self) -> None:
        self._woken = True

    def work_off(self) -> None:
        """Let everything that is due happen."""
        while not self.engine.work_off(10_000):
            pass

    def pass_time(self, milliseconds: int) -> None:
        """Let time pass, timer by timer."""
        end = self.clock.now() + milliseconds
        while (action := self.clock.next_until(end)) is not None:
            self.engine.inbox.append(action)
            self.work_off()

    async def settled(self, turns: int = 20) -> None:
        """Let the event loop turn until nothing happens any more."""
        import asyncio

        quiet = 0
        while quiet < turns:
            self._woken = False
            await asyncio.sleep(0)
            self.work_off()
            quiet = 0 if self._woken else quiet + 1

    def end(self) -> None:
        """Ask for the end, as a signal does."""
        self.engine.shut_down(0)
        self.work_off()

    @property
    def written(self) -> bytes:
        """What was printed, byte for byte."""
        return b"".join(self._written)

    @property
    def output(self) -> str:
        """What was printed."""
        return self.written.decode("utf-8", "backslashreplace")

    @property
    def log(self) -> list[str]:
        """All transitions until now."""
        return self.notes.log

    @property
    def failures(self) -> list[str]:
        """All failures until now."""
        return self.notes.failures


def _with(registry: Registry, more: list[Declaration]) -> Registry:
    for declaration in more:
        registry.add(declaration)
    return registry


def _nothing() -> None:
    """Do nothing."""
