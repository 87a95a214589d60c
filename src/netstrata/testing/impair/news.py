"""What goes wrong with what the kernel tells of changes: lost, late, twice, in another order, cut off."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from select import EPOLLIN, epoll
from socket import SOCK_NONBLOCK
from threading import Timer

from netstrata.system.netlink.kernel_socket import NetlinkSocket
from netstrata.testing.impair.impairment import impairment
from netstrata.testing.impair.seams import Seams
from netstrata.testing.impair.turns import Turns
from netstrata.testing.impair.wrapped import Wrapped


@impairment
def lost_news(seams: Seams, *, n: int = 1, times: int = 1, during: str = "") -> None:
    """Lose news, with all that wait behind it, as a receive queue does that runs over (ENOBUFS)."""
    turns = Turns(n, times, during)

    class Losing(Wrapped):
        def recv(self, size: int, flags: int = 0, /) -> bytes:
            found = super().recv(size, flags)
            if turns.is_next():
                while _is_more(self.real, size):
                    pass
                raise OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
            return found

    _around_who_hears(seams, Losing)


@impairment
def late_news(seams: Seams, *, by_ms: int = 50, during: str = "") -> None:
    """Have news come so many milliseconds late, as to a daemon that gets no processor."""
    turns = Turns(1, 0, during)

    class Late(Wrapped):
        def __init__(self, real: NetlinkSocket) -> None:
            super().__init__(real)
            self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            self._ready = epoll()
            self._ready.register(real.fileno(), EPOLLIN)
            self._ready.register(self._bell, EPOLLIN)
            self._late: list[bytes] = []
            self.fileno = self._ready.fileno

        def recv(self, size: int, flags: int = 0, /) -> bytes:
            self._hush()
            if not turns.is_on:
                self._let_go()
            if self.waiting or not turns.is_on:
                return super().recv(size, flags)
            while True:  # until there is no more, which the real one says
                self._late.append(self.real.recv(size, flags))
                if len(self._late) == 1:
                    timer = Timer(by_ms / 1000, self._let_go)
                    timer.daemon = True
                    timer.start()

        def _let_go(self) -> None:
            late, self._late = self._late, []
            self.waiting += late
            if late:
                os.eventfd_write(self._bell, 1)

        def _hush(self) -> None:
            with suppress(BlockingIOError):
                os.eventfd_read(self._bell)

    _around_who_hears(seams, Late)


@impairment
def double_news(seams: Seams, *, n: int = 1, times: int = 1, during: str = "") -> None:
    """Have news told twice."""
    turns = Turns(n, times, during)

    class Doubling(Wrapped):
        def recv(self, size: int, flags: int = 0, /) -> bytes:
            is_again = bool(self.waiting)
            found = super().recv(size, flags)
            if not is_again and turns.is_next():
                self.waiting.append(found)
            return found

    _around_who_hears(seams, Doubling)


@impairment
def swapped_news(seams: Seams, *, n: int = 1, times: int = 1, during: str = "") -> None:
    """Have news overtaken by those behind it."""
    turns = Turns(n, times, during)

    class Swapping(Wrapped):
        def recv(self, size: int, flags: int = 0, /) -> bytes:
            is_overtaken = bool(self.waiting)
            found = super().recv(size, flags)
            if not is_overtaken and turns.is_next():
                self.waiting.append(found)
                try:
                    return self.real.recv(size, flags)
                except BlockingIOError:
                    return super().recv(size, flags)
            return found

    _around_who_hears(seams, Swapping)


@impairment
def garbled_news(seams: Seams, *, n: int = 1, times: int = 1, during: str = "") -> None:
    """Cut off news in the middle."""
    turns = Turns(n, times, during)

    class Cutting(Wrapped):
        def recv(self, size: int, flags: int = 0, /) -> bytes:
            found = super().recv(size, flags)
            return found[: len(found) // 2] if turns.is_next() else found

    _around_who_hears(seams, Cutting)


@impairment
def no_memory_to_hear(seams: Seams, *, n: int = 1, times: int = 1, during: str = "") -> None:
    """Have no memory left in the daemon when news are read, in the event loop."""
    turns = Turns(n, times, during)

    class Starved(Wrapped):
        def recv(self, size: int, flags: int = 0, /) -> bytes:
            found = super().recv(size, flags)
            if turns.is_next():
                raise MemoryError
            return found

    _around_who_hears(seams, Starved)


def _is_more(real: NetlinkSocket, size: int) -> bool:
    try:
        return bool(real.recv(size))
    except BlockingIOError:
        return False


def _around_who_hears(seams: Seams, wrap: Callable[[NetlinkSocket], NetlinkSocket]) -> None:
    """Put a socket around the one that listens."""

    def opening(opens: Callable[[int, int], NetlinkSocket]) -> Callable[[int, int], NetlinkSocket]:
        def opened(kind: int, protocol: int) -> NetlinkSocket:
            real = opens(kind, protocol)
            return wrap(real) if kind & SOCK_NONBLOCK else real

        return opened

    seams.sockets.append(opening)
