"""Descriptors, sockets and memory that are exhausted."""

import errno as errors
import os
import resource
import socket
from typing import Any, Final, Literal

from netstrata.system.held.recovery import Journal
from netstrata.testing.impair.impairment import impairment
from netstrata.testing.impair.seams import Seams
from netstrata.testing.impair.turns import Turns

Errno = Literal[
    "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EACCES", "EPERM", "EAFNOSUPPORT", "EPROTONOSUPPORT", "EADDRINUSE",
    "EADDRNOTAVAIL", "ENETUNREACH", "ECONNREFUSED", "EINVAL",
]  # fmt: skip
Of = Literal["any", "unix", "packet", "inet", "inet6", "netlink"]
At = Literal["__new__", "bind", "connect", "sendto", "sendmsg"]
_PAGE: Final = os.sysconf("SC_PAGESIZE")


@impairment
def no_descriptors(seams: Seams, *, n: int = 1, during: str = "") -> None:
    """Have no descriptor left from the n-th file or socket on, as long as a file is there (RLIMIT_NOFILE)."""
    _limit(seams, resource.RLIMIT_NOFILE, lambda: 0, Turns(n, 1, during), during)


@impairment
def no_memory(seams: Seams, *, n: int = 1, during: str = "") -> None:
    """Have the kernel give no more memory from the n-th file or socket on, as long as a file is there (RLIMIT_AS)."""
    _limit(seams, resource.RLIMIT_AS, _memory, Turns(n, 1, during), during)


@impairment
def socket_refused(
    seams: Seams, *, errno: Errno, at: At = "__new__", family: Of = "any", n: int = 1, times: int = 1, during: str = ""
) -> None:
    """Refuse a socket, or what it is asked for."""
    turns = Turns(n, times, during)
    number = getattr(errors, errno)

    def on_act(event: str, arguments: tuple[Any, ...]) -> None:
        if event == f"socket.{at}" and _is_of(family, event, arguments) and turns.is_next():
            raise OSError(number, os.strerror(number))

    seams.on_act(on_act)


@impairment
def no_memory_for_sockets(seams: Seams, *, family: Of = "any", n: int = 1, times: int = 1, during: str = "") -> None:
    """Have no memory left in the daemon when a socket is made."""
    turns = Turns(n, times, during)

    def on_act(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.__new__" and _is_of(family, event, arguments) and turns.is_next():
            raise MemoryError

    seams.on_act(on_act)


@impairment
def no_memory_to_book(seams: Seams, *, n: int = 1, times: int = 1, during: str = "") -> None:
    """Have no memory left in the daemon when the undo journal is to be told what is about to be done."""
    turns = Turns(n, times, during)

    class Starved:
        def __init__(self, real: Journal) -> None:
            self._real = real

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

        def intend(self, kind: str, key: bytes, undo: bytes, holder: str) -> int:
            if turns.is_next():
                raise MemoryError
            return self._real.intend(kind, key, undo, holder)

    seams.journals.append(Starved)


def _is_of(family: Of, event: str, arguments: tuple[Any, ...]) -> bool:
    """Say whether an act is about a socket of a family."""
    number = arguments[1] if event == "socket.__new__" else arguments[0].family
    return family == "any" or number == getattr(socket, f"AF_{family.upper()}")


def _limit(seams: Seams, what: int, least: Any, turns: Turns, during: str) -> None:
    """Lower a limit at one act, and put it back at the first after the file is gone."""
    before: list[tuple[int, int]] = []

    def on_act(event: str, _: tuple[Any, ...]) -> None:
        if event not in ("open", "socket.__new__"):
            return
        if before and not os.path.exists(during):
            resource.setrlimit(what, before.pop())
        elif turns.is_next():
            before.append(resource.getrlimit(what))
            resource.setrlimit(what, (least(), before[0][1]))

    seams.on_act(on_act)


def _memory() -> int:
    """Return the bytes of memory that this process has mapped."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * _PAGE
