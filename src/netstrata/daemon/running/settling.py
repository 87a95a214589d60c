"""When a program has settled: nothing is due, nothing comes by itself, and what waits, waits for the outside.

What a daemon before this one has left, and no statement has taken over by then, is undone, which takes as long as its
children take to end; they are busy meanwhile.
"""

from typing import TYPE_CHECKING, Final, Protocol

from netstrata.engine.process import DOWN

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from netstrata.engine.machine import Engine
    from netstrata.engine.process import Process

QUIET_TURNS: Final = 10  # of the event loop without anything due: what is ready at once has been heard by then
SOON_S: Final = 30.0  # what comes by itself, and not within this time, may as well never come
_BUSY_S: Final = 0.02  # until it is looked again whether somebody is about to take more over


class Leftovers(Protocol):
    """What is left by a daemon before this one, or may be."""

    @property
    def is_left(self) -> bool: ...
    @property
    def is_busy(self) -> bool: ...
    @property
    def is_underway(self) -> bool: ...
    def sweep(self) -> None: ...


class Settling:
    """Counts quiet turns after each time that the engine has had work, as long as somebody wants to know."""

    __slots__ = ("_counting", "_is_late", "_left", "_loop", "_quiet", "_soon_s")

    def __init__(self, left: Leftovers, soon_s: float = SOON_S) -> None:
        """Take what is left, and for how long what comes by itself is waited for."""
        self._left = left
        self._quiet = 0
        self._counting = False
        self._soon_s = soon_s
        self._is_late = False  # that time is over: a timer may come a little before its time
        self._loop: AbstractEventLoop | None = None

    def on_idle(self) -> None:
        """Begin to count again: something was due until now."""
        self._quiet = 0
        if not self._counting and self._left.is_left:
            if self._loop is None:
                from asyncio import get_running_loop

                self._loop = get_running_loop()
                self._loop.call_later(self._soon_s, self._wait_no_more)
            self._counting = True
            self._loop.call_soon(self._count)

    def _wait_no_more(self) -> None:
        self._is_late = True
        self.on_idle()

    def _count(self) -> None:
        loop = self._loop
        assert loop is not None
        self._quiet += 1
        if self._left.is_busy:
            self._quiet = 0
            loop.call_later(_BUSY_S, self._count)
        elif self._quiet < QUIET_TURNS:
            loop.call_soon(self._count)
        else:
            self._counting = False
            if self._is_late or not self._left.is_underway:
                self._left.sweep()


def is_underway(engine: "Engine") -> bool:
    """Say whether something comes up, or ends, without anybody's doing; the engine has work when it does."""
    if engine.retrying:
        return True
    waiting: list[Process] = [*engine.roots.values()]
    while waiting:
        process = waiting.pop()
        if process.free > process.advance:  # something is being undone
            return True
        last = process.begun[process.advance - 1] if process.advance else None
        if last is not None and last.state == DOWN and last.declaration.comes_by_itself:
            return True
        for statement in process.begun:
            if statement is not None:
                waiting += statement.processes()
    return False
