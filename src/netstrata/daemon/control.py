"""The control socket: clients of a running daemon.

A client that watches and does not read is told of the gap and let go; nobody ever waits for it.
"""

import asyncio
import contextlib
import os
import socket
import stat
import struct
from collections import deque
from typing import Any, Final, Protocol

from netstrata.control import varlink
from netstrata.control.interface import NAME, SERVICE
from netstrata.control.verbs import READ, STEER, VERBS, Failure, Peer, Verb, answer_service, find_verb, wish_of
from netstrata.daemon.events import Event, Filter
from netstrata.daemon.guarding import Guard, Tell
from netstrata.daemon.masking import all_masked
from netstrata.daemon.steering import told_to
from netstrata.daemon.stream import Listener
from netstrata.values import Unavailable
from netstrata.version import VERSION

SO_PEERGROUPS: Final = 59
GROUP: Final = "netdev"
UNREAD: Final = 1 << 18  # bytes that may wait in our buffers for a client to read them
AT_ONCE: Final = 200  # events in one message
SLOW_S: Final = 10.0  # that a message may take
LONGEST_READING: Final = 1 << 16  # bytes of a message of who may only read
PATIENCE_S: Final = 30.0  # until one that does not read what is left for it is cut off


def _drop(text: str, uid: int, pid: int) -> None:
    """Tell nobody."""


class Timeline(Protocol):
    """Events in memory, and those to come."""

    @property
    def seq(self) -> int:
        """The number of the last event."""

    @property
    def oldest(self) -> int:
        """The number of the oldest event in memory, or that of the first to come."""

    def after(self, seq: int, most: int) -> list[Event]:
        """Return the oldest events in memory that are younger than a number, at most so many."""

    def listen(self, listener: Listener) -> None:
        """Tell somebody of every event from now on."""

    def leave(self, listener: Listener) -> None:
        """Tell somebody no more."""


class Served(Protocol):
    """What clients ask: a running program, or a recording of one.  The verbs know what else it can do."""

    @property
    def stream(self) -> Timeline:
        """What happens."""


class ControlSocket:
    """Listens for clients."""

    def __init__(
        self, path: str, served: Served, verbs: dict[str, Verb] = VERBS, tell: Tell = _drop, slow_s: float = SLOW_S
    ) -> None:
        """Take where to listen, what is asked there and how, and who is told of what was refused.

        Shapes: slow_s is what a message may take from its first byte to its last.
        """
        self.path = path
        self.slow_s = slow_s
        self.guard = Guard(tell)
        self.verbs = verbs
        self._served = served
        self._clients: set[Client] = set()
        self._scheduled = False
        self._server: asyncio.Server | None = None
        self._steerers = frozenset(_group_id(GROUP))
        self._inode = 0

    async def open(self) -> None:
        """Begin to listen.

        Raises: Unavailable if another daemon listens there, or the socket cannot be made.
        """
        loop = asyncio.get_running_loop()
        try:
            os.makedirs(os.path.dirname(self.path) or ".", 0o755, exist_ok=True)
            _clear_away(self.path)
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            listening.bind(self.path)
            os.chmod(self.path, 0o666)  # each verb has its own right
            self._inode = os.stat(self.path).st_ino
        except OSError as error:
            reason = error.strerror or str(error)
            raise Unavailable(f"open the control socket {self.path}", reason, error.errno or 0) from error
        self._server = await loop.create_unix_server(lambda: Client(self, self._served), sock=listening)
        self._served.stream.listen(self._heard)

    def close(self) -> None:
        """Let all clients go, and remove the socket if it is still ours."""
        self.guard.close()
        self._tell()
        if self._server is not None:
            self._server.close()
            self._served.stream.leave(self._heard)
        for client in list(self._clients):
            client.let_go()
        with contextlib.suppress(OSError):
            if os.stat(self.path).st_ino == self._inode:
                os.unlink(self.path)

    def joined(self, client: "Client") -> None:
        """Know a client."""
        self._clients.add(client)

    def left(self, client: "Client") -> None:
        """Forget a client."""
        self._clients.discard(client)

    def right_of(self, peer: Peer) -> int:
        """Say what somebody may do."""
        if peer.uid in (0, os.geteuid()) or peer.gids & self._steerers:
            return STEER
        return READ

    def _heard(self, event: Event) -> None:
        if not self._scheduled and any(client.watching for client in self._clients):
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._scheduled = False
        for client in list(self._clients):
            client.tell()


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, control: ControlSocket, served: Served) -> None:
        self._control = control
        self._served: Any = served
        self._frames = varlink.Frames()
        self._calls: deque[dict[str, Any]] = deque()
        self._transport: asyncio.Transport | None = None
        self._right = 0
        self._peer = Peer(-1, frozenset())
        self._admitted = False
        self._slow: asyncio.TimerHandle | None = None
        self._cut_off: asyncio.TimerHandle | None = None
        self.watching = False
        self._wanted = Filter()
        self._told = 0  # the number of the last event that was told

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look who it is."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(UNREAD)
        self._peer = _peer(transport.get_extra_info("socket"))
        self._right = self._control.right_of(self._peer)
        if self._right < STEER:
            self._frames = varlink.Frames(LONGEST_READING)
        most = self._control.guard.most(self._peer, self._right)
        if most:
            self._control.guard.refused(self._peer, f"more than {most} connections")
            self._write(varlink.encode_error(f"{NAME}.TooManyConnections", {"most": most}))
            self.let_go()
            return
        self._admitted = True
        self._control.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.watching = False
        self._end_message()
        if self._cut_off is not None:
            self._cut_off.cancel()
        if self._admitted:
            self._control.guard.left(self._peer, self._right)
            self._control.left(self)

    def data_received(self, data: bytes) -> None:
        """Take calls in, and answer them."""
        try:
            calls = self._frames.feed(data)
            self._time_message(begun=bool(calls))
            self._calls.extend(calls)
            self._answer_calls()
        except varlink.Malformed as error:
            self._refuse(error)

    def _time_message(self, begun: bool) -> None:
        """Give a message that has begun its time; what has ended needs none."""
        if begun or not self._frames.unfinished:
            self._end_message()
        if self._frames.unfinished and self._slow is None:
            slow_s = self._control.slow_s
            late = varlink.Malformed(f"a message takes longer than {slow_s:g} s")
            self._slow = asyncio.get_running_loop().call_later(slow_s, self._refuse, late)

    def _end_message(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def _refuse(self, error: varlink.Malformed) -> None:
        """Say that the client cannot be understood, and let it go."""
        self._calls.clear()
        self._end_message()
        self._control.guard.refused(self._peer, str(error))
        self._write(varlink.encode_error(f"{SERVICE}.InvalidParameter", {"parameter": str(error)}))
        self.let_go()

    def _answer_calls(self) -> None:
        """Answer as many calls as the client reads answers; until then, hear nothing more from it."""
        transport = self._transport
        if transport is None:
            return
        while self._calls and transport.get_write_buffer_size() <= UNREAD:
            self._answer(varlink.read_call(self._calls.popleft()))
        if self._calls:
            self._end_message()  # it is us who do not hear it
            transport.pause_reading()
        else:
            transport.resume_reading()

    def _answer(self, call: varlink.Call) -> None:
        try:
            if call.method.startswith(f"{SERVICE}."):
                reply = varlink.encode_reply(answer_service(call, VERSION))
            else:
                verb = find_verb(call, self._right, self._control.verbs)
                if call.method == f"{NAME}.Watch" and call.more:
                    self._begin_watching(call)
                    return
                reply = varlink.encode_reply(all_masked(verb.act(self._served, call.parameters, self._right)))
        except Failure as failure:
            if may_harm(call, failure, self._control.verbs):
                what = failure.name.rpartition(".")[2]
                self._control.guard.refused(self._peer, f"{what}, {call.method.rpartition('.')[2]}{call.parameters}")
            reply = varlink.encode_error(failure.name, all_masked(failure.parameters))
        if not call.oneway:
            self._write(reply)

    def _begin_watching(self, call: varlink.Call) -> None:
        self._wanted = Filter(**wish_of(call.parameters))
        self._told = call.parameters.get("after", self._served.stream.seq) or self._served.stream.oldest - 1
        self.watching = True
        self.tell()

    def resume_writing(self) -> None:
        """Go on answering and telling: the client has read."""
        try:
            self._answer_calls()
        except varlink.Malformed as error:
            self._refuse(error)
        self.tell()

    def tell(self) -> None:
        """Tell events for as long as the client reads; if some are forgotten before that, say so, and let it go."""
        transport = self._transport
        stream = self._served.stream
        if self.watching and stream.oldest > self._told + 1:
            self.watching = False
            self._write(varlink.encode_error(f"{NAME}.Gap", {"seq": self._told}))
            self.let_go()
        while self.watching and transport is not None and transport.get_write_buffer_size() < UNREAD:
            events = stream.after(self._told, AT_ONCE)
            if not events:
                return
            self._told = events[-1].seq
            told = [told_to(event, self._right) for event in events if self._wanted.takes(event)]
            if told:
                self._write(varlink.encode_reply({"events": told}, continues=True))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def let_go(self) -> None:
        """End the connection when what is written is read, at the latest after a while."""
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.close()
            self._cut_off = asyncio.get_running_loop().call_later(PATIENCE_S, transport.abort)


def _peer(connection: socket.socket) -> Peer:
    """Return who is at the other end; source: unix(7), SO_PEERCRED."""
    pid, uid, gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    groups = {gid}
    with contextlib.suppress(OSError):
        data = connection.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, 1024)  # Python gives no more: 256 groups
        groups.update(struct.unpack(f"{len(data) // 4}I", data))
    return Peer(uid, frozenset(groups), pid)


def may_harm(call: varlink.Call, failure: Failure, verbs: dict[str, Verb]) -> bool:
    """Say whether a refused call is worth telling: one that is no such call, or that would have changed something."""
    verb = verbs.get(call.method.rpartition(".")[2])
    return verb is None or verb.right >= STEER or not failure.name.startswith(f"{NAME}.")


def _group_id(name: str) -> list[int]:
    import grp

    try:
        return [grp.getgrnam(name).gr_gid]
    except KeyError:
        return []


def _clear_away(path: str) -> None:
    """Remove a socket that nobody listens to any more.

    Raises: OSError if somebody does, or it is no socket.
    """
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise OSError(17, "there is something else than a socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError as error:  # it is there, if too busy to answer, or it is not for us to look
            raise OSError(error.errno or 98, f"another daemon listens there: {error}") from error
        else:
            raise OSError(98, "another daemon listens there")
