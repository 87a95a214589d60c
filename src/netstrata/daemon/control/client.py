"""One client of the control socket: its calls, each answered in slices, and the events it watches.

It is heard only while nothing is left to be told to it, so that what it makes the daemon keep is bounded:

    heard -> a call -> its answer, slice by slice -> told -> heard
"""

import asyncio
import socket
from collections.abc import Iterator
from time import monotonic
from typing import Any, Final, Protocol

from netstrata.control import varlink
from netstrata.control.answers import Awaited, text_of
from netstrata.control.interface import NAME, SERVICE
from netstrata.control.verbs import OPERATE, Failure, Peer, Verb, answer_service, find_verb, perform, verbs
from netstrata.daemon.control.limits import Limits
from netstrata.daemon.control.served import Served, Timeline
from netstrata.daemon.control.texts import EventTexts
from netstrata.daemon.events.event import Filter
from netstrata.daemon.pyramid.questions import check_log
from netstrata.daemon.pyramid.visible import path_for
from netstrata.daemon.text.redaction import all_redacted
from netstrata.values import no_memory
from netstrata.version import VERSION

UNSENT: Final = 1 << 14  # bytes for a client, beyond which nothing more is made for it
HEARD: Final = 1 << 14  # bytes taken in at once
AT_ONCE: Final = 20  # events in one message: what takes less than a slice
MOST_HANDED_OVER: Final = 1 << 24  # bytes that one has not read yet, and that the next daemon is to tell it
LONGEST_READING: Final = 1 << 16  # bytes of a message of who may only read
UNTOLD: Final = frozenset({"text", "arguments"})  # parameters that are long, and may hold secrets that nobody knows
TIMEOUT_S: Final = 30.0  # until one that does not read what is left for it is cut off


class ControlServer(Protocol):
    """Who has let a client in: what its calls are answered from, and who gives it its turns."""

    slow_s: float  # what a message may take from its first byte to its last
    limits: Limits
    served: Served
    stream: Timeline
    texts: EventTexts

    def ready(self, client: "ControlClient") -> None:
        """Give a client its turn, as it has something to do."""

    def wait_for(self, client: "ControlClient", readable: bool, writable: bool) -> None:
        """Give a client its turn when bytes come from it, or there is room for some."""

    def left(self, client: "ControlClient") -> None:
        """Forget a client, which is about to close."""

    def broke(self, peer: Peer, error: Exception) -> None:
        """Report a bug of ours that a client met."""


class ControlClient:
    """One connection."""

    def __init__(self, server: ControlServer, connection: socket.socket, peer: Peer, right: int) -> None:
        """Take a connection that does not block."""
        self.connection = connection
        self.number = connection.fileno()  # stays known when it is closed
        self.peer = peer
        self.right = right
        self.queued = False  # it has something to do, and its turn will come
        self.watching: Filter | None = None
        self._server = server
        self._frames = varlink.Frames(varlink.LONGEST if right >= OPERATE else LONGEST_READING)
        self._call: varlink.Call | None = None  # the last one
        self._answer: Iterator[str | Awaited | None] | None = None
        self._awaited: Awaited | None = None  # before the answer can go on
        self._answer_begun = False
        self._silent = False  # the answer is not to be told
        self._out = bytearray()
        self._full = False  # the client does not read
        self._readable = True
        self._said_all = False
        self._closing = False
        self._ended = False
        self._told = 0  # the number of the last event that was told
        self._slow: asyncio.TimerHandle | None = None
        self._cut_off: asyncio.TimerHandle | None = None

    def woken(self, readable: bool, is_gone: bool) -> None:
        """Be readable or writable, or gone, as epoll says."""
        self._full = False
        self._readable = self._readable or readable
        if is_gone and self._waits:
            self.end()  # nobody is there to hear the answer

    @property
    def _waits(self) -> bool:
        """Whether the answer waits for something that has not come."""
        return self._awaited is not None and not self._awaited.done()

    def is_behind(self) -> bool:
        """Say whether there are events to send it, which it would read, or that are lost to it."""
        return self.watching is not None and (not self._full or self._server.stream.oldest > self._told + 1)

    def work(self, until: float) -> bool:
        """Go on for a while; say whether there is more to do now."""
        if self.watching is not None and self._server.stream.oldest > self._told + 1:
            self.watching = None
            self.let_go(f"{NAME}.Gap", {"seq": self._told})
        try:
            while not self._ended and self._step():
                if monotonic() >= until:
                    return True
        except varlink.Malformed as error:
            self.refuse(str(error))
            return True
        except MemoryError:
            if self._answer_begun:
                self.end()
            else:
                self.let_go(f"{NAME}.Unavailable", {"text": str(no_memory())})
        except Exception as error:  # a bug of ours: it ends this connection, and nothing else
            self._server.broke(self.peer, error)
            self.end()
        if not self._ended:
            self._rest()
        return False

    def _step(self) -> bool:
        """Do a little; say whether there was anything to do."""
        if len(self._out) >= UNSENT:
            return self._send()
        if self._waits:
            return bool(self._out) and self._send()
        if self._answer is not None:
            self._go_on(self._answer)
            return True
        if not self._closing and (self._begin_call() or self._send_events()):
            return True
        if self._out:
            return self._send()
        if self._closing or self._said_all:
            self.end()
            return False
        return self._readable and self._hear()

    def _rest(self) -> None:
        """Wait for bytes from the client, or until it has read."""
        if self._full:
            self._stop_clock()  # it is us who do not hear it
        self._server.wait_for(self, readable=not (self._full or self._waits), writable=self._full)

    def _hear(self) -> bool:
        try:
            data = self.connection.recv(HEARD, socket.MSG_DONTWAIT)
        except BlockingIOError:
            self._readable = False
            return False
        except OSError:
            data = b""
        self._said_all = not data
        self._frames.add(data)
        return True

    def _send(self) -> bool:
        """Send what fits; say whether anything did."""
        try:
            sent = self.connection.send(self._out, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            self._full = True
            return False
        except OSError:  # it is gone
            self.end()
            return False
        del self._out[:sent]
        return True

    def _begin_call(self) -> bool:
        """Begin to answer the next call, if one is complete."""
        message = self._frames.take()
        if message is None:
            self._time_message()
            return False
        self._stop_clock()
        self._call = call = varlink.read_call(message)
        self._silent = call.oneway
        try:
            if call.method.startswith(f"{SERVICE}."):
                self._answer = text_of({"parameters": answer_service(call, VERSION)}, all_redacted)
            else:
                verb = find_verb(call, self.right)
                if verb.name == "Watch" and call.more:
                    self._watch(call)
                else:
                    self._answer = self._texts(verb, call)
        except Failure as failure:
            self._fail(failure, call)
        return True

    def _texts(self, verb: Verb, call: varlink.Call) -> Iterator[str | Awaited | None]:
        try:
            parameters = yield from perform(self._server.served, verb, call.parameters, self.right, self.peer)
            yield from text_of({"parameters": parameters}, all_redacted)
        except Failure as failure:
            self._fail(failure, call)

    def _go_on(self, answer: Iterator[str | Awaited | None]) -> None:
        self._awaited = None
        try:
            piece = next(answer)
        except StopIteration:
            self._answer = None
            if self._answer_begun:
                self._queue_bytes(b"\0")
            self._answer_begun = False
            return
        if isinstance(piece, str):
            self._answer_begun = self._answer_begun or bool(piece)
            self._queue_bytes(piece.encode())
        elif piece is not None:
            self._awaited = piece
            piece.add_done_callback(lambda _: self._has_come())

    def _has_come(self) -> None:
        """Go on with the answer: what it waited for is there."""
        if not self._ended:
            self._server.ready(self)

    def _fail(self, failure: Failure, call: varlink.Call) -> None:
        if self._answer_begun:
            raise RuntimeError(f"{call.method} failed in the middle of its answer") from failure
        if may_harm(call, failure):
            what = failure.name.rpartition(".")[2]
            given = {name: value for name, value in call.parameters.items() if name not in UNTOLD}
            self._server.limits.refused(self.peer, f"{what}, {call.method.rpartition('.')[2]}{given}")
        self._queue_bytes(varlink.encode_error(failure.name, all_redacted(failure.parameters)))

    def _queue_bytes(self, data: bytes) -> None:
        if not self._silent:
            self._out += data

    def _watch(self, call: varlink.Call) -> None:
        stream = self._server.stream
        wanted = dict(call.parameters)
        check_log(wanted.pop("log", ""), stream)
        self._told = wanted.pop("after", stream.seq) or stream.oldest - 1
        self.watching = Filter(**wanted)

    def _send_events(self) -> bool:
        """Send some events; say whether there were any."""
        if self.watching is None:
            return False
        events = self._server.stream.after(self._told, AT_ONCE)
        if not events:
            return False
        self._told = events[-1].seq
        wanted = [one for one in events if self.watching.takes(one, path_for(one.process, self.right))]
        texts = [text for one in wanted if (text := self._server.texts.text(one, self.right))]
        if texts:
            self._out += f'{{"parameters":{{"events":[{",".join(texts)}]}},"continues":true}}\0'.encode()
        return True

    def _time_message(self) -> None:
        """Give a message that has begun its time."""
        if self._frames.unfinished and self._slow is None and not self._said_all:
            slow_s = self._server.slow_s
            late = f"a message takes longer than {slow_s:g} s"
            self._slow = asyncio.get_running_loop().call_later(slow_s, self.refuse, late)

    def _stop_clock(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def refuse(self, why: str) -> None:
        """Say that the client cannot be understood, and let it go."""
        self._server.limits.refused(self.peer, why)
        self.let_go(f"{SERVICE}.InvalidParameter", {"parameter": why})

    def let_go(self, error: str, parameters: dict[str, Any]) -> None:
        """Send a last thing, and end the connection when it is read, at the latest after a while."""
        self._stop_clock()
        self._closing = True
        self._answer = None
        self._out += varlink.encode_error(error, parameters)
        self._cut_off = asyncio.get_running_loop().call_later(TIMEOUT_S, self.end)
        self._server.ready(self)

    def hand_over(self, until: float) -> dict[str, Any] | None:
        """Finish the answer that has begun, and return what the next daemon needs to go on; None if it cannot.

        A call whose answer waits for something is left for the next daemon to answer.
        """
        try:
            while self._answer is not None and not self._waits:
                if monotonic() > until or len(self._out) > MOST_HANDED_OVER:
                    return None
                self._go_on(self._answer)
        except Exception as error:
            self._server.broke(self.peer, error)
            return None
        waits = self._waits and self._call is not None
        asked = varlink.encode_again(self._call) if waits and self._call is not None else b""
        if self._closing or self._answer_begun or len(self._out) > MOST_HANDED_OVER:
            return None
        return {
            "descriptor": self.number,
            "asked": (asked + self._frames.held).decode("latin-1"),
            "told": self._out.decode("latin-1"),
            "waits": waits,
            "watching": None if self.watching is None else self.watching._asdict(),
            "seq": self._told,
            "log": self._server.stream.id,
        }

    def take_over(self, handed: dict[str, Any]) -> None:
        """Go on where the daemon before us has ended.

        Raises: ValueError, TypeError or KeyError if that makes no sense, or the log of events is another one now.
        """
        self._frames.add(handed["asked"].encode("latin-1"))
        self._out += handed["told"].encode("latin-1")
        if handed["watching"] is not None:
            if handed["log"] != self._server.stream.id:
                raise ValueError("the log of events is another one")
            self._told = int(handed["seq"])
            self.watching = Filter(**{name: str(text) for name, text in handed["watching"].items()})
        while handed["waits"] and self.work(0.0):  # it waits on, before anybody else asks for the same
            pass

    def finish(self) -> None:
        """Send the events that are left, as far as the client reads, and end."""
        while not self._ended and self._send_events():
            if len(self._out) >= UNSENT and not self._send():
                break
        if self._out and not self._ended:
            self._send()
        self.end()

    def end(self) -> None:
        """End the connection."""
        if self._ended:
            return
        self._ended = True
        self._stop_clock()
        if self._cut_off is not None:
            self._cut_off.cancel()
        self.watching = None
        self._answer = None
        self._server.left(self)
        self.connection.close()


def may_harm(call: varlink.Call, failure: Failure) -> bool:
    """Say whether a refused call is worth reporting: one that is no such call, or that would have changed something."""
    verb = verbs().get(call.method.rpartition(".")[2])
    if verb is None or not failure.name.startswith(f"{NAME}."):
        return True
    is_plan = call.parameters.get("plan") is True and not failure.name.endswith(".PermissionDenied")
    return verb.right >= OPERATE and not is_plan
