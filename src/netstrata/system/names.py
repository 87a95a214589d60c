"""Addresses of names, looked up by the C library as every other program does, in threads: it waits for its answers.

A few at a time: what hangs is not ended by anybody, and the others wait in line.  A thread ends with the last of them.
"""

import socket
import threading
from asyncio import AbstractEventLoop, Future, get_running_loop
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from netstrata.values import Unavailable

_MOST: Final = 4  # threads
Addresses = list["SocketAddress"]


class SocketAddress(NamedTuple):
    """An address (packed), a port, and for a link-local one the index of its link."""

    address: bytes
    port: int
    scope: int = 0


def read_numeric(host: str, port: int) -> SocketAddress | None:
    """Return what is an address and no name, without asking anybody."""
    with suppress(OSError, UnicodeError):
        return _found(host, port, socket.AI_NUMERICHOST)[0]
    return None


def unresolved(host: str, error: Unavailable) -> str:
    """Return why a name leads nowhere."""
    return f"the name {host} does not resolve: {error.reason}"


class NameLookups:
    """Those that are under way."""

    __slots__ = ("_lock", "_running", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, int, Callable[[Addresses | str], None]]] = deque()
        self._lock = threading.Lock()
        self._running = 0

    async def find(self, host: str, port: int) -> Addresses:
        """Return the addresses of a name, the best first.

        Raises: Unavailable if there are none, or nobody knows.
        """
        loop = get_running_loop()
        answer: Future[Addresses | str] = loop.create_future()
        self._ask(host, port, lambda found: _tell(loop, answer, found))
        found = await answer
        if isinstance(found, str):
            raise Unavailable(f"find {host}", found)
        return found

    def _ask(self, host: str, port: int, tell: Callable[[Addresses | str], None]) -> None:
        with self._lock:
            self._waiting.append((host, port, tell))
            if self._running == _MOST:
                return
            self._running += 1
        # One that hangs must not keep the daemon from ending.
        threading.Thread(target=self._work, name="name lookup", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._running -= 1
                    return
                host, port, tell = self._waiting.popleft()
            tell(_answer(host, port))


def _answer(host: str, port: int) -> Addresses | str:
    """Return the addresses, or why there are none."""
    try:
        return _found(host, port, 0)
    except socket.gaierror as error:
        return (error.strerror or "unknown").rstrip(".").lower()
    except (OSError, UnicodeError) as error:
        return str(error)


def _found(host: str, port: int, flags: int) -> Addresses:
    """Raises: OSError, of which gaierror is that there are none; UnicodeError if it is no name at all."""
    kinds = {socket.AF_INET, socket.AF_INET6}
    listed = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=flags)
    told = [(kind, where) for kind, _, _, _, where in listed if kind in kinds]
    return list(dict.fromkeys(_read(kind, where) for kind, where in told))


def _read(kind: int, where: Sequence[str | int | bytes]) -> SocketAddress:
    text, port, *more = where
    address = socket.inet_pton(kind, str(text).partition("%")[0])
    return SocketAddress(address, int(port), int(more[1]) if len(more) > 1 else 0)


def _tell(loop: AbstractEventLoop, answer: "Future[Addresses | str]", found: Addresses | str) -> None:
    """Tell who waits, in its loop, if both are still there."""

    def tell() -> None:
        if not answer.done():
            answer.set_result(found)

    with suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(tell)
