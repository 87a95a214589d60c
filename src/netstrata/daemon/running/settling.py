"""When a program has settled: nothing is due, and what waits, waits for the outside.

What a daemon before this one has left, and no statement has taken over by then, is undone, which takes as long as its
children take to end; they are busy meanwhile.
"""

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

QUIET_TURNS: Final = 10  # of the event loop without anything due: what is ready at once has been heard by then
_BUSY_S: Final = 0.02  # until it is looked again whether somebody is about to take more over


class Leftovers(Protocol):
    """What is left by a daemon before this one."""

    @property
    def is_left(self) -> bool: ...
    @property
    def is_busy(self) -> bool: ...
    def sweep(self) -> None: ...


class Settling:
    """Counts quiet turns after each time that the engine has had work, as long as anything is left."""

    __slots__ = ("_counting", "_left", "_loop", "_quiet")

    def __init__(self, left: Leftovers) -> None:
        self._left = left
        self._quiet = 0
        self._counting = False
        self._loop: AbstractEventLoop | None = None

    def on_idle(self) -> None:
        """Begin to count again: something was due until now."""
        self._quiet = 0
        if not self._counting and self._left.is_left:
            from asyncio import get_running_loop

            self._counting = True
            self._loop = get_running_loop()
            self._loop.call_soon(self._count)

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
            self._left.sweep()
