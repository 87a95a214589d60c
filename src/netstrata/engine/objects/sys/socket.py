"""Sockets: read, write and close of every one, whoever opened it."""

from typing import Final, cast

from netstrata.contract.shapes.common import TEXT, TRUTH
from netstrata.engine.byte_channel import ByteChannel, Read, Write
from netstrata.engine.external_object import ExternalObject
from netstrata.engine.referent import Referent
from netstrata.engine.structure import gives, outside_object, takes
from netstrata.values import Refused, Value

SOCKET: Final = "sys.socket"


class Socket:
    """What the methods of sockets work on: one connection, or none."""

    __slots__ = ("flow", "read_size")

    def __init__(self, read_size: int) -> None:
        self.flow: ByteChannel | None = None
        self.read_size = read_size

    def flow_of(self) -> ByteChannel:
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


class Connection(ExternalObject):
    """A statement that is a socket."""

    __slots__ = ("socket",)
    socket: Socket


class HasSocket(Referent):
    """Another thing that stands for a socket: `_socket`."""

    __slots__ = ("socket",)

    def __init__(self, socket: Socket) -> None:
        self.socket = socket

    def type(self) -> str:
        """Return the type that sockets have."""
        return SOCKET


def _socket_of(target: Referent | None) -> Socket:
    return cast("Connection | HasSocket", target).socket


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


EXAMPLE = """
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
    f"{SOCKET}::read",
    SocketRead,
    (),
    """Wait for bytes, at most `read_size`; when the other end sends no more there are none, and `eof` is true.

    If this is undone while it waits, the connection is closed.
    """
    + EXAMPLE,
    gives(value_=TEXT, eof=TRUTH, not_eof=TRUTH),
)
outside_object(
    f"{SOCKET}::write",
    SocketWrite,
    takes(("data", TEXT)),
    "Write all of it, and be up when the kernel has it; if this is undone while it waits, the connection is closed.\n"
    + EXAMPLE,
)
outside_object(
    f"{SOCKET}::close",
    SocketClose,
    (),
    "Close the connection; the process that serves it ends.\n"
    + EXAMPLE.replace("println(answer)", "client->close();\n            println(answer)"),
)
