"""Open descriptors as streams: what cannot be done now is told when it can, by the event loop."""

import asyncio
import os
from collections.abc import Callable
from socket import MSG_PEEK, socket

from netstrata.system.streams.alarms import Alarms
from netstrata.values import Unavailable


class DescriptorStream:
    """A descriptor that does not block: a pipe, a device, a socket."""

    __slots__ = ("_descriptor", "_loop", "_name", "_readable", "_writable")

    def __init__(self, descriptor: int, name: str) -> None:
        """Take a descriptor over.

        Shapes: name completes "cannot read from …".
        """
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._readable: Callable[[], None] | None = None
        self._writable: Callable[[], None] | None = None

    def receive(self, most: int) -> bytes | None:
        """Return some bytes: see `ports.Stream`."""
        try:
            return os.read(self._descriptor, most)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            raise self._unavailable("read from", error) from None

    def send(self, data: bytes | memoryview) -> int:
        """Hand over as many of the bytes as there is room for: see `ports.Stream`."""
        try:
            return os.write(self._descriptor, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise self._unavailable("write to", error) from None

    def when_readable(self, call: Callable[[], None]) -> None:
        """Call once when there may be something to receive."""
        if self._readable is None:
            self._loop.add_reader(self._descriptor, self._is_readable)
        self._readable = call

    def when_writable(self, call: Callable[[], None]) -> None:
        """Call once when there may be room to send."""
        if self._writable is None:
            self._loop.add_writer(self._descriptor, self._is_writable)
        self._writable = call

    def when_broken(self, call: Callable[[Unavailable], None]) -> None:
        """Never call: a pipe whose other end is gone is broken only for who writes to it."""

    def close(self) -> None:
        """Close the descriptor; nobody is called any more."""
        if self._descriptor >= 0:
            descriptor = self._leave()
            os.close(descriptor)

    def _leave(self) -> int:
        """Take the descriptor out of the loop, and return it."""
        descriptor = self._descriptor
        if not self._loop.is_closed():
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)
        self._readable = None
        self._writable = None
        self._descriptor = -1
        return descriptor

    def _is_readable(self) -> None:
        call = self._readable
        self._readable = None
        self._loop.remove_reader(self._descriptor)
        if call is not None:
            call()

    def _is_writable(self) -> None:
        call = self._writable
        self._writable = None
        self._loop.remove_writer(self._descriptor)
        if call is not None:
            call()

    def _unavailable(self, what: str, error: OSError) -> Unavailable:
        return Unavailable(f"{what} {self._name}", error.strerror or str(error), error.errno or 0)


class SocketStream(DescriptorStream):
    """A connected socket, which also tells when the other end resets it while nobody waits."""

    __slots__ = ("_alarms", "_broken", "_socket")

    def __init__(self, connected: socket, name: str, alarms: Alarms) -> None:
        """Take a socket over."""
        super().__init__(connected.fileno(), name)
        self._socket = connected
        self._alarms = alarms
        self._broken: Callable[[Unavailable], None] | None = None

    def when_broken(self, call: Callable[[Unavailable], None]) -> None:
        """Call once if the other end resets the connection: see `ports.Stream`."""
        if self._broken is None:
            self._alarms.add(self._descriptor, self._alarmed)
        self._broken = call

    def _alarmed(self) -> None:
        if self._readable is not None or self._writable is not None:
            return  # who waits will see it
        try:
            self._socket.recv(1, MSG_PEEK)  # what was sent before is still there to be received
        except BlockingIOError:
            return
        except OSError as error:
            call = self._broken
            self._broken = None
            self._alarms.remove(self._descriptor)
            if call is not None:
                call(self._unavailable("keep", error))

    def close(self) -> None:
        """Close the socket; nobody is called any more."""
        if self._descriptor >= 0:
            if self._broken is not None:
                self._alarms.remove(self._descriptor)
                self._broken = None
            self._leave()
            self._socket.close()
