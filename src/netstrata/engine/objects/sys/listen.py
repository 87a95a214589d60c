"""Listening: sys.listen, which makes a process for each connection."""

from netstrata.contract.shapes.common import ANY, LIST, TRUTH
from netstrata.contract.shapes.files import READ_OPTIONS, READ_SIZE
from netstrata.contract.shapes.streams import StreamAddress, read_stream_address, write_peer
from netstrata.contract.shapes.templates import TEMPLATE
from netstrata.engine.byte_channel import ByteChannel
from netstrata.engine.external_object import ExternalObject
from netstrata.engine.machine import engine_of
from netstrata.engine.objects.sys.socket import HasSocket, Socket
from netstrata.engine.process import UP, Owner, Process, Statement, Waiting
from netstrata.engine.referent import Referent
from netstrata.engine.structure import gives, maybe, outside_object, takes
from netstrata.engine.structures.processes.call import ScopeOf
from netstrata.ports.streams import Closable, Stream
from netstrata.values import Refused, Unavailable, Value, boolean


class AcceptedClient(Owner):
    """One connection and the process that serves it."""

    __slots__ = ("listen", "peer", "process", "socket")

    def __init__(self, listen: "Listen", peer: StreamAddress) -> None:
        self.listen = listen
        self.peer = peer
        self.socket = Socket(listen.read_size)
        self.process: Process | None = None

    def creator(self) -> Statement:
        """Return the statement that listens."""
        return self.listen

    def special(self, name: str) -> Referent | None:
        """Give `_socket` and `_caller`."""
        if name == "_socket":
            return ClientEnd(self)
        return ScopeOf(self.listen) if name == "_caller" else None

    def broke(self, error: Unavailable) -> None:
        """Undo the process: the connection is broken."""
        self.listen.note(str(error))
        self.end()

    def end(self) -> None:
        """Close the connection and undo the process."""
        self.socket.close()
        if self.process is not None:
            self.process.terminate()

    def child_down(self, process: Process) -> None:
        """Let the process go on."""
        process.go_on()

    def child_gone(self, process: Process) -> None:
        """Be gone."""
        self.process = None
        self.listen.client_gone(self)


class ClientEnd(HasSocket):
    """`_socket`."""

    __slots__ = ("client",)

    def __init__(self, client: AcceptedClient) -> None:
        super().__init__(client.socket)
        self.client = client

    def variable(self, name: str) -> Value | None:
        """Return `client_addr`: who connected."""
        return write_peer(self.client.peer) if name == "client_addr" else None


class Listen(ExternalObject):
    """Listens, and is up in any case."""

    __slots__ = ("arguments", "clients", "listener", "read_size", "template")

    def begin(self, values: list[Value]) -> None:
        """Listen, and be up."""
        target, self.template, self.arguments, self.read_size = self.declaration.bind(values)
        self.clients: dict[AcceptedClient, None] = {}
        self.listener: Closable | None = None
        address = read_stream_address(target)
        try:
            if address is None:
                raise Unavailable("listen", "this is no socket address")
            self.listener = self.ports.streams.listen(address, self._connected)
        except Unavailable as error:
            self.note(str(error))
        self.up()

    def _connected(self, stream: Stream, peer: StreamAddress) -> None:
        self.later(lambda: self._accept(stream, peer))()

    def _accept(self, stream: Stream, peer: StreamAddress) -> None:
        if self.state != UP:
            stream.close()
            return
        client = AcceptedClient(self, peer)
        try:
            client.process = engine_of(self.process).create(self.template, client, self.arguments)
        except Refused as error:
            self.note(f"dropping a connection: {error}")
            stream.close()
            return
        client.socket.flow = ByteChannel(stream, self.later, client.broke, client.end)
        self.clients[client] = None

    def variable(self, name: str) -> Value | None:
        """Return `is_error`: whether it does not listen."""
        return boolean(self.listener is None) if name == "is_error" else None

    def processes(self) -> list[Process]:
        """Return the processes that serve connections."""
        return [client.process for client in self.clients if client.process is not None]

    def waits_for(self) -> Waiting | None:
        """Say which connections' processes are still there."""
        return Waiting("waits for the processes that served connections", self.processes())

    def client_gone(self, client: AcceptedClient) -> None:
        """Forget a client; be dead if it was the last that was waited for."""
        del self.clients[client]
        if self.state != UP and not self.clients:
            self.dead()

    def die(self) -> None:
        """Listen no more, close all connections, undo all processes."""
        if self.listener is not None:
            self.listener.close()
            self.listener = None
        for client in list(self.clients):
            client.end()
        if not self.clients:
            self.dead()


outside_object(
    "sys.listen",
    Listen,
    takes(("address", ANY), ("template", TEMPLATE), ("arguments", LIST)) + maybe("options", READ_OPTIONS, READ_SIZE),
    """Listen on a socket, and make a process from a template for each connection; up also if it cannot listen.

    Inside, `_socket` is the connection, `_socket.client_addr` who connected, `_arg0` … are the arguments, and `_caller`
    is what can be seen here.  Closing the connection ends its process.

    Example:
        process main {
            sys.listen({"unix", "greeter.socket"}, "greet", {"hello"}) server;
            sys.connect({"unix", "greeter.socket"}) client;
            client->read() greeting;
            println(greeting);  # hello
            exit("0");
        }
        template greet { _socket->write(_arg0); _socket->close(); }

    Source: NCD, sys.listen.
    """,
    gives(is_error=TRUTH),
)
