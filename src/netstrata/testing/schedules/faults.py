"""What goes wrong between a daemon and its kernel: requests that are refused, news that is lost or late."""

import asyncio
import errno
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from netstrata.protocols.rtnetlink.constants import (
    AF_INET6,
    NLM_F_DUMP,
    NLM_F_DUMP_INTR,
    RTM_DELNEIGH,
    RTM_DELROUTE,
    RTM_GETLINK,
    RTM_NEWNEIGH,
    RTM_NEWROUTE,
)
from netstrata.protocols.rtnetlink.wire import HEADER, HEADER_SIZE
from netstrata.testing.model import ModelKernel
from netstrata.testing.model.messages import Refusal, Request, answer
from netstrata.testing.model.sockets import ModelSocket

# What netlink answers: of the protocol, of links, addresses, routes, rules and neighbours, and of a system in need.
ERRORS = (
    "EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "EAGAIN", "ENOMEM", "EACCES", "EBUSY", "EEXIST",
    "EXDEV", "ENODEV", "EINVAL", "ENFILE", "ENOSPC", "ERANGE", "ENODATA", "EMSGSIZE", "ENOBUFS", "EOPNOTSUPP",
    "EAFNOSUPPORT", "EADDRINUSE", "EADDRNOTAVAIL", "ENETDOWN", "ENETUNREACH", "EHOSTUNREACH", "ELOOP", "EPROTO",
    "ETOOMANYREFS",
)  # fmt: skip
# A read that is answered so says that the thing is not there, which only is a fault if it is.
ABSENT = ("ENOENT", "ESRCH", "ENXIO", "ENODEV", "EADDRNOTAVAIL", "ENODATA")

_IMMORTAL = nullcontext()


def is_read(kind: int) -> bool:
    """Say whether a type of request only asks."""
    return kind % 4 == RTM_GETLINK % 4


class Faults:
    """What is still to go wrong with requests."""

    def __init__(self) -> None:
        self._waiting: list[tuple[bool, int, int]] = []  # reads or writes, so many before it, errno
        self._torn = 0
        self.happened = 0  # so many of them
        self._dies: list[tuple[str, int, bool]] = []  # at a write, a record …, so many before it, and after it
        self.on_death: Callable[[], None] = lambda: None
        self._silent = -1  # so many writes from now on is one of which nobody hears, none if negative

    def refuse(self, reads: bool, after: int, number: int) -> None:
        """Refuse the read, or the write, after so many others."""
        self._waiting.append((reads, after, number))

    def tear(self, dumps: int) -> None:
        """Let so many tables change while they are read."""
        self._torn = dumps

    def silence(self, after: int) -> None:
        """Do a write after so many others, and lose the answer, as a kernel without memory does."""
        self._silent = after

    def die(self, what: str, after: int, done: bool) -> None:
        """Kill the daemon after so many others of something, before or after it.

        Shapes: what is a `write`, a `sweep` (a write of it), or a `record` in the undo journal.
        """
        self._dies.append((what, after, done))

    def mortal(self, *kinds: str) -> AbstractContextManager[None]:
        """Kill the daemon before or after what is done meanwhile, if it is its turn."""
        return self._mortal(kinds) if self._dies else _IMMORTAL

    @contextmanager
    def _mortal(self, kinds: tuple[str, ...]) -> Iterator[None]:
        waiting, self._dies = self._dies, []
        here = [done for which, after, done in waiting if which in kinds and after == 0]
        self._dies += [
            (which, after - (which in kinds), done) for which, after, done in waiting if which not in kinds or after
        ]
        if False in here:
            self.on_death()
        yield
        if True in here:
            self.on_death()

    def stop(self) -> None:
        """Let nothing go wrong any more."""
        self._waiting.clear()
        self._dies.clear()
        self._silent = -1
        self._torn = 0

    def refusal(self, kind: int) -> int:
        """Return the errno that the next request of a type is refused with, 0 for none."""
        if not self._waiting:
            return 0
        reads = is_read(kind)
        kept: list[tuple[bool, int, int]] = []
        refused = 0
        for concerned, after, number in self._waiting:
            if concerned is not reads:
                kept.append((concerned, after, number))
            elif after:
                kept.append((concerned, after - 1, number))
            else:
                refused = number
        self._waiting = kept
        self.happened += refused != 0
        return refused

    def silenced(self, kind: int) -> bool:
        """Say whether the answer to a request is lost."""
        if is_read(kind) or self._silent < 0:
            return False
        self._silent -= 1
        self.happened += self._silent < 0
        return self._silent < 0

    def torn(self, kind: int, flags: int) -> bool:
        """Say whether the table changes while it is read."""
        if self._torn and is_read(kind) and flags & NLM_F_DUMP == NLM_F_DUMP:
            self._torn -= 1
            self.happened += 1
            return True
        return False


def refused(request: Request, number: int) -> bytes:
    """Return the kernel's no."""
    return answer(request, Refusal(number))


def marked(data: bytes) -> bytes:
    """Return a datagram of a dump, its messages marked as those of a table that changed."""
    changed = bytearray(data)
    at = 0
    while len(changed) - at >= HEADER_SIZE:
        length, kind, flags, sequence, port = HEADER.unpack_from(changed, at)
        HEADER.pack_into(changed, at, length, kind, flags | NLM_F_DUMP_INTR, sequence, port)
        at += (length + 3) & ~3
    return bytes(changed)


class FaultySocket(ModelSocket):
    """A socket that can be told to lose news, to bring it late, twice or in another order."""

    __slots__ = ("_closed", "_disturbed", "_held_back", "_late", "_overtaken")

    def __init__(self, kernel: ModelKernel, port: int) -> None:
        super().__init__(kernel, port)
        self._closed = False
        self._late = False
        self._held_back: deque[bytes] = deque()
        self._overtaken: bytes | None = None
        self._disturbed: Counter[str] = Counter()

    def disturb(self, how: str, count: int) -> None:
        """Bring the next messages otherwise than they are told.

        Shapes: `lose` loses them, as a queue that runs over does; `double` brings them twice, as the kernel does when
        two things change at once; `swap` lets those that are not told under the lock of links be overtaken.
        """
        self._disturbed[how] = count

    def hold_back(self, seconds: float) -> None:
        """Bring what comes from now on only after a while, as to a daemon that has no processor."""
        if not self._late:
            self._late = True
            asyncio.get_running_loop().call_later(seconds, self.bring)

    def bring(self) -> None:
        """Bring what was held back."""
        self._late = False
        while self._held_back and not self._closed:
            self._tell(self._held_back.popleft())

    def behave(self) -> None:
        """Bring everything in order from now on."""
        self._disturbed.clear()
        self.bring()

    def is_closed(self) -> bool:
        """Say whether it is of no use any more."""
        return self._closed

    def close(self) -> None:
        """Be of no use any more, as after the end of a process."""
        if not self._closed:
            self._closed = True
            super().close()

    def send(self, data: bytes, flags: int = 0, /) -> int:
        """Ask the kernel, unless it is closed."""
        if self._closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return super().send(data, flags)

    def _put_news(self, message: bytes) -> None:
        if self._late:
            self._held_back.append(message)
        else:
            self._tell(message)

    def _tell(self, message: bytes) -> None:
        if self._is_next("lose"):
            self.overflow()
            return
        if self._overtaken is None and _is_unlocked(message) and self._is_next("swap"):
            self._overtaken = message
            asyncio.get_running_loop().call_soon(self._arrive)
            return
        super()._put_news(message)
        if self._is_next("double"):
            super()._put_news(message)
        self._arrive()

    def _is_next(self, how: str) -> bool:
        there = self._disturbed[how] > 0
        self._disturbed[how] -= there
        return there

    def _arrive(self) -> None:
        if self._overtaken is not None and not self._closed:
            super()._put_news(self._overtaken)
        self._overtaken = None


def _is_unlocked(message: bytes) -> bool:
    """Say whether the kernel tells of something without the lock under which it tells of links and addresses."""
    kind = HEADER.unpack_from(message)[1]
    return kind in (RTM_NEWNEIGH, RTM_DELNEIGH) or (
        kind in (RTM_NEWROUTE, RTM_DELROUTE) and message[HEADER_SIZE] == AF_INET6
    )
