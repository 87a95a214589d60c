"""One stream as statements use it: at most one read and one write wait, and what waits is what must not be undone.

A read or write that can be done now is done within the step.  One that has to wait holds the stream: if it is undone
before it is done, nobody knows how much of it has happened, so that the stream is closed for good.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from netstrata.engine.external_object import ExternalObject
from netstrata.engine.process import Waiting
from netstrata.values import Refused, Unavailable, Value, boolean

if TYPE_CHECKING:
    from netstrata.ports.streams import Stream

Later = Callable[[Callable[[], None]], Callable[[], None]]


class ByteChannel:
    """A stream, and what waits for it."""

    __slots__ = ("_broke", "_cut", "_later", "ended", "reading", "stream", "writing")

    def __init__(
        self, stream: "Stream", later: Later, broke: Callable[[Unavailable], None], cut: Callable[[], None]
    ) -> None:
        """Take a stream over.

        Shapes: later lets events in; broke is told that the stream is broken, cut that it was closed because what
        waited for it was undone.  It is closed then.
        """
        self.stream: Stream | None = stream
        self.reading: Read | None = None
        self.writing: Write | None = None
        self.ended = False  # the other end sends no more
        self._later = later
        self._broke = broke
        self._cut = cut
        stream.when_broken(self._break_later)

    def open(self) -> "Stream":
        """Return the stream.

        Raises: Refused if there is none any more.
        """
        if self.stream is None:
            raise Refused("the stream is not open any more: it is broken, or it was closed")
        return self.stream

    def read(self, statement: "Read", most: int) -> None:
        """Let a statement have what comes next, now or later.

        Raises: Refused if another one waits already.
        """
        stream = self.open()
        if self.reading is not None:
            raise Refused("another read is waiting on the same stream")
        statement.most = most
        statement.flow = self
        self.reading = statement
        self._go_on_reading(stream)

    def _go_on_reading(self, stream: "Stream") -> None:
        reading = self.reading
        if reading is None:
            return
        data: bytes | None = b""
        if not self.ended:
            try:
                data = stream.receive(reading.most)
            except Unavailable as error:
                self.break_down(error)
                return
        if data is None:
            stream.when_readable(self._later(self._readable))
            return
        self.ended = self.ended or not data
        self.reading = None
        reading.flow = None
        reading.got(data)

    def _readable(self) -> None:
        if self.stream is not None:
            self._go_on_reading(self.stream)

    def write(self, statement: "Write", data: bytes) -> None:
        """Let a statement write, now and later.

        Raises: Refused if another one waits already.
        """
        stream = self.open()
        if self.writing is not None:
            raise Refused("another write is waiting on the same stream")
        statement.left = memoryview(data)
        statement.flow = self
        self.writing = statement
        self._go_on_writing(stream)

    def _go_on_writing(self, stream: "Stream") -> None:
        writing = self.writing
        if writing is None:
            return
        try:
            while writing.left:
                sent = stream.send(writing.left)
                if not sent:
                    stream.when_writable(self._later(self._writable))
                    return
                writing.left = writing.left[sent:]
        except Unavailable as error:
            self.break_down(error)
            return
        self.writing = None
        writing.flow = None
        writing.up()

    def _writable(self) -> None:
        if self.stream is not None:
            self._go_on_writing(self.stream)

    def close(self) -> None:
        """Close the stream; what waits, waits for ever.  Nobody is told anything any more."""
        for waiting in (self.reading, self.writing):
            if waiting is not None:
                waiting.flow = None
        self.reading = None
        self.writing = None
        stream = self.stream
        self.stream = None
        if stream is not None:
            stream.close()
        self._later, self._broke, self._cut = never, unheard, nothing  # no circle with whoever has it is left

    def cut(self) -> None:
        """Close the stream, because a read or write that waited is undone."""
        cut = self._cut
        self.close()
        cut()

    def break_down(self, error: Unavailable) -> None:
        """Close the stream, because it is broken."""
        broke = self._broke
        self.close()
        broke(error)

    def _break_later(self, error: Unavailable) -> None:
        self._later(lambda: self._break_if_open(error))()

    def _break_if_open(self, error: Unavailable) -> None:
        if self.stream is not None:
            self.break_down(error)


class Read(ExternalObject):
    """Up with what came next."""

    __slots__ = ("data", "flow", "most")

    def start(self, flow: ByteChannel, most: int) -> None:
        """Read, now or later."""
        self.flow: ByteChannel | None = None
        self.most = most
        self.data = b""
        flow.read(self, most)

    def got(self, data: bytes) -> None:
        """Be up with what came; nothing is the end."""
        self.data = data
        self.up()

    def variable(self, name: str) -> Value | None:
        """Return what came, and whether it was the end."""
        if name == "not_eof":
            return boolean(bool(self.data))
        if name == "eof":
            return boolean(not self.data)
        return None if name else self.data

    def waits_for(self) -> Waiting | None:
        """Say that nothing has come yet."""
        return Waiting("waits for bytes" if self.flow is not None else "the stream is closed")

    def die(self) -> None:
        """Be gone; if it still waits, the stream cannot be used any more."""
        if self.flow is not None:
            self.flow.cut()
        self.dead()


class Write(ExternalObject):
    """Up when all is written."""

    __slots__ = ("flow", "left")

    def waits_for(self) -> Waiting | None:
        """Say how much could not be written yet."""
        if self.flow is None:
            return Waiting("the stream is closed")
        return Waiting(f"the other end does not take the {len(self.left)} bytes that are left")

    def start(self, flow: ByteChannel, data: bytes) -> None:
        """Write, now and later."""
        self.flow: ByteChannel | None = None
        self.left = memoryview(b"")
        flow.write(self, data)

    def die(self) -> None:
        """Be gone; if it still waits, the stream cannot be used any more."""
        if self.flow is not None:
            self.flow.cut()
        self.dead()


def nothing() -> None:
    """Do nothing."""


def unheard(news: object) -> None:
    """Tell nobody."""


def never(action: Callable[[], None]) -> Callable[[], None]:
    """Let nothing in."""
    return nothing
