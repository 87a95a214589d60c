"""A listening socket."""

import asyncio
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from errno import EMFILE, ENFILE, ENOBUFS, ENOMEM
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, inet_pton, socket
from typing import Any

from netstrata.contract.shapes.streams import TCP, UNIX, StreamAddress
from netstrata.ports.streams import Stream
from netstrata.system.streams.alarms import Alarms
from netstrata.system.streams.stream import SocketStream

BACKLOG = 128
AT_ONCE = 64  # connections accepted in one turn of the loop
PAUSE_S = 0.5  # when there is no room for another connection
_NO_ROOM = (EMFILE, ENFILE, ENOBUFS, ENOMEM)


class Listener:
    """Listens until closed."""

    __slots__ = ("_accepted", "_alarms", "_loop", "_path", "_path_is", "_pause", "_socket")

    def __init__(
        self,
        listening: socket,
        address: StreamAddress,
        target: bytes | tuple[str, int],
        accepted: Callable[[Stream, StreamAddress], None],
        alarms: Alarms,
    ) -> None:
        """Take a new socket over, unless it cannot listen there.

        Raises: OSError.
        """
        self._socket = listening
        self._accepted = accepted
        self._alarms = alarms
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._path = address.path
        self._path_is = (-1, -1)
        if address.kind == UNIX:
            with suppress(FileNotFoundError):
                os.unlink(address.path)
            listening.bind(target)
            self._path_is = _identity(address.path)
        else:
            listening.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            listening.bind(target)
        try:
            listening.setblocking(False)
            listening.listen(BACKLOG)
            self._loop.add_reader(listening.fileno(), self._accept)
        except OSError:
            self._remove_path()
            raise

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connected, peer = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NO_ROOM:
                    self._loop.remove_reader(self._socket.fileno())
                    self._pause = self._loop.call_later(PAUSE_S, self._go_on)
                    return
                continue  # this one was gone before it was accepted
            self._accepted(SocketStream(connected, "who connected", self._alarms), _peer(peer))
            if self._socket.fileno() < 0:
                return

    def _go_on(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Listen no more, and take the path away."""
        if self._socket.fileno() < 0:
            return
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._remove_path()

    def _remove_path(self) -> None:
        """Take the path away, if it is still the one that was made."""
        if self._path_is != (-1, -1) and _identity(self._path) == self._path_is:
            with suppress(OSError):
                os.unlink(self._path)


def _identity(path: bytes) -> tuple[int, int]:
    """Return what tells a socket file from any other; (-1, -1) if there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return -1, -1
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else (-1, -1)


def _peer(peer: Any) -> StreamAddress:
    if not isinstance(peer, tuple):
        return StreamAddress(UNIX)
    host = peer[0].partition("%")[0]
    return StreamAddress(TCP, inet_pton(AF_INET6 if ":" in host else AF_INET, host), peer[1])
