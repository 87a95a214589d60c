"""The client of the request protocol: sys.request_client, and its request."""

from collections import deque
from typing import cast

from netstrata.contract.shapes.common import ANY, LIST
from netstrata.contract.shapes.streams import SERVER_ADDRESS
from netstrata.contract.shapes.templates import TEMPLATE
from netstrata.engine.external_object import ExternalObject
from netstrata.engine.machine import engine_of
from netstrata.engine.message_stream import MessageStream, Outgoing, text_of, value_of, wrong
from netstrata.engine.objects.sys.request_server import EXAMPLE
from netstrata.engine.process import DOWN, DYING, NONE, UP, Process, Waiting
from netstrata.engine.referent import Referent
from netstrata.engine.structure import outside_object, takes
from netstrata.engine.structures.processes.call import ScopeOf
from netstrata.ports.streams import ConnectAttempt, Stream
from netstrata.protocols.requests import ABORT, ERROR, FINISHED, REPLY, REQUEST, Message
from netstrata.values import Refused, Unavailable, Value

NUMBERS = 2**32


class RequestClient(ExternalObject):
    """A connection to a server; up while it stands."""

    __slots__ = ("attempt", "channel", "cursor", "requests")

    def begin(self, values: list[Value]) -> None:
        """Connect, now or later."""
        (address,) = self.declaration.bind(values)
        self.channel: MessageStream | None = None
        self.requests: dict[int, Request | None] = {}  # by number; None is one that nobody waits for any more
        self.cursor = 0
        self.attempt: ConnectAttempt | None = None
        self.attempt = attempt = self.ports.streams.connect(address, self._answered)
        if attempt.stream is not None:
            self._connected(attempt.stream)

    def _answered(self, answer: Stream | Unavailable) -> None:
        self.later(lambda: self._take(answer))()

    def _take(self, answer: Stream | Unavailable) -> None:
        if self.state != DOWN:
            if not isinstance(answer, Unavailable):
                answer.close()
        elif isinstance(answer, Unavailable):
            self.attempt = None
            self.failed(answer)
        else:
            self._connected(answer)

    def _connected(self, stream: Stream) -> None:
        self.attempt = None
        self.channel = MessageStream(stream, self.later, self._on_message, self._on_closed)
        self.up()

    def _on_message(self, message: Message) -> None:
        """Pass a message on to its request; what comes for one that is aborted is ignored."""
        if message.request not in self.requests:
            raise wrong(f"a message about request {message.request}, which there is not")
        request = self.requests[message.request]
        if message.kind == REPLY:
            value = value_of(message)
            if request is not None:
                request.replied(value)
        elif message.kind not in (FINISHED, ERROR):
            raise wrong(f"a message of kind {message.kind}")
        elif message.text:
            raise wrong("a text at the end of a request")
        elif request is not None and not request.sent:
            raise wrong("the end of a request that it cannot know yet")
        else:
            del self.requests[message.request]
            if request is not None:
                request.over(message.kind == FINISHED)

    def _on_closed(self, reason: Unavailable) -> None:
        """Fail: it is begun again after the retry time."""
        self._let_go()
        self.failed(reason)

    def waits_for(self) -> Waiting | None:
        """Say that the server has not answered."""
        return Waiting("the server has not answered yet")

    def add(self, request: "Request", text: bytes) -> Outgoing:
        """Send a request under a number that is free.

        Raises: Refused if there is no connection, or no number.
        """
        if self.channel is None:
            raise Refused("the client is not connected")
        if len(self.requests) >= NUMBERS:
            raise Refused("every number is taken by a request that is not over")
        while self.cursor in self.requests:
            self.cursor = (self.cursor + 1) % NUMBERS
        request.number = self.cursor
        self.requests[request.number] = request
        return self.channel.send(Message(REQUEST, request.number, text), request.was_sent)

    def abort(self, request: "Request", outgoing: Outgoing) -> None:
        """Ask the server to stop, if it has heard of the request."""
        if self.channel is None:
            return
        if self.channel.take_back(outgoing):
            del self.requests[request.number]
        else:
            self.requests[request.number] = None
            self.channel.send(Message(ABORT, request.number))

    def _let_go(self) -> None:
        if self.channel is not None:
            self.channel.close()
            self.channel = None
        for request in self.requests.values():
            if request is not None:
                request.client = None
        self.requests.clear()

    def die(self) -> None:
        """Close the connection, or give up."""
        if self.attempt is not None:
            self.attempt.close()
            self.attempt = None
        self._let_go()
        self.dead()


class Request(ExternalObject):
    """One request; up when it is sent.  Replies are dealt with one at a time, each by a process."""

    __slots__ = (
        "arguments", "child", "client", "ended", "error", "finished_template", "number", "outgoing", "reply",
        "reply_template", "sent", "waiting",
    )  # fmt: skip

    def begin(self, values: list[Value]) -> None:
        """Send the request."""
        data, self.reply_template, self.finished_template, self.arguments = self.declaration.bind(values)
        self.client: RequestClient | None = None
        self.number = -1
        self.sent = False
        self.ended = False  # the server has said so
        self.error: Unavailable | None = None
        self.child: Process | None = None
        self.reply: Value | None = None  # that the process deals with; None is the end of all
        self.waiting: deque[Value | None] = deque()
        client = cast(RequestClient, self.target)
        self.outgoing: Outgoing = client.add(self, text_of(data))
        self.client = client
        if self.sent:
            self.up()

    def was_sent(self) -> None:
        """Be up, if it has begun."""
        self.sent = True
        if self.client is not None and self.state == DOWN:
            self.up()

    def replied(self, value: Value) -> None:
        """Deal with a reply, now or after those before it."""
        self.waiting.append(value)
        self._go_on()

    def over(self, finished: bool) -> None:
        """Know that the server is done."""
        self.ended = True
        self.client = None
        if finished:
            self.waiting.append(None)
        else:
            self._break(Unavailable("have an answer", "the server ended the request without finishing it"))
        self._go_on()

    def _break(self, error: Unavailable) -> None:
        self.error = self.error or error
        self.waiting.clear()

    def _go_on(self) -> None:
        """Begin to deal with what waits, or fail, unless a process is at work."""
        if self.child is not None or self.state not in (DOWN, UP):
            return
        if self.error is None and self.waiting:
            self.reply = self.waiting.popleft()
            template = self.finished_template if self.reply is None else self.reply_template
            try:
                self.child = engine_of(self.process).create(template, self, self.arguments)
            except Refused as error:
                self._break(Unavailable("deal with an answer", error.message))
        if self.error is not None:
            self._abort()
            self.failed(self.error)

    def _abort(self) -> None:
        client = self.client
        self.client = None
        if client is not None and not self.ended:
            client.abort(self, self.outgoing)

    def special(self, name: str) -> Referent | None:
        """Give `_reply`, if there is one, and `_caller`."""
        if name == "_reply" and self.reply is not None:
            return ReplyEnd(self.reply)
        return ScopeOf(self) if name == "_caller" else None

    def processes(self) -> list[Process]:
        """Return the process that deals with an answer."""
        return [self.child] if self.child is not None else []

    def waits_for(self) -> Waiting | None:
        """Say that the request could not be sent yet, or what an answer is waited for."""
        if self.state == DOWN:
            return Waiting("the server does not take the request" if self.client is not None else "the client is gone")
        return Waiting("waits for what deals with an answer", self.processes())

    def child_up(self, process: Process) -> None:
        """Undo the process: the reply is dealt with."""
        process.terminate()

    def child_down(self, process: Process) -> None:
        """Let the process go on."""
        process.go_on()

    def child_gone(self, process: Process) -> None:
        """Go on with the next."""
        self.child = None
        if self.state == DYING:
            self.dead()
        elif self.state != NONE:
            self._go_on()

    def die(self) -> None:
        """Abort the request, and undo the process that is at work."""
        self._abort()
        if self.child is not None:
            self.child.terminate()
        else:
            self.dead()


class ReplyEnd(Referent):
    """`_reply`."""

    __slots__ = ("data",)

    def __init__(self, data: Value) -> None:
        self.data = data

    def variable(self, name: str) -> Value | None:
        """Return `data`, what was replied."""
        return self.data if name == "data" else None


outside_object(
    "sys.request_client",
    RequestClient,
    takes(("address", SERVER_ADDRESS)),
    """Connect to a server of requests; up while the connection stands, tried again after the retry time.
"""
    + EXAMPLE,
)
outside_object(
    "sys.request_client::request",
    Request,
    takes(("data", ANY), ("reply", TEMPLATE), ("finished", TEMPLATE), ("arguments", LIST)),
    """Send a request, and be up when it is sent.

    Each reply makes a process from a template, in which `_reply.data` is the reply; it is undone as soon as it is up,
    and the next reply waits for that.  Then the second template is for the end.  `_caller` is what can be seen here.
    """
    + EXAMPLE,
)
