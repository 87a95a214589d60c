"""Reads the packets of a socket with a small share of the loop's time, whatever a network sends."""

from asyncio import get_running_loop
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from asyncio import TimerHandle

_AT_ONCE: Final = 16  # packets read in one turn of the loop, about half a millisecond
_REST_S: Final = (
    0.01  # and then nothing for so long if there are more: 1600 a second; the kernel drops what does not fit
)


class PacketReader:
    """Calls a function as long as there are packets."""

    def __init__(self, descriptor: int, take: Callable[[], bool], after: Callable[[], None] | None = None) -> None:
        """Begin to read.

        Shapes: take reads a packet, and says whether there was one; after is called once after some.
        """
        self._descriptor = descriptor
        self._take: Callable[[], bool] | None = take
        self._after = after
        self._rest: TimerHandle | None = None
        self._loop = get_running_loop()
        self._read_on()

    def end(self) -> None:
        """Read no more, also if it is a packet that ends it; the socket is open still."""
        self._take = self._after = None  # no circle with whoever has it is left
        self._loop.remove_reader(self._descriptor)
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _read_on(self) -> None:
        self._rest = None
        self._loop.add_reader(self._descriptor, self._readable)

    def _readable(self) -> None:
        if not self._take_some() and self._take is not None:
            self._loop.remove_reader(self._descriptor)
            self._rest = self._loop.call_later(_REST_S, self._read_on)
        if self._after is not None:
            self._after()

    def _take_some(self) -> bool:
        """Take what is there; say whether that was all."""
        return any(self._take is None or not self._take() for _ in range(_AT_ONCE))
