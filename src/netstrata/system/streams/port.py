"""The port for streams, over the real ones."""

import asyncio
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from errno import EADDRINUSE, EADDRNOTAVAIL, EINPROGRESS, ENAMETOOLONG, ENOENT
from socket import (
    AF_INET,
    AF_INET6,
    AF_UNIX,
    IPPROTO_TCP,
    SO_ERROR,
    SO_KEEPALIVE,
    SOCK_STREAM,
    SOL_SOCKET,
    TCP_KEEPCNT,
    TCP_KEEPIDLE,
    TCP_KEEPINTVL,
    inet_ntop,
    socket,
)

from netstrata.contract.shapes.streams import DEVICE, UNIX, StreamAddress
from netstrata.ports.streams import Closable, ConnectAttempt, Stream
from netstrata.system.held.wait_queues import ADDRESS, PATHS, PORT
from netstrata.system.streams.alarms import Alarms
from netstrata.system.streams.listener import Listener
from netstrata.system.streams.stream import DescriptorStream, SocketStream
from netstrata.values import Awaited, Unavailable

# A peer that has vanished without a word (its power, its network) is noticed after a minute, not never; who is accepted
# inherits it.  Source: tcp(7), socket(7).
_KEEP_ALIVE = (
    (SOL_SOCKET, SO_KEEPALIVE, 1),
    (IPPROTO_TCP, TCP_KEEPIDLE, 30),
    (IPPROTO_TCP, TCP_KEEPINTVL, 10),
    (IPPROTO_TCP, TCP_KEEPCNT, 3),
)


_PATH_BYTES = 107  # of struct sockaddr_un, but for its NUL


class RealStreams:
    """Streams of this machine.  Needs a running event loop."""

    __slots__ = ("_alarms",)

    def __init__(self) -> None:
        self._alarms = Alarms()

    def connect(self, address: StreamAddress, done: Callable[[Stream | Unavailable], None]) -> ConnectAttempt:
        """Connect: see `ports.Streams`."""
        if address.kind == DEVICE:
            return _Standing(_open_device(address))
        connecting = _new_socket(address, f"connect to {address}")
        try:
            connecting.setblocking(False)
            result = connecting.connect_ex(target_of(address))
        except OSError as error:  # a path that is too long
            connecting.close()
            raise _unavailable(f"connect to {address}", error) from None
        if result == 0:
            return _Standing(SocketStream(connecting, str(address), self._alarms))
        if result != EINPROGRESS:
            connecting.close()
            raise Unavailable(f"connect to {address}", os.strerror(result), result)
        return _Waiting(connecting, address, done, self._alarms)

    def listen(self, address: StreamAddress, accepted: Callable[[Stream, StreamAddress], None]) -> Closable:
        """Listen until closed: see `ports.Streams`."""
        if address.kind == DEVICE:
            raise Unavailable(f"listen on {address}", "a device cannot be listened on")
        listening = _new_socket(address, f"listen on {address}")
        try:
            return Listener(listening, address, target_of(address), accepted, self._alarms)
        except OSError as error:
            listening.close()
            raise _unavailable(f"listen on {address}", error, *_awaits(address, error)) from None


class _Standing:
    """A connection that stood at once."""

    __slots__ = ("stream",)

    def __init__(self, stream: Stream) -> None:
        self.stream: Stream | None = stream

    def close(self) -> None:
        """Close the stream."""
        if self.stream is not None:
            self.stream.close()


class _Waiting:
    """A connection that the other end has not answered yet."""

    __slots__ = ("_address", "_alarms", "_done", "_loop", "_socket", "stream")

    def __init__(
        self,
        connecting: socket,
        address: StreamAddress,
        done: Callable[[Stream | Unavailable], None],
        alarms: Alarms,
    ) -> None:
        self.stream: Stream | None = None
        self._socket = connecting
        self._address = address
        self._done = done
        self._alarms = alarms
        self._loop = asyncio.get_running_loop()
        self._loop.add_writer(connecting.fileno(), self._answered)

    def _answered(self) -> None:
        self._loop.remove_writer(self._socket.fileno())
        number = self._socket.getsockopt(SOL_SOCKET, SO_ERROR)
        if number:
            self._socket.close()
            self._done(Unavailable(f"connect to {self._address}", os.strerror(number), number))
        else:
            self._done(SocketStream(self._socket, str(self._address), self._alarms))

    def close(self) -> None:
        """Give up; what stands already is closed by who was given it."""
        if self._socket.fileno() >= 0:
            self._loop.remove_writer(self._socket.fileno())
            self._socket.close()


def target_of(address: StreamAddress) -> bytes | tuple[str, int]:
    """Return an address as the socket module wants it.

    Raises: OSError for an empty path, which would mean any path, and for one that is too long.
    """
    if address.kind == UNIX:
        if not address.path:
            raise OSError(0, "the path is empty")
        if len(address.path) > _PATH_BYTES:  # nothing of that name is touched, then
            raise OSError(ENAMETOOLONG, f"the path is longer than {_PATH_BYTES} bytes")
        return address.path
    return inet_ntop(AF_INET if len(address.host) == 4 else AF_INET6, address.host), address.port


def _new_socket(address: StreamAddress, operation: str) -> socket:
    family = AF_UNIX if address.kind == UNIX else AF_INET if len(address.host) == 4 else AF_INET6
    try:
        made = socket(family, SOCK_STREAM)
        for option in _KEEP_ALIVE if family != AF_UNIX else ():
            made.setsockopt(*option)
        return made
    except OSError as error:
        raise _unavailable(operation, error) from None


def _open_device(address: StreamAddress) -> DescriptorStream:
    try:
        descriptor = os.open(address.path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise _unavailable(f"open {address}", error) from None
    loop = asyncio.get_running_loop()
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise PermissionError(0, "it is a regular file")
        loop.add_reader(descriptor, _nothing)  # the kernel knows whether it can be waited for
        loop.remove_reader(descriptor)
    except OSError as error:
        with suppress(OSError):
            os.close(descriptor)
        raise _unavailable(f"use {address} as a stream", error) from None
    return DescriptorStream(descriptor, str(address))


def _nothing() -> None:
    """Do nothing."""


def _awaits(address: StreamAddress, error: OSError) -> tuple[Awaited, ...]:
    """Return what may change so that an address can be listened on."""
    if address.kind == UNIX:
        return (Awaited(PATHS, (os.fsdecode(address.path),)),) if error.errno == ENOENT else ()
    return {EADDRINUSE: (Awaited(PORT, address.port),), EADDRNOTAVAIL: (Awaited(ADDRESS, address.host),)}.get(
        error.errno or 0, ()
    )


def _unavailable(operation: str, error: OSError, *awaits: Awaited) -> Unavailable:
    return Unavailable(operation, error.strerror or str(error), error.errno or 0, awaits)
