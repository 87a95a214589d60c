"""The socket that hears what changes in the kernel.

It joins a group only while somebody listens to it.  A socket filter in the kernel drops what is said about routes that
cannot be about a held one, or that we asked for ourselves, so that a routing daemon beside us costs nothing.  Draining
only takes notes (`on_message`); people are told afterwards, from the event loop (`reconcile`), when what the notes
suspect has been checked against the kernel.  So an old notification about something that has been put back meanwhile
harms nobody, and a receive queue that ran over (ENOBUFS) is the same thing once more: everything is suspect.
Source: netlink(7).
"""

import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from netstrata.protocols.rtnetlink import Malformed
from netstrata.protocols.rtnetlink.wire import HEADER, HEADER_SIZE, Octets
from netstrata.system.held import Loss, WaitQueues
from netstrata.system.netlink.heard_routes import Heard, HeardRoutes
from netstrata.system.netlink.kernel_socket import NetlinkSocket, OpenSocket, open_socket
from netstrata.system.socket_filter import attach_filter
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
NETLINK_DROP_MEMBERSHIP = 2
SO_RCVBUFFORCE = 33
QUEUE_BYTES = 8 << 20
_BUFFER = 1 << 16
_AT_ONCE = 2048  # datagrams in one turn of the event loop
_AGAIN_S = 0.05  # when tables changed too fast to be read
_ROUND_S = 2.0  # for what the kernel does not tell of


class Subscriber:
    """What listens: takes notes of messages, and checks them later."""

    __slots__ = ()

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Note what a message may mean."""
        raise NotImplementedError

    def on_overrun(self) -> None:
        """Note that messages were lost."""
        raise NotImplementedError

    def on_round(self) -> None:
        """Note what may have changed without a message; a while after `Monitor.look_again`."""

    def reconcile(self) -> tuple[list[Loss], bool]:
        """Check the notes against the kernel; return who lost something, and whether everything could be checked."""
        raise NotImplementedError


Tap = Callable[[int, Octets, int, int], None]  # is given a message: type, data, start and end


class Monitor:
    """One listening socket and those who listen."""

    __slots__ = (
        "_again",
        "_buffer",
        "_by_type",
        "_groups",
        "_heard",
        "_loop",
        "_opens",
        "_own_port",
        "_queue_bytes",
        "_round",
        "_socket",
        "_subscribers",
        "barrier",
        "joined",
        "overruns",
        "read",
        "tap",
        "wait_queues",
    )

    def __init__(
        self,
        own_port: int,
        queue_bytes: int = QUEUE_BYTES,
        opens: OpenSocket = open_socket,
        wait_queues: WaitQueues | None = None,
    ) -> None:
        """Prepare to listen; nothing is opened before somebody joins a group."""
        self._own_port = own_port
        self._queue_bytes = queue_bytes
        self._opens = opens
        self._socket: NetlinkSocket | None = None
        self._loop: AbstractEventLoop | None = None
        self._buffer = bytearray(_BUFFER)
        self._groups: dict[int, int] = {}
        self._heard = HeardRoutes()
        self._subscribers: list[Subscriber] = []
        self._by_type: dict[int, Subscriber] = {}
        self._again = False
        self._round = False
        self.barrier: Callable[[], object] = bool  # returns when what the kernel does now to a link is done, and said
        self.joined = 0  # how often a group was joined that nobody had listened to
        self.overruns = 0  # how often the queue ran over
        self.read = 0  # datagrams
        self.tap: Tap | None = None  # is given each message, whoever listens to its type
        self.wait_queues = wait_queues if wait_queues is not None else WaitQueues()

    def subscribe(self, subscriber: Subscriber, *types: int) -> None:
        """Give a subscriber the messages of some types; subscribers reconcile in the order in which they subscribed."""
        self._subscribers.append(subscriber)
        for kind in types:
            self._by_type[kind] = subscriber

    def join(self, *groups: int) -> None:
        """Hear what is said in some groups from now on; counted.

        Raises: Unavailable; RuntimeError without a running event loop.
        """
        try:
            listener = self._socket or self._open()
            for group in groups:
                count = self._groups.get(group, 0)
                if count == 0:
                    listener.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
                    self.joined += 1
                self._groups[group] = count + 1
        except OSError as error:
            raise Unavailable("listen to the kernel", error.strerror or str(error), error.errno or 0) from error

    def leave(self, *groups: int) -> None:
        """Take back one `join`."""
        for group in groups:
            count = self._groups.get(group, 0) - 1
            self._groups[group] = max(count, 0)
            if count == 0 and self._socket is not None:
                self._socket.setsockopt(SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, group)

    def widen(self, what: Heard) -> bool:
        """Hear of some routes from now on that are not ours; counted.

        Return whether more is heard: then what was read before may have changed since, unheard.
        Raises: Unavailable.
        """
        is_more = self._heard.add(what)
        if is_more and self._socket is not None:
            try:
                self._attach_filter(self._socket)
            except OSError as error:
                self._heard.remove(what)
                raise Unavailable("listen to the kernel", error.strerror or str(error), error.errno or 0) from error
        return is_more

    def narrow(self, what: Heard) -> None:
        """Take back one `widen`."""
        if self._heard.remove(what) and self._socket is not None:
            with suppress(OSError):  # to hear more than is needed harms nobody
                self._attach_filter(self._socket)

    def tell_own(self, kind: int, body: bytes) -> None:
        """Tell the tap what we have done ourselves to a route, which the kernel does not tell us."""
        if self.tap is not None:
            self.tap(kind, body, 0, len(body))

    def hears(self, group: int) -> bool:
        """Say whether somebody listens to a group."""
        return self._groups.get(group, 0) > 0

    def groups(self) -> set[int]:
        """Return the groups that somebody listens to."""
        return {group for group, count in self._groups.items() if count}

    def close(self) -> None:
        """Stop listening."""
        if self._socket is not None and self._loop is not None:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
        self._socket = None
        self._loop = None

    def drain(self) -> None:
        """Take notes of all that has been said until now; telling people is left to the event loop."""
        if self._socket is not None and self._take():
            self._reconcile_soon()

    def catch_up(self) -> bool:
        """Take notes of all that the kernel says of what it does to links now; False if nobody listens."""
        if self._socket is None:
            return False
        self.barrier()
        self.drain()
        return True

    def soon(self, callback: Callable[[], None]) -> bool:
        """Call something in the event loop's next turn; False, and not at all, if nobody has listened yet."""
        if self._loop is None:
            return False
        self._loop.call_soon(callback)
        return True

    def look_again(self) -> None:
        """Let all subscribers reconcile in a while, for the sake of something that the kernel would not tell."""
        if self._loop is not None and not self._round:
            self._round = True
            self._loop.call_later(_ROUND_S, self._go_round)

    def _go_round(self) -> None:
        self._round = False
        if self._socket is not None:
            for subscriber in self._subscribers:
                subscriber.on_round()
            self._reconcile()

    def _open(self) -> NetlinkSocket:
        from asyncio import get_running_loop

        loop = get_running_loop()
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        listener = self._opens(kind, socket.NETLINK_ROUTE)
        try:
            try:
                listener.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, self._queue_bytes)
            except PermissionError:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._queue_bytes)
            self._attach_filter(listener)
            listener.bind((0, 0))
        except OSError:
            listener.close()
            raise
        loop.add_reader(listener.fileno(), self._ready)
        self._loop = loop
        self._socket = listener
        return listener

    def _attach_filter(self, listener: NetlinkSocket) -> None:
        """Drop, in the kernel, what is said about routes of others, and about ours because of our own requests.

        Not about links and addresses: our own change to one can take away what others of ours hold.
        """
        attach_filter(listener, self._heard.filter(self._own_port))

    def _ready(self) -> None:
        if self._take():
            self._reconcile()

    def _take(self) -> bool:
        """Read what is there, up to a limit; return whether anybody was given anything."""
        assert self._socket is not None
        buffer = self._buffer
        receive = self._socket.recv_into
        on_message = False
        for _ in range(_AT_ONCE):
            try:
                size = receive(buffer)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._overrun()
                on_message = True
                continue
            except MemoryError:  # what came is lost as well
                self._overrun()
                return True
            self.read += 1
            if self._split(size):
                on_message = True
        return on_message

    def _split(self, size: int) -> bool:
        buffer = self._buffer
        on_message = False
        at = 0
        try:
            while size - at >= HEADER_SIZE:
                length, kind, _, _, _ = HEADER.unpack_from(buffer, at)
                if length < HEADER_SIZE or length > size - at:
                    raise Malformed("a length that cannot be")
                if self.tap is not None:
                    self.tap(kind, buffer, at + HEADER_SIZE, at + length)
                subscriber = self._by_type.get(kind)
                if subscriber is not None:
                    subscriber.on_message(kind, buffer, at + HEADER_SIZE, at + length)
                    on_message = True
                at += (length + 3) & ~3
        except (Malformed, MemoryError):
            self._overrun()
            on_message = True
        return on_message

    def _overrun(self) -> None:
        self.overruns += 1
        for subscriber in self._subscribers:
            subscriber.on_overrun()

    def _reconcile_soon(self) -> None:
        if self._loop is not None and not self._again:
            self._again = True
            self._loop.call_soon(self._reconcile_again)

    def _reconcile_again(self) -> None:
        self._again = False
        self._reconcile()

    def _reconcile(self) -> None:
        losses: list[Loss] = []
        complete = True
        for subscriber in self._subscribers:
            try:
                lost, checked = subscriber.reconcile()
            except MemoryError:  # what it had noted may be forgotten by now
                subscriber.on_overrun()
                complete = False
                continue
            losses += lost
            complete = complete and checked
        if not complete and self._loop is not None and not self._again:
            self._again = True
            self._loop.call_later(_AGAIN_S, self._reconcile_again)
        if losses and self._loop is not None:
            self.catch_up()
            self._loop.call_soon(_report, losses)


def _report(losses: list[Loss]) -> None:
    """Tell who has lost something, after all who watch have been told of what the kernel has said until then.

    What stands on a link that has been unplugged is undone by then, and no error of anybody's.
    """
    for holder, reason in losses:
        holder.lost(reason)
