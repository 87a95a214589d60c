"""A stream that carries messages of the request protocol, both ways."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from netstrata.engine.byte_channel import Later, never, unheard
from netstrata.language.valuetext import format_value, parse_value
from netstrata.protocols.requests import LONGEST_TEXT, Decoder, Message, encode
from netstrata.values import Refused, Unavailable, Value

if TYPE_CHECKING:
    from netstrata.ports.streams import Stream

READ = 65536  # bytes at once
MOST_QUEUED = 32 << 20  # bytes that the other end may leave unread before it is given up


def text_of(value: Value) -> bytes:
    """Return a value as the text that a message carries.

    Raises: Refused if it is too long.
    """
    text = format_value(value)
    if len(text) > LONGEST_TEXT:
        raise Refused(f"the value's text has {len(text)} bytes; a message carries at most {LONGEST_TEXT}")
    return text


def value_of(message: Message) -> Value:
    """Return the value that a message carries.

    Raises: Unavailable if its text is none.
    """
    value = parse_value(message.text)
    if value is None:
        raise wrong("a text that is no value")
    return value


def wrong(what: str) -> Unavailable:
    """Return the error for a message that breaks the rules."""
    return Unavailable("go on talking", f"the other end sent {what}")


class Outgoing:
    """A message on its way out."""

    __slots__ = ("left", "sent", "started")

    def __init__(self, message: Message, sent: Callable[[], None] | None) -> None:
        self.left = memoryview(encode(message))
        self.sent = sent
        self.started = False


class MessageStream:
    """Messages in and out, in order.  Nothing of it is called after it was closed."""

    __slots__ = (
        "_decoder", "_later", "_on_closed", "_on_message", "_queue", "_queued", "_received", "_stream",
        "_writing",
    )  # fmt: skip

    def __init__(
        self,
        stream: "Stream",
        later: Later,
        on_message: Callable[[Message], None],
        on_closed: Callable[[Unavailable], None],
    ) -> None:
        """Take a stream over.

        Shapes: later lets events in; on_message is given each message, and may raise Unavailable if it breaks the
        rules, by which the channel is closed; on_closed is called when the other end has closed it, or broken it.
        """
        self._stream: Stream | None = stream
        self._on_message = on_message
        self._on_closed = on_closed
        self._later = later
        self._decoder = Decoder()
        self._received: deque[Message] = deque()
        self._queue: deque[Outgoing] = deque()
        self._queued = 0
        self._writing = False
        stream.when_readable(self._later(self._readable))

    def send(self, message: Message, sent: Callable[[], None] | None = None) -> Outgoing:
        """Send a message after those before it; `sent` is called when the kernel has all of it."""
        outgoing = Outgoing(message, sent)
        self._queue.append(outgoing)
        self._queued += len(outgoing.left)
        if self._queued > MOST_QUEUED:
            # At once, and not as an event: a program that replies for ever would let no event in.
            self._hang_up(Unavailable("go on talking", "the other end does not read"))
        elif not self._writing:
            self._write()
        return outgoing

    def take_back(self, outgoing: Outgoing) -> bool:
        """Do not send a message after all; say whether none of it was sent yet."""
        outgoing.sent = None
        if outgoing.started or outgoing not in self._queue:
            return False
        self._queue.remove(outgoing)
        self._queued -= len(outgoing.left)
        return True

    def _write(self) -> None:
        self._writing = False
        while self._queue and self._stream is not None:
            outgoing = self._queue[0]
            try:
                count = self._stream.send(outgoing.left)
            except Unavailable as error:
                self._hang_up_later(error)
                self._writing = True
                return
            if not count:
                self._writing = True
                self._stream.when_writable(self._later(self._write))
                return
            outgoing.started = True
            outgoing.left = outgoing.left[count:]
            self._queued -= count
            if not outgoing.left:
                self._queue.popleft()
                sent, outgoing.sent = outgoing.sent, None
                if sent is not None:
                    sent()

    def _readable(self) -> None:
        """Read once, and let others have their turn before reading again."""
        stream = self._stream
        if stream is None:
            return
        try:
            octets = stream.receive(READ)
        except Unavailable as error:
            self._hang_up(error)
            return
        if octets == b"":
            self._hang_up(Unavailable("go on talking", "the other end has closed the connection"))
            return
        self._received.extend(self._decoder.feed(octets or b""))
        self._go_on()

    def _go_on(self) -> None:
        """Let the next message be acted on; what follows from it comes before the one after it."""
        stream = self._stream
        if stream is None:
            return
        if self._received:
            try:
                self._on_message(self._received.popleft())
            except Unavailable as error:
                self._hang_up(error)
            else:
                self._later(self._go_on)()
        elif self._decoder.broken:
            self._hang_up(wrong(self._decoder.broken))
        else:
            stream.when_readable(self._later(self._readable))

    def _hang_up_later(self, reason: Unavailable) -> None:
        self._later(lambda: self._hang_up(reason))()

    def _hang_up(self, reason: Unavailable) -> None:
        if self._stream is not None:
            on_closed = self._on_closed
            self.close()
            on_closed(reason)

    def close(self) -> None:
        """Close the stream; what is not sent yet is lost."""
        stream = self._stream
        self._stream = None
        for outgoing in self._queue:
            outgoing.sent = None
        self._queue.clear()
        # No circle with whoever has it is left.
        self._later, self._on_message, self._on_closed = never, unheard, unheard
        if stream is not None:
            stream.close()
