"""The server of the request protocol: sys.request_server, and reply and finish of a request."""

from typing import cast

from netstrata.contract.shapes.common import ANY, LIST
from netstrata.contract.shapes.streams import SERVER_ADDRESS, StreamAddress, write_peer
from netstrata.contract.shapes.templates import TEMPLATE
from netstrata.engine.external_object import ExternalObject
from netstrata.engine.machine import engine_of
from netstrata.engine.message_stream import MessageStream, text_of, value_of, wrong
from netstrata.engine.process import UP, Owner, Process, Statement, Waiting
from netstrata.engine.referent import Referent
from netstrata.engine.structure import outside_object, takes
from netstrata.engine.structures.processes.call import ScopeOf
from netstrata.ports.streams import Closable, Stream
from netstrata.protocols.requests import ABORT, ERROR, FINISHED, REPLY, REQUEST, Message
from netstrata.values import Refused, Unavailable, Value

HANDLED = "sys.request_server.request"


class RequestServer(ExternalObject):
    """Listens for requests, and makes a process for each."""

    __slots__ = ("arguments", "connections", "listener", "template")

    def begin(self, values: list[Value]) -> None:
        """Listen, and be up."""
        address, self.template, self.arguments = self.declaration.bind(values)
        self.connections: dict[ServerConnection, None] = {}
        self.listener: Closable | None = self.ports.streams.listen(address, self._connected)
        self.up()

    def _connected(self, stream: Stream, peer: StreamAddress) -> None:
        self.later(lambda: self._accept(stream, peer))()

    def _accept(self, stream: Stream, peer: StreamAddress) -> None:
        if self.state != UP:
            stream.close()
            return
        self.connections[ServerConnection(self, stream, peer)] = None

    def processes(self) -> list[Process]:
        """Return the processes that answer requests."""
        requests = [request for connection in self.connections for request in connection.requests]
        return [request.process for request in requests if request.process is not None]

    def waits_for(self) -> Waiting | None:
        """Say which requests' processes are still there."""
        return Waiting("waits for the processes that answered requests", self.processes())

    def gone(self, connection: "ServerConnection") -> None:
        """Forget a connection; be dead if it was the last that was waited for."""
        del self.connections[connection]
        if self.state != UP and not self.connections:
            self.dead()

    def die(self) -> None:
        """Listen no more, close all connections, undo all processes."""
        if self.listener is not None:
            self.listener.close()
            self.listener = None
        if not self.connections:
            self.dead()
        for connection in list(self.connections):
            connection.end()


class ServerConnection:
    """One client, and its requests that are not over."""

    __slots__ = ("_ended", "channel", "peer", "requests", "running", "server")

    def __init__(self, server: RequestServer, stream: Stream, peer: StreamAddress) -> None:
        self.server = server
        self.peer = peer
        self.requests: dict[Handled, None] = {}
        self.running: dict[int, Handled] = {}  # those that are not ending, by number
        self._ended = False
        self.channel = MessageStream(stream, server.later, self._on_message, self._on_closed)

    def _on_message(self, message: Message) -> None:
        """Begin or abort a request."""
        if message.kind == REQUEST:
            self._begin(message)
        elif message.kind == ABORT:
            if message.request in self.running:
                self.running[message.request].end()
        else:
            raise wrong(f"a message of kind {message.kind}")

    def _begin(self, message: Message) -> None:
        if message.request in self.running:
            raise wrong(f"request {message.request} again, which is not over yet")
        request = Handled(self, message.request, value_of(message))
        server = self.server
        try:
            request.process = engine_of(server.process).create(server.template, request, server.arguments)
        except Refused as error:
            raise Unavailable("answer requests", error.message) from None
        self.requests[request] = None
        self.running[request.number] = request

    def over(self, request: "Handled") -> None:
        """Tell the client that a request is over, if it is still there."""
        del self.requests[request]
        if not self._ended:
            self.channel.send(Message(FINISHED if request.finished else ERROR, request.number))
        elif not self.requests:
            self.server.gone(self)

    def _on_closed(self, reason: Unavailable) -> None:
        """Undo what the client asked for."""
        self.server.note(str(reason))
        self.end()

    def end(self) -> None:
        """Close the connection, and undo the processes of its requests."""
        if self._ended:
            return
        self._ended = True
        self.channel.close()
        if not self.requests:
            self.server.gone(self)
        for request in self.requests:
            request.end()


class Handled(Owner):
    """One request and the process that answers it."""

    __slots__ = ("connection", "data", "ending", "finished", "number", "process")

    def __init__(self, connection: ServerConnection, number: int, data: Value) -> None:
        self.connection = connection
        self.number = number
        self.data = data
        self.ending = False
        self.finished = False
        self.process: Process | None = None

    def creator(self) -> Statement:
        """Return the statement that listens."""
        return self.connection.server

    def special(self, name: str) -> Referent | None:
        """Give `_request` and `_caller`."""
        if name == "_request":
            return RequestEnd(self)
        return ScopeOf(self.connection.server) if name == "_caller" else None

    def end(self) -> None:
        """Undo the process; the client is told when that is done."""
        if not self.ending and self.process is not None:
            self.ending = True
            del self.connection.running[self.number]
            self.process.terminate()

    def child_down(self, process: Process) -> None:
        """Let the process go on."""
        process.go_on()

    def child_gone(self, process: Process) -> None:
        """Be over."""
        self.process = None
        self.connection.over(self)


class RequestEnd(Referent):
    """`_request`."""

    __slots__ = ("request",)

    def __init__(self, request: Handled) -> None:
        self.request = request

    def type(self) -> str:
        """Return the type of requests."""
        return HANDLED

    def variable(self, name: str) -> Value | None:
        """Return `data`, what is asked, or `client_addr`, who asks."""
        if name == "data":
            return self.request.data
        return write_peer(self.request.connection.peer) if name == "client_addr" else None


def _request_of(target: Referent | None) -> Handled:
    request = cast(RequestEnd, target).request
    if request.ending:
        raise Refused("the request is ending: it is finished, was aborted, or the client is gone")
    return request


class Reply(ExternalObject):
    """Sends a reply."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Queue the reply, and be up."""
        request = _request_of(self.target)
        request.connection.channel.send(Message(REPLY, request.number, text_of(values[0])))
        self.up()


class Finish(ExternalObject):
    """Ends a request."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up, and undo the process."""
        request = _request_of(self.target)
        request.finished = True
        self.up()
        request.end()


EXAMPLE = """
    Example:
        process main {
            sys.request_server({"unix", "adder.socket"}, "add", {}) server;
            sys.request_client({"unix", "adder.socket"}) client;
            client->request({"1", "2"}, "sum", "done", {}) request;
        }
        template add {
            value(_request.data) numbers;
            numbers->get("0") a;
            numbers->get("1") b;
            _request->reply(@num_add(a, b));
            _request->finish();
        }
        template sum { println("the sum is ", _reply.data); }  # the sum is 3
        template done { exit("0"); }

    Source: NCD, sys.request_server, sys.request_client.
    """
outside_object(
    "sys.request_server",
    RequestServer,
    takes(("address", SERVER_ADDRESS), ("template", TEMPLATE), ("arguments", LIST)),
    """Listen for requests, and make a process from a template for each.

    Inside, `_request` is the request, `_request.data` what is asked, `_request.client_addr` who asks, `_arg0` … are
    the arguments, and `_caller` is what can be seen here.  The process lives until it calls finish, or the client goes.
    """
    + EXAMPLE,
)
outside_object(
    f"{HANDLED}::reply", Reply, takes(("value", ANY)), "Send a reply; there may be any number of them.\n" + EXAMPLE
)
outside_object(
    f"{HANDLED}::finish",
    Finish,
    (),
    "End the request: undo the process that answers it, then tell the client.\n" + EXAMPLE,
)
