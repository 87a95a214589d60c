"""Connecting: sys.connect, which is a socket."""

from netstrata.contract.shapes.common import ANY, TRUTH
from netstrata.contract.shapes.files import READ_OPTIONS, READ_SIZE
from netstrata.contract.shapes.streams import read_stream_address
from netstrata.engine.byte_channel import ByteChannel, nothing
from netstrata.engine.objects.sys.socket import EXAMPLE, SOCKET, Connection, Socket
from netstrata.engine.process import DOWN, UP, Waiting
from netstrata.engine.structure import gives, maybe, outside_object, takes
from netstrata.ports.streams import ConnectAttempt, Stream
from netstrata.values import Unavailable, Value, boolean


class Connect(Connection):
    """A connection that we began; up when it stands, and also when it cannot."""

    __slots__ = ("attempt", "is_error")

    def begin(self, values: list[Value]) -> None:
        """Connect, now or later."""
        target, read_size = self.declaration.bind(values)
        self.socket = Socket(read_size)
        self.attempt: ConnectAttempt | None = None
        self.is_error = False
        address = read_stream_address(target)
        if address is None:
            self._refused(Unavailable("connect", "this is no socket address"))
            return
        try:
            self.attempt = attempt = self.ports.streams.connect(address, self._answered)
        except Unavailable as error:
            self._refused(error)
            return
        if attempt.stream is not None:
            self._connected(attempt.stream)

    def _answered(self, answer: Stream | Unavailable) -> None:
        self.later(lambda: self._take(answer))()

    def _take(self, answer: Stream | Unavailable) -> None:
        if self.state != DOWN:
            if not isinstance(answer, Unavailable):
                answer.close()
        elif isinstance(answer, Unavailable):
            self._refused(answer)
        else:
            self._connected(answer)

    def _connected(self, stream: Stream) -> None:
        self.attempt = None
        self.socket.flow = ByteChannel(stream, self.later, self._broke, nothing)
        self.up()

    def _refused(self, error: Unavailable) -> None:
        self.attempt = None
        self.is_error = True
        self.note(str(error))
        self.up()

    def _broke(self, error: Unavailable) -> None:
        """Be down for an instant, for the program to see that the connection is broken."""
        self.note(str(error))
        self.is_error = True
        if self.state == UP:
            self.down_up()

    def waits_for(self) -> Waiting | None:
        """Say that the other end has not answered."""
        return Waiting("the other end has not answered yet")

    def variable(self, name: str) -> Value | None:
        """Return `is_error`: whether the connection could not be made, or broke."""
        return boolean(self.is_error) if name == "is_error" else None

    def die(self) -> None:
        """Close the connection, or give up."""
        if self.attempt is not None:
            self.attempt.close()
            self.attempt = None
        self.socket.close()
        self.dead()


outside_object(
    "sys.connect",
    Connect,
    takes(("address", ANY)) + maybe("options", READ_OPTIONS, READ_SIZE),
    """Connect to a socket, or open a device; up also if that fails, and then `is_error` is true.

    The address is `{"tcp", {"ipv4", ADDRESS, PORT}}`, the same with ipv6, `{"unix", PATH}` or `{"device", PATH}`.
    If the connection breaks, the statement goes down and up again with `is_error` true.
    """
    + EXAMPLE,
    gives(is_error=TRUTH),
    SOCKET,
)
