"""What goes wrong between a request to rtnetlink and its answer."""

import errno
import os
from collections.abc import Callable
from socket import SOCK_NONBLOCK
from typing import Literal

from netstrata.protocols.rtnetlink.constants import NLM_F_DUMP_INTR
from netstrata.protocols.rtnetlink.wire import HEADER
from netstrata.system.netlink.kernel_socket import NetlinkSocket
from netstrata.testing.impair.impairment import impairment
from netstrata.testing.impair.seams import Seams
from netstrata.testing.impair.turns import Turns
from netstrata.testing.impair.wrapped import (
    Does,
    Of,
    Wrapped,
    answers_to,
    is_write,
    refusal,
    sequence_of,
    split,
)

# What rtnetlink answers to a change: of the protocol, of links, addresses, routes, rules and neighbours, and in need.
Errno = Literal[
    "EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "EAGAIN", "ENOMEM", "EACCES", "EBUSY", "EEXIST",
    "EXDEV", "ENODEV", "EINVAL", "ENFILE", "ENOSPC", "ERANGE", "ENODATA", "EMSGSIZE", "ENOBUFS", "EOPNOTSUPP",
    "EAFNOSUPPORT", "EADDRINUSE", "EADDRNOTAVAIL", "ENETDOWN", "ENETUNREACH", "EHOSTUNREACH", "ELOOP", "EPROTO",
]  # fmt: skip
Need = Literal["ENOMEM", "ENOBUFS", "EINTR"]
_MULTI = 2  # NLM_F_MULTI: a part of a dump


@impairment
def refused(
    seams: Seams, *, errno: Errno, of: Of = "any", does: Does = "any", n: int = 1, times: int = 1, every: int = 1,
    during: str = "",
) -> None:  # fmt: skip
    """Refuse a change: nothing is done, and the kernel says why."""
    turns = Turns(n, times, during, every)
    number = _number(errno)

    class Refusing(Wrapped):
        def send(self, data: bytes, flags: int = 0, /) -> int:
            asked = []
            for request in split(data):
                if is_write(request, of, does) and turns.is_next():
                    self.waiting.append(refusal(request, number))
                else:
                    asked.append(request)
            if asked:
                self.real.send(b"".join(asked), flags)
            return len(data)

    _around_who_asks(seams, Refusing)


@impairment
def refused_reads(seams: Seams, *, errno: Errno, n: int = 1, times: int = 1, every: int = 1, during: str = "") -> None:
    """Refuse to answer a question."""
    turns = Turns(n, times, during, every)
    number = _number(errno)

    class Refusing(Wrapped):
        def send(self, data: bytes, flags: int = 0, /) -> int:
            if not is_write(data) and turns.is_next():
                self.waiting.append(refusal(data, number))
                return len(data)
            return self.real.send(data, flags)

    _around_who_asks(seams, Refusing)


@impairment
def unsent(seams: Seams, *, errno: Need = "ENOBUFS", n: int = 1, times: int = 1, during: str = "") -> None:
    """Let a request not leave: the kernel has no memory for it."""
    turns = Turns(n, times, during)
    number = _number(errno)

    class Stuck(Wrapped):
        def send(self, data: bytes, flags: int = 0, /) -> int:
            if turns.is_next():
                raise OSError(number, os.strerror(number))
            return self.real.send(data, flags)

    _around_who_asks(seams, Stuck)


@impairment
def lost_answers(
    seams: Seams, *, of: Of = "any", does: Does = "any", n: int = 1, times: int = 1, during: str = ""
) -> None:
    """Do a change, and lose the answer: the kernel has no memory for it, and says ENOBUFS."""
    _without_answers(seams, of, does, Turns(n, times, during), errno.ENOBUFS, later=False)


@impairment
def late_answers(
    seams: Seams, *, of: Of = "any", does: Does = "any", n: int = 1, times: int = 1, during: str = ""
) -> None:
    """Do a change, and have the answer come only when the next thing is asked for."""
    _without_answers(seams, of, does, Turns(n, times, during), errno.EAGAIN, later=True)


@impairment
def garbled_answers(seams: Seams, *, n: int = 1, times: int = 1, during: str = "") -> None:
    """Cut off an answer behind its first bytes."""
    turns = Turns(n, times, during)

    class Cutting(Wrapped):
        def recv(self, size: int, flags: int = 0, /) -> bytes:
            found = super().recv(size, flags)
            return found[:7] if turns.is_next() else found

    _around_who_asks(seams, Cutting)


@impairment
def torn_dumps(seams: Seams, *, n: int = 1, times: int = 1, during: str = "") -> None:
    """Have a table change while it is read, which the kernel says in what it answers (NLM_F_DUMP_INTR)."""
    turns = Turns(n, times, during)

    class Tearing(Wrapped):
        def recv(self, size: int, flags: int = 0, /) -> bytes:
            found = bytearray(super().recv(size, flags))
            length, kind, bits, sequence, port = HEADER.unpack_from(found)
            if bits & _MULTI and turns.is_next():
                HEADER.pack_into(found, 0, length, kind, bits | NLM_F_DUMP_INTR, sequence, port)
            return bytes(found)

    _around_who_asks(seams, Tearing)


@impairment
def no_memory_to_ask(seams: Seams, *, n: int = 1, times: int = 1, during: str = "") -> None:
    """Have no memory left in the daemon when something is asked of the kernel."""
    turns = Turns(n, times, during)

    class Starved(Wrapped):
        def send(self, data: bytes, flags: int = 0, /) -> int:
            if turns.is_next():
                raise MemoryError
            return self.real.send(data, flags)

    _around_who_asks(seams, Starved)


def _without_answers(seams: Seams, of: Of, does: Does, turns: Turns, number: int, *, later: bool) -> None:
    class Silent(Wrapped):
        """Keeps the answers to some changes to itself."""

        def __init__(self, real: NetlinkSocket) -> None:
            super().__init__(real)
            self._late: list[bytes] = []

        def send(self, data: bytes, flags: int = 0, /) -> int:
            late, self._late = self._late, []
            self.waiting += late
            silent = {sequence_of(one) for one in split(data) if is_write(one, of, does) and turns.is_next()}
            sent = self.real.send(data, flags)
            if silent:
                self.waiting.append(OSError(number, os.strerror(number)))
                for answer in answers_to(self.real):
                    if sequence_of(answer) not in silent:
                        self.waiting.append(answer)
                    elif later:
                        self._late.append(answer)
            return sent

    _around_who_asks(seams, Silent)


def _around_who_asks(seams: Seams, wrap: Callable[[NetlinkSocket], NetlinkSocket]) -> None:
    """Put a socket around the one that requests go through."""

    def opening(opens: Callable[[int, int], NetlinkSocket]) -> Callable[[int, int], NetlinkSocket]:
        def opened(kind: int, protocol: int) -> NetlinkSocket:
            real = opens(kind, protocol)
            return real if kind & SOCK_NONBLOCK else wrap(real)

        return opened

    seams.sockets.append(opening)


def _number(name: str) -> int:
    number: int = getattr(errno, name)
    return number
