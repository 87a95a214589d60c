"""Connections: sys.connect, and read, write and close of every socket."""

from typing import cast

from netstrata.contract.shapes import ANY, TEXT, TRUTH
from netstrata.contract.shapes_files import READ_OPTIONS, READ_SIZE
from netstrata.contract.shapes_streams import read_stream_address
from netstrata.engine.byte_channel import Flow, Read, Write, nothing
from netstrata.engine.environment import Waiting
from netstrata.engine.external_object import ExternalObject
from netstrata.engine.referent import Referent
from netstrata.engine.statement import DOWN, UP
from netstrata.engine.structure import gives, maybe, outside_object, takes
from netstrata.ports.streams import Attempt, Stream
from netstrata.values import Refused, Unavailable, Value, boolean

SOCKET = "sys.socket"


class Socket:
    """What the methods of sockets work on: one connection, or none."""

    __slots__ = ("flow", "read_size")

    def __init__(self, read_size: int) -> None:
        self.flow: Flow | None = None
        self.read_size = read_size

    def flow_of(self) -> Flow:
        """Return the flow.

        Raises: Refused if the socket was never connected.
        """
        if self.flow is None:
            raise Refused("the socket is not connected")
        return self.flow

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.flow is not None:
            self.flow.close()


class Connect(ExternalObject):
    """A connection that we began; up when it stands, and also when it cannot."""

    __slots__ = ("attempt", "is_error", "socket")

    def begin(self, values: list[Value]) -> None:
        """Connect, now or later."""
        target, read_size = self.declaration.bind(values)
        self.socket = Socket(read_size)
        self.attempt: Attempt | None = None
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
        self.socket.flow = Flow(stream, self.later, self._broke, nothing)
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


class HasSocket(Referent):
    """Another thing that stands for a socket: `_socket`."""

    __slots__ = ("socket",)

    def __init__(self, socket: Socket) -> None:
        self.socket = socket

    def type(self) -> str:
        """Return the type that sockets have."""
        return SOCKET


def _socket_of(target: Referent | None) -> Socket:
    return cast("Connect | HasSocket", target).socket


class SocketRead(Read):
    """Reads."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Read what comes next."""
        socket = _socket_of(self.target)
        self.start(socket.flow_of(), socket.read_size)


class SocketWrite(Write):
    """Writes."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Write all of it."""
        (data,) = self.declaration.bind(values)
        self.start(_socket_of(self.target).flow_of(), data)


class SocketClose(ExternalObject):
    """Closes."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up, then close; a process that serves the connection ends by that."""
        flow = _socket_of(self.target).flow_of()
        flow.open()
        self.up()
        flow.cut()


_EXAMPLE = """
    Example:
        process main {
            sys.listen({"unix", "echo.socket"}, "echo", {}) server;
            sys.connect({"unix", "echo.socket"}) client;
            client->write("hello");
            client->read() answer;
            println(answer);  # hello
            exit("0");
        }
        template echo { _socket->read() data; _socket->write(data); }

    Source: NCD, sys.connect, sys.socket.
    """
outside_object(
    "sys.connect",
    Connect,
    takes(("address", ANY)) + maybe("options", READ_OPTIONS, READ_SIZE),
    """Connect to a socket, or open a device; up also if that fails, and then `is_error` is true.

    The address is `{"tcp", {"ipv4", ADDRESS, PORT}}`, the same with ipv6, `{"unix", PATH}` or `{"device", PATH}`.
    If the connection breaks, the statement goes down and up again with `is_error` true.
    """
    + _EXAMPLE,
    gives(is_error=TRUTH),
    SOCKET,
)
outside_object(
    "sys.socket::read",
    SocketRead,
    (),
    """Wait for bytes, at most `read_size`; when the other end sends no more there are none, and `eof` is true.

    If this is undone while it waits, the connection is closed.
    """
    + _EXAMPLE,
    gives(value_=TEXT, eof=TRUTH, not_eof=TRUTH),
)
outside_object(
    "sys.socket::write",
    SocketWrite,
    takes(("data", TEXT)),
    "Write all of it, and be up when the kernel has it; if this is undone while it waits, the connection is closed.\n"
    + _EXAMPLE,
)
outside_object(
    "sys.socket::close",
    SocketClose,
    (),
    "Close the connection; the process that serves it ends.\n"
    + _EXAMPLE.replace("println(answer)", "client->close();\n            println(answer)"),
)
