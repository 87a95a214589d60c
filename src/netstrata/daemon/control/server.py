"""The control socket: clients of a running daemon, all served within a part of each turn of the loop.

All connections hang on one epoll of their own, so that however many there are, the loop sees one.  In a turn clients
have a slice each, one after the other, until the turn's time is over: those who may steer first, then all others, who
have no more than a quarter of all time.  The kernel's messages and signals are looked at between two turns.
"""

import asyncio
import contextlib
import errno
import select
import socket
from collections import deque
from time import monotonic
from typing import Any, Final

from netstrata.control import varlink
from netstrata.control.interface import NAME
from netstrata.control.verbs import OPERATE, Peer
from netstrata.daemon.control.claim import Claim
from netstrata.daemon.control.client import ControlClient
from netstrata.daemon.control.limits import Limits, Report
from netstrata.daemon.control.peers import operator_groups, peer_of, right_of
from netstrata.daemon.control.served import Served
from netstrata.daemon.control.texts import EventTexts
from netstrata.daemon.events.event import Event
from netstrata.daemon.text.rendering import traceback_of
from netstrata.system.handover import Handover

SLOW_S: Final = 10.0  # that a message may take
OPERATING_S: Final = 0.004  # of a turn, for clients who may steer
READING_S: Final = 0.002  # of a turn, for all others
READING_REST: Final = 3  # so many times as long as they had, all others then wait
SLICE_S: Final = 0.0005  # of that, for one client
ADMITTED: Final = 16  # connections that are let in at once
WOKEN: Final = 64  # clients that are looked at, at once
PAUSE_S: Final = 1.0  # without a free descriptor, until the next attempt to let somebody in
HANDING_OVER_S: Final = 1.0  # to finish answers, before an upgrade in place
ENDING_S: Final = 0.03  # to send the last events to all who watch, those who may steer first

_LISTENING: Final = select.EPOLLIN
_GONE: Final = select.EPOLLHUP | select.EPOLLERR
_NO_ROOM: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def _drop(text: str, uid: int, pid: int) -> None:
    """Drop it."""


class ControlSocket:
    """Listens for clients, and gives each its turn."""

    def __init__(self, path: str, served: Served, report: Report = _drop, slow_s: float = SLOW_S) -> None:
        """Take where to listen, what is asked there, and whom to report refusals to.

        Shapes: slow_s is what a message may take from its first byte to its last.
        """
        self.path = path
        self.slow_s = slow_s
        self.limits = Limits(report)
        self.served = served
        self.stream = served.stream
        self.texts = EventTexts(served.stream.id)
        self._clients: dict[int, ControlClient] = {}  # by descriptor
        self._operating: deque[ControlClient] = deque()  # those who have something to do
        self._reading: deque[ControlClient] = deque()
        self._scheduled = False
        self._news = False  # there are events to send
        self._reading_from = 0.0  # when those who only read have their next turn
        self._reading_timer: asyncio.TimerHandle | None = None
        self._claim: Claim | None = None
        self._listening: socket.socket | None = None
        self._epoll: select.epoll | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._operators = operator_groups()

    async def open(self, claim: Claim | None = None) -> None:
        """Begin to answer, at a socket that is claimed already, or is now.

        Raises: Unavailable if another daemon listens there, or the socket cannot be made.
        """
        claim = claim or Claim(self.path)
        claim.check()
        self._claim = claim
        self._listening = claim.socket
        self._epoll = select.epoll()
        self._epoll.register(self._listening, _LISTENING)
        asyncio.get_running_loop().add_reader(self._epoll, self._look)
        self.stream.subscribe(self._on_event)

    def hand_over(self) -> list[dict[str, Any]]:
        """Return what the next daemon needs to go on with all clients, those who may steer first; let the others go."""
        until = monotonic() + HANDING_OVER_S
        handed = []
        for client in sorted(self._clients.values(), key=lambda one: -one.right):
            one = client.hand_over(until)
            if one is not None:
                handed.append(one)
            else:
                client.finish()
        return handed

    def take_over(self, clients: list[Any], handover: Handover) -> None:
        """Go on with the clients of a daemon that had this process id before us; call when it is open.

        Raises: ValueError, TypeError, KeyError or OSError if one of them makes no sense; those before it stay.
        """
        for handed in clients:
            connection = socket.socket(fileno=handover.descriptor(handed["descriptor"]))
            client = self._meet(connection)
            if client is not None:
                try:
                    client.take_over(handed)
                except BaseException:
                    client.end()
                    raise

    def close(self) -> None:
        """Let all clients go, and remove the socket if it is still ours."""
        self.limits.close()
        if self._epoll is not None and self._listening is not None:
            self.stream.unsubscribe(self._on_event)
            asyncio.get_running_loop().remove_reader(self._epoll)
            for timer in (self._pause, self._reading_timer):
                if timer is not None:
                    timer.cancel()
            end = monotonic() + ENDING_S
            for client in sorted(self._clients.values(), key=lambda one: -one.right):
                if monotonic() < end:
                    client.finish()
                client.end()
            self._epoll.close()
            self._epoll = None
        if self._claim is not None:
            self._claim.release()

    def ready(self, client: ControlClient) -> None:
        """Give a client its turn, as it has something to do."""
        if not client.queued:
            client.queued = True
            if client.right >= OPERATE:
                self._operating.append(client)
            else:
                self._reading.append(client)
            self._schedule()

    def wait_for(self, client: ControlClient, readable: bool, writable: bool) -> None:
        """Give a client its turn when bytes come from it, or there is room for some."""
        if self._epoll is not None:
            wanted = select.EPOLLIN * readable | select.EPOLLOUT * writable
            self._epoll.modify(client.number, wanted | select.EPOLLONESHOT)

    def left(self, client: ControlClient) -> None:
        """Forget a client, which is about to close."""
        del self._clients[client.number]
        self.limits.left(client.peer, client.right)
        if not self._clients:
            self.served.view.let_go()
        if self._epoll is not None:
            self._epoll.unregister(client.number)

    def broke(self, peer: Peer, error: Exception) -> None:
        """Report a bug of ours that a client met: no more often than refusals."""
        self.limits.refused(peer, f"a bug of Netstrata, {error!r}", f"\n{traceback_of(error)}")

    def _on_event(self, event: Event) -> None:
        if self._clients and not self._news:
            self._news = True
            self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Serve those who have something to do, for a while."""
        self._scheduled = False
        if self._news:
            self._news = False
            for client in self._clients.values():
                if client.is_behind():
                    self.ready(client)
        self._serve(self._operating, OPERATING_S)
        began = monotonic()
        if self._reading and began >= self._reading_from:
            self._serve(self._reading, READING_S)
            now = monotonic()
            self._reading_from = now + READING_REST * (now - began)
        if self._operating:
            self._schedule()
        elif self._reading and self._reading_timer is None:
            wait_s = self._reading_from - monotonic()
            self._reading_timer = asyncio.get_running_loop().call_later(wait_s, self._go_on_reading)

    def _go_on_reading(self) -> None:
        self._reading_timer = None
        self._schedule()

    def _serve(self, queue: deque[ControlClient], time_s: float) -> None:
        end = monotonic() + time_s
        while queue and (now := monotonic()) < end:
            client = queue.popleft()
            client.queued = False
            if client.work(min(end, now + SLICE_S)):
                client.queued = True
                queue.append(client)

    def _look(self) -> None:
        """See who has sent something or has read, and who is new."""
        if self._epoll is None or self._listening is None:
            return
        for number, events in self._epoll.poll(0, WOKEN):
            client = self._clients.get(number)
            if client is not None:
                client.woken(bool(events & ~select.EPOLLOUT), bool(events & _GONE))
                self.ready(client)
            elif number == self._listening.fileno():
                self._admit(self._listening)

    def _admit(self, listening: socket.socket) -> None:
        for _ in range(ADMITTED):
            try:
                connection, _address = listening.accept()
            except OSError as error:
                if error.errno in _NO_ROOM and self._epoll is not None:
                    self._epoll.modify(listening, 0)
                    self._pause = asyncio.get_running_loop().call_later(PAUSE_S, self._go_on_admitting)
                return
            self._meet(connection)

    def _go_on_admitting(self) -> None:
        if self._epoll is not None and self._listening is not None:
            self._epoll.modify(self._listening, _LISTENING)

    def _meet(self, connection: socket.socket) -> ControlClient | None:
        """Look who it is, and let him in, unless he or all of his kind are too many."""
        connection.setblocking(False)
        peer = peer_of(connection)
        right = right_of(peer, self._operators)
        most = self.limits.most(peer, right)
        if most:
            self.limits.refused(peer, f"more than {most} connections")
            with connection, contextlib.suppress(OSError):
                connection.send(varlink.encode_error(f"{NAME}.TooManyConnections", {"most": most}))
            return None
        client = ControlClient(self, connection, peer, right)
        self._clients[client.number] = client
        if self._epoll is not None:
            self._epoll.register(client.number, select.EPOLLIN | select.EPOLLONESHOT)
            self.ready(client)
        return client
