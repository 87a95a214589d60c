"""The host of an engine: lets time, signals and events in, one after the other, until the engine has stopped.

A program that needs nothing from outside is worked off before asyncio is even imported; many end there.
Such a program waits for a slow reader of what it prints, as any other would; one that holds a network up never does.
"""

import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from netstrata.daemon.running import garbage
from netstrata.daemon.running.timers import HeapTimers
from netstrata.engine.machine import Engine
from netstrata.system.output.bounded_writer import BoundedWriter

if TYPE_CHECKING:
    import asyncio

STEPS = 20_000  # worked off in one go before signals and other input are looked at …
AT_ONCE = 250  # … or fewer, looking at the time after so many
TURN_S = 0.1
TERMINATION = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
UPGRADE = signal.SIGUSR2


class EngineHost:
    """Runs one engine."""

    def __init__(
        self,
        timers: HeapTimers,
        signal_exit_code: int,
        on_signal: Callable[[], None],
        on_bug: Callable[[BaseException], None],
        on_idle: Callable[[], None] | None = None,
        beside: Callable[[Engine], AbstractAsyncContextManager[None]] | None = None,
        writers: Sequence[BoundedWriter] = (),
        before: Callable[[], Awaitable[None]] | None = None,
        keeps: Callable[[int], None] | None = None,
        on_crash: Callable[[BaseException], None] | None = None,
        *,
        patient: bool = False,
    ) -> None:
        """Take what is called between events or when our own code fails, what runs beside the engine, and before it.

        Shapes: patient has the engine wait for who reads what the writers write; keeps is given each signal first, and
        does not come back if the daemon ends with it and keeps what it holds; on_crash is given what nobody has
        caught, and does not come back.
        """
        self._on_crash = on_crash
        self._keeps = keeps
        self.timers = timers
        self.signal_exit_code = signal_exit_code
        self.engine: Engine | None = None
        self._on_signal = on_signal
        self._on_bug = on_bug
        self._on_idle = on_idle
        self._beside = beside
        self._writers = writers
        self._patient = patient
        self._before = before
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scheduled = False
        self._finished: Any = None
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_due = -1
        self._begun = False
        self._signalled = 0  # the last signal that asked for something, until that is done

    def wake(self) -> None:
        """Make the engine be worked off soon."""
        if self._loop is not None and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._turn)

    def run(self, engine: Engine, start: Callable[[], None], needs_loop: bool) -> int:
        """Start the program, work off everything until the engine has stopped, and return the exit code."""
        self.engine = engine
        for number in self._signals():
            signal.signal(number, self._signal)
        if not needs_loop:
            start()
            start = _nothing
            self._work_off_alone(engine)
        if not engine.stopped:
            self._run_loop(engine, start)
        return engine.exit_code

    def _work_off_alone(self, engine: Engine) -> None:
        """Work off what needs no waiting."""
        while not engine.stopped:
            if self._signalled:
                self._shut_down()
            if self._held_back():
                return
            if self._work_off(engine):
                due = self.timers.due()
                if not due:
                    return
                for timer in due:
                    engine.inbox.append(timer.fire)

    def _run_loop(self, engine: Engine, start: Callable[[], None]) -> None:
        import sys

        if "ssl" not in sys.modules:
            sys.modules["ssl"] = None  # type: ignore[assignment]  # asyncio does without; 4 MB and 10 ms saved
        import asyncio

        if sys.modules.get("ssl") is None:
            del sys.modules["ssl"]
        with asyncio.Runner() as runner:
            try:
                runner.run(self._until_stopped(engine, start))
            except BaseException as error:
                # To close the loop is to cancel all statements at once, which undoes them in no order.
                if self._on_crash is not None and self._begun:
                    self._on_crash(error)
                raise

    async def _until_stopped(self, engine: Engine, start: Callable[[], None]) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._met_bug)
        self._finished = self._loop.create_future()
        for writer in self._writers:
            writer.attach(self._loop, self.wake)
        for number in self._signals():
            self._loop.add_signal_handler(number, self._signal, number, None)
        if self._before is not None:
            await self._prepare(self._before)
        if not self._finished.done():
            async with self._beside(engine) if self._beside is not None else nullcontext():
                self._begun = True
                start()  # before anybody who asks is answered: there is no program without its processes
                self.wake()
                await self._finished
        for writer in self._writers:
            writer.detach()

    async def _prepare(self, before: Callable[[], Awaitable[None]]) -> None:
        """Do what must be done before the program starts, unless a signal ends it all."""
        import asyncio

        preparing = asyncio.ensure_future(before())
        await asyncio.wait([preparing, self._finished], return_when=asyncio.FIRST_COMPLETED)
        if not preparing.done():
            preparing.cancel()
            await asyncio.wait([preparing])
        elif (bug := preparing.exception()) is not None:
            self._on_bug(bug)

    def _turn(self) -> None:
        """Work off what is due; look at the timers when nothing else is."""
        engine = self.engine
        loop = self._loop
        if engine is None or loop is None:
            return
        self._scheduled = False
        if self._signalled:
            self._shut_down()
        if self._held_back():
            return  # until its reader has read: the writer wakes us
        idle = self._work_off(engine)
        if engine.stopped:
            if not self._finished.done():
                self._finished.set_result(None)
            return
        if idle:
            due = self.timers.due()
            for timer in due:
                engine.inbox.append(timer.fire)
            idle = not due
        if not idle:
            self.wake()
        else:
            if self._on_idle is not None:
                self._on_idle()
            garbage.when_idle()
            self._set_alarm(loop)

    def _work_off(self, engine: Engine) -> bool:
        """Work off what is due, but not for long: steps may be large; say whether nothing is left."""
        until = time.monotonic() + TURN_S
        for _ in range(STEPS // AT_ONCE):
            if engine.work_off(AT_ONCE):
                return True
            if self._signalled or time.monotonic() > until:
                return False
        return False

    def _held_back(self) -> bool:
        """Say whether the engine waits for who reads what it prints and logs; nobody does who is told to end."""
        engine = self.engine
        if not self._patient or engine is None or engine.terminating:
            return False
        return any(writer.behind for writer in self._writers)

    def _met_bug(self, loop: "asyncio.AbstractEventLoop", context: dict[str, Any]) -> None:
        """Say that a callback failed, and go on: the loop has no other use for this than to log a traceback."""
        self._on_bug(context.get("exception") or RuntimeError(context.get("message")))
        self.wake()

    def _set_alarm(self, loop: "asyncio.AbstractEventLoop") -> None:
        due = self.timers.next_due()
        if self._alarm is not None:
            if self._alarm_due == due:
                return
            self._alarm.cancel()
            self._alarm = None
        if due is not None:
            self._alarm_due = due
            self._alarm = loop.call_later(max(0.0, due / 1000 - loop.time()), self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self.wake()

    def _signals(self) -> tuple[int, ...]:
        return TERMINATION if self._keeps is None else (*TERMINATION, UPGRADE)

    def _signal(self, number: int, frame: Any) -> None:
        """Note what is asked for; it is acted on between two turns."""
        self._signalled = number
        self.wake()

    def _shut_down(self) -> None:
        number, self._signalled = self._signalled, 0
        if number == UPGRADE and self._loop is None:
            return  # it works without a pause, and holds nothing
        if self._keeps is not None:
            self._keeps(number)
            if number == UPGRADE:  # it is tried first
                return
        self._on_signal()
        if self.engine is not None:
            self.engine.shut_down(self.signal_exit_code)


def _nothing() -> None:
    """Do nothing."""
