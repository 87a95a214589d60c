"""Streams of bytes: sockets, pipes and devices.  Nothing here waits: what cannot be done now is told when it can.

Calls back are made from the event loop, never from within a call, and never after what they are about was closed.
"""

from collections.abc import Callable
from typing import Protocol

from netstrata.contract.shapes.streams import StreamAddress
from netstrata.values import Unavailable


class Closable(Protocol):
    """Something that goes on until it is closed; closing it again does nothing."""

    def close(self) -> None:
        """End it at once."""


class Stream(Closable, Protocol):
    """One open stream."""

    def receive(self, most: int) -> bytes | None:
        """Return some bytes, at most so many; none at the end, and None if there is nothing now.

        Raises: Unavailable if the stream is broken.
        """

    def send(self, data: bytes | memoryview) -> int:
        """Hand over as many of the bytes as there is room for now, and return how many these were.

        Raises: Unavailable if the stream is broken.
        """

    def when_readable(self, call: Callable[[], None]) -> None:
        """Call once when there may be something to receive; a later call replaces one that was not made yet."""

    def when_writable(self, call: Callable[[], None]) -> None:
        """Call once when there may be room to send; a later call replaces one that was not made yet."""

    def when_broken(self, call: Callable[[Unavailable], None]) -> None:
        """Call once if the other end breaks the stream while nobody waits, and nothing is left to receive."""


class ConnectAttempt(Closable, Protocol):
    """A connection that may stand already; closing it gives up."""

    @property
    def stream(self) -> Stream | None:
        """The stream, if the connection stood at once; nobody is called then."""


class Streams(Protocol):
    """Making streams."""

    def connect(self, address: StreamAddress, done: Callable[[Stream | Unavailable], None]) -> ConnectAttempt:
        """Connect, and call with the stream or with what refused it, unless it stands at once.

        Raises: Unavailable if it is refused at once.
        """

    def listen(self, address: StreamAddress, accepted: Callable[[Stream, StreamAddress], None]) -> Closable:
        """Listen until closed, and hand over each stream with the address of who connected.

        Whatever is at a unix path is replaced; the path goes again when listening ends, unless it is somebody else's.
        Raises: Unavailable.
        """
