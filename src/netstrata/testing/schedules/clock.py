"""An event loop whose time passes at once whenever nothing is left to do, and the engine's timers over it."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

from netstrata.engine.machine import Engine
from netstrata.engine.timers import Timer, Timers


class Standstill(Exception):
    """Nothing can ever happen any more: no timer runs, and nothing is there to be read."""


class _Selector(selectors.SelectSelector):
    """Waits for nothing: what would take time only moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is None:
            raise Standstill
        if not ready and timeout is not None and timeout > 0:
            self.now_s += timeout
        return ready


class InstantLoop(asyncio.SelectorEventLoop):
    """A loop for one schedule, whose time begins at 0."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        """Return seconds since the loop was made."""
        return self._clock.now_s


class _LoopTimer(Timer):
    __slots__ = ("action", "handle")

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action
        self.handle: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        """Forget the action, also if it waits to be let in already."""
        self.action = None
        if self.handle is not None:
            self.handle.cancel()

    def fire(self) -> None:
        """Do it."""
        if self.action is not None:
            self.action()


class LoopTimers(Timers):
    """The engine's timers on a loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.engine: Engine | None = None

    def now(self) -> int:
        """Return milliseconds."""
        return round(self._loop.time() * 1000)

    def after(self, milliseconds: int, action: Callable[[], None]) -> Timer:
        """Let an action in as an event, later."""
        timer = _LoopTimer(action)
        timer.handle = self._loop.call_later(milliseconds / 1000, self._let_in, timer)
        return timer

    def _let_in(self, timer: _LoopTimer) -> None:
        if self.engine is not None:
            self.engine.event(timer.fire)
